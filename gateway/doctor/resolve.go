package doctor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// resolver finds out which path a target means.
type resolver struct {
	p *publish.Publisher
	s publish.Snapshot
	f *facts
}

func (r *resolver) inv() *cloud.Inventory { return &r.s.Inventory }

// newFacts are those of a snapshot, before it is known which path is meant.
func newFacts(s publish.Snapshot, stateErr error) *facts {
	return &facts{inv: &s.Inventory, gw: s.Gateway, machine: s.Host(), state: s.State, stateErr: stateErr}
}

// gatewayFor is the gateway that a target needs, if that is another than the one in use: its address
// may be in the target. It asks nobody.
func gatewayFor(p *publish.Publisher, inv cloud.Inventory, t Target) (gateway.Gateway, bool) {
	all := p.Gateways(inv)
	match := func(ok func(gateway.Gateway) bool) (gateway.Gateway, bool) {
		i := slices.IndexFunc(all, ok)
		if i < 0 {
			return gateway.Gateway{}, false
		}
		return all[i], true
	}
	switch {
	case t.Gateway != "":
		return match(func(g gateway.Gateway) bool {
			return t.Gateway == g.Name || t.Gateway == g.InstanceID || t.Gateway == g.FloatingIP.String() || t.Gateway == g.FixedIP.String()
		})
	case t.Public.IsValid():
		own, err := p.FindGateway(inv)
		return match(func(g gateway.Gateway) bool {
			return g.FloatingIP == t.Public.Addr() && (publish.Serves(inv, g) || err == nil && own.FloatingIP == g.FloatingIP)
		})
	}
	return gateway.Gateway{}, false
}

// normal turns a text into the target that it means: a gateway's or an instance's name goes before
// what looks like an address in it.
func normal(p *publish.Publisher, inv cloud.Inventory, t Target) (Target, message, error) {
	if t.Text == "" {
		return t, message{}, nil
	}
	text := strings.TrimSpace(t.Text)
	if _, err := publish.ResolveInstance(inv, text); err == nil {
		t.Instance, t.Text = text, ""
		return t, message{}, nil
	}
	m, found := parseMessage(text)
	if !found {
		_, err := publish.ResolveInstance(inv, text)
		return t, m, err
	}
	t.Public, t.Text, t.Protocol = m.addr, "", gateway.TCP
	return t, m, nil
}

// resolve fills in the path.
func (r *resolver) resolve(t Target) error {
	var err error
	switch {
	case t.Gateway != "":
		err = r.gateway(t.Gateway)
	case t.Public.IsValid():
		if t.Protocol == "" {
			t.Protocol = gateway.TCP
		}
		err = r.endpoint(t.Public, t.Protocol)
	case t.Instance != "":
		err = r.instance(t)
	default:
		err = &gateway.Error{Op: "diagnose", Kind: gateway.Invalid, Err: errors.New("nothing was named"), Next: "name a VM, or an address and port: portico doctor 203.0.113.10:30011"}
	}
	if err != nil {
		return err
	}
	r.places()
	return nil
}

// gateway is the path to the gateway itself.
func (r *resolver) gateway(name string) error {
	f := r.f
	g := f.gw
	if !r.s.HasGateway() || name != g.Name && name != g.InstanceID && name != g.FloatingIP.String() && name != g.FixedIP.String() {
		for _, g := range r.p.Stranded(*r.inv()) {
			if g.Name == name || g.InstanceID == name {
				return r.stranded(g)
			}
		}
		return &gateway.Error{Op: "find gateway", Target: cloud.Clean(name), Kind: gateway.NotFound, Err: errors.New("no instance with a floating IP has this name or address"), Next: "see 'portico gateways'"}
	}
	f.route = toGateway
	r.toSSH()
	return nil
}

// toSSH makes the path end at the gateway's sshd.
func (r *resolver) toSSH() {
	f := r.f
	f.fwd = gateway.Forward{
		Instance: f.gw.InstanceID, Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22},
		Public: netip.AddrPortFrom(publicAddr(f.gw), 22), Private: netip.AddrPortFrom(f.gw.FixedIP, 22),
	}
	end, known := r.p.SSHEnd(f.gw)
	f.sshAside = !known || end != f.fwd.Public
}

// stranded is a gateway that has lost its floating IP. The one it had is not written anywhere: a free
// one is offered.
func (r *resolver) stranded(g gateway.Gateway) error {
	f := r.f
	f.gw, f.route = g, toGateway
	if free := r.free(); len(free) > 0 {
		f.gw.FloatingIP = free[0].Address
		r.whichOne(len(free))
	}
	r.toSSH()
	return nil
}

// publicAddr is where clients come in: the floating IP, or a host's own address that configuration names.
// An instance without a floating IP has none, and neither has a pair.
func publicAddr(g gateway.Gateway) netip.Addr {
	if g.FloatingIP.IsValid() || g.InstanceID != "" || g.IsPair() {
		return g.FloatingIP
	}
	return g.FixedIP
}

// endpoint is the path from a public address and port.
func (r *resolver) endpoint(addr netip.AddrPort, proto gateway.Protocol) error {
	f := r.f
	fip, own := r.floating(addr.Addr())
	switch {
	case own && len(fip.Forwardings) > 0:
		return r.neutron(fip, addr, proto)
	case r.s.HasGateway() && publicAddr(f.gw) == addr.Addr():
		if addr.Port() == 22 && proto == gateway.TCP {
			f.route = toGateway
			r.toSSH()
			return nil
		}
		r.forwardAt(addr, proto)
		return nil
	case own && fip.PortID != "":
		return r.directAt(fip, addr, proto)
	}
	// Nobody has it: the gateway that lost it is the one it was for, if there is just one.
	if lost := r.p.Stranded(*r.inv()); own && len(lost) == 1 {
		f.gw = lost[0]
		f.gw.FloatingIP = addr.Addr()
		r.forwardAt(addr, proto)
		return nil
	}
	if r.s.HasGateway() {
		f.elsewhere = &r.s.Gateway
	}
	f.gw, f.state = gateway.Gateway{Name: "the gateway", FloatingIP: addr.Addr()}, nil
	f.standing, f.fwd = assumed, gateway.Forward{Public: addr, Service: gateway.Service{Name: "service", Protocol: proto, Port: addr.Port()}}
	return nil
}

func (r *resolver) floating(a netip.Addr) (cloud.FloatingIP, bool) {
	all := r.inv().FloatingIPs
	i := slices.IndexFunc(all, func(x cloud.FloatingIP) bool { return x.Address == a })
	if i < 0 {
		return cloud.FloatingIP{}, false
	}
	return all[i], true
}

// forwardAt finds what stands at a public port of the gateway, or what would by the scheme.
func (r *resolver) forwardAt(addr netip.AddrPort, proto gateway.Protocol) {
	f := r.f
	key := gateway.Key{Protocol: proto, Public: addr}
	for _, known := range r.known() {
		if at, ok := known.fwd.At(key); ok {
			f.fwd, f.standing = at, known.how
			return
		}
	}
	f.standing = absent
	if f.state == nil {
		f.standing = assumed
	}
	f.fwd = gateway.Forward{Public: addr, Service: gateway.Service{Name: "service", Protocol: proto, Port: addr.Port()}}
	if guess, by, found := r.backwards(addr, proto); found {
		f.fwd = guess
		name := publish.InstanceName(*r.inv(), guess.Instance)
		if f.standing == absent {
			f.notes = append(f.notes, fmt.Sprintf("nothing is published there; by %s it would be %s %s", by, name, guess.Service.Name))
		} else {
			f.notes = append(f.notes, fmt.Sprintf("what is published could not be read; by %s this is %s %s", by, name, guess.Service.Name))
		}
		return
	}
	if f.standing == absent {
		f.notes = append(f.notes, "nothing is published there, and no scheme gives this port to a VM")
	}
}

type knownForward struct {
	fwd gateway.Forward
	how standing
}

// known lists what stands on the gateway, what is lost, and what was made by hand.
func (r *resolver) known() []knownForward {
	s := r.f.state
	if s == nil {
		return nil
	}
	var out []knownForward
	for _, x := range s.Forwards {
		out = append(out, knownForward{x, published})
	}
	for _, x := range s.Lost {
		out = append(out, knownForward{x, lost})
	}
	for _, d := range s.Drift {
		if d.Kind == gateway.Foreign && d.Forward != nil {
			out = append(out, knownForward{*d.Forward, byHand})
		}
	}
	return out
}

// backwards asks the schemes which VM and service a public port is for: the first that gives it to a
// VM that there is.
func (r *resolver) backwards(addr netip.AddrPort, proto gateway.Protocol) (gateway.Forward, string, bool) {
	for _, s := range r.p.Schemes() {
		for _, subnet := range r.inv().Subnets {
			if !subnet.CIDR.Addr().Is4() {
				continue
			}
			matches, err := s.Reverse(subnet.CIDR, addr.Port(), proto)
			if err != nil {
				continue
			}
			for _, m := range matches {
				if p, found := r.portAt(m.Addr, ""); found && p.DeviceID != r.f.gw.InstanceID {
					return gateway.Forward{
						Instance: p.DeviceID, Service: m.Service, Public: addr, Private: netip.AddrPortFrom(m.Addr, m.Service.Port), Engine: "nat",
					}, s.Name, true
				}
			}
		}
	}
	return gateway.Forward{}, "", false
}

// portAt is the port of an instance with an address; device "" is any.
func (r *resolver) portAt(a netip.Addr, device string) (cloud.Port, bool) {
	for _, p := range r.inv().Ports {
		if device != "" && p.DeviceID != device {
			continue
		}
		if slices.ContainsFunc(p.FixedIPs, func(ip cloud.FixedIP) bool { return ip.Addr == a }) {
			if _, isInstance := r.inv().Instance(p.DeviceID); isInstance {
				return p, true
			}
		}
	}
	return cloud.Port{}, false
}

// instance is the path to a VM's service, however it is reachable.
func (r *resolver) instance(t Target) error {
	f := r.f
	i, err := publish.ResolveInstance(*r.inv(), t.Instance)
	if err != nil {
		for _, known := range r.known() { // it is gone, and its forward is not
			if known.fwd.Instance == t.Instance {
				f.fwd, f.standing = known.fwd, known.how
				return nil
			}
		}
		return err
	}
	if (i.ID == f.gw.InstanceID || f.gw.IsMember(i.ID)) && i.ID != "" {
		f.route = toGateway
		r.toSSH()
		return nil
	}
	if r.standingFor(i, t.Service) || r.forwardingFor(i, t.Service) || r.floatingFor(i, t.Service) {
		return nil
	}
	for _, g := range r.p.Stranded(*r.inv()) {
		if g.InstanceID == i.ID {
			return r.stranded(g)
		}
	}
	return r.wouldBe(i, t.Service)
}

func (r *resolver) standingFor(i cloud.Instance, service string) bool {
	var found []knownForward
	for _, k := range r.known() {
		if k.fwd.Instance == i.ID && (service == "" || k.fwd.Service.Name == service || service == fmt.Sprintf("%s/%d", k.fwd.Service.Protocol, k.fwd.Service.Port)) {
			found = append(found, k)
		}
	}
	if len(found) == 0 {
		return false
	}
	best := slices.IndexFunc(found, func(k knownForward) bool { return k.fwd.Service.Name == "ssh" })
	r.f.fwd, r.f.standing = found[max(best, 0)].fwd, found[max(best, 0)].how
	return true
}
