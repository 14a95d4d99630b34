package gateways_test

import (
	"fmt"
	"testing"

	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/viewtest"
)

// none is a project without a gateway: with a free floating IP, or without any.
func none(free bool) views.SnapshotMsg {
	p := viewtest.Small()
	fips := p.Inventory.FloatingIPs[:0:0]
	for _, f := range p.Inventory.FloatingIPs {
		if free && f.PortID == "" {
			fips = append(fips, f)
		}
	}
	p.Inventory.FloatingIPs = fips
	return views.SnapshotMsg{Snapshot: publish.Snapshot{Inventory: p.Inventory}, CloudAt: viewtest.Start, GatewayErr: &gateway.Error{Op: "find a gateway", Kind: gateway.NotFound}}
}

func TestGuide(t *testing.T) {
	empty := none(false)
	empty.Snapshot.Inventory.Instances, empty.Snapshot.Inventory.Ports = nil, nil
	reader := none(true)
	reader.ReadOnly = "your role in this project is reader"
	for name, m := range map[string]views.SnapshotMsg{"free": none(true), "no address": none(false), "empty": empty, "reader": reader} {
		for _, size := range [][2]int{{80, 20}, {120, 36}, {40, 7}} {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				golden.RequireEqual(t, view(t, open(m), size[0], size[1]))
			})
		}
	}
}

func TestGuideKeys(t *testing.T) {
	allocate := views.ChangeFloatingIP{Request: publish.FloatingIPRequest{Do: publish.Allocate}}
	reader := none(true)
	reader.ReadOnly = "your role in this project is reader"
	for _, c := range []struct {
		name, key string
		msg       views.SnapshotMsg
		want      views.Intent
	}{
		{"attach", "a", none(true), views.PickInstance{FloatingIP: "fip-203.0.113.77"}},
		{"allocate", "n", none(false), allocate},
		{"nothing to attach", "a", none(false), nil},
		{"refresh", "r", none(true), views.Refresh{}},
		{"a reader", "a", reader, views.Tell{Text: views.OnlyLooks(reader.ReadOnly)}},
		{"with a gateway the key is none", "n", message(viewtest.Small()), nil},
	} {
		if d := cmp.Diff(c.want, press(open(c.msg), c.key)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
