package publish

import (
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/pair"
)

// pairs lists the pairs of the project, each known by its shared port.
func (p *Publisher) pairs(inv cloud.Inventory) []gateway.Gateway {
	var out []gateway.Gateway
	for _, port := range inv.Ports {
		gw, ok := pair.Find(&inv, port)
		if !ok {
			continue
		}
		gw = p.configured(gw)
		for i := range inv.FloatingIPs {
			if f := inv.FloatingIPs[i]; f.PortID == port.ID && f.Address.Is4() {
				gw.FloatingIP = f.Address
			}
		}
		out = append(out, gw)
	}
	slices.SortFunc(out, func(a, b gateway.Gateway) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// PairOf finds the pair of which an instance is one host.
func (p *Publisher) PairOf(inv cloud.Inventory, instance string) (gateway.Gateway, bool) {
	all := p.pairs(inv)
	i := slices.IndexFunc(all, func(g gateway.Gateway) bool { return g.IsMember(instance) })
	if i < 0 {
		return gateway.Gateway{}, false
	}
	return all[i], true
}

// pairWith is the pair that has a host of this name or address.
func pairWith(all []gateway.Gateway, want string) gateway.Gateway {
	for _, g := range all {
		for _, m := range g.Members {
			if g.IsPair() && (m.Name == want || m.InstanceID == want || m.FixedIP.String() == want || m.FloatingIP.String() == want) {
				return g
			}
		}
	}
	return gateway.Gateway{}
}

// Host is the machine that speaks for the gateway: the active host of a pair, else one that answers; the
// gateway itself where it is one machine.
func (s Snapshot) Host() gateway.Gateway {
	hosts := s.Gateway.Hosts()
	if s.State == nil || !s.Gateway.IsPair() {
		return hosts[0]
	}
	best := hosts[0]
	for i, m := range s.State.Members {
		switch {
		case m.Active && m.Err == nil:
			return hosts[i]
		case m.Err == nil && s.State.Members[0].Err != nil:
			best = hosts[i]
		}
	}
	return best
}

// answering lists the hosts of a pair that have answered; none where the gateway is one machine.
func (s Snapshot) answering() []gateway.Gateway {
	if !s.Gateway.IsPair() || s.State == nil {
		return nil
	}
	var out []gateway.Gateway
	for i, h := range s.Gateway.Hosts() {
		if s.State.Members[i].Err == nil {
			out = append(out, h)
		}
	}
	return out
}

// shells are the words that run a command on each host of a gateway, as whom, ssh's own configuration says.
// For this machine they are none.
func (p *Publisher) shells(gw gateway.Gateway) map[string][]string {
	out := map[string][]string{}
	for _, h := range gw.Hosts() {
		if way, remote := p.gatewayWay(h, Login{}); remote {
			out[h.Name] = way.Words()
		}
	}
	return out
}
