package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// Plan turns a request into a proposal, from the snapshot alone: it asks nobody and changes
// nothing, so a screen may call it on every key.
func (p *Publisher) Plan(ctx context.Context, s Snapshot, req Request) (Proposal, error) {
	if req.FloatingIP.Do != "" {
		return p.planFloatingIP(s, req)
	}
	if req.Fix.alone() {
		return p.planFix(s, req)
	}
	req.Repair = req.Repair || req.Fix != nil && req.Fix.First
	if req.FromMe {
		return Proposal{}, &gateway.Error{Op: "plan", Kind: gateway.Invalid, Err: errors.New("the operator's own address was not found out"), Next: "name the address: 198.51.100.7"}
	}
	if err := cmp.Or(s.answered(), req.onThis(s.Gateway), readable(s.Inventory), usable(s, req.Engine)); err != nil {
		return Proposal{}, err
	}
	w := &wanted{p: p, s: s, req: req, have: slices.Concat(s.State.Forwards, s.State.Lost)}
	if err := w.work(); err != nil {
		return Proposal{}, err
	}
	runner := &lazyRunner{p: p, gw: s.Gateway, inv: s.Inventory}
	engine := p.newEngine(s.Gateway, runner, s.Inventory)
	engine.Named, engine.Adopt, engine.First = w.named, w.adopted, req.Fix != nil && req.Fix.First
	pl, err := engine.Plan(ctx, w.all, *s.State)
	if err != nil {
		return Proposal{}, err
	}
	pl.Warnings = slices.Concat(pl.Warnings, w.warnings)
	costs, err := engine.Costs(w.all)
	if err != nil {
		return Proposal{}, err
	}
	pr := Proposal{Request: req, Gateway: s.Gateway, Items: w.items, Quota: quotaLines(costs), Plan: pl, want: w.all, named: w.named, engine: engine, runner: runner}
	if way, remote := p.gatewayWay(s.Gateway, Login{}); remote { // as whom, ssh's own configuration says
		pr.shell = way.Words()
	}
	if req.Repair {
		pr = repaired(pr)
		for _, b := range s.State.RolledBack {
			pr.settles = append(pr.settles, b.ID)
		}
	}
	return pr, nil
}

// onThis refuses a gateway that the request is not about. What was found on one must not change another.
func (r Request) onThis(gw gateway.Gateway) error {
	on := r.On
	if !on.FixedIP.IsValid() || on.InstanceID == gw.InstanceID && on.FixedIP == gw.FixedIP {
		return nil
	}
	return &gateway.Error{
		Op: "plan", Target: "gateway " + on.Name, Kind: gateway.Conflict, Err: fmt.Errorf("the gateway in use is %s", gw.Name),
		Next: "start with --gateway " + cmp.Or(on.InstanceID, on.Name),
	}
}

// answered refuses a snapshot whose gateway has not answered.
func (s Snapshot) answered() error {
	if s.HasGateway() && s.State != nil {
		return nil
	}
	return &gateway.Error{
		Op: "plan", Kind: gateway.Unreachable, Err: errors.New("what stands on the gateway is not known yet"),
		Next: "wait until the gateway has answered, or see 'portico gateways' for what is wrong",
	}
}

// readable refuses an inventory without the parts that say which doors there are.
func readable(inv cloud.Inventory) error {
	for _, part := range []string{"ports", "security groups"} {
		if inv.Unknown(part) {
			return &gateway.Error{
				Op: "plan", Kind: gateway.Permission, Err: fmt.Errorf("the project's %s cannot be read, and doors must not be opened blindly", part),
				Next: "ask the project's administrator for the right to read them",
			}
		}
	}
	return nil
}

func quotaLines(costs []nat.Cost) []QuotaLine {
	out := make([]QuotaLine, len(costs))
	for i, c := range costs {
		out[i] = QuotaLine{Name: c.Name, Before: c.Before, After: c.After, Max: c.Limit.Max, Known: c.Limit.Known}
	}
	return out
}

// wanted works out the complete set of forwards that a request leaves standing.
type wanted struct {
	p        *Publisher
	s        Snapshot
	req      Request
	have     []gateway.Forward
	all      []gateway.Forward
	items    []Item
	warnings []plan.Warning
	named    map[string]bool // instances of the request, by ID
	adopted  map[gateway.Key]bool
	there    map[string]bool // instances that there are, by ID; made when first needed
	ports    []uint16        // of the request, that are not given yet
}

func (w *wanted) work() error {
	switch {
	case w.req.Repair:
		return w.repair()
	case w.req.AdoptAll || len(w.req.Adopt) > 0:
		return w.adopt()
	}
	if len(w.req.Instances) == 0 {
		return &gateway.Error{Op: "plan", Kind: gateway.Invalid, Err: errors.New("no instance was named"), Next: "name one or several: portico publish VM"}
	}
	w.all = slices.Clone(w.have)
	services, err := w.p.resolveServices(w.req.Services)
	if err != nil {
		return err
	}
	if err := w.ownPorts(len(services)); err != nil {
		return err
	}
	step := w.publish
	if w.req.Withdraw {
		step = w.withdraw
	}
	w.named = map[string]bool{}
	for _, name := range w.req.Instances {
		i, err := w.instance(name)
		if err != nil {
			return err
		}
		if w.named[i.ID] {
			continue
		}
		w.named[i.ID] = true
		if err := step(i, services); err != nil {
			return err
		}
	}
	w.putBack()
	gateway.SortForwards(w.all)
	return nil
}

// lost reports whether a forward is one that was emptied out of the gateway.
func (w *wanted) lost(f gateway.Forward) bool { return slices.ContainsFunc(w.s.State.Lost, f.Equal) }

// putBack lists the lost forwards that a plan brings back beside what was asked for.
func (w *wanted) putBack() {
	for _, f := range w.all {
		if w.lost(f) && !slices.ContainsFunc(w.items, func(i Item) bool { return i.Forward.Key() == f.Key() }) {
			w.items = append(w.items, Item{Action: plan.Create, Forward: f, Instance: InstanceName(w.s.Inventory, f.Instance)})
		}
	}
}

// instance resolves a name. An instance that is gone can still be withdrawn, by its ID.
func (w *wanted) instance(name string) (cloud.Instance, error) {
	i, err := resolveInstance(w.s.Inventory, name)
	if err != nil && w.req.Withdraw {
		for _, f := range w.have {
			if f.Instance == name {
				return cloud.Instance{ID: name, Name: name}, nil
			}
		}
	}
	return i, err
}

func (w *wanted) withdraw(i cloud.Instance, services []gateway.Service) error {
	w.all = slices.DeleteFunc(w.all, func(f gateway.Forward) bool {
		named := len(services) == 0 || slices.ContainsFunc(services, func(s gateway.Service) bool { return s.Name == f.Service.Name })
		if f.Instance != i.ID || !named {
			return false
		}
		w.items = append(w.items, Item{Action: plan.Delete, Forward: f, Instance: i.Name})
		return true
	})
	return nil
}

func (w *wanted) publish(i cloud.Instance, services []gateway.Service) error {
	if i.ID == w.s.Gateway.InstanceID {
		return &gateway.Error{
			Op: "publish", Target: i.Name, Kind: gateway.Invalid, Err: fmt.Errorf("it is the gateway itself, reachable at %s", w.s.Gateway.FloatingIP),
			Next: "open its own ports in its security groups",
		}
	}
	if len(services) == 0 {
		services, _ = w.p.resolveServices([]string{"ssh"})
	}
	sch, err := scheme.Find(w.p.Schemes(), w.req.Scheme)
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
	var endpoints []scheme.Endpoint
	for _, svc := range services {
		if old, ok := w.stands(i.ID, svc, addr); ok && w.req.KeepPorts && len(w.ports) == 0 {
			w.put(i, w.keepSources(old, old))
			continue
		}
		endpoints = append(endpoints, scheme.Endpoint{Addr: addr, Service: svc})
	}
	entries, err := w.assign(sch, subnet, endpoints)
	if err != nil {
		return w.orAdopt(i, err)
	}
	for _, e := range entries {
		f := gateway.Forward{
			Instance: i.ID, Service: e.Service, Public: addrPort(w.publicAddr(), e.Port), Private: addrPort(addr, e.Service.Port), Engine: nat.Name,
		}
		old, _ := w.stands(i.ID, e.Service, addr)
		w.put(i, w.keepSources(f, old))
	}
	return nil
}

// stands finds the forward that a service of an instance has now.
func (w *wanted) stands(id string, svc gateway.Service, addr netip.Addr) (gateway.Forward, bool) {
	for _, f := range w.have {
		if f.Instance == id && f.Service.Name == svc.Name && f.Service.Protocol == svc.Protocol && f.Private.Addr() == addr {
			return f, true
		}
	}
	return gateway.Forward{}, false
}

// keepSources lets in who was asked for, or, where that is wished, who may come in already.
func (w *wanted) keepSources(f, old gateway.Forward) gateway.Forward {
	f.Sources = gateway.SortPrefixes(w.req.Sources)
	if w.req.KeepSources {
		f.Sources = old.Sources
	}
	return f
}

// standing is what holds its port: forwards of instances that are gone do not.
func (w *wanted) standing() []gateway.Forward {
	return slices.DeleteFunc(slices.Clone(w.all), w.orphan)
}

func (w *wanted) orphan(f gateway.Forward) bool {
	if w.there == nil {
		w.there = make(map[string]bool, len(w.s.Inventory.Instances))
		for _, i := range w.s.Inventory.Instances {
			w.there[i.ID] = true
		}
	}
	return !w.there[f.Instance]
}

func (w *wanted) publicAddr() netip.Addr {
	if a := w.s.Gateway.FloatingIP; a.IsValid() {
		return a
	}
	return w.s.Gateway.FixedIP
}

// put adds a forward in place of the one that the instance's service has now, if any.
func (w *wanted) put(i cloud.Instance, f gateway.Forward) {
	item := Item{Action: plan.Create, Forward: f, Instance: i.Name}
	w.all = slices.DeleteFunc(w.all, func(old gateway.Forward) bool {
		if old.Key() == f.Key() && w.orphan(old) {
			w.items = append(w.items, Item{Action: plan.Delete, Forward: old, Instance: old.Instance})
			return true
		}
		if old.Instance != f.Instance || old.Service.Name != f.Service.Name || old.Service.Protocol != f.Service.Protocol {
			return false
		}
		switch {
		case old.Equal(f) && !w.lost(f):
			item.Action = 0
		case old.Equal(f): // it is put back
		case old.Key() == f.Key():
			item.Action = plan.Update
		default:
			w.items = append(w.items, Item{Action: plan.Delete, Forward: old, Instance: i.Name})
		}
		return true
	})
	w.all = append(w.all, f)
	w.items = append(w.items, item)
}

// Schemes returns the schemes one can choose from; the first is the default.
func (p *Publisher) Schemes() []scheme.Scheme {
	if len(p.options.Schemes) == 0 {
		return scheme.Builtin()
	}
	return p.options.Schemes
}
