package floatingips_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/floatingips"
	"portico/views/viewtest"
)

func snapshot() views.SnapshotMsg {
	b := viewtest.Small()
	b.Inventory.FloatingIPs = append(b.Inventory.FloatingIPs,
		cloud.FloatingIP{ID: "f4", Address: netip.MustParseAddr("203.0.113.5"), PortID: "port-of-a-router", Status: "DOWN", Description: "ünïcödé 日本語"},
		cloud.FloatingIP{ID: "f5", Address: netip.MustParseAddr("203.0.113.99"), Status: "ERROR"},
		cloud.FloatingIP{ID: "f6", Address: netip.MustParseAddr("203.0.113.100"), Status: "ACTIVE", Forwardings: make([]cloud.PortForwarding, 3)})
	return views.SnapshotMsg{Snapshot: publish.Snapshot{Inventory: b.Inventory, Gateway: b.Gateway, State: &b.State}, CloudAt: viewtest.Start}
}

func open(m views.SnapshotMsg) views.Screen {
	s, _ := floatingips.New(false).Update(m)
	return s
}

func view(s views.Screen, w, h int) string {
	return ansi.Strip(s.View(views.Frame{Width: w, Height: h, Now: viewtest.Start, Styles: themes.New(themes.Default(), true)}))
}

func TestView(t *testing.T) {
	for _, size := range [][2]int{{80, 14}, {120, 14}, {40, 8}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			golden.RequireEqual(t, view(open(snapshot()), size[0], size[1]))
		})
	}
}

// TestDetail: beside the list stands what the address under the cursor leads to.
func TestDetail(t *testing.T) {
	silent, hostile := snapshot(), snapshot()
	silent.Snapshot.State = nil
	evil := cloud.Clean("evil\x1b]52;c;ZXZpbA==\x07\u202e\r\nline 日本語の名前はとても長い")
	for i := range hostile.Snapshot.Inventory.FloatingIPs {
		hostile.Snapshot.Inventory.FloatingIPs[i].Description = strings.Repeat(evil+" ", 3)
	}
	for i := range hostile.Snapshot.Inventory.Instances {
		hostile.Snapshot.Inventory.Instances[i].Name = evil
	}
	forwardings := snapshot()
	forwardings.Snapshot.Inventory.FloatingIPs[5].Forwardings = []cloud.PortForwarding{
		{External: 2222, Protocol: "tcp", Internal: netip.MustParseAddrPort("192.168.0.12:22")},
		{External: 53, Protocol: "udp", Internal: netip.MustParseAddrPort("192.168.0.20:53")},
	}
	cases := []struct {
		name string
		msg  views.SnapshotMsg
		row  int
	}{
		{"gateway", snapshot(), 1}, {"instance", snapshot(), 2}, {"free", snapshot(), 3},
		{"silent gateway", silent, 1}, {"hostile", hostile, 1}, {"port forwardings", forwardings, 5},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := open(c.msg)
			for range c.row {
				s.Update(tea.KeyPressMsg{Code: tea.KeyDown})
			}
			golden.RequireEqual(t, view(s, 120, 16))
		})
	}
}

func TestForwardsOfASilentGatewayAreNotKnown(t *testing.T) {
	m := snapshot()
	m.Snapshot.State = nil
	for l := range strings.Lines(view(open(m), 100, 14)) {
		if strings.Contains(l, "203.0.113.10 ") && !strings.Contains(l, "?") {
			t.Errorf("the number is said to be known: %q", l)
		}
	}
}

func TestKeys(t *testing.T) {
	for key, want := range map[rune]views.Intent{
		'y': views.CopyText{Text: "203.0.113.5", What: "address"},
		'r': views.Refresh{},
		'j': nil,
	} {
		_, got := open(snapshot()).Update(tea.KeyPressMsg{Code: key, Text: string(key)})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%c: %s", key, diff)
		}
	}
}

func TestEmpty(t *testing.T) {
	unknown := views.SnapshotMsg{CloudAt: viewtest.Start}
	unknown.Snapshot.Inventory.Missing = []cloud.Missing{{Part: "floating IPs", Err: errors.New("403")}}
	cases := map[string]views.SnapshotMsg{
		"asking the cloud…":                       {},
		"has not answered yet":                    {CloudErr: errors.New("x")},
		"the floating IPs of this project cannot": unknown,
		"This project has no floating IP":         {CloudAt: viewtest.Start},
	}
	for want, m := range cases {
		if v := view(open(m), 80, 12); !strings.Contains(v, want) {
			t.Errorf("want %q in\n%s", want, v)
		}
	}
}
