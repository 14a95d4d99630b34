package publish

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/door"
	"portico/gateway/neutron"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// neutronPart is what a proposal has besides when Neutron's forwards are part of it.
type neutronPart struct {
	by     *Publisher
	from   cloud.Identity
	engine *neutron.Engine
	want   []gateway.Forward // all of Neutron's that are to stand
	shut   int               // how many of the last steps end forwards of Neutron's
}

// byNeutron reports whether Neutron's forwards are part of what is asked: because they are asked for, or
// stand where it is about.
func (p *Publisher) byNeutron(s Snapshot, req Request) bool {
	if req.natAlone() {
		return false
	}
	state := s.neutronState(p.options.Services)
	switch {
	case req.Engine == neutron.Name:
		return true
	case req.Sync:
		return s.syncsNeutron(state)
	case req.Repair:
		return len(req.Instances) == 0 && Drifted(state)
	case req.AdoptAll:
		return slices.ContainsFunc(state.Drift, func(d gateway.Drift) bool { return d.Kind == gateway.Foreign && d.Forward != nil })
	case len(req.Adopt) > 0:
		return slices.ContainsFunc(state.Drift, func(d gateway.Drift) bool { return d.Kind == gateway.Foreign && names(req.Adopt, d) })
	}
	return len(req.Instances) > 0 && (!req.Withdraw && s.engineFor(req) == neutron.Name || s.concerns(req, state.Forwards))
}

// natAlone reports whether a request can be about nothing of Neutron's.
func (r Request) natAlone() bool {
	return r.Fix != nil || r.Make != "" || len(r.Subnets) > 0 && !r.Sync && r.Engine != neutron.Name
}

// syncsNeutron reports whether a sync has to see to Neutron's forwards: some lead astray, or there
// are no others.
func (s Snapshot) syncsNeutron(state gateway.State) bool {
	return !s.HasGateway() && len(state.Forwards) > 0 || len(Astray(state)) > 0
}

// concerns reports whether any of these forwards is of an instance that a request names.
func (s Snapshot) concerns(req Request, forwards []gateway.Forward) bool {
	about := map[string]bool{}
	for _, name := range req.Instances {
		about[name] = true
	}
	return slices.ContainsFunc(forwards, func(f gateway.Forward) bool {
		return about[f.Instance] || about[InstanceName(s.Inventory, f.Instance)]
	})
}

// names reports whether one of these words of a request to adopt names a drift's port.
func names(words []string, d gateway.Drift) bool {
	proto, port := PortOf(d)
	return slices.ContainsFunc(words, func(word string) bool {
		p, n, said := strings.Cut(word, "/")
		if !said {
			p, n = string(proto), word
		}
		return n == fmt.Sprint(port) && p == string(proto)
	})
}

// engineFor is the engine of what a request publishes and does not stand yet.
func (s Snapshot) engineFor(req Request) string {
	if req.Engine != "" && req.Engine != AutoEngine {
		return req.Engine
	}
	for _, c := range Engines(s) { // of which the first available one is the gateway's, if there is one
		if c.Recommended && req.Engine == AutoEngine || c.Available && req.Engine == "" {
			return c.Name
		}
	}
	return ""
}

// mixed works out forwards of the gateway's and of Neutron's together.
type mixed struct {
	*wanted
	plain   Snapshot // as it was given: with what stands on the gateway alone
	engine  *neutron.Engine
	ledgers map[netip.Addr]*scheme.Ledger
	places  map[netip.Addr]*neutron.Places
	via     cloud.FloatingIP // that was named
}

// planNeutron plans what Neutron's forwards are part of. What is new comes before what goes, whoever
// carries it.
func (p *Publisher) planNeutron(ctx context.Context, s Snapshot, req Request) (Proposal, error) {
	if err := cmp.Or(req.onThis(s.Gateway), readable(s.Inventory), usable(s, req.Engine)); err != nil {
		return Proposal{}, err
	}
	if len(req.Subnets) > 0 && !req.Sync {
		return Proposal{}, &gateway.Error{
			Op: "publish a subnet by", Target: neutron.Name, Kind: gateway.Invalid,
			Err: errors.New("it forwards to VMs that there are, not to every address of a subnet"), Next: "publish it through a gateway: --engine nat",
		}
	}
	m, err := p.newMixed(s, req)
	if err != nil {
		return Proposal{}, err
	}
	if err := m.work(); err != nil {
		return Proposal{}, err
	}
	onGateway, byNeutron := byEngine(m.all)
	m.engine.Named, m.engine.Adopt = m.named, m.adopted
	parts, err := m.engine.Split(byNeutron)
	if err != nil {
		return Proposal{}, err
	}
	pr := Proposal{
		Request: req, Items: m.items, named: m.named, InStep: m.step,
		neutron: &neutronPart{by: p, from: s.Inventory.Identity, engine: m.engine, want: byNeutron, shut: len(parts.Shut)},
	}
	pl := plan.Plan{}
	if m.touchesGateway() {
		if pl, err = m.planGateway(ctx, &pr, onGateway); err != nil {
			return Proposal{}, err
		}
	}
	pr.Quota = mergeCosts(pr.Quota, parts.Costs)
	pr.Plan = plan.Plan{
		Steps: slices.Concat(parts.Open, pl.Steps, parts.Shut), Base: slices.Concat(pl.Base, parts.Base),
		Warnings: slices.Concat(parts.Warnings, pl.Warnings, m.warnings),
	}
	if pr.engine == nil && !pr.Plan.Empty() {
		pr.Plan.Warnings = append(pr.Plan.Warnings, noRollback)
	}
	if req.Sync && m.plain.HasGateway() && m.plain.State == nil {
		pr.Plan.Warnings = append(pr.Plan.Warnings, plan.Warning{Title: m.plain.Gateway.Name + " has not answered", Detail: "its forwards are left as they are; sync again when it does"})
	}
	pr.Plan.ID = bothID(pl.ID, pr.Plan.Steps)
	if req.Repair {
		pr = repaired(pr)
	}
	return pr, nil
}

func bothID(id string, steps []plan.Step) string {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, id)
	for _, s := range steps {
		_, _ = fmt.Fprintf(h, "%+v\n", s.Change())
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// byEngine parts forwards by who carries them.
func byEngine(fs []gateway.Forward) (onGateway, byNeutron []gateway.Forward) {
	for _, f := range fs {
		if f.Engine == neutron.Name {
			byNeutron = append(byNeutron, f)
		} else {
			onGateway = append(onGateway, f)
		}
	}
	return onGateway, byNeutron
}

// mergeCosts adds what Neutron's groups take of limits to what the gateway's take.
func mergeCosts(lines []QuotaLine, more []door.Cost) []QuotaLine {
	if len(lines) == 0 {
		return quotaLines(more)
	}
	for i, l := range lines {
		for _, c := range more {
			if c.Name == l.Name {
				lines[i].After += c.After - c.Before
			}
		}
	}
	return lines
}

func (p *Publisher) newMixed(s Snapshot, req Request) (*mixed, error) {
	engine := &neutron.Engine{
		Forwardings: p.options.Forwardings, Groups: p.groups, Ports: p.ports, Inventory: s.Inventory, Services: p.options.Services,
	}
	own, err := engine.Observe(context.Background()) // which asks nobody
	if err != nil {
		return nil, err
	}
	m := &mixed{plain: s, engine: engine, ledgers: map[netip.Addr]*scheme.Ledger{}, places: map[netip.Addr]*neutron.Places{}}
	both := gateway.State{}
	if s.State != nil {
		s = Settle(s)
		m.plain, both = s, *s.State
	}
	both.Forwards = slices.Concat(both.Forwards, own.Forwards)
	both.Drift = slices.Concat(both.Drift, own.Drift)
	s.State = &both
	m.wanted = newWanted(p, s, req)
	m.mixed = m
	if req.Via != "" {
		if m.via, err = viaOf(s.Inventory, req.Via); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// viaOf finds the floating IP that was named.
func viaOf(inv cloud.Inventory, want string) (cloud.FloatingIP, error) {
	var known []string
	for _, f := range inv.FloatingIPs {
		if f.ID == want || f.Address.String() == want {
			return f, nil
		}
		known = append(known, f.Address.String())
	}
	next := "this project has none; 'portico floatingip allocate' takes one"
	if len(known) > 0 {
		next = "it has " + strings.Join(known, ", ")
	}
	return cloud.FloatingIP{}, &gateway.Error{Op: "publish at", Target: cloud.Clean(want), Kind: gateway.NotFound, Err: errors.New("this project has no such floating IP"), Next: next}
}

// touchesGateway reports whether anything of a gateway's changes.
func (m *mixed) touchesGateway() bool {
	if m.req.Repair || m.req.Sync { // what is to do there may be at doors alone
		return m.plain.answered() == nil
	}
	return slices.ContainsFunc(m.items, func(i Item) bool { return i.Forward.Engine != neutron.Name && i.Action != 0 })
}

// planGateway is the gateway's part of the plan, which becomes the proposal's.
func (m *mixed) planGateway(ctx context.Context, pr *Proposal, want []gateway.Forward) (plan.Plan, error) {
	if err := m.plain.answered(); err != nil {
		return plan.Plan{}, err
	}
	s, p := m.plain, m.p
	runner := &lazyRunner{p: p, gw: s.Gateway, inv: s.Inventory, only: s.answering()}
	engine := p.newEngine(s.Gateway, runner, s.Inventory)
	engine.Named, engine.Adopt, engine.Remove = m.named, map[gateway.Key]bool{}, m.removed
	engine.Covers, engine.Degraded = m.covers, m.req.Degraded
	for _, f := range want {
		if m.adopted[f.Key()] {
			engine.Adopt[f.Key()] = true
		}
	}
	pl, err := engine.Plan(ctx, want, *s.State)
	if err != nil {
		return pl, err
	}
	costs, err := engine.Costs(want)
	if err != nil {
		return pl, err
	}
	pr.Gateway, pr.want, pr.covers, pr.engine, pr.runner, pr.Quota = s.Gateway, want, m.covers, engine, runner, quotaLines(costs)
	pr.shells = p.shells(s.Gateway)
	if m.req.Repair {
		for _, b := range s.State.RolledBack {
			pr.settles = append(pr.settles, b.ID)
		}
	}
	return pl, nil
}
