package provision

import (
	"cmp"
	"fmt"
	"slices"

	"portico/cloud"
	"portico/gateway"
)

// address chooses a floating IP: a free one that nobody has described, else a new one, else a free one
// that somebody may have meant for something.
func (x *chooser) address() {
	inv := &x.w.Inventory
	f := Field{Name: FieldAddress}
	if x.c.External.ID == "" {
		f.Chosen = -1
		x.c.Fields = append(x.c.Fields, f)
		return // the network's problem, which is told
	}
	if inv.Unknown("floating IPs") {
		f.Chosen = -1
		x.c.Fields = append(x.c.Fields, f)
		x.problem(FieldAddress, gateway.Permission, "the floating IPs of this project cannot be read", "ask the project's administrator for the right to read them")
		return
	}
	var plain, meant, other []Option
	for _, fip := range slices.SortedFunc(slices.Values(inv.FloatingIPs), func(a, b cloud.FloatingIP) int { return a.Address.Compare(b.Address) }) {
		o := Option{ID: fip.ID, Name: fip.Address.String(), Detail: "free", No: x.taken(fip)}
		switch {
		case o.No != "":
			other = append(other, o)
		case fip.Description != "":
			o.Detail = "free, for " + fip.Description
			meant = append(meant, o)
		default:
			plain = append(plain, o)
		}
	}
	fresh := Option{ID: NewAddress, Name: NewAddress, Detail: "allocated from " + cmp.Or(x.c.External.Name, x.c.External.ID), No: x.noMore()}
	f.Options = slices.Concat(plain, []Option{fresh}, meant, other)
	o, ok := x.pick(f, x.wish.Address, whyAddress(plain, fresh))
	if !ok {
		if x.wish.Address == "" {
			x.problem(FieldAddress, gateway.Quota, "no floating IP is free, and "+fresh.No, "release one that nobody needs (portico floatingip release), or ask for a larger quota")
		}
		return
	}
	for _, fip := range inv.FloatingIPs {
		if fip.ID == o.ID {
			x.c.Address = fip
		}
	}
	if x.c.Address.Description != "" && x.wish.Address == "" {
		x.doubt(o.Name+" may be meant for something", "it is free, and described as: "+x.c.Address.Description)
	}
}

func whyAddress(plain []Option, fresh Option) string {
	switch {
	case len(plain) > 0:
		return "no new one is needed"
	case fresh.No == "":
		return "none is free"
	}
	return "it is free, and no other can be had"
}

// taken is why a floating IP cannot be the gateway's; "" when it can.
func (x *chooser) taken(f cloud.FloatingIP) string {
	switch {
	case f.PortID != "":
		return "it is attached"
	case len(f.Forwardings) > 0:
		return fmt.Sprintf("it has %d port forwardings of Neutron's", len(f.Forwardings))
	case f.NetworkID != "" && f.NetworkID != x.c.External.ID:
		return "it is from another network than " + x.c.External.Name
	case !f.Address.Is4():
		return "it is no IPv4 address"
	}
	return ""
}

// noMore is why no floating IP can be allocated, as far as the quota tells.
func (x *chooser) noMore() string {
	q := x.w.Inventory.Quotas.FloatingIPs
	if q.Known && q.Max >= 0 && q.Used+1 > q.Max {
		return fmt.Sprintf("the project has %d and may have %d", q.Used, q.Max)
	}
	return ""
}

// costs works out what it takes of the quotas, and whether that is there.
func (x *chooser) costs() {
	l, q, v := x.w.Material.Limits, x.w.Inventory.Quotas, x.c.Flavor
	add := func(name string, limit cloud.Limit, n int) {
		if n == 0 {
			return
		}
		c := Cost{Name: name, Before: limit.Used, After: limit.Used + n, Max: limit.Max, Known: limit.Known}
		x.c.Costs = append(x.c.Costs, c)
		if c.Known && c.Max >= 0 && c.After > c.Max {
			x.problem("quota", gateway.Quota, fmt.Sprintf("the project has %d of %d %s, and it takes %d more", c.Before, c.Max, name, n), "free something, choose something smaller, or ask for a larger quota; nothing was changed")
		}
	}
	one := func(is bool) int { return map[bool]int{true: 1}[is] }
	add("instances", l.Instances, 1)
	add("cores", l.Cores, v.VCPUs)
	add("MiB of memory", l.RAM, v.RAM)
	add("ports", l.Ports, 1)
	if x.c.External.ID != "" {
		add("floating IPs", q.FloatingIPs, one(x.c.Allocates() && x.c.Field(FieldAddress).Chosen >= 0))
	}
	add("security groups", q.SecurityGroups, 1)
	add("security group rules", q.SecurityGroupRules, 2+len(x.sources())) // Neutron's own two let everything out
	add("key pairs", l.KeyPairs, one(x.c.Import != nil))
}
