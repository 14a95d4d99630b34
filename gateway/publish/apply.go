package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
)

// Apply carries a proposal out and proves it: the gateway must still be as the plan saw it, all
// steps must succeed, and what stands afterwards must be exactly what was wanted. Otherwise
// everything is undone and the report says so.
func (p *Publisher) Apply(ctx context.Context, pr Proposal, emit func(plan.Event)) plan.Report {
	if pr.Plan.Empty() {
		return plan.Report{PlanID: pr.Plan.ID}
	}
	if err := p.checkFresh(ctx, pr); err != nil {
		return plan.Report{PlanID: pr.Plan.ID, Err: err}
	}
	report := plan.Apply(ctx, pr.Plan, emit)
	if report.OK() {
		// What was done completely is looked at completely, also after an interruption.
		vctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyTimeout)
		defer cancel()
		report.Err = p.verify(vctx, pr)
	}
	return report
}

// verifyTimeout bounds reading back what was done: one inventory and one look at the gateway.
const verifyTimeout = time.Minute

// checkFresh refuses a plan whose base no longer holds, before its first step.
func (p *Publisher) checkFresh(ctx context.Context, pr Proposal) error {
	inv, err := p.Inventory(ctx)
	if err != nil {
		return err
	}
	engine, err := p.engine(ctx, pr.Gateway, inv)
	if err != nil {
		return err
	}
	now, err := engine.Observe(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(now.Base, pr.Plan.Base) {
		return &gateway.Error{Op: "apply the plan on", Target: pr.Gateway.Name, Kind: gateway.Stale, Err: fmt.Errorf("the gateway's rules have changed since it was made; nothing was changed")}
	}
	return nil
}

// verify observes again: planning the same request once more must find nothing to do.
func (p *Publisher) verify(ctx context.Context, pr Proposal) error {
	s, err := p.Snapshot(ctx)
	if err != nil {
		return &gateway.Error{
			Op: "check the result on", Target: pr.Gateway.Name, Kind: gateway.Partial, Err: fmt.Errorf("everything was done, but it could not be read back: %w", err),
			Next: "run 'portico test' when the gateway answers again",
		}
	}
	engine := p.newEngine(pr.Gateway, nil, s.Inventory)
	engine.Named = pr.named
	again, err := engine.Plan(ctx, pr.want, *s.State)
	if err != nil {
		return err
	}
	if again.Empty() {
		return nil
	}
	var left []string
	for _, c := range again.Changes() {
		left = append(left, c.Target+": "+c.Title)
	}
	return &gateway.Error{
		Op: "reach the planned state on", Target: pr.Gateway.Name, Kind: gateway.Partial,
		Err: fmt.Errorf("still to do: %s", strings.Join(left, "; ")), Next: "plan again; somebody else may have changed the same things",
	}
}

// Probe tests forwards once, from here.
func (p *Publisher) Probe(ctx context.Context, forwards []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	targets := make([]probe.Target, len(forwards))
	for i, f := range forwards {
		targets[i] = probe.Target{Addr: f.Public, Service: f.Service}
	}
	limited := map[gateway.Key]string{}
	for _, f := range forwards {
		if len(f.Sources) > 0 {
			limited[f.Key()] = strings.Trim(fmt.Sprint(f.Sources), "[]")
		}
	}
	out := make(map[gateway.Key]probe.Result, len(forwards))
	probe.Run(ctx, p.options.Dialer, targets, probe.Options{}, func(r probe.Result) {
		k := gateway.Key{Protocol: r.Target.Service.Protocol, Public: r.Target.Addr}
		if from := limited[k]; from != "" && r.Outcome == probe.Timeout {
			// Nobody here knows with which address we arrive there.
			r.Outcome, r.Detail = probe.Unknown, "no answer; only "+from+" may connect, and this machine may be another"
		}
		out[k] = r
		if emit != nil {
			emit(k, r)
		}
	})
	return out
}

// settle is how long a cloud may take to make a security-group rule effective: agents are told
// asynchronously.
const settle = 20 * time.Second

// slow is a latency that tells of a lost first packet rather than of the way: TCP sends it again
// after a second.
const slow = 900 * time.Millisecond

// ProbeNew tests forwards that were just made, again and again until they answer or the cloud
// has had the time it needs. emit gets each forward's latest result. One that answered only when
// its door opened is tested once more, for a latency that means something.
func (p *Publisher) ProbeNew(ctx context.Context, forwards []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	deadline := time.Now().Add(settle)
	results := map[gateway.Key]probe.Result{}
	again := map[gateway.Key]bool{}
	for todo := forwards; ; {
		for k, r := range p.Probe(ctx, todo, emit) {
			results[k] = r
		}
		todo = slices.DeleteFunc(slices.Clone(todo), func(f gateway.Forward) bool {
			r := results[f.Key()]
			if r.Outcome == probe.OK && r.Latency > slow && !again[f.Key()] {
				again[f.Key()] = true
				return false
			}
			return r.Outcome == probe.OK || r.Outcome == probe.Unknown || r.Outcome == probe.Wrong
		})
		if len(todo) == 0 || time.Now().After(deadline) {
			return results
		}
		select {
		case <-ctx.Done():
			return results
		case <-time.After(time.Second):
		}
	}
}
