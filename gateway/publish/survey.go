package publish

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
)

// Finding is what a service of an instance does when the gateway connects to it.
type Finding struct {
	Instance string // ID
	Service  gateway.Service
	Result   probe.Result
}

// Survey finds out what answers on instances (IDs) before it is published: the gateway connects to
// each of the services, to nothing else, and a few at a time. emit is called once for each, from the
// caller's goroutine. What cannot be asked is Unknown, with the reason.
func (p *Publisher) Survey(ctx context.Context, s Snapshot, instances []string, services []gateway.Service, emit func(Finding)) {
	of := map[probe.Target]string{}
	var targets []probe.Target
	for _, id := range instances {
		addr, err := surveyAddress(s, id)
		for _, svc := range services {
			t := probe.Target{Addr: netip.AddrPortFrom(addr, svc.Port), Service: svc}
			if err != nil {
				r := probe.Result{Target: t, Outcome: probe.Unknown, Detail: cloud.Clean(cloud.Explain(err).Why), At: time.Now()}
				emit(Finding{Instance: id, Service: svc, Result: r})
				continue
			}
			if _, seen := of[t]; !seen {
				targets = append(targets, t)
			}
			of[t] = id
		}
	}
	p.ProbeFromGateway(ctx, s, targets, func(r probe.Result) {
		emit(Finding{Instance: of[r.Target], Service: r.Target.Service, Result: r})
	})
}

// surveyAddress is where the gateway would send what is published of an instance.
func surveyAddress(s Snapshot, id string) (netip.Addr, error) {
	i, ok := s.Inventory.Instance(id)
	if !ok {
		return netip.Addr{}, &gateway.Error{Op: "find instance", Target: cloud.Clean(id), Kind: gateway.NotFound, Err: errors.New("there is no such instance any more")}
	}
	w := &wanted{s: s, dir: newDirectory(s)}
	addr, _, err := w.privateAddress(i)
	return addr, err
}

// clientSeer is a way to a gateway that can tell where we come from.
type clientSeer interface {
	ClientAddr(ctx context.Context) (netip.Addr, error)
}

// ClientAddress is the address that this program comes from, as the snapshot's gateway sees it. Other
// networks on the way to its forwards may see another one.
func (p *Publisher) ClientAddress(ctx context.Context, s Snapshot) (netip.Addr, error) {
	fail := func(kind gateway.Kind, err error, next string) (netip.Addr, error) {
		return netip.Addr{}, &gateway.Error{Op: "find out our own address", Kind: kind, Err: err, Next: next}
	}
	if !s.HasGateway() {
		return fail(gateway.NotFound, errors.New("there is no gateway to ask"), "name the address: 198.51.100.7")
	}
	e, err := p.engine(ctx, s.Host(), s.Inventory)
	if err != nil {
		return netip.Addr{}, err
	}
	seer, ok := e.Runner.(clientSeer)
	if !ok {
		return fail(gateway.Invalid, errors.New("the way to the gateway does not tell"), "name the address: 198.51.100.7")
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return seer.ClientAddr(ctx)
}

// Resolve replaces what a request leaves to be found out: whose address "me" is.
func (p *Publisher) Resolve(ctx context.Context, s Snapshot, req Request) (Request, error) {
	if !req.FromMe {
		return req, nil
	}
	addr, err := p.ClientAddress(ctx, s)
	if err != nil {
		return req, err
	}
	req.FromMe, req.KeepSources = false, false
	req.Sources = gateway.SortPrefixes(append(req.Sources[:len(req.Sources):len(req.Sources)], netip.PrefixFrom(addr, addr.BitLen())))
	return req, nil
}
