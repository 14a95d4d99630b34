package effects

import (
	"context"
	"fmt"
	"sync"
	"time"

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
	Stopped bool // the waiting for somebody else's change was given up: nothing was done
}

// applying is one apply and what the console has to do with it.
type applying struct {
	e      *Effects
	stream *stream
	cancel context.CancelFunc

	mu      sync.Mutex
	guard   publish.Guard // as last told
	stopped bool          // the operator, or the end of the console, gave up the waiting
	keep    chan bool     // where the open question's answer goes; nil when none is open
	asked   int           // questions so far
	outcome *publish.Outcome
}

// Apply carries a proposal out. It ends when the plan has ended, even if the console has before:
// then nobody can be asked any more, so that new forwards that do not answer are taken back, and
// an apply that still waits for somebody else's gives up.
func (e *Effects) Apply(p publish.Proposal) tea.Cmd {
	ctx, cancel := context.WithCancel(context.WithoutCancel(e.ctx))
	a := &applying{e: e, stream: newStream(e.ctx), cancel: cancel}
	e.mu.Lock()
	e.run = a
	e.mu.Unlock()
	return e.start(a.stream, func() {
		defer cancel()
		defer context.AfterFunc(e.ctx, a.stopWaiting)()
		a.end(p, e.backend.Apply(ctx, p, publish.Watch{Step: a.step, Guard: a.tell, Probe: a.probed, Keep: a.ask}))
	}, func(err error) tea.Msg {
		out := publish.Outcome{Report: plan.Report{PlanID: p.Plan.ID, Err: err}}
		a.mu.Lock()
		a.outcome = &out
		a.mu.Unlock()
		return ApplyEndMsg{Proposal: p, Outcome: out}
	})
}

func (a *applying) step(ev plan.Event) { a.stream.send(views.ApplyEventMsg{Event: ev}) }

func (a *applying) tell(g publish.Guard) {
	g.By = cloud.Clean(g.By)
	a.mu.Lock()
	a.guard = g
	a.mu.Unlock()
	a.stream.send(views.GuardMsg{Guard: g})
	if a.e.ctx.Err() != nil {
		a.stopWaiting()
	}
}

func (a *applying) probed(k gateway.Key, r probe.Result) {
	r.Detail = cloud.Clean(r.Detail)
	a.stream.send(views.ProbeMsg{Key: k, Result: r})
}

// end brings the last message. One who gave up the waiting knows why nothing was done.
func (a *applying) end(p publish.Proposal, out publish.Outcome) {
	r := out.Report
	a.mu.Lock()
	a.outcome = &out
	stopped := a.stopped && !r.OK() && len(r.Done)+len(r.Undone)+len(r.Left) == 0
	a.mu.Unlock()
	a.stream.send(ApplyEndMsg{Proposal: p, Outcome: out, Stopped: stopped})
}

// stopWaiting gives up waiting for somebody else's change to end, where nothing was changed yet, and for
// a machine that boots, which is then taken away again. What else is under way is not given up.
func (a *applying) stopWaiting() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.guard.Phase == publish.Waiting || a.guard.Phase == publish.Building {
		a.stopped = true
		a.cancel()
	}
}

// StopWaiting gives up an apply that waits for somebody else's to end.
func (e *Effects) StopWaiting() {
	if a := e.applying(); a != nil {
		a.stopWaiting()
	}
}

// Applied is how the last apply ended, and in what phase it was before; the outcome is nil while
// it is under way.
func (e *Effects) Applied() (publish.Guard, *publish.Outcome) {
	a := e.applying()
	if a == nil {
		return publish.Guard{}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.guard, a.outcome
}

func (e *Effects) applying() *applying {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.run
}

// ask asks the operator whether new forwards that do not answer are to stand. The answer is no
// when time is out, and when the console has ended.
func (a *applying) ask(ctx context.Context, silent []probe.Result) bool {
	answer := make(chan bool, 1)
	a.mu.Lock()
	a.asked++
	id, guard := -a.asked, a.guard
	if until, ok := ctx.Deadline(); ok {
		guard.Until = until
	}
	a.keep = answer
	a.mu.Unlock()
	a.stream.send(views.GuardMsg{Guard: guard}) // what runs out is the time to answer
	a.stream.send(keepQuestion(id, silent, guard.Until))
	keep := false
	select {
	case keep = <-answer:
	case <-ctx.Done():
	case <-a.e.ctx.Done():
	}
	a.mu.Lock()
	a.keep = nil
	a.mu.Unlock()
	a.stream.send(AskGoneMsg{ID: id})
	return keep
}

// mostSilent is how many forwards a question lists one by one.
const mostSilent = 6

func keepQuestion(id int, silent []probe.Result, until time.Time) views.AskMsg {
	m := views.AskMsg{
		ID: id, Title: "Keep forwards that do not answer?", Yes: "keep them", Cancel: "take back",
		Until: until, Else: "taken back by itself",
	}
	for i, r := range silent {
		if i == mostSilent && len(silent) > mostSilent+1 {
			m.Lines = append(m.Lines, fmt.Sprintf("and %d more", len(silent)-i))
			break
		}
		line := r.Target.Addr.String() + " " + r.Target.Service.Name + ": " + said(r.Outcome)
		if r.Detail != "" {
			line += ", " + r.Detail
		}
		m.Lines = append(m.Lines, cloud.Clean(line))
	}
	return m
}

// said is a test's outcome in words.
func said(o probe.Outcome) string {
	switch o {
	case probe.Timeout:
		return "timed out"
	case probe.Unknown:
		return "cannot be told"
	case "":
		return "not tested"
	case probe.Wrong:
		return "another service answers"
	case probe.OK, probe.Refused:
	}
	return string(o)
}

// answer takes the operator's answer to the open question; one that comes late, or twice, is
// nobody's.
func (a *applying) answer(r views.Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keep == nil || r.ID != -a.asked {
		return
	}
	a.keep <- r.Yes
	a.keep = nil
}

// ProbeEndMsg ends a round of probes.
type ProbeEndMsg struct{ Keys []gateway.Key }

// Probe tests forwards once.
func (e *Effects) Probe(fs []gateway.Forward) tea.Cmd {
	return e.probeUntil(e.backend.Probe, fs, ProbeEndMsg{Keys: Keys(fs)})
}

// ProbeNew tests forwards that were just made until they answer, or long enough.
func (e *Effects) ProbeNew(fs []gateway.Forward) tea.Cmd {
	return e.probeUntil(e.backend.ProbeNew, fs, ProbeEndMsg{Keys: Keys(fs)})
}

type probeFunc func(context.Context, []gateway.Forward, func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result

// probeUntil brings each result as it comes, and then end.
func (e *Effects) probeUntil(run probeFunc, fs []gateway.Forward, end tea.Msg) tea.Cmd {
	s := newStream(e.ctx)
	return e.start(s, func() {
		ctx, cancel := context.WithTimeout(e.ctx, probeTimeout)
		defer cancel()
		run(ctx, fs, func(k gateway.Key, r probe.Result) {
			r.Detail = cloud.Clean(r.Detail)
			s.send(views.ProbeMsg{Key: k, Result: r})
		})
		s.send(end)
	}, func(error) tea.Msg { return end })
}

// Keys lists the public endpoints of forwards.
func Keys(fs []gateway.Forward) []gateway.Key {
	out := make([]gateway.Key, len(fs))
	for i, f := range fs {
		out[i] = f.Key()
	}
	return out
}
