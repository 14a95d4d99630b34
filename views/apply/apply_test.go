package apply_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/apply"
	fixture "portico/views/preview/previewtest"
	"portico/views/widget"
)

var (
	sizes = []struct{ w, h int }{{80, 24}, {120, 40}, {40, 10}}
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// run drives one apply; its clock goes as the test says.
type run struct {
	*apply.Screen
	p      publish.Proposal
	report plan.Report
	intent views.Intent
	now    time.Time
}

func start(p publish.Proposal) *run {
	r := &run{Screen: apply.New(), p: p, now: noon}
	r.send(views.LoginsMsg{Logins: map[string]publish.Login{
		fixture.Assembly.ID: {User: "debian", KeyFile: "/home/mg/.ssh/mg"}, fixture.Japanese.ID: {User: "ubuntu"},
	}})
	r.send(views.ApplyStartMsg{Proposal: p})
	return r
}

func (r *run) send(msg tea.Msg) { _, r.intent = r.Update(msg) }

func (r *run) event(step int, state plan.State, err error, took time.Duration) {
	r.send(views.ApplyEventMsg{Event: plan.Event{Step: step, Change: r.p.Plan.Steps[step].Change(), State: state, Err: err, Elapsed: took}})
}

// guard enters a phase; until counts from noon.
func (r *run) guard(p publish.Phase, until time.Duration) *run {
	r.send(views.GuardMsg{Guard: publish.Guard{Phase: p, Until: noon.Add(until), By: "ada@laptop", Since: noon.Add(-80 * time.Second)}})
	return r
}

// steps carries out the first n steps.
func (r *run) steps(n int) *run {
	r.guard(publish.Armed, time.Minute)
	for i := range n {
		r.event(i, plan.Running, nil, 0)
		r.event(i, plan.Done, nil, 200*time.Millisecond)
		r.report.Done = append(r.report.Done, r.p.Plan.Steps[i].Change())
	}
	return r
}

var (
	errRefused = &gateway.Error{
		Op: "change the nat rules of", Target: "gateway gw-1", Kind: gateway.Invalid,
		Err: errors.New("iptables-restore refused them: Couldn't load match `comment'"), Next: "nothing was changed; report this",
	}
	errSilent = &gateway.Error{
		Op: "reach what was published through", Target: "gateway gw-1", Kind: gateway.Unreachable,
		Err: errors.New("1 of 2 new forwards do not answer, and they were not kept"), Next: "see that the service runs on the VM and its firewall lets it in, then publish again",
	}
	errUndo = &gateway.Error{Op: "set the groups of", Target: "port of gw-1", Kind: gateway.Unreachable, Err: context.DeadlineExceeded}
)

// fail fails step n, undoes all before it, and ends; the undo of step left fails too.
func (r *run) fail(n, left int) *run {
	r.steps(n)
	r.event(n, plan.Running, nil, 0)
	r.event(n, plan.Failed, errRefused, 1200*time.Millisecond)
	r.report = plan.Report{Err: errRefused}
	for i := n; i >= 0; i-- {
		c := r.p.Plan.Steps[i].Change()
		r.event(i, plan.Undoing, nil, 0)
		if i == left {
			r.event(i, plan.Left, errUndo, time.Minute)
			r.report.Left, r.report.Undo = append(r.report.Left, c), append(r.report.Undo, errUndo)
			continue
		}
		r.event(i, plan.Undone, nil, 300*time.Millisecond)
		r.report.Undone = append(r.report.Undone, c)
	}
	return r.end()
}

func (r *run) end() *run {
	r.send(views.ApplyDoneMsg{Report: r.report})
	return r
}

// done carries out all steps.
func (r *run) done() *run { return r.steps(len(r.p.Plan.Steps)) }

// tested tests what was made.
func (r *run) tested() *run {
	return r.done().guard(publish.Checking, time.Minute).guard(publish.Testing, time.Minute).results()
}

func (r *run) all() *run {
	r.done().guard(publish.Confirmed, 0)
	return r.end()
}

// takeBack undoes everything.
func (r *run) takeBack(why error, lost bool) *run {
	r.guard(publish.TakingBack, 0)
	r.report = plan.Report{Err: why}
	for i := len(r.p.Plan.Steps) - 1; i >= 0; i-- {
		c := r.p.Plan.Steps[i].Change()
		r.event(i, plan.Undoing, nil, 0)
		if lost && c.Target == "gw-1 iptables nat" {
			r.event(i, plan.Left, errUndo, time.Minute)
		} else {
			r.event(i, plan.Undone, nil, 300*time.Millisecond)
		}
		r.report.Undone = append(r.report.Undone, c)
	}
	return r
}

// probes tests everything: the first answers, the second is refused, and so on.
func (r *run) probes() *run {
	var keys []gateway.Key
	for _, f := range r.p.Want() {
		keys = append(keys, f.Key())
	}
	r.send(views.ProbeStartMsg{Keys: keys})
	return r.results()
}

// results are those of the tests.
func (r *run) results() *run {
	var keys []gateway.Key
	for _, f := range r.p.Want() {
		keys = append(keys, f.Key())
	}
	results := []probe.Result{
		{Outcome: probe.OK, Latency: 12 * time.Millisecond, Detail: "SSH-2.0-OpenSSH_9.2p1"},
		{Outcome: probe.Refused, Latency: 300 * time.Microsecond, Detail: "nothing listens there"},
		{Outcome: probe.Timeout, Detail: "no answer within 3 s"},
		{Outcome: probe.Wrong, Latency: 1500 * time.Millisecond, Detail: "an ssh banner \x1b[31mwith colour"},
		{Outcome: probe.Unknown, Detail: "udp says nothing"},
	}
	for i, k := range keys {
		if i < len(results) {
			r.send(views.ProbeMsg{Key: k, Result: results[i]})
		}
	}
	return r
}

func (r *run) draw(t *testing.T, w, h int) string {
	t.Helper()
	out := ansi.Strip(r.View(views.Frame{Width: w, Height: h, Now: r.now, Styles: themes.New(themes.Default(), true)}))
	lines := strings.Split(out, "\n")
	if len(lines) != h {
		t.Fatalf("%d lines, want %d", len(lines), h)
	}
	for i, l := range lines {
		if n := widget.Width(l); n > w {
			t.Fatalf("line %d is %d cells wide, want at most %d: %q", i, n, w, l)
		}
	}
	return out
}

func (r *run) press(keys ...string) {
	special := map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
		"end": {Code: tea.KeyEnd}, "home": {Code: tea.KeyHome}, "pgdown": {Code: tea.KeyPgDown}, "pgup": {Code: tea.KeyPgUp},
	}
	for _, k := range keys {
		m, ok := special[k]
		if !ok {
			m = tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		}
		r.send(m)
	}
}

func one() publish.Proposal { return fixture.Proposal(fixture.Assembly) }
func hostile() publish.Proposal {
	return fixture.Proposal(fixture.Assembly, fixture.Japanese, fixture.Emoji)
}

// applies are the states there are goldens of.
var applies = []struct {
	name string
	make func() *run
}{
	{"starting", func() *run { return start(one()) }},
	{"waiting", func() *run { return start(one()).guard(publish.Waiting, 40*time.Second) }},
	{"reading-back", func() *run { return start(one()).done().guard(publish.Checking, time.Minute) }},
	{"testing", func() *run {
		return start(hostile()).done().guard(publish.Testing, 50*time.Second).results()
	}},
	{"asking", func() *run { return start(one()).tested().guard(publish.Asking, 55*time.Second) }},
	{"kept", func() *run {
		r := start(one()).tested().guard(publish.Asking, 55*time.Second).guard(publish.Confirmed, 0)
		return r.end()
	}},
	{"taking-back", func() *run {
		r := start(one()).tested().guard(publish.Asking, 55*time.Second).guard(publish.TakingBack, 0)
		r.event(10, plan.Undoing, nil, 0)
		return r
	}},
	{"not-kept", func() *run { return start(one()).tested().takeBack(errSilent, false).end() }},
	{"healing", func() *run {
		return start(one()).tested().takeBack(errSilent, true).guard(publish.Healing, time.Minute)
	}},
	{"healed", func() *run {
		return start(one()).tested().takeBack(errSilent, true).guard(publish.Healing, time.Minute).end()
	}},
	{"with-notes", func() *run {
		r := start(one()).done().guard(publish.Confirmed, 0)
		r.send(views.ApplyDoneMsg{Report: r.report, Notes: []string{"the history could not be written: no space left on device\x1b[31m"}})
		return r
	}},
	{"repaired", func() *run {
		p := one()
		p.Request = publish.Request{Repair: true}
		return start(p).all()
	}},
	{"running", func() *run {
		r := start(hostile()).steps(5)
		r.event(5, plan.Running, nil, 0)
		return r
	}},
	{"done", func() *run { return start(one()).all().probes() }},
	{"done-hostile", func() *run { return start(hostile()).all().probes() }},
	{"undone", func() *run { return start(one()).fail(9, -1) }},
	{"left", func() *run { return start(hostile()).fail(9, 3) }},
	{"stale", func() *run {
		r := start(one())
		r.report.Err = &gateway.Error{Op: "apply the plan on", Target: "gw-1", Kind: gateway.Stale, Err: errors.New("the gateway's rules have changed")}
		return r.end()
	}},
	{"not-verified", func() *run {
		r := start(one()).steps(11)
		r.report.Err = &gateway.Error{Op: "reach the planned state on", Target: "gw-1", Kind: gateway.Partial, Err: errors.New("still to do: gw-1 iptables nat: add 1 rule")}
		return r.end()
	}},
	{"withdrawn", func() *run { return start(fixture.Withdrawal(fixture.Assembly)).all() }},
	{"idle", func() *run { return &run{Screen: apply.New(), now: noon} }},
}

func TestApplies(t *testing.T) {
	for _, a := range applies {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", a.name, size.w, size.h), func(t *testing.T) {
				r := a.make()
				r.draw(t, size.w, size.h)
				r.now = r.now.Add(2300 * time.Millisecond)
				golden.RequireEqual(t, r.draw(t, size.w, size.h))
			})
		}
	}
}
