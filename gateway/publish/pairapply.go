package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/pair"
	"portico/gateway/plan"
)

// electWithin is how long the hosts of a pair have to agree who is active, and electEvery how often they
// are asked.
const (
	electWithin = 15 * time.Second
	electEvery  = 500 * time.Millisecond
)

// applyPair carries a proposal about a pair out: its steps, then what stands is read back, and all is undone
// if it is not what was wanted. No gateway is armed: no forward changes.
func (p *Publisher) applyPair(ctx context.Context, pr Proposal, w Watch) Outcome {
	w = w.withDefaults()
	c := pr.pair
	a := &apply{p: p, pr: pr, w: w}
	now := time.Now()
	a.record = history.Record{
		ID: history.NewID(now, pr.Plan.ID), By: p.options.By, At: now, Project: c.from.Project, ProjectID: c.from.ProjectID, Gateway: c.req.Name,
		Title: Title(pr), Changes: history.Slim(pr.Plan.Changes()), Result: history.Applying,
		Instances: []string{c.maker.Hosts[0].Member.Name, c.maker.Hosts[1].Member.Name},
	}
	a.remember()
	a.tell(Guard{Phase: Unguarded})
	a.out.Report = plan.Apply(ctx, pr.Plan, w.Step)
	if a.out.Report.OK() && c.req.Do == MakePair {
		vctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyTimeout)
		active, err := c.elected(vctx)
		cancel()
		if err != nil {
			a.out.Report = plan.Undo(ctx, pr.Plan, err, w.Step)
		} else {
			a.out.Notes = append(a.out.Notes, active+" is active now; publish through the pair with --gateway "+c.req.Name)
		}
	}
	a.record = concluded(a.record, a.out.Report, time.Now())
	a.remember()
	return a.out
}

// elected waits until one of the hosts holds the shared address, and says which.
func (c *pairChange) elected(ctx context.Context) (string, error) {
	fail := func(kind gateway.Kind, err error) (string, error) {
		return "", &gateway.Error{
			Op: "reach the planned state of", Target: "the pair " + c.req.Name, Kind: kind, Err: err,
			Next: "see what keepalived says there: sudo journalctl -u portico-keepalived",
		}
	}
	deadline := time.Now().Add(electWithin)
	for {
		inv, err := c.by.Inventory(ctx)
		if err != nil {
			return fail(cloud.KindOf(err), fmt.Errorf("it could not be read back: %w", err))
		}
		active, err := c.activeHost(ctx, inv)
		if err == nil {
			return active, nil
		}
		if time.Now().After(deadline) {
			return fail(gateway.Conflict, err)
		}
		select {
		case <-ctx.Done():
			return fail(gateway.Unreachable, ctx.Err())
		case <-time.After(electEvery):
		}
	}
}

func (c *pairChange) activeHost(ctx context.Context, inv cloud.Inventory) (string, error) {
	for _, gw := range c.by.pairs(inv) {
		if gw.Name != c.req.Name {
			continue
		}
		active := ""
		for i := range c.maker.Hosts {
			h := pair.Look(ctx, c.maker.Hosts[i].Member, c.maker.Hosts[i].Runner)
			switch {
			case h.Err != nil:
				return "", h.Err
			case !h.Running:
				return "", fmt.Errorf("keepalived does not run on %s", h.Member.Name)
			case h.Active(gw.FixedIP) && active != "":
				return "", errors.New("both hosts hold the shared address: they do not hear each other")
			case h.Active(gw.FixedIP):
				active = h.Member.Name
			}
		}
		if active == "" {
			return "", errNoneActive
		}
		return active, nil
	}
	return "", errors.New("the cloud says it is done, and shows no such pair")
}
