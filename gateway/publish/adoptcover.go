package publish

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// coverWhole notes what was made by hand for a whole subnet as just that: where each address that can hold an
// instance has its forward of a service, at the port that the scheme gives it, the subnet is published by
// that scheme, and a sync keeps it so.
func (w *wanted) coverWhole() {
	n, ok := w.home()
	if !ok {
		return
	}
	room, err := RoomOf(w.s, n)
	if err != nil || len(room.Places) == 0 {
		return
	}
	have := map[netip.AddrPort][]gateway.Forward{}
	var entries []scheme.Entry
	for _, f := range w.all {
		if n.CIDR.Contains(f.Private.Addr()) && !w.orphan(f) {
			have[f.Private] = append(have[f.Private], f)
			entries = append(entries, scheme.Entry{Addr: f.Private.Addr(), Service: f.Service, Port: f.Public.Port()})
		}
	}
	sch, typed := w.recognised(n.CIDR, entries)
	if sch == nil {
		return
	}
	var made []gateway.Cover
	for _, rule := range sch.Services {
		c, whole := w.wholeBy(room, sch, rule, typed, have)
		covered := slices.ContainsFunc(w.s.State.Covers, func(o gateway.Cover) bool { return o.Subnet == n.ID && len(c.Services) > 0 && o.Covers(c.Services[0]) })
		if whole && !covered {
			made = append(made, c)
		}
	}
	if len(made) == 0 {
		return
	}
	made = joinCovers(made)
	w.covers = joinCovers(slices.Concat(w.s.State.Covers, made))
	for _, c := range made {
		w.warnings = append(w.warnings, noted(room, c))
	}
}

// home is the subnet in which the gateway has its address.
func (w *wanted) home() (cloud.Subnet, bool) {
	for _, p := range w.s.Inventory.Ports {
		for _, ip := range p.FixedIPs {
			if p.ID == w.s.Gateway.PortID && ip.Addr == w.s.Gateway.FixedIP {
				n, ok := w.s.Inventory.Subnet(ip.SubnetID)
				return n, ok && n.CIDR.IsValid()
			}
		}
	}
	return cloud.Subnet{}, false
}

// recognised is the scheme that the entries follow: a known one, or one of formulas that nobody has named.
func (w *wanted) recognised(subnet netip.Prefix, entries []scheme.Entry) (sch *scheme.Scheme, typed bool) {
	if known, _ := scheme.Recognise(w.p.Schemes(), subnet, entries); known != nil {
		return known, false
	}
	c, _ := scheme.Infer(OwnScheme, subnet, entries)
	if len(c.Services) == 0 {
		return nil, false
	}
	sch, err := scheme.New(c)
	if err != nil {
		return nil, false
	}
	return sch, true
}

// wholeBy reports whether each place has a forward that a rule of the scheme explains, all of them open to the
// same, and the cover that says so.
func (w *wanted) wholeBy(room Room, sch *scheme.Scheme, rule scheme.Rule, typed bool, have map[netip.AddrPort][]gateway.Forward) (gateway.Cover, bool) {
	c := gateway.Cover{Subnet: room.Subnet.ID, Whole: true, Scheme: sch.Name}
	if typed {
		c.Formula = strings.Join(strings.Fields(rule.Formula), " ")
	}
	for i, p := range room.Places {
		var found *gateway.Forward
		for _, f := range have[netip.AddrPortFrom(p.Addr, rule.Service.Port)] {
			svc := rule.Service
			if typed { // what such a service is called is nobody's choice
				svc.Name = f.Service.Name
			}
			if f.Service == svc {
				found = &f
				break
			}
		}
		if found == nil {
			return c, false
		}
		sources := gateway.SortPrefixes(found.Sources)
		if i == 0 {
			c.Services, c.Sources = []gateway.Service{found.Service}, sources
			if typed {
				var err error
				if sch, err = scheme.Uniform(c.Scheme, c.Formula, c.Services); err != nil {
					return c, false
				}
			}
		}
		port, err := sch.Port(room.Subnet.CIDR, p.Addr, c.Services[0])
		if err != nil || port != found.Public.Port() || !slices.Equal(sources, c.Sources) || found.Service != c.Services[0] {
			return c, false
		}
	}
	return c, true
}

// noted tells of a subnet that is published whole from now on.
func noted(r Room, c gateway.Cover) plan.Warning {
	names := make([]string, len(c.Services))
	for i, s := range c.Services {
		names[i] = s.Name
	}
	by := cmp.Or(c.Formula, "scheme "+c.Scheme)
	return plan.Warning{
		Title:  "the whole subnet " + r.Name + " is published: " + strings.Join(names, ", ") + ", by " + by,
		Detail: "what was made by hand for each of its addresses is noted as one, and 'portico sync' keeps it in step; 'portico withdraw --subnet' ends it",
	}
}
