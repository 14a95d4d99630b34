package floatingips_test

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/views"
)

func press(s views.Screen, keys ...string) (i views.Intent) {
	for _, k := range keys {
		m := tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		switch k {
		case "enter":
			m = tea.KeyPressMsg{Code: tea.KeyEnter}
		case "esc":
			m = tea.KeyPressMsg{Code: tea.KeyEscape}
		}
		s, i = s.Update(m)
	}
	return i
}

// routed is the project with a network that a router joins to the world, and one instance off it.
func routed() views.SnapshotMsg {
	m := snapshot()
	inv := &m.Snapshot.Inventory
	inv.Networks = []cloud.Network{{ID: "net", Name: "lab-net"}, {ID: "ext", Name: "public", External: true, Shared: true}}
	inv.Subnets = []cloud.Subnet{{ID: "lab", Name: "lab-v4", NetworkID: "net"}, {ID: "island", Name: "island-v4", NetworkID: "net"}}
	inv.Routers = []cloud.Router{{ID: "r", Name: "mg-router", AdminUp: true, Status: "ACTIVE", ExternalNetwork: "ext"}}
	for i := range inv.Ports {
		inv.Ports[i].FixedIPs[0].SubnetID = "lab"
		if inv.Ports[i].DeviceID == "id-blast-db" {
			inv.Ports[i].FixedIPs[0].SubnetID = "island"
		}
	}
	inv.Ports = append(inv.Ports, cloud.Port{ID: "ri", DeviceID: "r", DeviceOwner: "network:router_interface", NetworkID: "net", FixedIPs: []cloud.FixedIP{{SubnetID: "lab"}}})
	for i := range inv.FloatingIPs {
		inv.FloatingIPs[i].NetworkID = "ext"
	}
	return m
}

func TestPick(t *testing.T) {
	for _, size := range [][2]int{{80, 20}, {120, 20}, {40, 8}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			s := open(routed())
			s, _ = s.Update(views.SizeMsg{Width: size[0], Height: size[1]})
			press(s, "j", "j", "j", "a")
			golden.RequireEqual(t, view(s, size[0], size[1]))
		})
	}
}

func TestChanges(t *testing.T) {
	change := func(do publish.FloatingIPVerb, address string) views.ChangeFloatingIP {
		return views.ChangeFloatingIP{Request: publish.FloatingIPRequest{Do: do, Address: address}}
	}
	attach := change(publish.Attach, "fip-203.0.113.77")
	attach.Request.Instance, attach.Request.Fixed = "id-annotation-01", "192.168.0.10"
	for _, c := range []struct {
		name string
		keys []string
		want views.Intent
	}{
		{"attach to the first that can", []string{"j", "j", "j", "a", "enter"}, attach},
		{"one that cannot says why", []string{"j", "j", "j", "a", "G", "enter"}, views.Tell{Text: "portal cannot have it: it already has 203.0.113.12; an address can have one"}},
		{"back without choosing", []string{"j", "j", "j", "a", "esc", "y"}, views.CopyText{Text: "203.0.113.77", What: "address"}},
		{"attach what is not free", []string{"j", "a"}, views.Tell{Text: "203.0.113.10 is not free: x takes it off gw-1  gateway"}},
		{"detach", []string{"j", "x"}, change(publish.Detach, "fip-203.0.113.10")},
		{"detach what is free", []string{"j", "j", "j", "x"}, views.Tell{Text: "203.0.113.77 is attached to nothing"}},
		{"release", []string{"j", "j", "j", "X"}, change(publish.Release, "fip-203.0.113.77")},
		{"release what is not free", []string{"j", "X"}, views.Tell{Text: "only a free address can be released: x takes this one off gw-1  gateway"}},
		{"allocate", []string{"n"}, change(publish.Allocate, "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(routed())
			s, _ = s.Update(views.SizeMsg{Width: 80, Height: 20})
			if d := cmp.Diff(c.want, press(s, c.keys...)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadOnlyChangesNothing(t *testing.T) {
	m := routed()
	m.ReadOnly = "your role in this project is reader"
	for _, k := range []string{"a", "x", "n", "X"} {
		if i, ok := press(open(m), "j", "j", "j", k).(views.Tell); !ok || !strings.Contains(i.Text, "reader") {
			t.Errorf("%s: %v", k, i)
		}
	}
}

// TestPickClosesWhenTheAddressIsTaken: what is attached elsewhere meanwhile is no longer offered.
func TestPickClosesWhenTheAddressIsTaken(t *testing.T) {
	s := open(routed())
	press(s, "j", "j", "j", "a")
	nested := func() bool { return s.(views.Nested).Nested() }
	if !nested() {
		t.Fatal("it did not open")
	}
	m := routed()
	m.Snapshot.Inventory.FloatingIPs[2].PortID = "port-jupyter"
	if s, _ = s.Update(m); nested() {
		t.Error("it is still open")
	}
}
