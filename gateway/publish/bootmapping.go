package publish

import (
	"errors"
	"fmt"
	"net/netip"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// BootRequest asks for the forwards that a gateway is to carry from its first boot on: whole subnets, so
// that every VM there is reachable, and those that come.
type BootRequest struct {
	Subnets  []string // by name, ID or CIDR
	Services []string // as in [Request]; none means ssh
	Scheme   string   // "" is the default
	Sources  []netip.Prefix
}

// BootMapping is what a gateway is to carry from its first boot on. Its public addresses are not known yet.
type BootMapping struct {
	Forwards []gateway.Forward
	Covers   []gateway.Cover
	Warnings []plan.Warning
}

// unborn stands for the public address of a gateway that is not there yet.
var unborn = netip.IPv4Unspecified()

// BootMapping works out the forwards of whole subnets for a gateway that is not there yet, from the
// inventory alone.
func (p *Publisher) BootMapping(inv cloud.Inventory, r BootRequest) (BootMapping, error) {
	var out BootMapping
	services, err := p.resolveServices(r.Services)
	if err != nil {
		return out, err
	}
	if len(services) == 0 {
		services, _ = p.resolveServices([]string{"ssh"})
	}
	sch, err := scheme.Find(p.Schemes(), r.Scheme)
	if err != nil {
		return out, err
	}
	ledger, seen := scheme.NewLedger(nil, nil), map[string]bool{}
	for _, name := range r.Subnets {
		n, err := ResolveSubnet(inv, name)
		if err != nil {
			return out, err
		}
		if seen[n.ID] {
			continue
		}
		seen[n.ID] = true
		if err := out.add(inv, n, sch, ledger, services, gateway.SortPrefixes(r.Sources)); err != nil {
			return out, err
		}
	}
	if len(r.Sources) == 0 && len(out.Forwards) > 0 {
		out.Warnings = append(out.Warnings, plan.Warning{Title: "open to the whole internet", Detail: fmt.Sprintf("anybody may connect to %d forwards, as far as security groups let them", len(out.Forwards))})
	}
	if len(out.Forwards) > 0 {
		out.Warnings = append(out.Warnings, plan.Warning{Title: "no door is opened by it", Detail: "a boot script cannot change security groups: 'portico repair' does, when the gateway has its floating IP"})
	}
	gateway.SortForwards(out.Forwards)
	return out, nil
}

func (m *BootMapping) add(inv cloud.Inventory, n cloud.Subnet, sch *scheme.Scheme, ledger *scheme.Ledger, services []gateway.Service, sources []netip.Prefix) error {
	room, err := RoomOf(Snapshot{Inventory: inv}, n)
	if err != nil {
		return err
	}
	if len(room.Places) == 0 {
		return &gateway.Error{Op: "map subnet", Target: room.Name, Kind: gateway.Invalid, Err: errors.New("none of its addresses can hold an instance"), Next: "name a larger subnet"}
	}
	var ends []scheme.Endpoint
	for _, place := range room.Places {
		for _, svc := range services {
			ends = append(ends, scheme.Endpoint{Addr: place.Addr, Service: svc})
		}
	}
	entries, err := ledger.Assign(sch, n.CIDR, ends)
	if err != nil {
		return err
	}
	for _, e := range entries {
		f := gateway.Forward{
			Subnet: n.ID, Service: e.Service, Public: addrPort(unborn, e.Port), Private: addrPort(e.Addr, e.Service.Port),
			Sources: sources, Engine: nat.Name,
		}
		ledger.Hold(f)
		m.Forwards = append(m.Forwards, f)
	}
	m.Covers = append(m.Covers, gateway.Cover{Subnet: n.ID, Whole: true, Services: services, Scheme: sch.Name, Sources: sources})
	return nil
}
