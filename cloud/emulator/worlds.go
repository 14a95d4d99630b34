package emulator

import (
	"fmt"
	"net/netip"
	"slices"
)

// The worlds of [Demo] beside its usual one, which is "".
const (
	WorldEmpty        = "empty"          // a project without instances and floating IPs
	WorldNoFloatingIP = "no-floating-ip" // instances, and no floating IP; the first one allocated is [Demo.GatewayAddress]
	WorldNoGateway    = "no-gateway"     // instances, and one floating IP, which is free: [Demo.GatewayAddress]
	WorldMany         = "many"           // the usual one with 5,000 instances more
)

// Worlds lists them.
func Worlds() []string { return []string{WorldEmpty, WorldNoFloatingIP, WorldNoGateway, WorldMany} }

// manyInstances is how many instances the world of many has besides.
const manyInstances = 5000

// floatingIPs are those of a world.
func (d Demo) floatingIPs(m *Model, p demoPlaces) {
	gateway := d.GatewayAddress
	if !gateway.IsValid() {
		gateway = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	switch d.World {
	case WorldEmpty, WorldNoFloatingIP:
		m.offered = append(m.offered, gateway)
		return
	case WorldNoGateway:
		m.AddFloatingIP(FloatingIPSpec{Address: gateway, Network: p.public})
		return
	}
	m.AddFloatingIP(FloatingIPSpec{Address: gateway, Network: p.public, Server: ID("server", DemoGateway)})
	m.AddFloatingIP(FloatingIPSpec{Address: netip.MustParseAddr(DemoFreeAddress), Network: p.public})
	m.AddFloatingIP(FloatingIPSpec{
		Address: netip.MustParseAddr("203.0.113.31"), Network: p.public, Server: ID("server", DemoWeb),
		Description: "portal of the consortium",
	})
}

// many adds the instances of the world of many, on a subnet of their own.
func (d Demo) many(m *Model, p demoPlaces) {
	for i := range manyInstances {
		m.AddServer(ServerSpec{
			Name: fmt.Sprintf("worker-%04d", i+1), Image: p.debian, Flavor: p.small, KeyName: p.key, Groups: []string{p.fallback},
			NICs: []NIC{{Subnet: p.workers, Address: netip.AddrFrom4([4]byte{10, 20, byte(1 + i/250), byte(1 + i%250)})}},
		})
	}
}

// IsWorld reports whether there is a world of this name.
func IsWorld(name string) bool { return name == "" || slices.Contains(Worlds(), name) }
