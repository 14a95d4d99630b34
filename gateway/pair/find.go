// Package pair makes two instances one gateway: they share an address, which keepalived (VRRP) gives to
// the one that works, and a floating IP leads to that address. What stands is read from the cloud and from
// the hosts themselves: a pair is known by the mark on the port that holds its address, and by the hosts
// that may use that address.
//
//	floating IP --> port of the shared address (belongs to no device)
//	                  |  allowed address pair
//	          host a: active  <-- VRRP, unicast -->  host b: stands by
package pair

import (
	"net/netip"
	"regexp"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// mark is the description of a pair's port: its name, and the instances that are its hosts, in order.
var mark = regexp.MustCompile(`^portico v1 pair=([a-z0-9][a-z0-9-]{0,31}) hosts=([0-9A-Za-z-]{1,64}),([0-9A-Za-z-]{1,64})$`)

// goodName is what a pair may be called: it stands in file names, units and marks.
var goodName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

func markOf(name, first, second string) string {
	return "portico v1 pair=" + name + " hosts=" + first + "," + second
}

// NameOf is the name of the pair that a port holds the address of; "" when it is no pair's.
func NameOf(p cloud.Port) string {
	m := mark.FindStringSubmatch(p.Description)
	if m == nil || p.DeviceID != "" {
		return ""
	}
	return m[1]
}

// Find is the pair whose address a port holds, without its floating IP; false when it is no pair's, and when
// one of its hosts is gone.
func Find(inv *cloud.Inventory, p cloud.Port) (gateway.Gateway, bool) {
	m := mark.FindStringSubmatch(p.Description)
	addr, ok := ipv4(p)
	if m == nil || p.DeviceID != "" || !ok {
		return gateway.Gateway{}, false
	}
	gw := gateway.Gateway{Name: m[1], PortID: p.ID, FixedIP: addr}
	for i, id := range m[2:] {
		member, found := HostOn(inv, id, p.NetworkID)
		if !found {
			return gateway.Gateway{}, false
		}
		gw.Members[i] = member
	}
	return gw, gw.Members[0].InstanceID != gw.Members[1].InstanceID
}

// HostOn is an instance as a host of a pair on a network; false when it has no IPv4 address there.
func HostOn(inv *cloud.Inventory, id, network string) (gateway.Member, bool) {
	i, ok := inv.Instance(id)
	if !ok {
		return gateway.Member{}, false
	}
	for _, p := range inv.InstancePorts(id) {
		addr, ok := ipv4(p)
		if p.NetworkID != network || !ok {
			continue
		}
		m := gateway.Member{Name: i.Name, InstanceID: id, PortID: p.ID, FixedIP: addr}
		for _, f := range inv.FloatingIPsOf(inv.InstancePorts(id)) {
			if f.Address.Is4() {
				m.FloatingIP = f.Address
			}
		}
		return m, true
	}
	return gateway.Member{}, false
}

func ipv4(p cloud.Port) (netip.Addr, bool) {
	for _, ip := range p.FixedIPs {
		if ip.Addr.Is4() {
			return ip.Addr, true
		}
	}
	return netip.Addr{}, false
}

// allowed reports whether a port may use an address besides its own.
func allowed(p cloud.Port, a netip.Addr) bool {
	for _, pair := range p.AllowedPairs {
		if pair == netip.PrefixFrom(a, a.BitLen()) {
			return true
		}
	}
	return false
}

// groupMark is the description of the group by which the hosts hear each other.
func groupMark(name string) string { return "portico v1 pair=" + name + " role=vrrp" }

// groupName is that group's name.
func groupName(name string) string { return strings.Join([]string{"portico-vrrp", name}, "-") }
