// Package apply is the screen that watches a proposal being carried out, and proves it.
//
//	ApplyStartMsg -> steps (ApplyEventMsg...) -> tests (ProbeMsg...) -> ApplyDoneMsg -> how to get in
//	                       \-> error, or not kept -> undo, in reverse -> what is left, if anything
//
// GuardMsgs tell meanwhile what protects the gateway, and until when; that is always said in the
// line below the heading. The screen can be left only when the apply has finished. Seconds and the spinner come from Frame.Now,
// so the screen asks for no ticks of its own.
package apply

import (
	"math"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/preview"
)

// Screen watches one apply.
type Screen struct {
	proposal publish.Proposal
	from     string // the list that the way back leads to
	started  bool
	finished bool
	report   plan.Report
	notes    []string
	guard    publish.Guard // as last told
	alone    bool          // no gateway is armed
	steps    []step
	undo     []step // newest change first, as they are undone
	logins   map[string]publish.Login

	tests   []test
	byKey   map[gateway.Key]int // index into tests
	entries []entry             // the ways in, once there are some
	chosen  int                 // of entries

	top    int  // first line in sight
	follow bool // keep what happens now in sight
	height int  // as last drawn
	whole  bool // everything was in sight then: there is nothing to scroll
	clock  clock

	progressAt int // which line of the head tells how it stands
}

// step is one change and how far it is.
type step struct {
	index   int // in the plan
	change  plan.Change
	state   plan.State
	err     error
	elapsed time.Duration
	note    string    // what a running step sees
	since   time.Time // when it was first drawn running
}

// busy reports whether the step is being done or undone now.
func (s step) busy() bool { return s.state == plan.Running || s.state == plan.Undoing }

// test is one forward being probed. Until a result has come its Outcome is "".
type test struct {
	forward  gateway.Forward
	instance string
	result   probe.Result
}

// clock remembers when the apply was first and last drawn.
type clock struct{ from, to time.Time }

var _ views.Screen = (*Screen)(nil)

// New returns the screen with nothing to watch.
func New() *Screen { return &Screen{height: 10} }

// Title is the screen's name.
func (s *Screen) Title() string { return "Apply" }

// Running reports whether an apply is under way: leaving now would leave it unwatched.
func (s *Screen) Running() bool { return s.started && !s.finished }

// Update takes what happens, and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.ApplyStartMsg:
		s.start(msg.Proposal)
		s.from = msg.From
	case views.ApplyEventMsg:
		s.event(msg.Event)
	case views.ApplyDoneMsg:
		s.done(msg)
	case views.GuardMsg:
		s.guarded(msg.Guard)
	case views.ProbeStartMsg:
		s.probing(msg.Keys)
	case views.ProbeMsg:
		if i, ok := s.byKey[msg.Key]; ok && (!s.finished || s.stands()) {
			s.tests[i].result = msg.Result
		}
	case views.LoginsMsg:
		s.logins = msg.Logins
		s.findEntries()
	case tea.KeyPressMsg:
		return s, s.press(msg)
	case tea.MouseWheelMsg:
		if msg.Button == tea.MouseWheelUp {
			s.scroll(-3)
		}
		if msg.Button == tea.MouseWheelDown {
			s.scroll(3)
		}
	}
	return s, nil
}

func (s *Screen) start(p publish.Proposal) {
	*s = Screen{proposal: p, started: true, follow: true, logins: s.logins, height: s.height}
	for i, c := range p.Plan.Changes() {
		s.steps = append(s.steps, step{index: i, change: c})
	}
}

// event moves a step on. What is undone is listed apart, so that it stays visible what had been
// done and where it failed.
func (s *Screen) event(e plan.Event) {
	if !s.started || s.finished || e.Step < 0 || e.Step >= len(s.steps) {
		return
	}
	next := step{index: e.Step, change: e.Change, state: e.State, err: e.Err, elapsed: e.Elapsed, note: e.Note}
	switch e.State {
	case plan.Undoing:
		s.undo = append(s.undo, next)
	case plan.Undone, plan.Left:
		for i := range s.undo {
			if s.undo[i].index == e.Step {
				s.undo[i] = next
				return
			}
		}
		s.undo = append(s.undo, next)
	case plan.Pending, plan.Running, plan.Done, plan.Failed:
		if e.Note != "" {
			next.since = s.steps[e.Step].since // it has run for longer
		}
		s.steps[e.Step] = next
	}
}

func (s *Screen) done(m views.ApplyDoneMsg) {
	if !s.started || s.finished {
		return
	}
	s.finished, s.report, s.notes = true, m.Report, m.Notes
	if !s.report.OK() && len(s.report.Done) == 0 {
		for i := range s.tests { // those that no answer came for are tested no longer
			if s.tests[i].result.Outcome == "" {
				s.tests[i].result.Outcome = probe.Unknown
			}
		}
	}
	s.findEntries()
}

// guarded notes a phase. When the new forwards are tested, they are listed.
func (s *Screen) guarded(g publish.Guard) {
	if !s.started || s.finished {
		return
	}
	first := g.Phase == publish.Testing && s.guard.Phase != publish.Testing
	s.guard, s.alone = g, s.alone || g.Phase == publish.Unguarded
	if first {
		var keys []gateway.Key
		for _, f := range s.proposal.Made() {
			keys = append(keys, f.Key())
		}
		s.list(keys)
	}
}

// probing notes which forwards are under test again. After everything was taken back the page keeps
// what the tests before have said.
func (s *Screen) probing(keys []gateway.Key) {
	if s.finished && s.stands() {
		s.list(keys)
	}
}

// list lists forwards that are under test; those already listed wait for a new result. Forwards
// that are none of this proposal's are tested for other screens.
func (s *Screen) list(keys []gateway.Key) {
	under := map[gateway.Key]bool{}
	for _, k := range keys {
		under[k] = true
	}
	known := s.tests
	s.tests = nil
	was := s.byKey
	s.byKey = map[gateway.Key]int{}
	for _, it := range s.proposal.Items {
		k := it.Forward.Key()
		i, listed := was[k]
		if it.Action == plan.Delete || !listed && !under[k] {
			continue
		}
		t := test{forward: it.Forward, instance: it.Instance}
		if listed && !under[k] {
			t = known[i]
		}
		s.byKey[k] = len(s.tests)
		s.tests = append(s.tests, t)
	}
}

func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	k := newKeys()
	switch {
	case key.Matches(msg, k.back):
		switch {
		case s.waits(), s.builds():
			return views.StopWaiting{}
		case s.Running():
			return views.Tell{Text: "still applying: it can be left when it has finished"}
		}
		return views.Back{}
	case key.Matches(msg, k.copy):
		return s.copy()
	case key.Matches(msg, k.more) && s.chosen < len(s.entries):
		f := s.entries[s.chosen].forward
		return views.OpenCopies{Instance: f.Instance, Forward: f}
	case key.Matches(msg, k.test):
		if s.testable() {
			return views.Test{Forwards: s.proposal.Want()}
		}
	case key.Matches(msg, k.diagnose):
		if t := s.ailing(); t != nil {
			return views.DiagnoseForward(t.forward, t.instance)
		}
	case key.Matches(msg, k.up):
		s.choose(-1)
	case key.Matches(msg, k.down):
		s.choose(1)
	default:
		s.turn(msg, k)
	}
	return nil
}

// turn moves the page by a key for it.
func (s *Screen) turn(msg tea.KeyPressMsg, k keyMap) {
	switch {
	case key.Matches(msg, k.pageUp):
		s.scroll(-s.height)
	case key.Matches(msg, k.pageDown):
		s.scroll(s.height)
	case key.Matches(msg, k.top):
		s.top, s.follow = 0, false
	case key.Matches(msg, k.bottom):
		s.top, s.follow = math.MaxInt/2, false
	}
}

// testable reports whether there is something to test: forwards that were made, and not undone.
func (s *Screen) testable() bool { return s.finished && s.stands() && len(s.proposal.Want()) > 0 }

// stands reports whether an apply that has ended has left what it did.
func (s *Screen) stands() bool { return s.report.OK() || len(s.report.Done) > 0 }

// copy puts the chosen way in on the clipboard, or, when something is left, the commands that
// made it.
func (s *Screen) copy() views.Intent {
	switch {
	case s.chosen < len(s.entries):
		return s.entries[s.chosen].copy
	case s.finished && len(s.report.Left) > 0:
		return views.CopyText{Text: preview.CommandsOf(s.report.Left), What: "what is left"}
	}
	return nil
}

// choose moves among the ways in; without any it scrolls.
func (s *Screen) choose(by int) {
	if len(s.entries) < 2 {
		s.scroll(by)
		return
	}
	s.chosen = max(0, min(len(s.entries)-1, s.chosen+by))
	s.follow = true
}

// scroll moves the page; how far it can go is known when it is drawn.
func (s *Screen) scroll(by int) {
	s.top, s.follow = max(0, s.top+by), false
}
