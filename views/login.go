package views

import "portico/cloud"

type (
	// TryLogin logs in with these, and saves them when that went well. The answer is a LoginTriedMsg with
	// the same Seq.
	TryLogin struct {
		Seq         int
		Credentials cloud.Credentials
	}
	// GiveUpLogin ends a login that is being tried.
	GiveUpLogin struct{}
	// UseCloud goes on with a cloud of clouds.yaml.
	UseCloud struct{ Name string }
	// OpenDemo goes on with the embedded cloud.
	OpenDemo struct{}
	// LoginTriedMsg tells how a login went: who one is then, and the files it was saved in.
	LoginTriedMsg struct {
		Seq      int
		Name     string
		Identity cloud.Identity
		Files    []string
		Err      error
	}
)

func (TryLogin) intent()    {}
func (GiveUpLogin) intent() {}
func (UseCloud) intent()    {}
func (OpenDemo) intent()    {}
