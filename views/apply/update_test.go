package apply_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/preview"
	fixture "portico/views/preview/previewtest"
)

func TestKeys(t *testing.T) {
	ssh := fixture.Forward(fixture.Assembly, fixture.SSH, 30011)
	running := func() *run { return start(one()).steps(2) }
	cases := []struct {
		name string
		make func() *run
		keys []string
		want views.Intent
	}{
		{"esc while running stays", running, []string{"esc"}, views.Tell{Text: "still applying: it can be left when it has finished"}},
		{"enter while running stays", running, []string{"enter"}, views.Tell{Text: "still applying: it can be left when it has finished"}},
		{"t while running does nothing", running, []string{"t"}, nil},
		{"y while running does nothing", running, []string{"y"}, nil},
		{"esc when done goes back", func() *run { return start(one()).all() }, []string{"esc"}, views.Back{}},
		{"enter when done goes back", func() *run { return start(one()).all() }, []string{"enter"}, views.Back{}},
		{"enter after a failure goes back", func() *run { return start(one()).fail(3, -1) }, []string{"enter"}, views.Back{}},
		{"y copies the ssh command", func() *run { return start(one()).all() }, []string{"y"}, views.CopySSH{Forward: ssh}},
		{"y copies the chosen address", func() *run { return start(one()).all() }, []string{"down", "y"}, views.CopyText{Text: "http://203.0.113.10:31011/", What: "the address"}},
		{"the choice stops at the ends", func() *run { return start(one()).all() }, []string{"down", "down", "down", "up", "up", "up", "y"}, views.CopySSH{Forward: ssh}},
		{"t tests again", func() *run { return start(one()).all() }, []string{"t"}, views.Test{Forwards: one().Want()}},
		{"nothing to test after an undo", func() *run { return start(one()).fail(3, -1) }, []string{"t"}, nil},
		{"nothing to test after a withdrawal", func() *run { return start(fixture.Withdrawal(fixture.Assembly)).all() }, []string{"t"}, nil},
		{"nothing to copy after an undo", func() *run { return start(one()).fail(3, -1) }, []string{"y"}, nil},
		{"y copies what is left", func() *run { return start(one()).fail(9, 3) }, []string{"y"}, views.CopyText{Text: preview.CommandsOf([]plan.Change{one().Plan.Steps[3].Change()}), What: "what is left"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := c.make()
			r.press(c.keys...)
			if diff := cmp.Diff(c.want, r.intent, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKeysOffered(t *testing.T) {
	offered := func(r *run) string {
		var out []string
		for _, b := range r.Keys().ShortHelp() {
			if b.Enabled() {
				out = append(out, b.Help().Key)
			}
		}
		return strings.Join(out, " ")
	}
	cases := []struct {
		name string
		run  *run
		want string
	}{
		{"running", start(one()).steps(2), "↓/j"},
		{"done", start(one()).all(), "enter y Y t ↓/j"},
		{"undone", start(one()).fail(3, -1), "enter ↓/j"},
		{"left", start(one()).fail(9, 3), "enter y ↓/j"},
	}
	for _, c := range cases {
		if got := offered(c.run); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestThePhasesAreNamed(t *testing.T) {
	r := start(one())
	says := func(want string) {
		t.Helper()
		if out := r.draw(t, 80, 24); !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	says("Checking that nothing has changed")
	r.event(0, plan.Running, nil, 0)
	says("Applying  0 of 11 changes")
	r.steps(len(r.p.Plan.Steps))
	says("Reading back")
	r.end()
	says("Done, and checked")
}

func TestSecondsCountFromTheFrame(t *testing.T) {
	r := start(one())
	r.event(0, plan.Running, nil, 0)
	r.draw(t, 80, 24)
	r.now = r.now.Add(75 * time.Second)
	if out := r.draw(t, 80, 24); !strings.Contains(out, "1 m 15 s") {
		t.Errorf("no running seconds in\n%s", out)
	}
	still := r.draw(t, 80, 24)
	r.now = r.now.Add(100 * time.Millisecond)
	if r.draw(t, 80, 24) == still {
		t.Error("the spinner does not turn")
	}
	r.event(0, plan.Done, nil, 76*time.Second)
	r.steps(11).end()
	end := r.draw(t, 80, 24)
	r.now = r.now.Add(time.Hour)
	if r.draw(t, 80, 24) != end {
		t.Error("the time goes on after the end")
	}
}

func TestTheRunningStepStaysInSight(t *testing.T) {
	r := start(hostile())
	for i := range r.p.Plan.Steps {
		r.event(i, plan.Running, nil, 0)
		if out := r.draw(t, 40, 10); !strings.ContainsAny(out, "◐◓◑◒") {
			t.Fatalf("step %d is out of sight\n%s", i, out)
		}
		r.event(i, plan.Done, nil, time.Second)
	}
}

func TestEverythingOfAFailureCanBeReached(t *testing.T) {
	for _, size := range sizes {
		r := start(hostile()).fail(9, 3)
		seen := ""
		r.press("home")
		for range 60 {
			seen += strings.Join(strings.Fields(r.draw(t, size.w, size.h)), " ") + " "
			r.press("down")
		}
		for _, want := range []string{
			"✗ could not change the nat rules", "why iptables-restore refused", "next nothing was changed", "undo, newest first",
			"✗ could not set the groups of", "still to be cleaned up", "openstack port unset",
		} {
			if !strings.Contains(seen, want) {
				t.Errorf("%dx%d never shows %q", size.w, size.h, want)
			}
		}
	}
}

func TestTestsOfOthersAreNotMixedIn(t *testing.T) {
	r := start(one()).all().probes()
	before := r.draw(t, 120, 40)
	other := gateway.Key{Protocol: gateway.TCP, Public: netip.MustParseAddrPort("203.0.113.10:30099")}
	r.send(views.ProbeStartMsg{Keys: []gateway.Key{other}})
	r.send(views.ProbeMsg{Key: other, Result: probe.Result{Outcome: probe.Timeout}})
	if got := r.draw(t, 120, 40); got != before {
		t.Errorf("a test of another forward changes the page:\n%s", got)
	}
}

func TestWhatWasTestedBeforeItWasTakenBackStays(t *testing.T) {
	r := start(one()).tested().takeBack(errSilent, false).end()
	before := r.draw(t, 120, 40)
	if !strings.Contains(before, "tests, before it was taken back") || !strings.Contains(before, "refused") {
		t.Fatalf("got\n%s", before)
	}
	r.send(views.ProbeStartMsg{Keys: []gateway.Key{one().Want()[0].Key()}})
	r.send(views.ProbeMsg{Key: one().Want()[0].Key(), Result: probe.Result{Outcome: probe.Timeout}})
	if got := r.draw(t, 120, 40); got != before {
		t.Errorf("a later test changes the page:\n%s", got)
	}
}

func TestTestsWithinAnApplyAreLive(t *testing.T) {
	r := start(one()).done().guard(publish.Testing, time.Minute)
	if out := r.draw(t, 120, 40); strings.Count(out, "testing") != 2 || !strings.Contains(out, "0 of 2 answer") {
		t.Errorf("got\n%s", out)
	}
	r.results()
	r.guard(publish.Testing, time.Minute) // the gateway has heard from the console again
	if out := r.draw(t, 120, 40); !strings.Contains(out, "1 of 2 answer") {
		t.Errorf("got\n%s", out)
	}
}

func TestTheCountdownFollowsTheGateway(t *testing.T) {
	r := start(one()).steps(2)
	says := func(want string) {
		t.Helper()
		if out := r.draw(t, 120, 40); !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	says("takes this back by itself in 1:00 unless")
	r.now = r.now.Add(3 * time.Second)
	says("in 0:57 unless")
	r.guard(publish.Armed, 75*time.Second)
	says("in 1:12 unless")
	r.now = r.now.Add(time.Hour)
	says("in 0:00 unless")
}

func TestEscStopsWaitingOnly(t *testing.T) {
	r := start(one()).guard(publish.Waiting, time.Minute)
	r.press("esc")
	if diff := cmp.Diff(views.Intent(views.StopWaiting{}), r.intent); diff != "" {
		t.Error(diff)
	}
	r.guard(publish.Armed, time.Minute)
	r.press("esc")
	if _, told := r.intent.(views.Tell); !told {
		t.Errorf("esc does %+v", r.intent)
	}
}

func TestATestMayBeRepeated(t *testing.T) {
	r := start(one()).all().probes()
	if out := r.draw(t, 120, 40); !strings.Contains(out, "1 of 2 answer") || !strings.Contains(out, "refused") {
		t.Fatalf("got\n%s", out)
	}
	web := one().Want()[1].Key()
	r.send(views.ProbeStartMsg{Keys: []gateway.Key{web}})
	if out := r.draw(t, 120, 40); strings.Contains(out, "refused") || !strings.Contains(out, "testing") {
		t.Errorf("the old result stands while it is tested:\n%s", out)
	}
	r.send(views.ProbeMsg{Key: web, Result: probe.Result{Outcome: probe.OK, Latency: time.Millisecond}})
	if out := r.draw(t, 120, 40); !strings.Contains(out, "2 of 2 answer") {
		t.Errorf("got\n%s", out)
	}
}

func TestLoginsThatComeLate(t *testing.T) {
	r := start(one()).all()
	r.send(views.LoginsMsg{Logins: map[string]publish.Login{fixture.Assembly.ID: {User: "rocky"}}})
	if out := r.draw(t, 80, 24); !strings.Contains(out, "ssh -p 30011 rocky@203.0.113.10") {
		t.Errorf("got\n%s", out)
	}
}

func TestTheCommandStandsAloneOnItsLine(t *testing.T) {
	out := start(hostile()).all().draw(t, 120, 40)
	for l := range strings.Lines(out) {
		if strings.Contains(l, "ssh -p 30020") {
			if got := strings.TrimSpace(l); got != "ssh -p 30020 ubuntu@203.0.113.10" {
				t.Errorf("got %q", got)
			}
			return
		}
	}
	t.Errorf("no command in\n%s", out)
}

func TestEventsThatFitNoStep(t *testing.T) {
	r := start(one())
	for _, i := range []int{-1, 99} {
		r.send(views.ApplyEventMsg{Event: plan.Event{Step: i, State: plan.Running}})
	}
	r.all()
	end := r.draw(t, 80, 24)
	r.event(0, plan.Failed, errRefused, 0)
	r.end()
	if r.draw(t, 80, 24) != end {
		t.Error("an event after the end changes the page")
	}
	if r.Running() {
		t.Error("it is still running")
	}
}

func TestANewApplyStartsAfresh(t *testing.T) {
	r := start(one()).fail(9, 3)
	r.p = one()
	r.send(views.ApplyStartMsg{Proposal: r.p})
	if !r.Running() {
		t.Error("it is not running")
	}
	if out := r.draw(t, 120, 40); strings.Contains(out, "cleaned up") || strings.Contains(out, "✗") {
		t.Errorf("the last apply is still shown:\n%s", out)
	}
}

// Where no gateway is armed, none is said to be, up to the end.
func TestNoGatewayIsSaidToBeArmed(t *testing.T) {
	r := start(one()).guard(publish.Unguarded, 0)
	for _, p := range []publish.Phase{publish.Checking, publish.Testing, publish.TakingBack} {
		r.guard(p, time.Minute)
		out := r.draw(t, 120, 40)
		if strings.Contains(out, "rollback armed") || !strings.Contains(out, "what fails is undone from here") {
			t.Errorf("%s:\n%s", p, out)
		}
	}
	r.guard(publish.Confirmed, 0)
	if out := r.draw(t, 120, 40); strings.Contains(out, "disarmed") || !strings.Contains(out, "it stands for good") {
		t.Errorf("confirmed:\n%s", out)
	}
}
