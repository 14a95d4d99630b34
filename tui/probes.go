package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/probe"
	"portico/tui/effects"
	"portico/views"
)

// testAtOnce bounds how many forwards are tested unasked.
const testAtOnce = 100

// testAgain is how long a bad result stands before the forward is tested again unasked: what was
// wrong may have been put right, also by somebody else.
const testAgain = 60 * time.Second

// testNew tests what nobody has tested yet, so that the lists say what works, and again what did
// not answer a while ago. Instances that do not run are left alone.
func (r *Root) testNew() tea.Cmd {
	runs := map[string]bool{}
	for _, i := range r.snapshot.Inventory.Instances {
		runs[i.ID] = i.Status == "ACTIVE"
	}
	stands := map[gateway.Key]bool{}
	var fresh, again []gateway.Forward
	for _, f := range r.snapshot.Forwards() {
		k := f.Key()
		stands[k] = true
		failed, bad := r.failing[k]
		switch {
		case !runs[f.Instance] || len(fresh)+len(again) >= testAtOnce:
		case !r.probed[k]:
			fresh = append(fresh, f)
		case bad && r.probing[k] == 0 && !r.watching.here[k] && r.now.Sub(failed) >= testAgain:
			again = append(again, f)
		}
	}
	for k := range r.probed {
		if !stands[k] && r.probing[k] == 0 { // should it come back, it is another one
			delete(r.probed, k)
			delete(r.failing, k)
		}
	}
	return tea.Batch(r.test(fresh, r.fx.Probe), r.retest(again))
}

// test probes forwards; those under test already are tested again, the last answer counts.
func (r *Root) test(fs []gateway.Forward, run func([]gateway.Forward) tea.Cmd) tea.Cmd {
	if len(fs) == 0 {
		return nil
	}
	keys := effects.Keys(fs)
	for _, k := range keys {
		r.probing[k]++
		r.waiting[k], r.probed[k] = true, true
	}
	return tea.Batch(r.broadcast(views.ProbeStartMsg{Keys: keys}), run(fs), r.hurry())
}

// retest probes quietly: the result there is stays in sight until the next one comes.
func (r *Root) retest(fs []gateway.Forward) tea.Cmd {
	if len(fs) == 0 {
		return nil
	}
	for _, k := range effects.Keys(fs) {
		r.probing[k]++
	}
	return tea.Batch(r.fx.Probe(fs), r.hurry())
}

func (r *Root) onProbe(m views.ProbeMsg) tea.Cmd {
	delete(r.waiting, m.Key)
	delete(r.watching.here, m.Key)
	if m.Result.At.IsZero() {
		m.Result.At = r.now
	}
	if m.Result.Outcome == probe.OK {
		delete(r.failing, m.Key)
	} else {
		r.failing[m.Key] = r.now
	}
	return r.broadcast(m)
}

func (r *Root) onProbeEnd(m effects.ProbeEndMsg) tea.Cmd {
	for _, k := range m.Keys {
		if r.probing[k]--; r.probing[k] <= 0 {
			delete(r.probing, k)
			delete(r.waiting, k)
		}
	}
	return nil
}
