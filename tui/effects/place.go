package effects

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
)

// Place is where a console works.
type Place struct {
	Cloud   string        // its name in clouds.yaml; "" for the OS_* variables
	Project cloud.Project // zero: the one that the configuration of the cloud names
	Gateway string        // name or address; "": the one that is found
}

// Places are where it could work besides. Their names are clean.
type Places struct {
	Clouds   []string        // "" stands for the OS_* variables
	Projects []cloud.Project // of the present cloud
	Bound    bool            // the credentials are for the present project alone
	Err      error           // why the projects could not be listed
}

// Site is a place that was gone to. Backend may have a method Close, which is called when it is left.
type Site struct {
	Place    Place
	Backend  Backend
	Prompter *Prompter
}

// Switcher goes to other places.
type Switcher interface {
	// Places lists them. It fails in part only, and says so in Places.Err.
	Places(ctx context.Context) Places
	// Open signs in somewhere else. The present site goes on working, and is left if that succeeds.
	Open(ctx context.Context, p Place) (Site, error)
}

type (
	// PlacesMsg answers Places.
	PlacesMsg struct{ Places Places }
	// SiteMsg answers Open.
	SiteMsg struct {
		Place Place
		Site  Site
		Err   error
	}
)

// Places asks where one could go.
func (e *Effects) Places(s Switcher) tea.Cmd {
	return e.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(e.ctx, inventoryTimeout)
		defer cancel()
		return PlacesMsg{Places: s.Places(ctx)}
	}, func(err error) tea.Msg { return PlacesMsg{Places: Places{Err: err}} })
}

// Open goes somewhere else.
func (e *Effects) Open(s Switcher, p Place) tea.Cmd {
	return e.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(e.ctx, inventoryTimeout)
		defer cancel()
		site, err := s.Open(ctx, p)
		return SiteMsg{Place: p, Site: site, Err: err}
	}, func(err error) tea.Msg { return SiteMsg{Place: p, Err: err} })
}
