package provision

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// site is a network as a place for a gateway.
type site struct {
	network   cloud.Network
	subnet    cloud.Subnet // the one that leads out; else its first with IPv4
	external  string       // the network that its router leads to; "" when none is seen
	no, doubt string
	instances int // of the project's that are on it
}

func (x *chooser) network() {
	inv := &x.w.Inventory
	if inv.Unknown("networks") || inv.Unknown("subnets") {
		x.c.Fields = append(x.c.Fields, Field{Name: FieldNetwork, Chosen: -1})
		x.problem(FieldNetwork, gateway.Permission, "the networks cannot be read", "ask the project's administrator for the right to read them")
		return
	}
	sites := x.sites()
	f := Field{Name: FieldNetwork}
	for _, s := range sites {
		f.Options = append(f.Options, Option{ID: s.network.ID, Name: s.network.Name, Detail: s.detail(), No: s.no})
	}
	o, ok := x.pick(f, x.wish.Network, x.whyNetwork(sites))
	if !ok {
		if x.wish.Network == "" {
			x.problem(FieldNetwork, gateway.NotFound, "no network of this project has a way out: "+reasons(f.Options), "join its subnet to an external network: openstack router create, set --external-gateway, add subnet")
		}
		return
	}
	s := sites[slices.IndexFunc(sites, func(s site) bool { return s.network.ID == o.ID })]
	x.c.Network, x.c.Subnet = s.network, s.subnet
	if s.doubt != "" {
		x.doubt("the floating IP may be refused", s.doubt)
	}
	x.external(s)
}

// external finds the network that floating IPs for a site are from.
func (x *chooser) external(s site) {
	var all []cloud.Network
	for _, n := range x.w.Inventory.Networks {
		if n.ID == s.external {
			x.c.External = n
			return
		}
		if n.External {
			all = append(all, n)
		}
	}
	if s.external == "" && len(all) == 1 {
		x.c.External = all[0]
		return
	}
	x.problem(FieldAddress, gateway.NotFound, "which external network "+s.network.Name+" leads to cannot be seen", "choose a network of the project's own, with a router of its own")
}

func (s site) detail() string {
	out := s.subnet.CIDR.String()
	if !s.subnet.CIDR.IsValid() {
		return ""
	}
	if s.instances == 1 {
		return out + ", 1 instance"
	}
	return fmt.Sprintf("%s, %d instances", out, s.instances)
}

func (x *chooser) whyNetwork(sites []site) string {
	n := 0
	for _, s := range sites {
		if s.no == "" {
			n++
		}
	}
	switch {
	case n == 1:
		return "the only one with a way out"
	case len(sites) > 0 && sites[0].instances > 0:
		return "where most instances are that it can serve"
	}
	return "its router leads out"
}

// sites are the networks that a gateway could be on: those that lead out, the one with most instances first.
func (x *chooser) sites() []site {
	inv := &x.w.Inventory
	on := map[string]int{}
	for _, p := range inv.Ports {
		if strings.HasPrefix(p.DeviceOwner, "compute:") {
			on[p.NetworkID]++
		}
	}
	var out []site
	for _, n := range inv.Networks {
		if n.External {
			continue
		}
		s := x.ways(n)
		s.instances = on[n.ID]
		out = append(out, s)
	}
	flag := func(text string) int { return min(len(text), 1) }
	slices.SortStableFunc(out, func(a, b site) int {
		return cmp.Or(cmp.Compare(flag(a.no), flag(b.no)), cmp.Compare(flag(a.doubt), flag(b.doubt)), cmp.Compare(b.instances, a.instances),
			strings.Compare(a.network.Name, b.network.Name), strings.Compare(a.network.ID, b.network.ID))
	})
	return out
}

// ways finds out how a network leads out.
func (x *chooser) ways(n cloud.Network) site {
	inv := &x.w.Inventory
	s := site{network: n}
	var subnets []cloud.Subnet
	for _, sub := range inv.Subnets {
		if sub.NetworkID == n.ID && sub.CIDR.Addr().Is4() {
			subnets = append(subnets, sub)
		}
	}
	if len(subnets) == 0 {
		s.no = "it has no IPv4 subnet"
		return s
	}
	s.subnet = subnets[0]
	if !n.AdminUp {
		s.no = "it is switched off"
		return s
	}
	unseen, why := false, "no router leads out of it"
	for _, sub := range subnets {
		for _, id := range routersOf(inv, sub.ID) {
			i := slices.IndexFunc(inv.Routers, func(r cloud.Router) bool { return r.ID == id })
			switch {
			case i < 0:
				unseen = true
			case inv.Routers[i].ExternalNetwork == "":
				why = "its router " + inv.Routers[i].Name + " has no external gateway"
			case !inv.Routers[i].AdminUp:
				why = "its router " + inv.Routers[i].Name + " is switched off"
			default:
				s.subnet, s.external = sub, inv.Routers[i].ExternalNetwork
				return s
			}
		}
	}
	if unseen || n.Shared || inv.Unknown("routers") {
		s.doubt = "whether a router joins " + n.Name + " to the outside is not seen from this project"
		return s
	}
	s.no = why
	return s
}

// routersOf are the routers with an interface in a subnet, by ID.
func routersOf(inv *cloud.Inventory, subnet string) []string {
	var out []string
	for _, p := range inv.Ports {
		if !strings.HasPrefix(p.DeviceOwner, "network:router_interface") && !strings.HasPrefix(p.DeviceOwner, "network:ha_router_replicated_interface") {
			continue
		}
		if slices.ContainsFunc(p.FixedIPs, func(f cloud.FixedIP) bool { return f.SubnetID == subnet }) {
			out = append(out, p.DeviceID)
		}
	}
	return out
}
