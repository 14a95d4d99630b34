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
	"portico/gateway/neutron"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// Plan turns a request into a proposal, from the snapshot alone: it asks nobody and changes
// nothing, so a screen may call it on every key. Only what a console left half-done of a pair makes it look
// at the hosts again, when that is to be repaired.
func (p *Publisher) Plan(ctx context.Context, s Snapshot, req Request) (Proposal, error) {
	switch {
	case req.Create != nil:
		return p.planCreate(s, req)
	case req.FloatingIP.Do != "":
		return p.planFloatingIP(s, req)
	case req.Pair.Do != "":
		return p.planPair(s, req)
	case req.Fix.alone():
		return p.planFix(s, req)
	}
	return p.planForwards(ctx, s, req)
}

// planForwards plans what a gateway has a share in, or Neutron's forwards.
func (p *Publisher) planForwards(ctx context.Context, s Snapshot, req Request) (Proposal, error) {
	req.Repair = req.Repair || req.Fix != nil && req.Fix.First
	if req.FromMe {
		return Proposal{}, &gateway.Error{Op: "plan", Kind: gateway.Invalid, Err: errors.New("the operator's own address was not found out"), Next: "name the address: 198.51.100.7"}
	}
	if p.byNeutron(s, req) {
		return p.planNeutron(ctx, s, req)
	}
	if err := cmp.Or(s.answered(), req.onThis(s.Gateway), readable(s.Inventory), usable(s, req.Engine)); err != nil {
		return Proposal{}, err
	}
	if notes := pairNotes(s); req.Repair && len(notes) > 0 {
		return p.planPairRepair(ctx, s, req, notes)
	}
	s = Settle(s)
	w := newWanted(p, s, req)
	if err := w.work(); err != nil {
		return Proposal{}, err
	}
	runner := &lazyRunner{p: p, gw: s.Gateway, inv: s.Inventory, only: s.answering()}
	engine := p.newEngine(s.Gateway, runner, s.Inventory)
	engine.Prepare, engine.Retire = req.Make == Prepare, req.Make == Retire
	engine.Degraded = req.Degraded
	engine.Remove = w.removed
	engine.Named, engine.Adopt, engine.First = w.named, w.adopted, req.Fix != nil && req.Fix.First
	engine.Covers = w.covers
	pl, err := engine.Plan(ctx, w.all, *s.State)
	if err != nil {
		return Proposal{}, err
	}
	pl.Warnings = slices.Concat(pl.Warnings, w.warnings)
	costs, err := engine.Costs(w.all)
	if err != nil {
		return Proposal{}, err
	}
	pr := Proposal{
		Request: req, Gateway: s.Gateway, Items: w.items, Quota: quotaLines(costs), Plan: pl, InStep: w.step,
		want: w.all, covers: w.covers, named: w.named, engine: engine, runner: runner,
	}
	pr.shells = p.shells(s.Gateway)
	return asAsked(pr, s), nil
}

// asAsked is what a proposal says besides, and sees to, because of what it was asked for.
func asAsked(pr Proposal, s Snapshot) Proposal {
	if pr.Request.Make == Retire && !pr.Plan.Empty() {
		pr.Plan.Warnings = append(pr.Plan.Warnings, historyStays)
	}
	if pr.Request.Repair {
		pr = repaired(pr)
		for _, b := range s.State.RolledBack {
			pr.settles = append(pr.settles, b.ID)
		}
	}
	return pr
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
	if !s.HasGateway() && !s.Inventory.At.IsZero() {
		return &gateway.Error{
			Op: "plan", Kind: gateway.NotFound, Err: errors.New("no gateway is in use, and this needs one"),
			Next: "'portico gateways' shows what there is; 'portico gateway create' makes one",
		}
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
	removed  map[gateway.Key]bool // rules made by hand at these ports go
	ports    []uint16             // of the request, that are not given yet

	dir    *directory
	set    *forwardSet // what becomes all, while it is worked out
	given  *scheme.Ledger
	gone   map[gateway.Key][]gateway.Forward // that were lost
	before map[gateway.Key][]gateway.Forward // those of have
	where  whereabouts

	covers []gateway.Cover          // that are to stand; nil leaves them as they are
	moved  map[owner][]netip.Prefix // whom forwards let in that led astray, and are made anew by a cover
	step   InStep
	mixed  *mixed // where Neutron's forwards are part of it; else nil
}

func newWanted(p *Publisher, s Snapshot, req Request) *wanted {
	w := &wanted{
		p: p, s: s, req: req, have: slices.Concat(s.State.Forwards, s.State.Lost), dir: newDirectory(s), where: whereaboutsOf(s.Inventory),
		gone: map[gateway.Key][]gateway.Forward{}, before: map[gateway.Key][]gateway.Forward{},
	}
	w.set = newForwardSet(w.have)
	for _, f := range s.State.Lost {
		w.gone[f.Key()] = append(w.gone[f.Key()], f)
	}
	for _, f := range w.have {
		w.before[f.Key()] = append(w.before[f.Key()], f)
	}
	return w
}

func (w *wanted) work() error {
	switch {
	case w.req.Make != "":
		return w.make()
	case w.req.Repair:
		return w.repair()
	case w.req.AdoptAll || len(w.req.Adopt) > 0:
		return w.adopt()
	case w.req.Sync:
		return w.sync()
	case len(w.req.Subnets) > 0:
		return w.subnets()
	}
	return w.instances()
}

// instances works out a request that names instances.
func (w *wanted) instances() error {
	if len(w.req.Instances) == 0 {
		return &gateway.Error{Op: "plan", Kind: gateway.Invalid, Err: errors.New("no instance was named"), Next: "name one or several: portico publish VM"}
	}
	services, err := w.p.resolveServices(w.req.Services)
	if err != nil {
		return err
	}
	if err := w.ownPorts(len(services)); err != nil {
		return err
	}
	step := w.publish
	if w.mixed != nil {
		step = w.mixed.publish
	}
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
	w.all = w.set.forwards()
	w.putBack()
	gateway.SortForwards(w.all)
	return nil
}

// lost reports whether a forward is one that was emptied out of the gateway.
func (w *wanted) lost(f gateway.Forward) bool { return slices.ContainsFunc(w.gone[f.Key()], f.Equal) }

// standsAs reports whether a forward stands, or is put back, just so.
func (w *wanted) standsAs(f gateway.Forward) bool {
	return slices.ContainsFunc(w.before[f.Key()], f.Equal)
}

// putBack lists the lost forwards that a plan brings back beside what was asked for.
func (w *wanted) putBack() {
	told := make(map[gateway.Key]bool, len(w.items))
	for _, i := range w.items {
		told[i.Forward.Key()] = true
	}
	for _, f := range w.all {
		if w.lost(f) && !told[f.Key()] {
			w.items = append(w.items, Item{Action: plan.Create, Forward: f, Instance: w.nameOf(f)})
		}
	}
}

// instance resolves a name. An instance that is gone can still be withdrawn, by its ID.
func (w *wanted) instance(name string) (cloud.Instance, error) {
	i, err := w.dir.resolve(name)
	if err != nil && w.req.Withdraw && len(w.set.of[name]) > 0 {
		return cloud.Instance{ID: name, Name: name}, nil
	}
	return i, err
}

func (w *wanted) withdraw(i cloud.Instance, services []gateway.Service) error {
	w.stillReachable(i, services)
	for _, n := range w.set.ofOwner(i.ID) {
		f := w.set.list[n]
		if len(services) == 0 || slices.ContainsFunc(services, func(s gateway.Service) bool { return s.Name == f.Service.Name }) {
			w.items = append(w.items, Item{Action: plan.Delete, Forward: f, Instance: i.Name})
			w.set.gone[n] = true
		}
	}
	return nil
}

// ledger is what holds its port: forwards that lead astray do not.
func (w *wanted) ledger() *scheme.Ledger {
	if w.given == nil {
		elsewhere := func(f gateway.Forward) bool { return w.orphan(f) || f.Engine == neutron.Name }
		w.given = scheme.NewLedger(slices.DeleteFunc(w.set.forwards(), elsewhere), w.s.State.Reserved)
	}
	return w.given
}

// orphan reports whether a forward leads to where what it belongs to is not any more.
func (w *wanted) orphan(f gateway.Forward) bool { return w.where.astray(f) }

func (w *wanted) publicAddr() netip.Addr {
	if a := w.s.Gateway.FloatingIP; a.IsValid() {
		return a
	}
	return w.s.Gateway.FixedIP
}

// put adds a forward in place of the one that the instance's service has now, if any.
func (w *wanted) put(i cloud.Instance, f gateway.Forward) {
	item := Item{Action: plan.Create, Forward: f, Instance: i.Name}
	for _, n := range w.set.rivals(f) {
		old := w.set.list[n]
		mine := ownerOf(old) == ownerOf(f)
		switch {
		case !mine && old.Meets(f) && w.orphan(old):
			w.items = append(w.items, Item{Action: plan.Delete, Forward: old, Instance: w.nameOf(old)})
		case !mine && old.Key() == f.Key() && old.Subnet != "" && old.Private == f.Private:
			item.Action = plan.Update // from now on it is the instance's own
		case !mine:
			continue
		case old.Equal(f) && !w.lost(f):
			item.Action = 0
		case old.Equal(f): // it is put back
		case old.Key() == f.Key():
			item.Action = plan.Update
		default:
			w.items = append(w.items, Item{Action: plan.Delete, Forward: old, Instance: i.Name})
		}
		w.set.gone[n] = true
		if !w.orphan(old) {
			w.ledgerOf(old).Release(old)
		}
	}
	w.set.add(f)
	w.ledgerOf(f).Hold(f)
	w.items = append(w.items, item)
}

// Schemes returns the schemes one can choose from; the first is the default.
func (p *Publisher) Schemes() []scheme.Scheme {
	if now := p.schemes.Load(); now != nil {
		return *now
	}
	if len(p.options.Schemes) == 0 {
		return scheme.Builtin()
	}
	return p.options.Schemes
}

// Learn has these schemes in place of those that there were. It can be called at any time.
func (p *Publisher) Learn(schemes []scheme.Scheme) { p.schemes.Store(&schemes) }
