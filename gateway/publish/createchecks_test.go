package publish_test

import (
	"net/netip"
	"testing"

	"portico/cloud/emulator"
	"portico/gateway/provision"
)

// opens checks that a gateway lets in ssh alone, and from its sources alone.
func (n *nursery) opens(t *testing.T, instance string) {
	t.Helper()
	for _, client := range []struct {
		from string
		in   bool
	}{{"198.51.100.9", true}, {"192.0.2.1", false}} {
		if got := n.cloud.AllowsIngress(instance, "tcp", 22, netip.MustParseAddr(client.from)); got != client.in {
			t.Errorf("ssh from %s: %v", client.from, got)
		}
	}
	if n.cloud.AllowsIngress(instance, "tcp", 80, netip.MustParseAddr("198.51.100.9")) {
		t.Error("more than ssh is open")
	}
}

// checkChosen: what is chosen in the demo's worlds.
func checkChosen(t *testing.T, c provision.Choice, world string) {
	t.Helper()
	if c.Image.Name != "ubuntu-24.04" || c.Flavor.Name != "de.small" || c.Network.Name != "lab-net" || c.Import == nil || c.Allocates() != (world != emulator.WorldNoGateway) {
		t.Errorf("chose %s, %s, %s, import %v, allocates %v", c.Image.Name, c.Flavor.Name, c.Network.Name, c.Import, c.Allocates())
	}
}
