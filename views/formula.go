package views

import (
	"net/netip"

	"portico/gateway/publish"
	"portico/gateway/scheme"
)

type (
	// TryFormula asks what formulas give over a whole subnet; the answer is a TriedMsg with the same Seq.
	// Only the last one that was asked for is answered.
	TryFormula struct {
		Seq    int
		Scheme *scheme.Scheme
		Subnet netip.Prefix
	}
	// TriedMsg answers a TryFormula.
	TriedMsg struct {
		Seq   int
		Trial publish.Trial
	}
	// SaveScheme writes a scheme to the configuration file. Where it cannot be, a note says why.
	SaveScheme struct{ Config scheme.Config }
)

func (TryFormula) intent() {}
func (SaveScheme) intent() {}
