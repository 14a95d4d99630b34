package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
)

// applyFloatingIP carries a proposal about a floating IP out: its step, then what stands is read back,
// and undone if it is not what was wanted. No gateway is armed: none changes.
func (p *Publisher) applyFloatingIP(ctx context.Context, pr Proposal, w Watch) Outcome {
	w = w.withDefaults()
	f := pr.floating
	a := &apply{p: p, pr: pr, w: w}
	a.record = p.floatingRecord(pr, time.Now())
	a.remember()
	a.tell(Guard{Phase: Unguarded})
	a.out.Report = plan.Apply(ctx, pr.Plan, w.Step)
	if a.out.Report.OK() {
		vctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyTimeout)
		note, err := f.verify(vctx)
		cancel()
		if note != "" {
			a.out.Notes = append(a.out.Notes, note)
		}
		if err != nil {
			a.out.Report = plan.Undo(ctx, pr.Plan, err, w.Step)
		}
	}
	a.record = concluded(a.record, a.out.Report, time.Now())
	if made, ok := pr.FloatingIP(); ok && f.verb == Allocate && a.out.Report.OK() {
		a.record.Title = "allocate floating IP " + made.Address.String()
		a.out.Notes = append(a.out.Notes, made.Address.String()+" is this project's now, and attached to nothing")
	}
	a.remember()
	return a.out
}

// floatingRecord is what the history of this machine says; no gateway keeps one.
func (p *Publisher) floatingRecord(pr Proposal, at time.Time) history.Record {
	f := pr.floating
	r := history.Record{
		ID: history.NewID(at, pr.Plan.ID), By: p.options.By, At: at, Project: f.from.Project, ProjectID: f.from.ProjectID,
		Title: Title(pr), Changes: history.Slim(pr.Plan.Changes()), Result: history.Applying,
	}
	if f.name != "" {
		r.Instances = []string{f.name}
	}
	return r
}

// activeWithin is how long a cloud's L3 agent is waited for to make an attached address work, and
// activeEvery how often it is asked.
const (
	activeWithin = 10 * time.Second
	activeEvery  = 500 * time.Millisecond
)

// verify reads back. An error is that what stands is not what was wanted; what could not be read is a
// note: it was done, as far as the cloud has said.
func (f *floatingChange) verify(ctx context.Context) (note string, err error) {
	id := f.fip.ID
	if f.verb == Allocate {
		id = f.made.Made.ID
	}
	deadline := time.Now().Add(activeWithin)
	for {
		now, err := f.cloud.FloatingIP(ctx, id)
		gone := err != nil && cloud.KindOf(err) == gateway.NotFound
		switch {
		case f.verb == Release && gone:
			return "", nil
		case err != nil && !gone:
			return "it was done, and could not be read back: " + cloud.Explain(err).Why, nil
		case !f.stands(now, gone):
			return "", &gateway.Error{
				Op: "reach the planned state of", Target: "floating IP " + f.fip.Address.String(), Kind: gateway.Conflict,
				Err: errors.New("the cloud says it is done, and shows otherwise"), Next: "plan again; somebody else may be changing the same address",
			}
		case f.verb != Attach || now.Status == "ACTIVE":
			return "", nil
		case time.Now().After(deadline):
			return fmt.Sprintf("it is attached, and its status is still %s: the cloud's network may need a moment more", now.Status), nil
		}
		select {
		case <-ctx.Done():
			return "it was done, and could not be watched until it worked", nil
		case <-time.After(activeEvery):
		}
	}
}

// stands reports whether a floating IP is as was wanted.
func (f *floatingChange) stands(now cloud.FloatingIP, gone bool) bool {
	switch f.verb {
	case Attach:
		return !gone && now.PortID == f.place.Port.ID && now.FixedIP == f.place.Fixed.Addr
	case Detach:
		return gone || now.PortID == ""
	case Allocate:
		return !gone
	case Release:
	}
	return false // a release is verified by the address being gone
}
