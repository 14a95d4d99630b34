package publish

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// Gateways lists what can serve as a gateway: instances with a floating IP of their own, pairs
// of instances, and hosts that the configuration gives by address. The hosts of a pair are none by themselves.
func (p *Publisher) Gateways(inv cloud.Inventory) []gateway.Gateway {
	names := make(map[string]string, len(inv.Instances))
	for _, i := range inv.Instances {
		names[i.ID] = i.Name
	}
	ports := make(map[string]cloud.Port, len(inv.Ports))
	for _, port := range inv.Ports {
		ports[port.ID] = port
	}
	out := p.pairs(inv)
	members := map[string]bool{}
	for _, g := range out {
		members[g.Members[0].InstanceID], members[g.Members[1].InstanceID] = true, true
	}
	for _, f := range inv.FloatingIPs {
		port, ok := ports[f.PortID]
		name, isInstance := names[port.DeviceID]
		if !ok || !isInstance || !f.Address.Is4() || members[port.DeviceID] {
			continue
		}
		gw := gateway.Gateway{Name: name, InstanceID: port.DeviceID, PortID: port.ID, FloatingIP: f.Address, FixedIP: f.FixedIP}
		if !gw.FixedIP.IsValid() {
			gw.FixedIP = portIPv4(port)
		}
		if gw.FixedIP.IsValid() {
			out = append(out, p.configured(gw))
		}
	}
	for _, o := range p.options.Gateways {
		known := slices.ContainsFunc(out, func(g gateway.Gateway) bool { return g.Name == o.Name })
		if !known && o.FixedIP.Is4() {
			out = append(out, gateway.Gateway{Name: o.Name, FloatingIP: o.FloatingIP, FixedIP: o.FixedIP, NoSNAT: o.NoSNAT})
		}
	}
	slices.SortStableFunc(out, func(a, b gateway.Gateway) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (p *Publisher) configured(gw gateway.Gateway) gateway.Gateway {
	for _, o := range p.options.Gateways {
		if o.Name == gw.Name {
			gw.NoSNAT = o.NoSNAT
		}
	}
	return gw
}

// FindGateway returns the gateway that was chosen, else the one that already carries a group of
// Portico's, else the only one there is.
func (p *Publisher) FindGateway(inv cloud.Inventory) (gateway.Gateway, error) {
	all := p.Gateways(inv)
	if want := p.options.Gateway; want != "" {
		return chosen(all, want)
	}
	var marked []gateway.Gateway
	for _, g := range all {
		if isMarked(inv, g) {
			marked = append(marked, g)
		}
	}
	if len(marked) == 1 {
		return marked[0], nil
	}
	switch len(all) {
	case 0:
		return gateway.Gateway{}, &gateway.Error{
			Op: "find a gateway", Kind: gateway.NotFound, Err: errors.New("no instance of this project has a floating IP"),
			Next: "associate a floating IP with an instance that runs Linux; it becomes the gateway",
		}
	case 1:
		return all[0], nil
	}
	return gateway.Gateway{}, &gateway.Error{
		Op: "choose a gateway", Kind: gateway.Invalid, Err: fmt.Errorf("there are several: %s", gatewayNames(all)),
		Next: "name one with --gateway, or set 'gateway:' in the configuration file",
	}
}

func chosen(all []gateway.Gateway, want string) (gateway.Gateway, error) {
	var found []gateway.Gateway
	for _, g := range all {
		if g.Name == want || g.InstanceID == want || g.FloatingIP.String() == want || g.FixedIP.String() == want {
			found = append(found, g)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return gateway.Gateway{}, &gateway.Error{
			Op: "choose gateway", Target: want, Kind: gateway.Invalid,
			Err: errors.New("several have this name"), Next: "name it by its floating IP",
		}
	case pairWith(all, want).IsPair():
		pair := pairWith(all, want)
		return gateway.Gateway{}, &gateway.Error{
			Op: "choose gateway", Target: want, Kind: gateway.Invalid, Err: fmt.Errorf("it is one host of the pair %s, and both have the same forwards", pair.Name),
			Next: "name the pair: --gateway " + pair.Name,
		}
	case len(all) == 0:
		return gateway.Gateway{}, &gateway.Error{
			Op: "find gateway", Target: want, Kind: gateway.NotFound, Err: errors.New("no instance of this project has a floating IP"),
			Next: "associate a floating IP with it first",
		}
	}
	return gateway.Gateway{}, &gateway.Error{
		Op: "find gateway", Target: want, Kind: gateway.NotFound, Err: errors.New("no instance with a floating IP has this name or address"),
		Next: "choose one of: " + gatewayNames(all),
	}
}

// isMarked reports whether the gateway's port carries its own public group. A pair is marked by its
// shared port.
func isMarked(inv cloud.Inventory, gw gateway.Gateway) bool {
	if gw.IsPair() {
		return true
	}
	for _, port := range inv.Ports {
		if port.ID != gw.PortID {
			continue
		}
		for _, id := range port.Groups {
			if g, ok := inv.Group(id); ok && strings.HasPrefix(g.Description, "portico v1 gateway="+gw.InstanceID) {
				return true
			}
		}
	}
	return false
}

func gatewayNames(all []gateway.Gateway) string {
	var names []string
	for _, g := range all {
		names = append(names, fmt.Sprintf("%s (%s)", g.Name, g.FloatingIP))
	}
	return strings.Join(names, ", ")
}

func portIPv4(p cloud.Port) netip.Addr {
	for _, ip := range p.FixedIPs {
		if ip.Addr.Is4() {
			return ip.Addr
		}
	}
	return netip.Addr{}
}

func addrPort(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }
