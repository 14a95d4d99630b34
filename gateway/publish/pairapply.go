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
	"portico/gateway/rollback"
)

// electWithin is how long the hosts of a pair have to agree who is active, and electEvery how often they
// are asked.
const (
	electWithin = 15 * time.Second
	electEvery  = 500 * time.Millisecond
)

// applyPair carries a proposal about a pair out, as [Publisher.Apply] does others: both hosts are armed, and
// put their own part back if this console dies. What it leaves in the cloud then is for a repair, see
// planPairRepair.
func (p *Publisher) applyPair(ctx context.Context, pr Proposal, w Watch) Outcome {
	c := pr.pair
	a := &apply{p: p, pr: pr, w: w.withDefaults(), window: p.window()}
	a.pr.Plan, a.last = pr.parted()
	now := time.Now()
	a.record = history.Record{
		ID: history.NewID(now, pr.Plan.ID) + "-" + string(c.req.Do), By: p.options.By, At: now, Project: c.from.Project, ProjectID: c.from.ProjectID, Gateway: c.req.Name,
		Title: Title(pr), Changes: history.Slim(pr.Plan.Changes()), Result: history.Applying,
		Instances: []string{c.maker.Hosts[0].Member.Name, c.maker.Hosts[1].Member.Name},
	}
	if len(c.answering()) == 0 { // it is ended in the cloud alone
		return a.unguarded(ctx)
	}
	return a.guarded(ctx, a.provePair)
}

// unguarded carries out what changes no host: what fails is undone from here.
func (a *apply) unguarded(ctx context.Context) Outcome {
	a.remember()
	a.tell(Guard{Phase: Unguarded})
	a.out.Report = plan.Apply(ctx, a.pr.Plan, a.w.Step)
	a.record = concluded(a.record, a.out.Report, time.Now())
	a.remember()
	a.finish(context.WithoutCancel(ctx))
	return a.out
}

// provePair finds out whether the hosts do what was planned, and still let one in.
func (a *apply) provePair(ctx context.Context) error {
	a.tell(Guard{Phase: Checking, Until: time.Now().Add(a.window)})
	vctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	c := a.pr.pair
	var err error
	if c.req.Do == MakePair {
		var active string
		if active, err = c.elected(vctx); err == nil {
			a.out.Notes = append(a.out.Notes, active+" is active now; publish through the pair with --gateway "+c.req.Name)
		}
	} else {
		err = c.ended(vctx)
	}
	for _, h := range c.answering() {
		if r, ok := h.Runner.(redialer); ok && err == nil {
			err = a.connectAnew(ctx, r, "host "+h.Member.Name)
		}
	}
	return a.interrupted(ctx, err)
}

// answering are the hosts that the change is on.
func (c *pairChange) answering() []*pair.Host {
	var out []*pair.Host
	for i := range c.maker.Hosts {
		if h := &c.maker.Hosts[i]; h.Err == nil {
			out = append(out, h)
		}
	}
	return out
}

// guarded are the hosts to arm, each as the plan saw it.
func (c *pairChange) guarded() []rollback.Host {
	var out []rollback.Host
	for _, h := range c.answering() {
		out = append(out, rollback.Host{Switch: h.Switch(), Sums: h.Sums})
	}
	return out
}

func (c *pairChange) rollbacks() *rollback.Switch {
	var out *rollback.Switch
	for _, h := range c.answering() {
		if s := h.Switch(); out == nil {
			out = s
		} else {
			out.Peers = append(out.Peers, s)
		}
	}
	return out
}

// ended finds out whether the hosts share nothing any more.
func (c *pairChange) ended(ctx context.Context) error {
	for _, h := range c.answering() {
		now := pair.Look(ctx, h.Member, h.Runner)
		if now.Err != nil {
			return now.Err
		}
		if now.Shares() && !c.req.asIs {
			return &gateway.Error{
				Op: "end the pair", Target: c.req.Name, Kind: gateway.Conflict, Err: fmt.Errorf("keepalived still runs on %s", h.Member.Name),
				Next: "see who starts it there: sudo systemctl status portico-keepalived",
			}
		}
	}
	return nil
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
