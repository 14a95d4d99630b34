package emulator

import (
	"net/netip"
	"slices"
	"strings"
)

// Instance is what a network simulation needs to know of a server.
type Instance struct {
	ID, Name, Status string
	Fixed            []netip.Addr // addresses of its ports, in their order
	Floating         []netip.Addr // floating IPs attached to it
	Image            string       // image name; "" if it booted from a volume
	KeyName          string
	PublicKey        string // of KeyName, as an authorized_keys line
}

// Running reports whether the instance is switched on.
func (i Instance) Running() bool { return i.Status == statusActive }

// Server returns the instance with this ID as it is now.
func (c *Cloud) Server(id string) (Instance, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.model.settle()
	s := c.model.servers[id]
	if s == nil {
		return Instance{}, false
	}
	return c.model.instance(s), true
}

// Servers returns all instances, newest first as Nova lists them.
func (c *Cloud) Servers() []Instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.model.settle()
	var out []Instance
	for _, s := range c.newestFirst() {
		out = append(out, c.model.instance(s))
	}
	return out
}

// ByAddress returns the instance that has this address, fixed or floating.
func (c *Cloud) ByAddress(addr netip.Addr) (Instance, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.model.settle()
	if p := c.model.portByAddress(addr); p != nil {
		if s := c.model.servers[p.device]; s != nil {
			return c.model.instance(s), true
		}
	}
	return Instance{}, false
}

func (m *Model) instance(s *server) Instance {
	i := Instance{ID: s.id, Name: s.name, Status: s.status, KeyName: s.key}
	for _, p := range m.portsOf(s.id) {
		for _, f := range p.fixed {
			i.Fixed = append(i.Fixed, f.addr)
			if fip := m.bound(p.id, f.addr); fip != nil {
				i.Floating = append(i.Floating, fip.addr)
			}
		}
	}
	if img := m.images[s.image]; img != nil {
		i.Image = img.name
	}
	if k := m.keypairs[s.key]; k != nil {
		i.PublicKey = k.public
	}
	return i
}

// portByAddress returns the port with this fixed address, else the one this floating IP leads to.
func (m *Model) portByAddress(addr netip.Addr) *port {
	for subnet := range m.subnets {
		if p := m.byFixed[fixedIP{subnet, addr}]; p != nil {
			return p
		}
	}
	for _, f := range m.fips {
		if f.addr == addr && f.port != "" {
			return m.ports[f.port]
		}
	}
	return nil
}

// AllowsIngress reports whether the security groups of the instance let a new connection to
// this port in from this address, on any of its ports. It says nothing about whether the
// instance runs; see [Cloud.Admits] for that.
func (c *Cloud) AllowsIngress(instanceID, protocol string, dport uint16, from netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.model.portsOf(instanceID), func(p *port) bool {
		return c.model.allows(p, ingress, protocol, dport, from)
	})
}

// AllowsIngressFrom is [Cloud.AllowsIngress] for a connection from another instance: from any
// of that one's fixed addresses.
func (c *Cloud) AllowsIngressFrom(instanceID, protocol string, dport uint16, fromInstanceID string) bool {
	from, _ := c.Server(fromInstanceID)
	return slices.ContainsFunc(from.Fixed, func(a netip.Addr) bool {
		return c.AllowsIngress(instanceID, protocol, dport, a)
	})
}

// Admits reports whether a new connection from this address reaches dst, a fixed address or a
// floating IP: there is an instance, it runs, its port is up, the port's security groups let
// the connection in, and, if from is an instance's fixed address, that one's groups let it out.
// What is not admitted is dropped: the connection times out.
func (c *Cloud) Admits(dst netip.AddrPort, protocol string, from netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.model
	m.settle()
	p := m.portByAddress(dst.Addr())
	if p == nil {
		return false
	}
	s := m.servers[p.device]
	if s == nil || s.status != statusActive {
		return false
	}
	if q := m.portByAddress(from); q != nil && q != p && m.servers[q.device] != nil &&
		!m.allows(q, egress, protocol, dst.Port(), dst.Addr()) {
		return false
	}
	return m.allows(p, ingress, protocol, dst.Port(), from)
}

// allows evaluates a port's security groups for a new connection to dport, whose other end is
// peer. Rules only ever allow; the answers to a connection are always let through.
func (m *Model) allows(p *port, direction, protocol string, dport uint16, peer netip.Addr) bool {
	if !p.adminUp {
		return false
	}
	if !p.secure {
		return true
	}
	peer = peer.Unmap()
	family := ipv4
	if peer.Is6() {
		family = ipv6
	}
	for _, x := range m.rules {
		if slices.Contains(p.groups, x.group) && x.direction == direction && x.ethertype == family &&
			x.covers(protocol, dport) && m.peerMatches(x, peer) {
			return true
		}
	}
	return false
}

func (x *rule) covers(protocol string, dport uint16) bool {
	// Protocol 0 (ip, hopopt) means any to the agents, as none does.
	number := protocolNumber(x.protocol)
	if number == "" || number == "0" {
		return true
	}
	if number != protocolNumber(strings.ToLower(protocol)) {
		return false
	}
	return x.portMin == nil || x.portMax == nil || *x.portMin <= int(dport) && int(dport) <= *x.portMax
}

// peerMatches: a remote group stands for the addresses of the ports that carry it, and for
// their allowed address pairs.
func (m *Model) peerMatches(x *rule, peer netip.Addr) bool {
	if x.prefix != "" {
		p, err := netip.ParsePrefix(x.prefix)
		return err == nil && p.Contains(peer)
	}
	if x.remoteGroup == "" {
		return true
	}
	for _, q := range m.ports {
		if !slices.Contains(q.groups, x.remoteGroup) {
			continue
		}
		if slices.ContainsFunc(q.fixed, func(f fixedIP) bool { return f.addr == peer }) ||
			slices.ContainsFunc(q.pairs, func(a netip.Prefix) bool { return a.Contains(peer) }) {
			return true
		}
	}
	return false
}
