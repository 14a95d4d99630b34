package publish

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/neutron"
	"portico/gateway/plan"
)

// applyNeutron carries out a proposal that changes Neutron's forwards and nothing on a gateway: the
// steps, then what stands is read back and the new forwards are tested. No gateway is armed; what fails is
// undone from here.
func (p *Publisher) applyNeutron(ctx context.Context, pr Proposal, w Watch) Outcome {
	a := &apply{p: p, pr: pr, w: w.withDefaults(), window: p.window()}
	a.record = p.neutronRecord(pr, time.Now())
	a.remember()
	a.tell(Guard{Phase: Unguarded})
	a.out.Report = plan.Apply(ctx, pr.Plan, a.w.Step)
	if a.out.Report.OK() {
		if err := a.proveNeutron(ctx); err != nil {
			a.tell(Guard{Phase: TakingBack})
			a.out.Report = plan.Undo(context.WithoutCancel(ctx), pr.Plan, err, a.w.Step)
		}
	}
	a.record = concluded(a.record, a.out.Report, time.Now())
	a.remember()
	if a.out.Report.OK() {
		a.tell(Guard{Phase: Confirmed})
	}
	return a.out
}

func (a *apply) proveNeutron(ctx context.Context) error {
	a.tell(Guard{Phase: Checking})
	vctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	if err := a.p.verify(vctx, a.pr); err != nil {
		return a.interrupted(ctx, err)
	}
	return a.interrupted(ctx, a.test(ctx))
}

// parted parts a plan that a gateway has a share in: what ends forwards of Neutron's, or deletes the port
// that a pair is known by, is done when the gateway has been confirmed. Were it done before, a console that
// dies would leave neither: the gateway takes its part back by itself, and nobody makes the other again.
func (p Proposal) parted() (plan.Plan, []plan.Step) {
	last := 0
	switch {
	case p.pair != nil:
		last = p.pair.last
	case p.neutron != nil && p.engine != nil:
		last = p.neutron.shut
	}
	first, n := p.Plan, len(p.Plan.Steps)-last
	first.Steps = p.Plan.Steps[:n]
	return first, p.Plan.Steps[n:]
}

// finish does what waited for the gateway to be confirmed: it ends the forwards of Neutron's that the new ones
// replace, for one. If that fails both stand, and the report says how to end the old ones.
func (a *apply) finish(ctx context.Context) {
	if len(a.last) == 0 || !a.out.Report.OK() {
		return
	}
	before := len(a.pr.Plan.Steps)
	r := plan.Apply(ctx, plan.Plan{ID: a.pr.Plan.ID, Steps: a.last}, func(e plan.Event) {
		e.Step += before
		a.w.Step(e)
	})
	if a.out.Report.Done = append(a.out.Report.Done, r.Done...); !r.OK() {
		for _, s := range a.last {
			c := s.Change()
			c.Cleanup = c.Shell
			a.out.Report.Left = append(a.out.Report.Left, c)
		}
		op, target, why := "end the old forwards of", "Neutron", "the new ones stand and are confirmed, the old ones stand as well"
		if a.pr.pair != nil {
			op, target, why = "end the pair", a.pr.pair.req.Name, "its hosts no longer share an address, which is confirmed; the port that held it stands"
		}
		a.out.Report.Err = &gateway.Error{Op: op, Target: target, Kind: gateway.Partial, Err: fmt.Errorf("%s: %w", why, r.Err), Next: "do the same again: what is left of it is done then"}
	}
	a.record = concluded(a.record, a.out.Report, time.Now())
	a.remember()
}

// neutronRecord is what the history of this machine says; no gateway keeps one.
func (p *Publisher) neutronRecord(pr Proposal, at time.Time) history.Record {
	r := p.record(pr, pr.neutron.from, at)
	r.Gateway, r.GatewayID = "", ""
	return r
}

// verifyNeutron observes again: planning the same once more must find nothing to do.
func (p Proposal) verifyNeutron(inv cloud.Inventory) error {
	if p.neutron == nil {
		return nil
	}
	again := &neutron.Engine{Inventory: inv, Services: p.neutron.engine.Services, Named: p.named}
	parts, err := again.Split(p.neutron.want)
	if err != nil {
		return err
	}
	steps := parts.Open
	if p.engine == nil {
		steps = append(steps, parts.Shut...) // else they are not done yet: see finish
	}
	var left []string
	for _, s := range steps {
		c := s.Change()
		left = append(left, c.Target+": "+c.Title)
	}
	if len(left) == 0 {
		return nil
	}
	return &gateway.Error{
		Op: "reach the planned state of", Target: "the port forwardings", Kind: gateway.Conflict,
		Err: fmt.Errorf("still to do: %s", strings.Join(left, "; ")), Next: "plan again; somebody else may have changed the same things",
	}
}

// through names what carries what a proposal is about.
func (p Proposal) through() string {
	if p.engine == nil {
		return "Neutron"
	}
	return "gateway " + p.Gateway.Name
}

// AtNeutron lists the floating IPs at which Neutron's forwards are part of a proposal, in order.
func (p Proposal) AtNeutron() []netip.Addr {
	var out []netip.Addr
	for _, i := range p.Items {
		if a := i.Forward.Public.Addr(); i.Forward.Engine == neutron.Name && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}
