package tui

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway"
	"portico/tui/effects/effectstest"
)

// silentBlast is a project in which what publishBlast publishes does not answer.
func silentBlast() *effectstest.Backend {
	b := effectstest.Project()
	b.Deaf[gateway.Key{Protocol: gateway.TCP, Public: netip.MustParseAddrPort("203.0.113.10:30012")}] = 1000
	return b
}

const keepTitle = "Keep forwards that do not answer?"

// steps are the seconds that steps have taken.
var steps = regexp.MustCompile(`<?[0-9]+\.[0-9] s`)

// asked publishes and waits for the question.
func asked(t *testing.T, b *effectstest.Backend, width, height int) *driver {
	t.Helper()
	d := drive(t, b, width, height).start()
	d.publishBlast()
	d.until("it is asked", func() bool { return strings.Contains(d.screen(), "take back") })
	return d
}

func TestWhatDoesNotAnswerIsKeptOrTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		keys   []string
		stands int
		says   string
	}{
		"enter takes back": {[]string{"enter"}, 5, "Not confirmed; everything was undone"},
		"esc takes back":   {[]string{"esc"}, 5, "Not confirmed; everything was undone"},
		"keep them":        {[]string{"tab", "enter"}, 6, "confirmed: it stands for good"},
	} {
		t.Run(name, func(t *testing.T) {
			b := silentBlast()
			d := asked(t, b, 100, 30)
			d.shows(keepTitle, "203.0.113.10:30012 ssh: timed out", "▸ take back", "taken back by itself in 1:00", "0 of 1 answer")
			d.keys(c.keys...) // typed before the question was there
			d.shows(keepTitle)
			d.now = d.now.Add(7 * time.Second)
			d.shows(keepTitle)
			d.send(nil)
			d.shows("taken back by itself in 0:53", "not confirmed: everything is taken back by itself in 0:53")
			d.keys(c.keys...)
			d.settle()
			d.hides(keepTitle)
			d.shows(c.says)
			if n := len(b.State.Forwards); n != c.stands {
				t.Errorf("%d forwards stand, want %d", n, c.stands)
			}
		})
	}
}

func TestAQuestionWhoseTimeIsOutGoesAway(t *testing.T) {
	b := silentBlast()
	b.TimeOut = make(chan struct{})
	d := asked(t, b, 100, 30)
	d.keys("ctrl+c") // in front of the question
	close(b.TimeOut)
	d.settle()
	d.hides(keepTitle, "Changes are being applied")
	d.shows("Not confirmed; everything was undone", "they were not kept")
	if len(b.State.Forwards) != 5 {
		t.Error("it was kept")
	}
}

func TestKeysMeantForAQuestionAnswerNoOther(t *testing.T) {
	b := silentBlast()
	b.TimeOut = make(chan struct{})
	d := asked(t, b, 100, 30)
	d.keys("ctrl+c", "tab", "enter") // quit when done
	d.shows(keepTitle, "then quit")
	d.now = d.now.Add(time.Second)
	d.keys("tab", "enter")
	d.until("it quits", func() bool { return d.quit })
	if len(b.State.Forwards) != 6 {
		t.Error("it was not kept")
	}
	d.settle()
}

// TestCloseTakesBackWhatNobodyKeeps: when the console ends, nobody can be asked.
func TestCloseTakesBackWhatNobodyKeeps(t *testing.T) {
	b := silentBlast()
	d := asked(t, b, 100, 30)
	if got := d.root.parting(); !strings.Contains(got, "taking everything back") {
		t.Errorf("it says %q", got)
	}
	d.root.Close()
	if n := len(b.State.Forwards); n != 5 {
		t.Errorf("%d forwards stand, want 5", n)
	}
	if got := d.root.farewell(); !strings.Contains(got, "everything was taken back: 1 of 1 new forwards do not answer") {
		t.Errorf("it says %q", got)
	}
}

func TestCloseGivesUpWaiting(t *testing.T) {
	b := effectstest.Project()
	b.Held, b.Release = "ada@laptop", make(chan struct{})
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.until("it waits", func() bool { return strings.Contains(d.screen(), "esc stop waiting") })
	if got := d.root.parting(); got != "no longer waiting for ada@laptop" {
		t.Errorf("it says %q", got)
	}
	d.root.Close()
	if got := d.root.farewell(); !strings.Contains(got, "nothing was changed") || len(b.State.Forwards) != 5 {
		t.Errorf("%d forwards stand, and it says %q", len(b.State.Forwards), got)
	}
}

func TestWaitingForSomebodyElse(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*driver, *effectstest.Backend)
		want func(*driver) bool
		says []string
	}{
		"they end": {
			func(_ *driver, b *effectstest.Backend) { close(b.Release) },
			func(d *driver) bool { return !d.root.apply.running() }, []string{"confirmed: it stands for good", "6 forwards"},
		},
		"esc stops it": {
			func(d *driver, _ *effectstest.Backend) { d.keys("esc") },
			func(d *driver) bool { return !d.root.apply.running() }, []string{"stopped waiting; nothing was changed", "1 to add", "5 forwards"},
		},
		"q stops it": {
			func(d *driver, _ *effectstest.Backend) { d.keys("q") },
			func(d *driver) bool { return !d.root.apply.running() }, []string{"stopped waiting", "1 to add"},
		},
		"quit": {
			func(d *driver, _ *effectstest.Backend) {
				d.keys("ctrl+c")
				d.shows("Quit without applying?", "Nothing was changed yet", "ada@laptop")
				d.keys("tab", "enter")
			},
			func(d *driver) bool { return d.quit }, nil,
		},
		"quit comes too late": {
			func(d *driver, b *effectstest.Backend) {
				d.keys("ctrl+c")
				close(b.Release)
			},
			func(d *driver) bool { return !d.root.apply.running() }, []string{"confirmed: it stands for good"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := effectstest.Project()
			b.Held, b.Release = "ada@laptop", make(chan struct{})
			d := drive(t, b, 100, 30).start()
			d.publishBlast()
			d.until("it waits", func() bool {
				return strings.Contains(d.screen(), "ada@laptop has been changing the gateway since 09:26:43")
			})
			d.shows("Waiting  nothing was changed yet", "esc stop waiting", "⟳ waiting")
			c.do(d, b)
			d.until("it ends", func() bool { return c.want(d) })
			d.settle()
			d.hides("Quit without")
			d.shows(c.says...)
		})
	}
}

// TestAStalePlanIsMadeAnew: what is different is shown, and nothing is applied unasked.
func TestAStalePlanIsMadeAnew(t *testing.T) {
	b := effectstest.Project()
	b.Stale = func(b *effectstest.Backend) { b.State.Forwards = b.State.Forwards[:4] }
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.settle()
	d.shows("the gateway has changed since; nothing was changed from here", "it makes the same changes", "1 to add", "enter apply")
	if n := b.Calls("Apply"); n != 1 {
		t.Errorf("applied %d times", n)
	}
	d.keys("enter", "tab", "enter") // meant for the screen that was there before
	d.hides("▸ Cancel")
	d.now = d.now.Add(2 * grace)
	d.keys("enter")
	d.shows("▸ Cancel")
	d.keys("tab", "enter")
	d.settle()
	d.shows("confirmed: it stands for good", "5 forwards")
	d.keys("q")
	d.shows("▸ blast-db")
}

func TestAStalePlanThatIsNeededNoLonger(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	b.Stale = func(b *effectstest.Backend) {
		p := d.root.apply.proposal
		b.State.Forwards = append(b.State.Forwards, p.Items[0].Forward)
	}
	d.publishBlast()
	d.settle()
	d.shows("the gateway has changed since", "no longer  gw-1 iptables nat", "No changes")
	d.now = d.now.Add(2 * grace)
	d.keys("esc")
	d.shows("▸ blast-db")
}

func TestAStalePlanIsNotMadeAnewForNobody(t *testing.T) {
	b := effectstest.Project()
	hold := make(chan struct{})
	b.Stale = func(b *effectstest.Backend) {
		b.BeforeRead = func(context.Context) error { <-hold; return nil }
	}
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.until("it is out of date", func() bool { return !d.root.apply.running() && b.Calls("Apply") == 1 })
	d.shows("Not done; nothing was changed", "planning anew")
	d.keys("q")
	close(hold)
	d.settle()
	d.shows("▸ blast-db")
	d.hides("has changed since")
}

// TestAStalePlanWaitsForTheGateway: what cannot be read is planned anew when it can.
func TestAStalePlanWaitsForTheGateway(t *testing.T) {
	b := effectstest.Project()
	b.Stale = func(b *effectstest.Backend) { b.ObserveErr = unreachable }
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.settle()
	d.shows("Not done; nothing was changed", "connection refused")
	b.Change(func(b *effectstest.Backend) { b.ObserveErr = nil })
	d.pass(15 * time.Second)
	d.shows("the gateway has changed since", "1 to add")
}

func TestTheGatewayHealsItself(t *testing.T) {
	b := silentBlast()
	b.Lost = true
	d := asked(t, b, 100, 30)
	d.now = d.now.Add(time.Second)
	d.keys("enter")
	d.settle()
	d.shows("Not confirmed; everything was undone", "the gateway has put its own part back by itself", "5 forwards")
}

// TestWhatAnApplyTestsIsNotTestedAgainAtOnce, but all others are.
func TestWhatAnApplyTestsIsNotTestedAgainAtOnce(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	before := b.Calls("Probe")
	d.publishBlast()
	d.settle()
	d.shows("1 of 1 answer")
	if n := b.Calls("Probe") - before; n != 2 {
		t.Errorf("probed %d times, want once the new one and once the others", n)
	}
	d.keys("q")
	d.shows("ssh 30012 ✓ 12 ms")
}

func TestWhatWasTakenBackDoesNotFail(t *testing.T) {
	b := silentBlast()
	d := asked(t, b, 100, 30)
	d.now = d.now.Add(time.Second)
	d.keys("enter")
	d.settle()
	for k := range d.root.failing {
		if k.Public.Port() == 30012 {
			t.Error("it is still said to fail")
		}
	}
}

func TestNotesOfAnApply(t *testing.T) {
	b := effectstest.Project()
	b.Notes = []string{"the history could not be written\x1b[31m: disk full"}
	d := drive(t, b, 100, 30).start()
	d.publishBlast()
	d.settle()
	d.shows("! the history could not be written", "disk full")
}

func TestApplyGoldens(t *testing.T) {
	for _, size := range sizes {
		for name, show := range map[string]func(*testing.T) *driver{
			"asking": func(t *testing.T) *driver { return asked(t, silentBlast(), 100, 30) },
			"testing": func(t *testing.T) *driver {
				b := effectstest.Project()
				b.HoldTests = make(chan struct{})
				d := drive(t, b, 100, 30).start()
				t.Cleanup(func() { close(b.HoldTests) })
				d.publishBlast()
				d.until("it tests", func() bool { return strings.Contains(d.screen(), "Testing  ") })
				return d
			},
			"made anew": func(t *testing.T) *driver {
				b := effectstest.Project()
				b.Stale = func(b *effectstest.Backend) { b.State.Forwards = b.State.Forwards[:4] }
				d := drive(t, b, 100, 30).start()
				d.publishBlast()
				d.settle()
				return d
			},
		} {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				d := show(t)
				d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
				golden.RequireEqual(t, steps.ReplaceAllString(d.screen(), "0.1 s"))
			})
		}
	}
}

// TestManySilentForwards: a question stays a question, however much there is to ask about.
func TestManySilentForwards(t *testing.T) {
	b := effectstest.Many(60)
	clear(b.Deaf)
	b.Deaf = map[gateway.Key]int{}
	for port := range uint16(70) {
		b.Deaf[gateway.Key{Protocol: gateway.TCP, Public: netip.AddrPortFrom(b.Gateway.FloatingIP, 30000+port)}] = 1000
	}
	p, err := b.Plan(t.Context(), (&Root{}).snapshotFor(b), publishRequest(unpublished(b)...))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range sizes {
		d := drive(t, b, 100, 30).start()
		d.run(d.root.fx.Apply(p))
		d.until("it is asked", func() bool { return len(d.root.dialogs) > 0 })
		d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		d.shows("▸ take back", "taken back by itself in")
		d.now = d.now.Add(time.Second)
		d.keys("enter")
		d.settle()
	}
}

func unpublished(b *effectstest.Backend) (ids []string) {
	for i, vm := range b.Project.Instances {
		if i%2 == 0 && vm.ID != b.Gateway.InstanceID {
			ids = append(ids, vm.ID)
		}
	}
	return ids
}

// TestRunSaysWhatBecomesOfAnApply: the words are on the terminal when the screen is gone.
func TestRunSaysWhatBecomesOfAnApply(t *testing.T) {
	b := effectstest.Project()
	b.Hold = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var notice bytes.Buffer
	r := New(ctx, Options{Backend: b, Notice: &notice})
	p, err := b.Plan(ctx, r.snapshotFor(b), publishRequest("id-blast-db"))
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan tea.Msg, 1)
	go func(apply tea.Cmd) { first <- apply() }(r.fx.Apply(p))
	<-first
	if got := r.parting(); !strings.HasPrefix(got, "finishing the changes") {
		t.Errorf("it says %q", got)
	}
	cancel()
	close(b.Hold)
	r.Close()
	if got := r.farewell(); got != "done; what stands is what was planned" {
		t.Errorf("it says %q", got)
	}
	if got := cloud.Clean(r.farewell()); got != r.farewell() {
		t.Errorf("%q is not clean", r.farewell())
	}
}
