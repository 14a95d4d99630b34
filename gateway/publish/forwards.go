package publish

import (
	"context"
	"net/netip"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/neutron"
)

// neutronState is what stands of Neutron's, ours and others', from the inventory alone.
func (s Snapshot) neutronState(services []gateway.Service) gateway.State {
	if !slices.ContainsFunc(s.Inventory.Extensions, func(x string) bool { return x == forwardingExtension }) {
		return gateway.State{}
	}
	e := &neutron.Engine{Inventory: s.Inventory, Services: services}
	state, err := e.Observe(context.Background()) // which asks nobody
	if err != nil {
		return gateway.State{}
	}
	state.Drift = append(state.Drift, astrayByNeutron(s.Inventory, state.Forwards)...)
	return state
}

// Forwards are all that stand: on the gateway, as far as it has answered, and by Neutron.
func (s Snapshot) Forwards() []gateway.Forward {
	var out []gateway.Forward
	if s.State != nil {
		out = s.State.Forwards
	}
	own := neutron.Forwards(&s.Inventory)
	if len(own) == 0 {
		return out
	}
	out = slices.Concat(out, own)
	gateway.SortForwards(out)
	return out
}

// Drift is what is not as plans left it and what was made elsewhere: on the gateway, as far as it has
// answered, and by Neutron.
func (s Snapshot) Drift() []gateway.Drift {
	var out []gateway.Drift
	if s.State != nil {
		out = s.State.Drift
	}
	return slices.Concat(out, s.neutronState(Services()).Drift)
}

// Observed is what stands on the gateway, empty while it has not answered.
func (s Snapshot) Observed() gateway.State {
	if s.State == nil {
		return gateway.State{}
	}
	return *s.State
}

// Standing reads what stands. A gateway that is not there or does not answer is no error while there is
// something of Neutron's to say.
func (p *Publisher) Standing(ctx context.Context) (Snapshot, error) {
	s, err := p.Snapshot(ctx)
	if err != nil && !s.Inventory.At.IsZero() && len(s.Forwards())+len(s.Drift()) > 0 {
		err = nil
	}
	return s, err
}

// PortsAt is what has the public ports of a floating IP that Neutron forwards, or, for "", of the gateway:
// what others hold, and the forwards.
func PortsAt(s Snapshot, via string) ([]gateway.Reserved, []gateway.Forward) {
	if via == "" {
		state := s.Observed()
		return state.Reserved, slices.Concat(state.Forwards, state.Lost)
	}
	addr, err := netip.ParseAddr(via)
	if err != nil {
		return nil, nil
	}
	e := &neutron.Engine{Inventory: s.Inventory}
	at := func(f gateway.Forward) bool { return f.Public.Addr() != addr }
	return e.Reserved(addr), slices.DeleteFunc(neutron.Forwards(&s.Inventory), at)
}

// doesWithout reports whether what is asked can go on although there is no gateway, or it has not
// answered: Neutron's forwards need none.
func (s Snapshot) doesWithout(r Request, err error) bool {
	if s.Inventory.At.IsZero() || r.Fix != nil {
		return false
	}
	can, _, _ := neutron.Available(&s.Inventory)
	switch {
	case r.Engine == neutron.Name:
		return true // which says by itself why it cannot be
	case cloud.KindOf(err) == gateway.NotFound && !s.HasGateway():
		return can && (len(r.Instances) > 0 || r.Repair || r.Sync || r.AdoptAll || len(r.Adopt) > 0)
	}
	return r.Sync && len(Astray(s.neutronState(nil))) > 0
}
