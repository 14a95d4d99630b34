package publish

import (
	"fmt"
	"net/netip"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// byItsSubnet reports whether a service of an instance is reachable already because its subnet is published
// whole, in just the way that is asked for.
func (w *wanted) byItsSubnet(i cloud.Instance, svc gateway.Service, addr netip.Addr) bool {
	f, ok := w.set.stands(owner{addr.String(), svc.Name, svc.Protocol}, addr)
	if !ok || !w.req.KeepPorts || len(w.ports) > 0 || f.Instance != i.ID {
		return false
	}
	if !w.req.KeepSources && !slices.Equal(gateway.SortPrefixes(f.Sources), gateway.SortPrefixes(w.req.Sources)) {
		return false
	}
	if _, own := w.stands(i.ID, svc, addr); own {
		return false
	}
	w.items = append(w.items, Item{Forward: f, Instance: i.Name})
	w.warnings = append(w.warnings, plan.Warning{
		Title:  fmt.Sprintf("%s of %s is reachable already", svc.Name, i.Name),
		Detail: fmt.Sprintf("at %s: the subnet %s is published whole. A port or sources of its own give it a forward of its own", f.Public, SubnetName(w.s.Inventory, f.Subnet)),
	})
	return true
}

// stillReachable warns that withdrawing an instance's own forwards is not all it takes.
func (w *wanted) stillReachable(i cloud.Instance, services []gateway.Service) {
	for _, c := range w.s.State.Covers {
		var addr netip.Addr
		here := slices.ContainsFunc(w.dir.ports[i.ID], func(p cloud.Port) bool {
			return slices.ContainsFunc(p.FixedIPs, func(ip cloud.FixedIP) bool {
				addr = ip.Addr
				return ip.SubnetID == c.Subnet
			})
		})
		if !here || len(services) > 0 && !slices.ContainsFunc(services, c.Covers) {
			continue
		}
		name := SubnetName(w.s.Inventory, c.Subnet)
		x := plan.Warning{Title: i.Name + " stays reachable", Detail: fmt.Sprintf("the subnet %s is published whole; portico withdraw --subnet %s", name, name)}
		if _, stands := w.set.stands(owner{addr.String(), c.Services[0].Name, c.Services[0].Protocol}, addr); c.Whole && !stands {
			x.Title = i.Name + " is reachable again after the next sync"
		}
		if !c.Whole {
			x = plan.Warning{Title: "the next sync publishes " + i.Name + " again", Detail: fmt.Sprintf("the VMs of %s are kept in step; portico withdraw --subnet %s ends that", name, name)}
		}
		w.warnings = append(w.warnings, x)
	}
}
