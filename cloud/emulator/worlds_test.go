package emulator

import (
	"net/netip"
	"testing"
)

func TestWorlds(t *testing.T) {
	first := netip.MustParseAddr("127.0.0.7")
	for world, want := range map[string]struct{ instances, floating, free int }{
		"": {13, 3, 1}, WorldEmpty: {0, 0, 0}, WorldNoFloatingIP: {13, 0, 0}, WorldNoGateway: {13, 1, 1}, WorldMany: {13 + manyInstances, 3, 1},
	} {
		c := start(t, Config{}, Demo{World: world, GatewayAddress: first}.Fill)
		free := 0
		for _, f := range c.model.fips {
			if f.port == "" {
				free++
			}
		}
		if n := len(c.Servers()); n != want.instances || len(c.model.fips) != want.floating || free != want.free {
			t.Errorf("%q: %d instances, %d floating IPs, %d free", world, n, len(c.model.fips), free)
		}
		if a, ok := c.model.freePublic(ID("network", "public")); want.floating == 0 && (a != first || !ok) {
			t.Errorf("%q: %s is allocated first", world, a)
		}
		if !IsWorld(world) {
			t.Errorf("%q is no world", world)
		}
	}
	if IsWorld("mars") {
		t.Error("mars is one")
	}
}
