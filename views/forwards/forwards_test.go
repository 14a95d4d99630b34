package forwards_test

import (
	"errors"
	"fmt"
	"net/netip"
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
	"portico/views/forwards"
	"portico/views/viewtest"
)

func snapshot() views.SnapshotMsg {
	b := viewtest.Small()
	fs := b.State.Forwards
	fs[3].Sources = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	fs = append(fs, gateway.Forward{
		Instance: "6f1c9e0a-gone", Service: gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 60000},
		Public: netip.MustParseAddrPort("203.0.113.10:60001"), Private: netip.MustParseAddrPort("192.168.0.99:60000"),
	})
	b.State.Forwards = fs
	return views.SnapshotMsg{Snapshot: publish.Snapshot{Inventory: b.Inventory, Gateway: b.Gateway, State: &b.State}, CloudAt: viewtest.Start, GatewayAt: viewtest.Start}
}

func open() views.Screen {
	var s views.Screen = forwards.New(false)
	m := snapshot()
	s, _ = s.Update(m)
	for i, f := range m.Snapshot.State.Forwards[:3] {
		r := []probe.Result{{Outcome: probe.OK, Latency: 12 * time.Millisecond, Detail: "SSH-2.0-OpenSSH_9.2p1 Debian-2"}, {Outcome: probe.Refused}, {Outcome: probe.Wrong, Detail: "HTTP/1.1 400 Bad Request"}}[i]
		s, _ = s.Update(views.ProbeMsg{Key: f.Key(), Result: r})
	}
	s, _ = s.Update(views.ProbeStartMsg{Keys: []gateway.Key{m.Snapshot.State.Forwards[4].Key()}})
	return s
}

func press(s views.Screen, keys string) (i views.Intent) {
	for _, r := range keys {
		m := tea.KeyPressMsg{Code: r, Text: string(r)}
		switch r {
		case '\n':
			m = tea.KeyPressMsg{Code: tea.KeyEnter}
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

// busy is open with two readings of what came through, five seconds apart.
func busy() views.Screen {
	var s views.Screen = forwards.New(false)
	m := snapshot()
	for n := range uint64(2) {
		t := gateway.Traffic{Forwards: map[gateway.Key]gateway.ForwardTraffic{}}
		for i, f := range m.Snapshot.State.Forwards {
			x := gateway.ForwardTraffic{Connections: uint64(i) * (7 + 900*n), Counter: gateway.Counter{Packets: uint64(i) * (40 + 10*n), Bytes: uint64(i) * (51_000 + 12_000*n)}, Sharing: 1}
			if i < 2 {
				x.Sharing = 2
			}
			t.Forwards[f.Key()] = x
		}
		state := *m.Snapshot.State
		state.Traffic = t
		m.Snapshot.State, m.GatewayAt = &state, viewtest.Start.Add(time.Duration(n)*5*time.Second-50*time.Second)
		s, _ = s.Update(m)
	}
	s, _ = s.Update(views.ProbeMsg{Key: m.Snapshot.State.Forwards[0].Key(), Result: probe.Result{Outcome: probe.OK, Latency: 12 * time.Millisecond, Detail: "SSH-2.0-OpenSSH_9.2p1 Debian-2"}})
	return s
}

func TestTraffic(t *testing.T) {
	for _, size := range [][2]int{{80, 10}, {120, 10}, {160, 10}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			golden.RequireEqual(t, view(busy(), size[0], size[1]))
		})
	}
}

func TestView(t *testing.T) {
	for _, size := range [][2]int{{80, 14}, {120, 14}, {40, 8}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			golden.RequireEqual(t, view(open(), size[0], size[1]))
		})
	}
}

func TestKeys(t *testing.T) {
	fs := snapshot().Snapshot.State.Forwards
	cases := []struct {
		name, keys string
		want       views.Intent
	}{
		{"copy ssh", "y", views.CopySSH{Forward: fs[0]}},
		{"copy an address", "/31011\ny", views.CopyText{Text: "203.0.113.10:31011", What: "address"}},
		{"test one", "jt", views.Test{Forwards: []gateway.Forward{fs[1]}}},
		{"test the marked", "  t", views.Test{Forwards: fs[:2]}},
		{"withdraw one service", "/31011\nw", views.Withdraw{Instances: []string{"id-assembly-02"}, Services: []string{"http"}}},
		{"withdraw one of a gone instance", "/mosh\nw", views.Withdraw{Instances: []string{"6f1c9e0a-gone"}, Services: []string{"mosh"}}},
		{"withdraw alike ones", "  w", views.Withdraw{Instances: []string{"id-annotation-01", "id-assembly-02"}, Services: []string{"ssh"}}},
		{
			"what one request would widen is refused", " /jupyter\n jjw",
			views.Withdraw{Instances: []string{"id-annotation-01", "id-jupyter"}, Services: []string{"ssh", "http"}},
		},
		{
			"ssh of one and http of another that has both", " /31011\n w",
			views.Tell{Text: "mark the same services of each instance, or withdraw them one instance at a time"},
		},
		{"refresh", "r", views.Refresh{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, press(open(), c.keys), cmpopts.EquateComparable(netip.AddrPort{}, netip.Prefix{})); diff != "" {
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
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s views.Screen = forwards.New(true)
			s, _ = s.Update(c.msg)
			if v := view(s, 80, 12); !strings.Contains(v, c.want) {
				t.Errorf("want %q in\n%s", c.want, v)
			}
			if i := press(s, "ytw j"); i != nil {
				t.Errorf("a key did %+v", i)
			}
		})
	}
}
