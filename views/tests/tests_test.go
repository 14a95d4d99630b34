package tests_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/tests"
	"portico/views/viewtest"
)

// console is the screen, the clock, and what becomes of what it asks for.
type console struct {
	s       views.Screen
	project *viewtest.Project
	now     time.Time
	down    map[gateway.Key]probe.Outcome // from here; others answer
	inside  map[gateway.Key]probe.Outcome // by the gateway
	asked   []gateway.Forward             // of the last beat
	byGw    []gateway.Forward
	busy    bool // nothing answers any more
}

func open(p *viewtest.Project, width, height int) *console {
	c := &console{s: tests.New(), project: p, now: viewtest.Start, down: map[gateway.Key]probe.Outcome{}, inside: map[gateway.Key]probe.Outcome{}}
	c.send(views.SizeMsg{Width: width, Height: height})
	c.read()
	return c
}

// read brings what stands.
func (c *console) read() {
	c.send(views.SnapshotMsg{Snapshot: c.project.Snapshot(), CloudAt: c.now, GatewayAt: c.now})
}

func (c *console) send(msg tea.Msg) views.Intent {
	var i views.Intent
	c.s, i = c.s.Update(msg)
	return i
}

// pass lets time pass, a beat a second.
func (c *console) pass(d time.Duration) {
	for end := c.now.Add(d); c.now.Before(end); {
		c.now = c.now.Add(time.Second)
		c.beat()
	}
}

func (c *console) beat() {
	c.asked, c.byGw = nil, nil
	w, ok := c.send(views.BeatMsg{At: c.now}).(views.Watch)
	if !ok {
		return
	}
	c.asked, c.byGw = w.Forwards, w.Gateway
	if c.busy {
		return
	}
	for _, f := range w.Forwards {
		c.send(views.ProbeMsg{Key: f.Key(), Result: c.result(c.down, f, 12*time.Millisecond)})
	}
	for _, f := range w.Gateway {
		c.send(views.GatewayProbeMsg{Key: f.Key(), Result: c.result(c.inside, f, 2*time.Millisecond)})
	}
}

func (c *console) result(of map[gateway.Key]probe.Outcome, f gateway.Forward, latency time.Duration) probe.Result {
	r := probe.Result{Outcome: probe.OK, Latency: latency, Detail: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", At: c.now}
	if o := of[f.Key()]; o != "" {
		r.Outcome, r.Latency, r.Detail = o, 0, "no answer"
	}
	return r
}

func (c *console) press(keys string) (last views.Intent) {
	for _, r := range keys {
		msg := tea.KeyPressMsg{Code: r, Text: string(r)}
		switch r {
		case '\n':
			msg = tea.KeyPressMsg{Code: tea.KeyEnter}
		case '\x1b':
			msg = tea.KeyPressMsg{Code: tea.KeyEscape}
		}
		last = c.send(msg)
	}
	return last
}

func (c *console) view(w, h int) string {
	return ansi.Strip(c.s.View(views.Frame{Width: w, Height: h, Now: c.now, Styles: themes.New(themes.Default(), true)}))
}

// story is half an hour in the life of a small project: annotation-01 fails now and then, jupyter has
// stopped answering while the gateway still reaches it, old-mapper is shut off.
func story(width, height int) *console {
	c := open(viewtest.Small(), width, height)
	fs := c.project.State.Forwards
	c.pass(8 * time.Minute)
	c.down[fs[0].Key()] = probe.Timeout
	c.pass(70 * time.Second)
	delete(c.down, fs[0].Key())
	c.pass(3 * time.Minute)
	c.down[fs[4].Key()] = probe.Timeout
	c.pass(4 * time.Minute)
	c.read()
	return c
}

var sizes = [][2]int{{80, 20}, {120, 36}, {40, 7}}

func TestView(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			golden.RequireEqual(t, story(size[0], size[1]).view(size[0], size[1]))
		})
	}
}

func TestPage(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			c := story(size[0], size[1])
			c.press("g\n")
			c.pass(time.Second)
			golden.RequireEqual(t, c.view(size[0], size[1]))
		})
	}
}

// Whatever names and answers are, the frame is as large as it should be and has no control in it.
func TestHostile(t *testing.T) {
	names := viewtest.HostileNames(1, 120)
	c := open(viewtest.Hostile(names), 80, 20)
	for i, f := range c.project.State.Forwards {
		r := probe.Result{Outcome: []probe.Outcome{probe.OK, probe.Wrong, probe.Unknown}[i%3], Detail: cloud.Clean(names[i%len(names)]), At: c.now}
		c.send(views.ProbeMsg{Key: f.Key(), Result: r})
		c.send(views.GatewayProbeMsg{Key: f.Key(), Result: r})
	}
	check := func() {
		t.Helper()
		for _, size := range [][2]int{{80, 20}, {120, 36}, {40, 7}, {9, 3}, {1, 1}} {
			lines := strings.Split(c.view(size[0], size[1]), "\n")
			if len(lines) != size[1] {
				t.Fatalf("%d lines of %d", len(lines), size[1])
			}
			for _, l := range lines {
				if ansi.StringWidth(l) > size[0] || strings.ContainsFunc(l, func(r rune) bool { return !cloud.IsText(r) }) {
					t.Fatalf("%d cells of %d: %q", ansi.StringWidth(l), size[0], l)
				}
			}
		}
	}
	for range c.project.State.Forwards {
		check()
		c.press("\n")
		check()
		c.press("\x1bj")
	}
}

func TestWhatIsInSightIsTestedOftenTheRestSeldom(t *testing.T) {
	p := viewtest.Many(201) // 100 forwards
	c := open(p, 80, 20)
	counts := map[gateway.Key]int{}
	most := 0
	for range 600 {
		c.pass(time.Second)
		most = max(most, len(c.asked))
		for _, f := range c.asked {
			counts[f.Key()]++
		}
	}
	often, seldom := 0, 0
	for _, f := range p.State.Forwards {
		switch n := counts[f.Key()]; {
		case n >= 15:
			often++
		case n == 2:
			seldom++
		default:
			t.Errorf("%s was tested %d times in ten minutes", f, n)
		}
	}
	if often != 15 || seldom != 85 || most > 16 {
		t.Errorf("%d often, %d seldom, %d at once", often, seldom, most)
	}
}

// Nothing is asked for twice at a time, and what never answers is asked for again in the end.
func TestNeverTwoTestsOfOne(t *testing.T) {
	c := open(viewtest.Small(), 80, 20)
	c.busy = true
	c.now = c.now.Add(time.Second)
	c.beat()
	if len(c.asked) != 4 { // old-mapper is shut off
		t.Fatalf("asked for %v", c.asked)
	}
	for range 58 {
		c.now = c.now.Add(time.Second)
		if c.beat(); len(c.asked) > 0 {
			t.Fatalf("asked again for %v", c.asked)
		}
	}
	c.now = c.now.Add(5 * time.Second)
	if c.beat(); len(c.asked) != 4 {
		t.Errorf("given up for good: %v", c.asked)
	}
}

func TestPause(t *testing.T) {
	c := open(viewtest.Small(), 80, 20)
	c.pass(2 * time.Second)
	c.press(" ")
	if v := c.view(80, 20); !strings.Contains(v, "paused") {
		t.Errorf("not said:\n%s", v)
	}
	for range 120 {
		c.now = c.now.Add(time.Second)
		if c.beat(); len(c.asked) > 0 {
			t.Fatalf("paused, and asked for %v", c.asked)
		}
	}
	c.press(" ")
	if c.pass(time.Second); len(c.asked) == 0 {
		t.Error("it does not go on")
	}
}

// The gateway is asked where that tells something: about trouble, and on the page of a forward.
func TestTheGatewayIsAskedAboutTrouble(t *testing.T) {
	c := open(viewtest.Small(), 80, 20)
	jupyter := c.project.State.Forwards[4]
	c.down[jupyter.Key()] = probe.Timeout
	c.inside[jupyter.Key()] = probe.Refused
	c.pass(time.Second)
	if c.pass(time.Second); len(c.byGw) != 1 || c.byGw[0].Key() != jupyter.Key() {
		t.Fatalf("asked about %v", c.byGw)
	}
	if v := c.view(80, 20); !strings.Contains(v, "✗ timed out") || !strings.Contains(v, "✗ refused") {
		t.Errorf("both sides:\n%s", v)
	}
	if at, other := strings.Index(c.view(80, 20), "jupyter"), strings.Index(c.view(80, 20), "assembly-02"); at > other {
		t.Error("trouble does not come first")
	}
	c.press("\n")
	if v := c.view(120, 36); !strings.Contains(v, "nothing listens on the port") {
		t.Errorf("no verdict:\n%s", v)
	}
	c.press("\x1b")
	delete(c.down, jupyter.Key())
	c.pass(31 * time.Second)
	if v := c.view(80, 20); strings.Contains(v, "✗") {
		t.Errorf("well again, and yet:\n%s", v)
	}
}

// What is gone is forgotten, and what leads elsewhere is another one; while nothing is known, all stays.
func TestForgotten(t *testing.T) {
	c := open(viewtest.Small(), 80, 20)
	fs := c.project.State.Forwards
	c.pass(2 * time.Minute)
	known := func() int { return strings.Count(c.view(80, 20), "✓ 12 ms") }
	if known() != 4 {
		t.Fatalf("%d rows:\n%s", known(), c.view(80, 20))
	}
	c.send(views.SnapshotMsg{Snapshot: publish.Snapshot{Inventory: c.project.Inventory}, CloudAt: c.now})
	c.read()
	if known() != 4 {
		t.Errorf("forgotten while the gateway did not answer: %d", known())
	}
	c.project.State.Forwards = fs[1:]
	c.read()
	c.project.State.Forwards = append([]gateway.Forward{}, fs...)
	c.project.State.Forwards[1].Private = fs[0].Private
	c.read()
	if known() != 2 {
		t.Errorf("one was gone, one leads elsewhere, and %d are known:\n%s", known(), c.view(80, 20))
	}
}

func TestKeys(t *testing.T) {
	fs := viewtest.Small().State.Forwards
	cases := []struct {
		name, keys string
		want       views.Intent
	}{
		{"test", "/30010\nt", views.Test{Forwards: fs[:1], Gateway: true}},
		{"test on the page", "/30010\n\nt", views.Test{Forwards: fs[:1], Gateway: true}},
		{"copy ssh", "/30010\ny", views.CopySSH{Forward: fs[0]}},
		{"copy an address", "/31011\ny", views.CopyText{Text: "203.0.113.10:31011", What: "address"}},
		{"refresh", "r", views.Refresh{}},
		{"nothing matches", "/nosuch\nt", nil},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			c := open(viewtest.Small(), 80, 20)
			if diff := cmp.Diff(x.want, c.press(x.keys), cmp.Comparer(func(a, b gateway.Forward) bool { return a.Equal(b) })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEmpty(t *testing.T) {
	at := viewtest.Start
	cases := []struct {
		name string
		msg  views.SnapshotMsg
		want string
	}{
		{"nothing came yet", views.SnapshotMsg{}, "asking the cloud…"},
		{"the cloud came", views.SnapshotMsg{CloudAt: at}, "asking the gateway…"},
		{"no gateway", views.SnapshotMsg{CloudAt: at, GatewayErr: &cloud.Error{Kind: cloud.NotFound}}, "there is no gateway yet"},
		{"no answer", views.SnapshotMsg{CloudAt: at, GatewayErr: errors.New("x")}, "is not known"},
		{"nothing published", views.SnapshotMsg{CloudAt: at, Snapshot: publish.Snapshot{State: &gateway.State{}}}, "nothing is published yet"},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			c := open(viewtest.Small(), 80, 12)
			c.s = tests.New()
			c.send(x.msg)
			if v := c.view(80, 12); !strings.Contains(v, x.want) {
				t.Errorf("want %q in\n%s", x.want, v)
			}
			if i := c.press("ty j\n"); i != nil {
				t.Errorf("a key did %+v", i)
			}
		})
	}
}
