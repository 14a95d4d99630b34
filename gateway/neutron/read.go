package neutron

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"portico/cloud"
	"portico/gateway"
)

// entry is one forwarding as it stands, with the forward that it is.
type entry struct {
	fip     cloud.FloatingIP
	rule    cloud.PortForwarding
	forward gateway.Forward
	ours    bool
}

// entries reads all forwardings of a project, ours and others', by address and port.
func entries(inv *cloud.Inventory, services []gateway.Service) []entry {
	var out []entry
	for _, f := range inv.FloatingIPs {
		for _, x := range f.Forwardings {
			out = append(out, read(inv, services, f, x))
		}
	}
	slices.SortStableFunc(out, func(a, b entry) int {
		return cmp.Or(a.fip.Address.Compare(b.fip.Address), cmp.Compare(a.rule.Protocol, b.rule.Protocol), cmp.Compare(a.rule.External, b.rule.External))
	})
	return out
}

func read(inv *cloud.Inventory, services []gateway.Service, f cloud.FloatingIP, x cloud.PortForwarding) entry {
	e := entry{fip: f, rule: x}
	e.forward = gateway.Forward{
		Service: gateway.Service{Protocol: gateway.Protocol(x.Protocol), Port: x.Internal.Port()},
		Public:  netip.AddrPortFrom(f.Address, x.External), Private: x.Internal, Engine: Name,
	}
	if x.Last()-x.External == x.LastInternal()-x.Internal.Port() {
		e.forward.Service = e.forward.Service.WithPorts(int(x.Last()-x.External) + 1)
	}
	var sources []netip.Prefix
	e.forward.Instance, e.forward.Service.Name, sources, e.ours = readMark(x.Description)
	e.forward.Sources = sources
	if !e.ours {
		e.forward.Instance = holder(inv, x.InternalPortID)
		e.forward.Service.Name = serviceName(services, e.forward.Service)
	}
	return e
}

// holder is the instance that has a port, or "".
func holder(inv *cloud.Inventory, portID string) string {
	for _, p := range inv.Ports {
		if p.ID == portID {
			if _, ok := inv.Instance(p.DeviceID); ok {
				return p.DeviceID
			}
		}
	}
	return ""
}

// serviceName is what the catalogue calls a port, else "tcp-8080".
func serviceName(services []gateway.Service, s gateway.Service) string {
	for _, known := range services {
		if known.Protocol == s.Protocol && known.Port == s.Port && s.Ports() == 1 {
			return known.Name
		}
	}
	return fmt.Sprintf("%s-%d", s.Protocol, s.Port)
}

// Forwards are ours, as they stand, by address and port.
func Forwards(inv *cloud.Inventory) []gateway.Forward {
	var out []gateway.Forward
	for _, f := range inv.FloatingIPs {
		for _, x := range f.Forwardings {
			if e := read(inv, nil, f, x); e.ours {
				out = append(out, e.forward)
			}
		}
	}
	gateway.SortForwards(out)
	return out
}

// foreign is a forwarding of somebody else's, and what adopting it would mean.
func (e *Engine) foreign(x entry) gateway.Drift {
	d := gateway.Drift{Kind: gateway.Foreign, Where: target(x.fip), Line: describe(x.rule)}
	f := x.forward
	_, whyNot, _ := Available(&e.Inventory)
	p, _ := e.portOf(f)
	sources, anybody, alike := admittedTo(&e.Inventory, p, f)
	switch {
	case whyNot != "":
		d.Why = whyNot
	case x.rule.Last()-x.rule.External != x.rule.LastInternal()-x.rule.Internal.Port():
		d.Why = fmt.Sprintf("it leads %d ports to one", x.rule.Last()-x.rule.External+1)
	case f.Service.Protocol != gateway.TCP && f.Service.Protocol != gateway.UDP:
		d.Why = "its protocol is neither tcp nor udp"
	case f.Instance == "":
		d.Why = "it leads to no instance of this project"
	case p.ID == "":
		d.Why = "the VM's port cannot be read"
	case !alike:
		d.Why = "the VM's security groups let not the same in at each of its ports, and a forward has one list for all"
	case !anybody && len(sources) == 0:
		d.Why = "the VM's security groups let nobody in, so that it leads nowhere"
	default:
		f.Sources = sources
		d.Forward, d.Note = &f, "its description becomes Portico's, and a group of Portico's lets in whom the VM's groups let in now"
	}
	return d
}

// describe is a forwarding in one line: "tcp 2222 -> 10.20.0.140:22 (description)".
func describe(x cloud.PortForwarding) string {
	ports, to := fmt.Sprint(x.External), x.Internal.String()
	if x.Last() != x.External {
		ports = fmt.Sprintf("%d-%d", x.External, x.Last())
	}
	if x.LastInternal() != x.Internal.Port() {
		to = fmt.Sprintf("%s-%d", to, x.LastInternal())
	}
	out := fmt.Sprintf("%s %s -> %s", x.Protocol, ports, to)
	if x.Description != "" {
		out += " (" + x.Description + ")"
	}
	return cloud.Clean(out)
}

func target(f cloud.FloatingIP) string { return "floating IP " + f.Address.String() }
