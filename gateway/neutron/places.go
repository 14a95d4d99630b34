package neutron

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/floating"
)

// The extensions that decide what there can be.
const (
	extForwarding  = "floating-ip-port-forwarding"
	extDescription = "floating-ip-port-forwarding-description"
	extRanges      = "floating-ip-port-forwarding-port-ranges"
)

// Available reports whether a project can have forwardings that Portico keeps, and if not why, and what
// would help.
func Available(inv *cloud.Inventory) (ok bool, why, next string) {
	switch {
	case inv.Unknown("extensions"):
		return false, "whether this cloud forwards ports of floating IPs is unknown: its extensions cannot be read", "ask the cloud's operators whether Neutron has " + extForwarding
	case !inv.HasExtension(extForwarding):
		return false, "this cloud does not forward ports of floating IPs (Neutron lacks " + extForwarding + ")", ""
	case !inv.HasExtension(extDescription):
		return false, "this cloud keeps no descriptions of forwardings, by which Portico would know its own (Neutron lacks " + extDescription + ")", ""
	case inv.Unknown("port forwardings"), inv.Unknown("floating IPs"):
		return false, "which forwardings there are cannot be read", "ask the project's administrator for the right to read them"
	}
	return true, "", ""
}

// Address is one floating IP of the project, and why it cannot have forwardings.
type Address struct {
	FloatingIP cloud.FloatingIP
	Ours       int    // forwardings of Portico's on it
	Why, Next  string // what stands in the way, and what to do about it; "" if nothing does
}

// Addresses lists the floating IPs: those that can have forwardings first, of them those that have some
// of Portico's, then by address.
func Addresses(inv *cloud.Inventory) []Address {
	names := map[string]string{}
	for _, p := range inv.Ports {
		if i, ok := inv.Instance(p.DeviceID); ok {
			names[p.ID] = i.Name
		}
	}
	var out []Address
	for _, f := range inv.FloatingIPs {
		a := Address{FloatingIP: f}
		for _, x := range f.Forwardings {
			if _, _, _, ours := readMark(x.Description); ours {
				a.Ours++
			}
		}
		switch {
		case !f.Address.Is4():
			a.Why = "it is no IPv4 address"
		case f.PortID != "":
			name := cmp.Or(names[f.PortID], "port "+f.PortID)
			a.Why = fmt.Sprintf("it is attached to %s and leads there whole; Neutron forwards ports of addresses that are attached to nothing", name)
			a.Next = fmt.Sprintf("use another address, publish through %s with --engine nat, or take the address off it: portico floatingip detach %s", name, f.Address)
		}
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b Address) int {
		return cmp.Or(cmp.Compare(min(len(a.Why), 1), min(len(b.Why), 1)), cmp.Compare(b.Ours, a.Ours), a.FloatingIP.Address.Compare(b.FloatingIP.Address))
	})
	return out
}

// Place is where a floating IP's ports can lead to on an instance.
type Place struct {
	Port   cloud.Port
	Addr   netip.Addr
	Subnet netip.Prefix
	Doubt  string // what could not be found out, and may stand in the way; "" when nothing does
}

// Places finds places on instances, for one floating IP. It looks through the project once.
type Places struct {
	inv     *cloud.Inventory
	fip     cloud.FloatingIP
	targets map[string][]floating.Target // by instance
}

// PlacesOf prepares to find places for a floating IP.
func PlacesOf(inv *cloud.Inventory, f cloud.FloatingIP) *Places {
	p := &Places{inv: inv, fip: f, targets: map[string][]floating.Target{}}
	for _, t := range floating.Targets(inv, f) {
		p.targets[t.Instance.ID] = append(p.targets[t.Instance.ID], t)
	}
	return p
}

// On finds the place on an instance. The error says why Neutron would refuse every one it has.
func (p *Places) On(i cloud.Instance) (Place, error) {
	refuse := func(kind gateway.Kind, why, next string) (Place, error) {
		return Place{}, obstacle("publish", i.Name+" at "+p.fip.Address.String(), kind, why, next)
	}
	if own := p.inv.FloatingIPsOf(p.inv.InstancePorts(i.ID)); len(own) > 0 {
		return refuse(gateway.Conflict, fmt.Sprintf("it has a floating IP of its own, %s: Neutron forwards no ports to a VM that has one", own[0].Address),
			fmt.Sprintf("connect to %s itself, or take it off first: portico floatingip detach %s", own[0].Address, own[0].Address))
	}
	var whys []string
	for _, t := range p.targets[i.ID] {
		if t.Why != "" {
			whys = append(whys, t.Why)
			continue
		}
		place := Place{Port: t.Port, Addr: t.Fixed.Addr, Doubt: t.Doubt}
		if s, ok := p.inv.Subnet(t.Fixed.SubnetID); ok {
			place.Subnet = s.CIDR
		}
		if why := p.otherRouter(t.Fixed.SubnetID); why != "" {
			whys = append(whys, why)
			continue
		}
		return place, nil
	}
	if len(whys) == 0 {
		return refuse(gateway.NotFound, "there is no such instance any more", "")
	}
	next := "choose another VM"
	switch why := whys[0]; {
	case strings.Contains(why, "on router"):
		next = "choose another floating IP with --via, or publish with --engine nat"
	case strings.Contains(why, "router"):
		next = "join its subnet to that network by a router (openstack router add subnet), or publish it through a gateway with --engine nat"
	case strings.Contains(why, "no IPv4 address"):
		next = "give it an IPv4 address, or publish another VM; Neutron forwards IPv4 alone"
	}
	return refuse(gateway.Conflict, strings.Join(slices.Compact(whys), "; "), next)
}

// otherRouter says that the floating IP's forwardings are on another router than the subnet's: all of
// one address are on one. It is "" where they can be together, or where nobody can tell.
func (p *Places) otherRouter(subnet string) string {
	f := p.fip
	if f.RouterID == "" || len(f.Forwardings) == 0 || p.inv.Unknown("routers") || p.inv.Unknown("ports") {
		return ""
	}
	seen := false
	for _, port := range p.inv.Ports {
		if !strings.HasPrefix(port.DeviceOwner, "network:router_interface") && !strings.HasPrefix(port.DeviceOwner, "network:ha_router_replicated_interface") {
			continue
		}
		on := slices.ContainsFunc(port.FixedIPs, func(ip cloud.FixedIP) bool { return ip.SubnetID == subnet })
		if on && port.DeviceID == f.RouterID {
			return ""
		}
		seen = seen || on
	}
	if !seen {
		return "" // the subnet's router is another project's, and not seen
	}
	return fmt.Sprintf("%s is on router %s with what it forwards already, and this VM's subnet is not on that one", f.Address, routerName(p.inv, f.RouterID))
}

func routerName(inv *cloud.Inventory, id string) string {
	for _, r := range inv.Routers {
		if r.ID == id && r.Name != "" {
			return r.Name
		}
	}
	return id
}

// obstacle is why something would be refused, said before it is asked.
func obstacle(op, target string, kind gateway.Kind, why, next string) error {
	return &gateway.Error{Op: op, Target: target, Kind: kind, Err: fmt.Errorf("%s", why), Next: next}
}
