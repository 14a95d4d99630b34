package neutron

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/door"
)

// groupPrefix begins the description of every security group of ours.
const groupPrefix = "portico v1 engine=neutron doors="

// doors are the security groups that the VMs of these forwards should carry, and those that stand and
// nobody needs any more. VMs with the same doors share one; a group lets in what it was made for and
// never anything else, so that who carries it opens nothing for others.
func (e *Engine) doors(want []gateway.Forward) []*door.Door {
	forwards := map[string][]gateway.Forward{} // by port
	ports := map[string]cloud.Port{}
	for _, f := range want {
		if p, ok := e.portOf(f); ok && p.PortSecurity {
			ports[p.ID] = p
			forwards[p.ID] = append(forwards[p.ID], f)
		}
	}
	byMark := map[string]*door.Door{}
	var out []*door.Door
	for _, id := range sorted(forwards) {
		rules := doorRules(forwards[id])
		sum := digest(rules)
		d := byMark[groupPrefix+sum]
		if d == nil {
			d = door.New(&e.Inventory, sum, "portico-neutron-"+sum[:6], groupPrefix+sum)
			d.Want = rules
			byMark[d.Description] = d
			out = append(out, d)
		}
		d.Ports = append(d.Ports, ports[id])
	}
	for _, g := range e.Inventory.SecurityGroups {
		if strings.HasPrefix(g.Description, groupPrefix) && byMark[g.Description] == nil {
			d := door.New(&e.Inventory, strings.TrimPrefix(g.Description, groupPrefix), g.Name, g.Description)
			byMark[g.Description] = d
			out = append(out, d)
		}
	}
	return out
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// doorRules let in what these forwards of one VM bring: the client's address is kept on the way.
func doorRules(fs []gateway.Forward) []door.Rule {
	ports := map[door.PortSource][]uint16{}
	for _, f := range fs {
		sources := gateway.SortPrefixes(f.Sources)
		if len(sources) == 0 {
			sources = []netip.Prefix{door.Anywhere}
		}
		for _, s := range sources {
			k := door.PortSource{Proto: f.Service.Protocol, Source: s}
			for n := range f.Ports() {
				ports[k] = append(ports[k], f.Private.Port()+uint16(n))
			}
		}
	}
	return door.Collapse(ports, nil)
}

// digest is short and the same for the same rules.
func digest(rules []door.Rule) string {
	h := sha256.New()
	for _, r := range rules {
		_, _ = fmt.Fprintln(h, r.Proto, r.First, r.Last, r.Prefix)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// keeper makes the steps of the groups.
func (e *Engine) keeper() *door.Keeper {
	return &door.Keeper{
		Groups: e.Groups, Ports: e.Ports, Inventory: &e.Inventory,
		MayTouch: func(_ *door.Door, p cloud.Port) bool { return e.Named == nil || e.Named[p.DeviceID] },
		Ours:     func(description string) bool { return strings.HasPrefix(description, groupPrefix) },
	}
}

// admitted is who may reach a port of a VM from outside by the groups that it carries: nobody, some
// networks, or, with none and true, anybody.
func admitted(inv *cloud.Inventory, p cloud.Port, proto gateway.Protocol, number uint16) (sources []netip.Prefix, anybody bool) {
	if !p.PortSecurity {
		return nil, true
	}
	for _, id := range p.Groups {
		g, _ := inv.Group(id)
		for _, r := range g.Rules {
			covers := r.Protocol == "" || r.Protocol == "any" || r.Protocol == string(proto) && (r.PortMin == 0 || r.PortMin <= number && number <= r.PortMax)
			if r.Direction != "ingress" || r.EtherType != "IPv4" || r.RemoteGroup != "" || !covers {
				continue
			}
			if !r.RemotePrefix.IsValid() || r.RemotePrefix.Bits() == 0 {
				return nil, true
			}
			sources = append(sources, r.RemotePrefix)
		}
	}
	return gateway.SortPrefixes(sources), false
}

// admittedTo is who may reach all the ports of a VM that a forward leads to; alike is false where it is not
// the same for each.
func admittedTo(inv *cloud.Inventory, p cloud.Port, f gateway.Forward) (sources []netip.Prefix, anybody, alike bool) {
	sources, anybody = admitted(inv, p, f.Service.Protocol, f.Private.Port())
	for n := range f.Ports() {
		s, all := admitted(inv, p, f.Service.Protocol, f.Private.Port()+uint16(n))
		if all != anybody || !slices.Equal(s, sources) {
			return nil, false, false
		}
	}
	return sources, anybody, true
}

// withoutOurs is a port without the groups that are ours.
func (e *Engine) withoutOurs(p cloud.Port) cloud.Port {
	p.Groups = slices.DeleteFunc(slices.Clone(p.Groups), func(id string) bool {
		g, ok := e.Inventory.Group(id)
		return ok && strings.HasPrefix(g.Description, groupPrefix)
	})
	return p
}
