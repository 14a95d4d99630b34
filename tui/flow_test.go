package tui

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/tui/effects/effectstest"
	"portico/views"
)

// publishBlast goes from the list to the apply screen and says yes.
func (d *driver) publishBlast() {
	d.keys("down", "down", "p")
	d.settle()
	d.shows("Publish", "203.0.113.10:30012")
	d.keys("enter")
	d.settle()
	d.keys("enter", "tab", "enter")
}

func TestPublish(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.settle()
	d.shows("ssh -p 30012 -i ~/.ssh/mg debian@203.0.113.10", "6 forwards", "12 ms")
	d.keys("q")
	d.shows("▸ blast-db", "ssh 30012 ✓ 12 ms")
	d.keys("y")
	d.shows("ssh command sent to the clipboard: ssh -p 30012 -i")
	d.settle()
	if want := "ssh -p 30012 -i ~/.ssh/mg debian@203.0.113.10"; len(d.copied) != 1 || d.copied[0] != want {
		t.Errorf("copied %q, want %q", d.copied, want)
	}
}

func TestNewForwardsAreTestedUntilTheyAnswer(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	d.settle()
	hold := make(chan struct{})
	b.Change(func(b *effectstest.Backend) { b.HoldTests = hold })
	d.publishBlast()
	b.Change(func(b *effectstest.Backend) {
		for _, i := range d.root.apply.proposal.Items {
			b.Deaf[i.Forward.Key()] = 3
		}
	})
	before := b.Calls("Probe")
	close(hold)
	d.settle()
	d.keys("q")
	d.shows("ssh 30012 ✓ 12 ms")
	if n := b.Calls("Probe") - before; n != 5 {
		t.Errorf("probed %d times, want 4 and one of all others", n)
	}
}

func TestWithdrawOneServiceOnly(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	d.keys("3", "/", "31011", "enter", "w")
	d.settle()
	d.shows("Withdraw  assembly-02", "203.0.113.10:31011")
	d.hides("30011")
	d.keys("enter", "tab", "enter")
	d.shows("Withdraw  assembly-02") // it must be typed
	d.keys("enter", "assembly-02", "enter")
	d.settle()
	d.keys("q", "1", "/", "assembly", "enter")
	d.shows("ssh 30011")
	d.hides("31011")
}

func TestAFailedStepIsUndoneAndSaid(t *testing.T) {
	b := effectstest.Project()
	b.FailStep = "203.0.113.10:30012 -> 192.168.0.12:22 (ssh)"
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.settle()
	d.shows("sudo: a password is required", "5 forwards")
	if d.root.apply.running() || len(d.root.probing) > 0 {
		t.Error("something still runs")
	}
}

func TestQuitAsksWhileApplying(t *testing.T) {
	b := effectstest.Project()
	b.Hold = make(chan struct{})
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.until("the apply runs", func() bool { return b.Calls("Apply") == 1 })
	d.keys("ctrl+c", "ctrl+c")
	d.shows("Changes are being applied", "▸ stay")
	d.keys("enter")
	d.hides("Changes are being applied")
	d.keys("ctrl+c", "tab", "enter")
	d.shows("then quit")
	if d.quit {
		t.Fatal("quit in the middle of an apply")
	}
	close(b.Hold)
	d.until("it quits when done", func() bool { return d.quit })
	if !strings.Contains(d.screen(), "blast-db") || len(b.State.Forwards) != 6 {
		t.Errorf("%d forwards stand, want 6", len(b.State.Forwards))
	}
	d.settle()
}

func TestNothingIsReadWhileApplying(t *testing.T) {
	b := effectstest.Project()
	b.Hold = make(chan struct{})
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.until("the apply runs", func() bool { return b.Calls("Apply") == 1 })
	before := b.Calls("Observe") + b.Calls("Inventory")
	for range 60 {
		d.now = d.now.Add(time.Second)
		d.run(d.root.poll())
	}
	if after := b.Calls("Observe") + b.Calls("Inventory"); after != before {
		t.Errorf("%d reads during an apply", after-before)
	}
	close(b.Hold)
	d.settle()
	d.shows("6 forwards")
}

// TestCloseWaitsForAnApply: ending the console, as by a signal, cuts off no change.
func TestCloseWaitsForAnApply(t *testing.T) {
	b := effectstest.Project()
	b.Hold = make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	r := New(ctx, Options{Backend: b, Notice: &bytes.Buffer{}})
	p, err := b.Plan(ctx, r.snapshotFor(b), publishRequest("id-blast-db"))
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan tea.Msg, 1)
	apply := r.fx.Apply(p)
	go func() { first <- apply() }()
	<-first
	cancel()
	closed := make(chan struct{})
	go func() { r.Close(); close(closed) }()
	select {
	case <-closed:
		t.Fatal("Close did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	close(b.Hold)
	<-closed
	if len(b.State.Forwards) != 6 {
		t.Errorf("%d forwards stand, want 6", len(b.State.Forwards))
	}
}

func TestReadOnly(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30, func(o *Options) { o.ReadOnly = true }).start()
	d.keys("p")
	d.shows("read-only", "▸ annotation-01")
	d.run(d.root.act(views.Publish{Instances: []string{"id-blast-db"}}))
	d.run(d.root.act(views.Withdraw{Instances: []string{"id-assembly-02"}}))
	d.run(d.root.act(views.Apply{}))
	d.settle()
	d.shows("▸ annotation-01")
}

func TestEveryIntentHasAHandler(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	for _, i := range []views.Intent{
		views.Navigate{To: views.Forwards}, views.Back{}, views.Refresh{}, views.Publish{}, views.Withdraw{}, views.Repair{}, views.Adopt{}, views.StopWaiting{}, views.Draft{}, views.ShowPlan{},
		views.Test{Forwards: []gateway.Forward{{}}}, views.CopySSH{}, views.CopyText{}, views.Answer{}, views.Tell{Text: "told"}, views.Apply{}, views.Quit{},
	} {
		d.run(d.root.act(i))
		d.settle()
		d.hides("nothing knows how")
	}
	if !d.quit {
		t.Error("Quit did not quit")
	}
}

func TestAPlanThatCannotBeMadeIsExplained(t *testing.T) {
	b := effectstest.Project()
	b.ObserveErr = unreachable
	d := drive(t, b, 100, 30).start()
	d.run(d.root.act(views.Withdraw{Instances: []string{"id-assembly-02"}}))
	d.settle()
	d.shows("✗ could not plan: what stands on the gateway is not known yet")
	d.keys("esc")
	d.hides("could not plan")
}

func TestToastsGoAway(t *testing.T) {
	for name, leave := range map[string]func(*driver){
		"after a while": func(d *driver) { d.pass(5 * time.Second) },
		"with a key":    func(d *driver) { d.keys("up") },
		"with the tab":  func(d *driver) { d.keys("2", "1") },
		"with a screen": func(d *driver) { d.run(d.root.act(views.Navigate{To: views.Instances})) },
		"under a question": func(d *driver) {
			d.send(views.AskMsg{ID: 1, Title: "A question", Yes: "yes", Cancel: "no"})
			d.shows("←/→ choose  enter confirm  esc cancel")
			d.keys("esc")
			d.now = d.now.Add(time.Second)
			d.keys("esc")
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, effectstest.Project(), 100, 30).start()
			d.keys("down", "down", "y")
			d.shows("ssh of blast-db is not published")
			leave(d)
			d.hides("is not published")
			d.shows("p publish")
		})
	}
}

func TestWhatIsSaidDuringAnApplyEndsWithIt(t *testing.T) {
	b := effectstest.Project()
	b.Hold = make(chan struct{})
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.until("the first step runs", func() bool { return strings.Contains(d.screen(), "Applying  0 of 1") })
	d.keys("esc")
	d.shows("still applying")
	d.keys("ctrl+c")
	d.hides("still applying")
	d.shows("←/→ choose  enter confirm  esc cancel")
	d.keys("esc")
	d.shows("Applying  0 of 1 changes", " ? help  ctrl+c quit")
	d.hides("test again", "q back")
	d.keys("1")
	d.shows("still applying", "Applying")
	d.keys("ctrl+c")
	d.keys("esc", "esc")
	d.shows("still applying")
	close(b.Hold)
	d.settle()
	d.hides("still applying")
}

// TestAnApplyIsFollowedByTestsOfAll: what an apply has put right is not said to fail any longer.
func TestAnApplyIsFollowedByTestsOfAll(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	d.shows("http 31020 ✗ timed out")
	b.Change(func(b *effectstest.Backend) { clear(b.Deaf) })
	d.publishBlast()
	d.settle()
	d.keys("q")
	d.shows("http 31020 ✓ 12 ms")
}

func TestWhatFailsIsTestedAgainAfterAWhile(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	before := b.Calls("Probe")
	d.pass(50 * time.Second)
	if n := b.Calls("Probe") - before; n != 0 {
		t.Errorf("tested %d times in less than a minute", n)
	}
	d.pass(20 * time.Second)
	if n := b.Calls("Probe") - before; n != 1 {
		t.Errorf("tested %d times in more than a minute, want once", n)
	}
	d.shows("http 31020 ✗ timed out")
	b.Change(func(b *effectstest.Backend) { clear(b.Deaf) })
	d.pass(70 * time.Second)
	d.shows("http 31020 ✓ 12 ms")
	n := b.Calls("Probe")
	d.pass(3 * time.Minute)
	if b.Calls("Probe") != n {
		t.Error("what answers is tested again and again")
	}
}

// TestMarksGoWhenTheirPlanIsApplied: they have done their work, and others stay.
func TestMarksGoWhenTheirPlanIsApplied(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	d.keys("down", "down", "space", "p")
	d.settle()
	d.keys("q")
	d.shows("1 marked") // nothing was applied yet
	d.keys("p")
	d.settle()
	d.keys("enter")
	d.settle()
	d.keys("enter", "tab", "enter")
	d.settle()
	d.keys("q")
	d.shows("ssh 30012 ✓ 12 ms")
	d.hides("marked")
}
