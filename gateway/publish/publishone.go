package publish

import (
	"fmt"
	"net/netip"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/neutron"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// publish gives the services of one instance their forwards; without services, ssh.
func (w *wanted) publish(i cloud.Instance, services []gateway.Service) error {
	if err := w.notTheGateway(i); err != nil {
		return err
	}
	if len(services) == 0 {
		services, _ = w.p.resolveServices([]string{"ssh"})
	}
	sch, err := w.p.schemeFor(w.req, services)
	if err != nil {
		return err
	}
	addr, subnet, err := w.privateAddress(i)
	if err != nil {
		return err
	}
	if i.Status != "ACTIVE" {
		w.warnings = append(w.warnings, plan.Warning{Title: i.Name + " does not run", Detail: "status " + i.Status + "; its forwards will answer when it does"})
	}
	entries, err := w.assign(sch, subnet, w.unassigned(i, services, addr))
	if err != nil {
		return w.orAdopt(i, err)
	}
	for _, e := range entries {
		f := gateway.Forward{
			Instance: i.ID, Service: e.Service, Public: addrPort(w.publicAddr(), e.Port), Private: addrPort(addr, e.Service.Port), Engine: nat.Name,
		}
		w.put(i, w.keepSources(f, w.had(i.ID, e.Service, addr)))
	}
	return nil
}

// notTheGateway refuses an instance that is the gateway, or a host of its pair.
func (w *wanted) notTheGateway(i cloud.Instance) error {
	if w.s.Gateway.IsMember(i.ID) {
		return &gateway.Error{
			Op: "publish", Target: i.Name, Kind: gateway.Invalid, Err: fmt.Errorf("it is a host of the pair %s itself", w.s.Gateway.Name),
			Next: "open its own ports in its security groups",
		}
	}
	if i.ID == w.s.Gateway.InstanceID {
		return &gateway.Error{
			Op: "publish", Target: i.Name, Kind: gateway.Invalid, Err: fmt.Errorf("it is the gateway itself, reachable at %s", w.s.Gateway.FloatingIP),
			Next: "open its own ports in its security groups",
		}
	}
	return nil
}

// unassigned are the services of an instance that need a port. What stands and may keep its port is put as it is.
func (w *wanted) unassigned(i cloud.Instance, services []gateway.Service, addr netip.Addr) []scheme.Endpoint {
	var endpoints []scheme.Endpoint
	for _, svc := range services {
		if w.byItsSubnet(i, svc, addr) {
			continue
		}
		if old, ok := w.stands(i.ID, svc, addr); ok && old.Engine != neutron.Name && w.req.KeepPorts && len(w.ports) == 0 && samePorts(old, svc) {
			w.put(i, w.keepSources(old, old))
			continue
		}
		endpoints = append(endpoints, scheme.Endpoint{Addr: addr, Service: svc})
	}
	return endpoints
}

// samePorts reports whether a forward already has the ports that a service of several asks for. One
// of a single port may have been given another by its scheme.
func samePorts(old gateway.Forward, svc gateway.Service) bool {
	return old.Ports() == svc.Ports() && (svc.Ports() == 1 || svc.Port == 0 || svc.Port == old.Service.Port)
}

// stands finds the forward that a service of an instance has now.
func (w *wanted) stands(id string, svc gateway.Service, addr netip.Addr) (gateway.Forward, bool) {
	return w.set.stands(owner{id, svc.Name, svc.Protocol}, addr)
}

// keepSources lets in who was asked for, or, where that is wished, who may come in already.
func (w *wanted) keepSources(f, old gateway.Forward) gateway.Forward {
	f.Sources = gateway.SortPrefixes(w.req.Sources)
	if w.req.KeepSources {
		f.Sources = old.Sources
	}
	return f
}
