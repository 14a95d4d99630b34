package effects

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/views"
)

// ApplyEndMsg ends an apply. It brings the proposal along, whose new forwards are then tested.
type ApplyEndMsg struct {
	Proposal publish.Proposal
	publish.Outcome
}

// eventsPerStep is the most that one step can go through: running, failed, undoing, undone.
const eventsPerStep = 4

// Apply carries a proposal out. It ends when the plan has ended, even if the console has before.
func (e *Effects) Apply(p publish.Proposal) tea.Cmd {
	// The queue holds all there can be, so that an apply never waits for the screen.
	s := newStream(e.ctx, eventsPerStep*len(p.Plan.Steps)+eventsPerStep)
	ctx := context.WithoutCancel(e.ctx)
	return e.start(s, func() {
		out := e.backend.Apply(ctx, p, publish.Watch{
			Step: func(ev plan.Event) { s.send(views.ApplyEventMsg{Event: ev}) },
		})
		s.send(ApplyEndMsg{Proposal: p, Outcome: out})
	}, func(err error) tea.Msg {
		return ApplyEndMsg{Proposal: p, Outcome: publish.Outcome{Report: plan.Report{PlanID: p.Plan.ID, Err: err}}}
	})
}

// ProbeEndMsg ends a round of probes.
type ProbeEndMsg struct{ Keys []gateway.Key }

// Probe tests forwards once.
func (e *Effects) Probe(fs []gateway.Forward) tea.Cmd { return e.probe(e.backend.Probe, fs) }

// ProbeNew tests forwards that were just made until they answer, or long enough.
func (e *Effects) ProbeNew(fs []gateway.Forward) tea.Cmd { return e.probe(e.backend.ProbeNew, fs) }

type probeFunc func(context.Context, []gateway.Forward, func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result

func (e *Effects) probe(run probeFunc, fs []gateway.Forward) tea.Cmd {
	keys := Keys(fs)
	s := newStream(e.ctx, len(fs)+1)
	return e.start(s, func() {
		ctx, cancel := context.WithTimeout(e.ctx, probeTimeout)
		defer cancel()
		run(ctx, fs, func(k gateway.Key, r probe.Result) {
			r.Detail = cloud.Clean(r.Detail)
			s.send(views.ProbeMsg{Key: k, Result: r})
		})
		s.send(ProbeEndMsg{Keys: keys})
	}, func(error) tea.Msg { return ProbeEndMsg{Keys: keys} })
}

// Keys lists the public endpoints of forwards.
func Keys(fs []gateway.Forward) []gateway.Key {
	out := make([]gateway.Key, len(fs))
	for i, f := range fs {
		out[i] = f.Key()
	}
	return out
}
