package publish

import (
	"net/netip"

	"portico/gateway"
	"portico/gateway/scheme"
)

// Capacity is how many of the public ports that a scheme has for the gateway's subnet are in use.
type Capacity struct {
	Scheme      string
	Used, Total int
}

// Capacities works out how full schemes are. It remembers how many ports each has for a subnet, which
// takes long to count. The zero value is ready to use, by one goroutine at a time.
type Capacities struct{ totals map[string]int }

// Of tells how full the scheme is that explains most of the forwards that stand, of equals the first.
// It is false while that cannot be known: without a gateway that has answered, or one whose subnet is
// not seen, or for a scheme that has no table.
func (c *Capacities) Of(s Snapshot, schemes []scheme.Scheme) (Capacity, bool) {
	if s.State == nil || len(schemes) == 0 {
		return Capacity{}, false
	}
	subnet, ok := homeSubnet(s)
	if !ok {
		return Capacity{}, false
	}
	best, used := 0, -1
	for i := range schemes {
		if n := explained(&schemes[i], subnet, s.State.Forwards); n > used {
			best, used = i, n
		}
	}
	total := c.total(&schemes[best], subnet)
	return Capacity{Scheme: schemes[best].Name, Used: used, Total: total}, total > 0
}

// homeSubnet is the subnet of the gateway's own address.
func homeSubnet(s Snapshot) (netip.Prefix, bool) {
	for _, p := range s.Inventory.Ports {
		if p.ID != s.Gateway.PortID {
			continue
		}
		for _, ip := range p.FixedIPs {
			if n, ok := s.Inventory.Subnet(ip.SubnetID); ok && ip.Addr == s.Gateway.FixedIP && n.CIDR.IsValid() {
				return n.CIDR, true
			}
		}
	}
	return netip.Prefix{}, false
}

// explained counts the forwards that have the port that the scheme gives them.
func explained(sch *scheme.Scheme, subnet netip.Prefix, forwards []gateway.Forward) int {
	n := 0
	for _, f := range forwards {
		switch {
		case !sch.Range.IsZero():
			if sch.Range.Contains(f.Public.Port()) {
				n++
			}
		case subnet.Contains(f.Private.Addr()):
			if port, err := sch.Port(subnet, f.Private.Addr(), f.Service); err == nil && port == f.Public.Port() {
				n++
			}
		}
	}
	return n
}

// total counts the public ports that a scheme has for a subnet; 0 when it has no table of them.
func (c *Capacities) total(sch *scheme.Scheme, subnet netip.Prefix) int {
	if !sch.Range.IsZero() {
		return int(sch.Range.Last) - int(sch.Range.First) + 1
	}
	key := sch.Name + " " + subnet.String()
	if n, ok := c.totals[key]; ok {
		return n
	}
	type public struct {
		protocol gateway.Protocol
		port     uint16
	}
	distinct := map[public]bool{}
	entries, _ := sch.Table(subnet) // without a table there is nothing to count
	for _, e := range entries {
		distinct[public{e.Service.Protocol, e.Port}] = true
	}
	if c.totals == nil {
		c.totals = map[string]int{}
	}
	c.totals[key] = len(distinct)
	return len(distinct)
}
