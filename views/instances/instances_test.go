package instances_test

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
	"github.com/google/go-cmp/cmp/cmpopts"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/instances"
	"portico/views/viewtest"
)

func snapshot() views.SnapshotMsg {
	b := viewtest.Small()
	return views.SnapshotMsg{
		Snapshot: publish.Snapshot{Inventory: b.Inventory, Gateway: b.Gateway, State: &b.State},
		CloudAt:  viewtest.Start, GatewayAt: viewtest.Start,
	}
}

func open(msgs ...tea.Msg) views.Screen {
	var s views.Screen = instances.New(false)
	for _, m := range append([]tea.Msg{snapshot()}, msgs...) {
		s, _ = s.Update(m)
	}
	return s
}

func press(s views.Screen, keys string) (i views.Intent) {
	for _, r := range keys {
		m := tea.KeyPressMsg{Code: r, Text: string(r)}
		switch r {
		case '\n':
			m = tea.KeyPressMsg{Code: tea.KeyEnter}
		case '\x1b':
			m = tea.KeyPressMsg{Code: tea.KeyEscape}
		case ' ':
			m = tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
		}
		s, i = s.Update(m)
	}
	return i
}

func view(s views.Screen, w, h int) string {
	return ansi.Strip(s.View(views.Frame{Width: w, Height: h, Now: viewtest.Start, Styles: themes.New(themes.Default(), true)}))
}

func results() []tea.Msg {
	var out []tea.Msg
	outcomes := []probe.Outcome{probe.OK, probe.Timeout, probe.OK, probe.Wrong, probe.Unknown}
	for i, f := range viewtest.Small().State.Forwards {
		out = append(out, views.ProbeMsg{Key: f.Key(), Result: probe.Result{Outcome: outcomes[i], Latency: 12 * time.Millisecond}})
	}
	return out
}

func TestView(t *testing.T) {
	logins := views.LoginsMsg{Logins: viewtest.Small().Logins}
	for _, size := range [][2]int{{80, 20}, {120, 36}, {40, 7}} {
		t.Run(fmt.Sprintf("tested %dx%d", size[0], size[1]), func(t *testing.T) {
			golden.RequireEqual(t, view(open(append(results(), logins)...), size[0], size[1]))
		})
	}
	t.Run("error, with a fault", func(t *testing.T) {
		s := open(logins)
		press(s, "jjj")
		golden.RequireEqual(t, view(s, 120, 20))
	})
	t.Run("marked and filtered", func(t *testing.T) {
		s := open(results()...)
		press(s, "j  /ass\n")
		golden.RequireEqual(t, view(s, 80, 14))
	})
	t.Run("hostile", func(t *testing.T) {
		s := open(logins)
		press(s, "jjjj")
		golden.RequireEqual(t, view(s, 120, 14))
	})
}

func TestKeys(t *testing.T) {
	all := viewtest.Small().State.Forwards
	cases := []struct {
		name, keys string
		want       views.Intent
	}{
		{"publish one", "jjp", views.Publish{Instances: []string{"id-blast-db"}}},
		{"enter opens, p publishes", "jj\np", views.Publish{Instances: []string{"id-blast-db"}}},
		{"an open page is about its instance only", " j\np", views.Publish{Instances: []string{"id-blast-db"}}},
		{"what is open is closed first", "\n\x1bjp", views.Publish{Instances: []string{"id-assembly-02"}}},
		{"publish the marked", "  p", views.Publish{Instances: []string{"id-annotation-01", "id-assembly-02"}}},
		{"the gateway publishes others", "/gw-1\np", views.Tell{Text: "gw-1 is the gateway itself; choose an instance behind it"}},
		{"the gateway among the marked is left out", " /gw-1\n \x1bp", views.Publish{Instances: []string{"id-annotation-01"}}},
		{"withdraw", "jw", views.Withdraw{Instances: []string{"id-assembly-02"}}},
		{"nothing to withdraw", "jjw", views.Tell{Text: "blast-db has nothing published"}},
		{"test", "jt", views.Test{Forwards: []gateway.Forward{all[1], all[3]}}},
		{"nothing to test", "jjt", views.Tell{Text: "blast-db has nothing published"}},
		{"copy", "jy", views.CopySSH{Forward: all[1]}},
		{"nothing to copy", "jjy", views.Tell{Text: "ssh of blast-db is not published; p publishes it"}},
		{"nothing to copy without an address", "/new-worker\ny", views.Tell{Text: "new-worker has no address, so there is no ssh command"}},
		{"refresh", "r", views.Refresh{}},
		{"letters are text while filtering", "/wyt", nil},
		{"a key that means nothing", "Z", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, press(open(), c.keys), cmpopts.EquateComparable(gateway.Forward{}.Public)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCopyTakesTheOwnFloatingIP(t *testing.T) {
	i, ok := press(open(), "/portal\ny").(views.CopySSH)
	if !ok || i.Forward.Public.String() != "203.0.113.12:22" {
		t.Errorf("got %+v", i)
	}
}

func TestReadOnly(t *testing.T) {
	var s views.Screen = instances.New(true)
	s, _ = s.Update(snapshot())
	for _, k := range []string{"p", "w"} {
		if _, ok := press(s, k).(views.Tell); !ok {
			t.Errorf("%s does something", k)
		}
	}
}

func TestWhatIsNotKnownIsNotSaidToBePrivate(t *testing.T) {
	cases := []struct {
		name   string
		change func(*views.SnapshotMsg)
		want   string
		not    string
	}{
		{"not read yet", func(*views.SnapshotMsg) {}, "…", "private"},
		{"did not answer", func(m *views.SnapshotMsg) { m.GatewayErr = errors.New("no answer") }, "unknown", "private"},
		{"there is none", func(m *views.SnapshotMsg) { m.GatewayErr = &cloud.Error{Kind: cloud.NotFound} }, "private", "unknown"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := snapshot()
			m.Snapshot.State, m.GatewayAt = nil, time.Time{}
			c.change(&m)
			if v := view(open(m), 80, 20); !strings.Contains(v, c.want) || strings.Contains(v, c.not) {
				t.Errorf("want %q and not %q in\n%s", c.want, c.not, v)
			}
		})
	}
}

func TestEmpty(t *testing.T) {
	cases := []struct {
		name string
		msg  tea.Msg
		want string
	}{
		{"nothing came yet", nil, "asking the cloud…"},
		{"it did not answer", views.SnapshotMsg{CloudErr: errors.New("x")}, "has not answered yet"},
		{"there are none", views.SnapshotMsg{CloudAt: viewtest.Start}, "This project has no instances"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s views.Screen = instances.New(false)
			if c.msg != nil {
				s, _ = s.Update(c.msg)
			}
			if v := view(s, 80, 20); !strings.Contains(v, c.want) {
				t.Errorf("want %q in\n%s", c.want, v)
			}
			press(s, "pwty jk/\x1b")
		})
	}
}

func TestPage(t *testing.T) {
	logins := views.LoginsMsg{Logins: viewtest.Small().Logins}
	for _, size := range [][2]int{{80, 20}, {120, 36}, {40, 7}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			s := open(append(results(), logins)...)
			press(s, "j\n")
			golden.RequireEqual(t, view(s, size[0], size[1]))
		})
	}
	t.Run("scrolled to its end", func(t *testing.T) {
		s := open(append(results(), logins)...)
		press(s, "j\nG")
		if v := view(s, 40, 7); !strings.Contains(v, "debian@203.0.113.10") || !strings.Contains(v, "assembly-02") {
			t.Errorf("the end is not in sight:\n%s", v)
		}
	})
	t.Run("closes with its instance", func(t *testing.T) {
		s := open()
		press(s, "j\n")
		m := snapshot()
		m.Snapshot.Inventory.Instances = m.Snapshot.Inventory.Instances[4:]
		s, _ = s.Update(m)
		if v := view(s, 80, 20); !strings.Contains(v, "REACHABLE") {
			t.Errorf("not the list:\n%s", v)
		}
	})
}

// TestPortsAreNeverCut: however narrow, what is shown of a port is all of it, and failures go last.
func TestPortsAreNeverCut(t *testing.T) {
	m := snapshot()
	p := viewtest.Small()
	m.Snapshot.State.Forwards = nil
	var msgs []tea.Msg
	for i, name := range []string{"ssh", "http", "https"} {
		f := p.Forward("id-portal", name)
		f.Service.Name = "service-" + name
		m.Snapshot.State.Forwards = append(m.Snapshot.State.Forwards, f)
		msgs = append(msgs, views.ProbeMsg{Key: f.Key(), Result: probe.Result{Outcome: []probe.Outcome{probe.OK, probe.OK, probe.Timeout}[i], Latency: time.Millisecond}})
	}
	s := open(append([]tea.Msg{m}, msgs...)...)
	press(s, "/portal\n")
	for w := 40; w < 120; w++ {
		line := strings.Split(view(s, w, 20), "\n")[1]
		if strings.Contains(line, "…") || !strings.Contains(line, "32040 ✗") {
			t.Errorf("at %d: %q", w, line)
		}
	}
}

// keys presses keys that are parted by spaces.
func keys(s views.Screen, all string) {
	for k := range strings.FieldsSeq(all) {
		s.Update(pressed(k))
	}
}

// tagged is a snapshot with tags, and names whose order is not that of their letters.
func tagged() views.SnapshotMsg {
	m := snapshot()
	m.Snapshot.Inventory.Instances[0].Tags = []string{"web", "owner=ada"}
	m.Snapshot.Inventory.Instances[2].Tags = []string{"db"}
	m.Snapshot.Inventory.Instances[4].Name = "annotation-2"
	return m
}

func TestViewOrderFilterAndMarks(t *testing.T) {
	cases := []struct{ name, keys string }{
		{"by status", ">"},
		{"by address, down", "> > S"},
		{"by port", "> > >"},
		{"filter", "/ s s h space ! o f f"},
		{"filter of a column", "/ s t a : a c t enter"},
		{"filter of tags", "/ t a g s : a d a enter"},
		{"range", "j V j j"},
		{"marked and filtered out", "j space space / g w enter"},
		{"nothing matches", "/ x y z enter"},
	}
	for _, size := range [][2]int{{80, 16}, {120, 16}, {40, 9}} {
		for _, c := range cases {
			t.Run(fmt.Sprintf("%s %dx%d", c.name, size[0], size[1]), func(t *testing.T) {
				s := open(append([]tea.Msg{tagged(), views.SizeMsg{Width: size[0], Height: size[1]}}, results()...)...)
				keys(s, c.keys)
				golden.RequireEqual(t, view(s, size[0], size[1]))
			})
		}
	}
}

// TestGlow: what a refresh has changed stands out for two seconds, in its styles.
func TestGlow(t *testing.T) {
	m := tagged()
	m.Snapshot.Inventory.Instances[0].Status = "ERROR"
	m.Snapshot.State.Forwards = append(m.Snapshot.State.Forwards, viewtest.Small().Forward("id-blast-db", "ssh"))
	m.CloudAt, m.GatewayAt = viewtest.Start.Add(time.Second), viewtest.Start.Add(5*time.Second)
	s := open(append(results(), tagged(), m)...)
	keys(s, "G")
	for _, dark := range []bool{true, false} {
		f := views.Frame{Width: 80, Height: 14, Now: m.GatewayAt.Add(time.Second), Styles: themes.New(themes.Default(), dark)}
		t.Run(map[bool]string{true: "dark", false: "light"}[dark], func(t *testing.T) { golden.RequireEqual(t, s.View(f)) })
		lit := s.View(f)
		f.Now = m.GatewayAt.Add(2 * time.Second)
		if after := s.View(f); after == lit || ansi.Strip(after) != ansi.Strip(lit) {
			t.Errorf("two seconds later:\n%s", after)
		}
	}
}

// TestGatewaysFirstAnswerDoesNotGlow: that all is known now is no change of all.
func TestGatewaysFirstAnswerDoesNotGlow(t *testing.T) {
	before, after := snapshot(), snapshot()
	before.Snapshot.State, before.GatewayAt = nil, time.Time{}
	after.GatewayAt = viewtest.Start.Add(time.Second)
	var s views.Screen = instances.New(false)
	s, _ = s.Update(before)
	s, _ = s.Update(after)
	f := views.Frame{Width: 80, Height: 14, Now: after.GatewayAt, Styles: themes.New(themes.Default(), true)}
	glow := s.View(f)
	f.Now = f.Now.Add(time.Minute)
	if calm := s.View(f); glow != calm {
		t.Errorf("at once\n%q\nlater\n%q", glow, calm)
	}
}

// TestFiveThousand: the count says how many of all are listed.
func TestFiveThousand(t *testing.T) {
	var s views.Screen = instances.New(false)
	s, _ = s.Update(many(5000, 0))
	s, _ = s.Update(views.SizeMsg{Width: 80, Height: 12})
	keys(s, "/ 0 4 2 0 enter end A")
	golden.RequireEqual(t, view(s, 80, 12))
}
