package doctor

import (
	"fmt"
	"net/netip"
	"slices"

	"portico/cloud"
	"portico/gateway"
	forwarding "portico/gateway/neutron"
	"portico/gateway/publish"
	"portico/gateway/scheme"
)

// directAt is a VM's own floating IP.
func (r *resolver) directAt(fip cloud.FloatingIP, addr netip.AddrPort, proto gateway.Protocol) error {
	f := r.f
	f.route, f.standing = direct, published
	i := slices.IndexFunc(r.inv().Ports, func(p cloud.Port) bool { return p.ID == fip.PortID })
	if i < 0 {
		return &gateway.Error{Op: "diagnose", Target: addr.String(), Kind: gateway.NotFound, Err: fmt.Errorf("port %s that it leads to is not visible in this project", fip.PortID)}
	}
	p := r.inv().Ports[i]
	f.fwd = gateway.Forward{Instance: p.DeviceID, Service: serviceAt(addr.Port(), proto), Public: addr, Private: netip.AddrPortFrom(fip.FixedIP, addr.Port())}
	return nil
}

// serviceAt is what a port usually is.
func serviceAt(port uint16, proto gateway.Protocol) gateway.Service {
	for _, s := range publish.Services() {
		if s.Port == port && s.Protocol == proto {
			return s
		}
	}
	return gateway.Service{Name: string(proto), Protocol: proto, Port: port}
}

// neutron is a forwarding without a gateway.
func (r *resolver) neutron(fip cloud.FloatingIP, addr netip.AddrPort, proto gateway.Protocol) error {
	f := r.f
	f.route, f.standing, f.gw, f.state = viaNeutron, absent, gateway.Gateway{}, nil
	f.fwd = gateway.Forward{Public: addr, Service: serviceAt(addr.Port(), proto), Engine: "neutron"}
	for _, x := range fip.Forwardings {
		to, its := x.At(addr.Port())
		if !its || x.Protocol != string(proto) {
			continue
		}
		f.standing, f.fwd.Private = published, to
		f.fwd.Service = serviceAt(to.Port(), proto)
		for _, p := range r.inv().Ports {
			if p.ID == x.InternalPortID {
				f.fwd.Instance = p.DeviceID
			}
		}
	}
	return nil
}

// forwardingFor is a VM to which Neutron forwards for Portico; without a service it is the first forward.
func (r *resolver) forwardingFor(i cloud.Instance, service string) bool {
	for _, f := range forwarding.Forwards(r.inv()) {
		is := service == "" || f.Service.Name == service || service == fmt.Sprintf("%s/%d", f.Service.Protocol, f.Service.Port)
		if f.Instance == i.ID && is {
			return r.endpoint(f.Public, f.Service.Protocol) == nil
		}
	}
	return false
}

// floatingFor is a VM with a floating IP of its own.
func (r *resolver) floatingFor(i cloud.Instance, service string) bool {
	fips := r.inv().FloatingIPsOf(r.inv().InstancePorts(i.ID))
	if len(fips) == 0 {
		return false
	}
	svc, err := r.p.ResolveService(orSSH(service))
	if err != nil {
		return false
	}
	return r.directAt(fips[0], netip.AddrPortFrom(fips[0].Address, svc.Port), svc.Protocol) == nil
}

func orSSH(service string) string {
	if service == "" {
		return "ssh"
	}
	return service
}

// wouldBe is a VM that is not published, or of which nobody could look: the default scheme says where
// it would be.
func (r *resolver) wouldBe(i cloud.Instance, service string) error {
	f := r.f
	svc, err := r.p.ResolveService(orSSH(service))
	if err != nil {
		return err
	}
	f.standing = absent
	if f.state == nil {
		f.standing = assumed
	}
	if !r.s.HasGateway() {
		if lost := r.p.Stranded(*r.inv()); len(lost) == 1 {
			f.gw = lost[0]
			if free := r.free(); len(free) > 0 {
				f.gw.FloatingIP = free[0].Address
				r.whichOne(len(free))
			}
		}
		if f.gw.Name == "" {
			f.gw.Name = "the gateway"
		}
	}
	if err := r.byScheme(i, svc); err != nil {
		return err
	}
	if !f.fwd.Public.IsValid() {
		f.fwd.Public = netip.AddrPortFrom(publicAddr(f.gw), 0)
		return nil
	}
	if f.standing == absent {
		f.notes = append(f.notes, fmt.Sprintf("%s of %s is not published; by %s it would be at %s", svc.Name, i.Name, r.p.Schemes()[0].Name, f.fwd.Public))
	} else {
		f.notes = append(f.notes, fmt.Sprintf("what is published could not be read; by %s, %s of %s is at %s", r.p.Schemes()[0].Name, svc.Name, i.Name, f.fwd.Public))
	}
	return nil
}

// byScheme is where the default scheme would publish a service of a VM.
func (r *resolver) byScheme(i cloud.Instance, svc gateway.Service) error {
	f := r.f
	f.fwd = gateway.Forward{Instance: i.ID, Service: svc, Engine: "nat"}
	for _, p := range r.inv().InstancePorts(i.ID) {
		for _, ip := range p.FixedIPs {
			sub, known := r.inv().Subnet(ip.SubnetID)
			if !ip.Addr.Is4() || !known || f.fwd.Private.IsValid() {
				continue
			}
			f.fwd.Private = netip.AddrPortFrom(ip.Addr, svc.Port)
			s, err := scheme.Find(r.p.Schemes(), "")
			if err != nil {
				return err
			}
			if port, err := s.Port(sub.CIDR, ip.Addr, svc); err == nil {
				f.fwd.Public = netip.AddrPortFrom(publicAddr(f.gw), port)
			}
		}
	}
	return nil
}

// whichOne notes that a gateway has lost its address, and that several could be it.
func (r *resolver) whichOne(free int) {
	if free > 1 {
		r.f.guessed = true
		r.f.notes = append(r.f.notes, fmt.Sprintf("%s has no floating IP any more; which of the %d free ones it had is not known", r.f.gw.Name, free))
	}
}

func (r *resolver) free() []cloud.FloatingIP {
	return slices.DeleteFunc(slices.Clone(r.inv().FloatingIPs), func(x cloud.FloatingIP) bool { return x.PortID != "" || len(x.Forwardings) > 0 })
}

// places looks up what the path is made of.
func (r *resolver) places() {
	f, inv := r.f, r.inv()
	if x, found := r.floating(f.fwd.Public.Addr()); found {
		f.floating = &x
	}
	for _, p := range inv.Ports {
		if p.ID == "" {
			continue
		}
		if p.ID == f.machinePort() {
			f.gwPort = &p
		}
		if p.ID == f.gw.PortID {
			f.gwEnd = &p
		}
	}
	if i, found := inv.Instance(f.machineID()); found {
		f.carrier = &i
	}
	if f.route == toGateway {
		return
	}
	if p, found := r.portAt(f.fwd.Private.Addr(), f.fwd.Instance); found {
		f.vmPort = &p
		if f.fwd.Instance == "" {
			f.fwd.Instance = p.DeviceID
		}
	}
	if i, found := inv.Instance(f.fwd.Instance); found {
		f.vm = &i
	}
}
