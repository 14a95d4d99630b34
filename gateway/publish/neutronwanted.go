package publish

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/neutron"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// publish publishes services of an instance, each by its engine: the one that was asked for, the one it
// stands by, or the one for what is new.
func (m *mixed) publish(i cloud.Instance, services []gateway.Service) error {
	if len(services) == 0 {
		services, _ = m.p.resolveServices([]string{"ssh"})
	}
	var onGateway, byNeutron []gateway.Service
	reach := m.reaches(i)
	for _, svc := range services {
		if reach && m.engineOf(i, svc) == neutron.Name {
			byNeutron = append(byNeutron, svc)
		} else {
			onGateway = append(onGateway, svc)
		}
	}
	if len(onGateway) > 0 {
		if err := m.plain.answered(); err != nil {
			return err
		}
		if err := m.wanted.publish(i, onGateway); err != nil {
			return err
		}
	}
	if len(byNeutron) > 0 {
		return m.publishNeutron(i, byNeutron)
	}
	return nil
}

// reaches reports whether Neutron can forward to an instance. It is asked only where the engine was left
// to Portico and a gateway can do instead, which is then told; else the refusal is the answer.
func (m *mixed) reaches(i cloud.Instance) bool {
	if m.req.Engine != AutoEngine || m.plain.answered() != nil || m.plain.engineFor(m.req) != neutron.Name {
		return true
	}
	_, _, err := m.placeFor(i)
	if err == nil {
		return true
	}
	m.warnings = append(m.warnings, plan.Warning{Title: i.Name + " is published through " + m.plain.Gateway.Name, Detail: "not by neutron: " + cloud.Explain(err).Why})
	return false
}

func (m *mixed) engineOf(i cloud.Instance, svc gateway.Service) string {
	if m.req.Engine == "" {
		for _, n := range m.set.ofOwner(i.ID) {
			if f := m.set.list[n]; f.Service.Name == svc.Name && f.Service.Protocol == svc.Protocol {
				return f.Engine
			}
		}
	}
	return m.plain.engineFor(m.req)
}

func (m *mixed) publishNeutron(i cloud.Instance, services []gateway.Service) error {
	sch, err := m.p.schemeFor(m.req, services)
	if err != nil {
		return err
	}
	fip, place, err := m.placeFor(i)
	if err != nil {
		return err
	}
	if i.Status != "ACTIVE" {
		m.warnings = append(m.warnings, plan.Warning{Title: i.Name + " does not run", Detail: "status " + i.Status + "; its forwards will answer when it does"})
	}
	var endpoints []scheme.Endpoint
	olds := map[string]gateway.Forward{} // by service and protocol
	for _, svc := range services {
		old, ok := m.standsAt(i.ID, svc, fip.Address)
		if !ok {
			old = m.had(i.ID, svc, place.Addr)
		}
		olds[svc.Name+string(svc.Protocol)] = old
		if ok && old.Private.Addr() == place.Addr && old.Public.Addr() == fip.Address && m.req.KeepPorts && len(m.ports) == 0 && samePorts(old, svc) {
			m.put(i, m.keepSources(old, old))
			continue
		}
		endpoints = append(endpoints, scheme.Endpoint{Addr: place.Addr, Service: svc})
	}
	entries, err := m.assignAt(fip.Address, sch, place.Subnet, endpoints)
	if err != nil {
		return m.orAdopt(i, err)
	}
	for _, e := range entries {
		f := gateway.Forward{
			Instance: i.ID, Service: e.Service, Public: addrPort(fip.Address, e.Port), Private: addrPort(place.Addr, e.Service.Port), Engine: neutron.Name,
		}
		m.put(i, m.keepSources(f, olds[e.Service.Name+string(e.Service.Protocol)]))
	}
	return nil
}

// standsAt finds the forward that a service of an instance has now: the one at this address before others.
func (m *mixed) standsAt(id string, svc gateway.Service, addr netip.Addr) (gateway.Forward, bool) {
	var found gateway.Forward
	ok := false
	for _, n := range m.set.ofOwner(id) {
		f := m.set.list[n]
		if f.Service.Name == svc.Name && f.Service.Protocol == svc.Protocol && (!ok || f.Public.Addr() == addr) {
			found, ok = f, true
		}
	}
	return found, ok
}

// placeFor chooses the floating IP for an instance: the one that was named, the one at which Neutron
// forwards to it already, one that forwards to others, one that is free.
func (m *mixed) placeFor(i cloud.Instance) (cloud.FloatingIP, neutron.Place, error) {
	if m.via.ID != "" {
		place, err := m.placeAt(m.via, i)
		return m.via, place, err
	}
	all := neutron.Addresses(&m.s.Inventory)
	at := map[netip.Addr]bool{}
	for _, n := range m.set.ofOwner(i.ID) {
		if f := m.set.list[n]; f.Engine == neutron.Name {
			at[f.Public.Addr()] = true
		}
	}
	slices.SortStableFunc(all, func(a, b neutron.Address) int {
		return cmp.Compare(boolInt(at[b.FloatingIP.Address]), boolInt(at[a.FloatingIP.Address]))
	})
	var first error
	for _, a := range all {
		if a.Why != "" {
			continue
		}
		place, err := m.placeAt(a.FloatingIP, i)
		if err == nil {
			return a.FloatingIP, place, nil
		}
		first = cmp.Or(first, err)
	}
	if first != nil {
		return cloud.FloatingIP{}, neutron.Place{}, first
	}
	return cloud.FloatingIP{}, neutron.Place{}, noAddress(all)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// noAddress says why no floating IP can be used.
func noAddress(all []neutron.Address) error {
	e := &gateway.Error{
		Op: "make forwards by", Target: neutron.Name, Kind: gateway.Conflict, Err: errors.New("this project has no floating IP"),
		Next: "take one: portico floatingip allocate",
	}
	if len(all) > 0 {
		e.Err = fmt.Errorf("no floating IP is free: %s is %s", all[0].FloatingIP.Address, all[0].Why[len("it is "):])
		e.Next = "take another one (portico floatingip allocate), or publish through the gateway: --engine nat"
	}
	return e
}

// placeAt is where on an instance a floating IP's ports can lead to.
func (m *mixed) placeAt(f cloud.FloatingIP, i cloud.Instance) (neutron.Place, error) {
	for _, a := range neutron.Addresses(&m.s.Inventory) {
		if a.FloatingIP.ID == f.ID && a.Why != "" {
			return neutron.Place{}, &gateway.Error{Op: "publish " + i.Name + " at", Target: f.Address.String(), Kind: gateway.Conflict, Err: errors.New(a.Why), Next: a.Next}
		}
	}
	if m.places[f.Address] == nil {
		m.places[f.Address] = neutron.PlacesOf(&m.s.Inventory, f)
	}
	return m.places[f.Address].On(i)
}

// newPlace is where on an instance the floating IP of a forward can lead to now.
func (m *mixed) newPlace(i cloud.Instance, f gateway.Forward) (netip.Addr, bool) {
	for _, a := range m.s.Inventory.FloatingIPs {
		if a.Address == f.Public.Addr() {
			place, err := m.placeAt(a, i)
			return place.Addr, err == nil
		}
	}
	return netip.Addr{}, false
}

// assignAt gives endpoints their public ports on one floating IP.
func (m *mixed) assignAt(addr netip.Addr, sch *scheme.Scheme, subnet netip.Prefix, endpoints []scheme.Endpoint) ([]scheme.Entry, error) {
	l := m.ledgerAt(addr)
	if len(m.ports) == 0 {
		return l.Assign(sch, subnet, endpoints)
	}
	if len(m.ports) < len(endpoints) {
		return nil, &gateway.Error{Op: "use own ports", Kind: gateway.Invalid, Err: errors.New("there are too few"), Next: "name each VM once"}
	}
	ports := m.ports[:len(endpoints)]
	m.ports = m.ports[len(endpoints):]
	for _, p := range ports {
		if p < scheme.MinPort {
			m.warnings = append(m.warnings, plan.Warning{
				Title:  fmt.Sprintf("%s is below %d", addrPort(addr, p), scheme.MinPort),
				Detail: "no machine listens at a floating IP that Neutron forwards, so that nothing is shadowed; a gateway could not take this forward over",
			})
		}
	}
	return l.FixedAny(endpoints, ports)
}

// ledgerAt is the ports of one floating IP: Portico's forwards hold theirs, and others' forwardings.
func (m *mixed) ledgerAt(addr netip.Addr) *scheme.Ledger {
	if m.ledgers[addr] == nil {
		others := func(f gateway.Forward) bool {
			return m.orphan(f) || f.Engine != neutron.Name || f.Public.Addr() != addr
		}
		m.ledgers[addr] = scheme.NewLedger(slices.DeleteFunc(m.set.forwards(), others), m.engine.Reserved(addr))
	}
	return m.ledgers[addr]
}

// ledgerOf is the ports of the address that a forward is at.
func (w *wanted) ledgerOf(f gateway.Forward) *scheme.Ledger {
	if f.Engine == neutron.Name && w.mixed != nil {
		return w.mixed.ledgerAt(f.Public.Addr())
	}
	return w.ledger()
}
