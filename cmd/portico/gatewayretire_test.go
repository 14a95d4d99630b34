package main

import (
	"net/netip"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

// A retired gateway's floating IP is not taken off a machine that has it by now.
func TestRetireLeavesOthersAddress(t *testing.T) {
	a := netip.MustParseAddr("203.0.113.10")
	gw := gateway.Gateway{Name: "gw-1", PortID: "gw-port", FloatingIP: a}
	for port, ok := range map[string]bool{"gw-port": true, "": true, "another": false} {
		inv := cloud.Inventory{FloatingIPs: []cloud.FloatingIP{{ID: "f", Address: a, PortID: port}}}
		if err := stillOf(inv, gw); (err == nil) != ok || err != nil && cloud.KindOf(err) != gateway.Conflict {
			t.Errorf("attached to %q: %v", port, err)
		}
	}
}
