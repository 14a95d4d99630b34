package tui

import (
	"errors"

	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/probe"
	"portico/tui/effects"
	"portico/views"
)

// watching is which forwards are being tested quietly, from here and by the gateway: never one twice
// at a time.
type watching struct{ here, gateway map[gateway.Key]bool }

// pulse tells the screen in sight that a beat has passed, if it goes by it. While a plan is applied
// nothing is tested but what it makes.
func (r *Root) pulse() tea.Cmd {
	if r.nav.current != views.TestsTab || r.apply.running() {
		return nil
	}
	return r.tell(views.TestsTab, views.BeatMsg{At: r.now, Calm: r.blurred})
}

// watch tests quietly what is not under test already.
func (r *Root) watch(w views.Watch) tea.Cmd {
	if r.apply.running() {
		return nil
	}
	here := begin(&r.watching.here, w.Forwards, func(k gateway.Key) bool { return r.probing[k] == 0 })
	var cmds []tea.Cmd
	if len(here) > 0 {
		for _, k := range effects.Keys(here) {
			r.probed[k] = true // not to be tested as a new one at the same time
		}
		cmds = append(cmds, r.fx.Watch(here))
	}
	return tea.Batch(append(cmds, r.fromGateway(w.Gateway))...)
}

// begin notes those forwards as watched that are not yet, and returns them.
func begin(under *map[gateway.Key]bool, fs []gateway.Forward, free func(gateway.Key) bool) []gateway.Forward {
	if *under == nil {
		*under = map[gateway.Key]bool{}
	}
	var out []gateway.Forward
	for _, f := range fs {
		if k := f.Key(); !(*under)[k] && free(k) {
			(*under)[k] = true
			out = append(out, f)
		}
	}
	return out
}

// fromGateway has the gateway test the private ends of forwards. One that did not answer is not
// connected to on a beat: a login that is refused again and again can lock an account.
func (r *Root) fromGateway(fs []gateway.Forward) tea.Cmd {
	fs = begin(&r.watching.gateway, fs, func(gateway.Key) bool { return true })
	if len(fs) == 0 {
		return nil
	}
	err := r.gw.err
	if err == nil && r.snapshot.State == nil {
		err = errors.New("it was not asked yet")
	}
	if err == nil {
		return r.fx.FromGateway(r.snapshot, fs)
	}
	var cmds []tea.Cmd
	for _, f := range fs {
		delete(r.watching.gateway, f.Key())
		cmds = append(cmds, r.broadcast(views.GatewayProbeMsg{Key: f.Key(), Result: probe.Result{
			Outcome: probe.Unknown, At: r.now, Detail: "the gateway can't be asked: " + views.Explain(err).Why,
		}}))
	}
	return tea.Batch(cmds...)
}

func (r *Root) onGatewayProbe(m views.GatewayProbeMsg) tea.Cmd {
	delete(r.watching.gateway, m.Key)
	if m.Result.At.IsZero() {
		m.Result.At = r.now
	}
	return r.broadcast(m)
}

func (r *Root) onWatchEnd(m effects.WatchEndMsg) tea.Cmd {
	under := r.watching.here
	if m.Gateway {
		under = r.watching.gateway
	}
	for _, k := range m.Keys {
		delete(under, k)
		if !m.Gateway && r.probing[k] == 0 {
			delete(r.waiting, k)
		}
	}
	return nil
}

// testNow tests what somebody asked for. Of what is under a quiet test already the answer is awaited,
// in place of a second test.
func (r *Root) testNow(i views.Test) tea.Cmd {
	var fresh []gateway.Forward
	var flying []gateway.Key
	for _, f := range i.Forwards {
		if k := f.Key(); r.watching.here[k] {
			flying = append(flying, k)
			r.waiting[k], r.probed[k] = true, true
		} else {
			fresh = append(fresh, f)
		}
	}
	cmds := []tea.Cmd{r.test(fresh, r.fx.Probe)}
	if len(flying) > 0 {
		cmds = append(cmds, r.broadcast(views.ProbeStartMsg{Keys: flying}))
	}
	if i.Gateway {
		cmds = append(cmds, r.fromGateway(i.Forwards))
	}
	return tea.Batch(cmds...)
}
