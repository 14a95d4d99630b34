package effectstest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portico/cloud"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// Window is how long the gateway waits for a sign of life.
const Window = time.Minute

// Apply goes through the phases of [publish.Publisher.Apply]: it waits, carries the steps out, tests
// what they made, asks about what does not answer, and confirms or takes everything back.
func (b *Backend) Apply(ctx context.Context, p publish.Proposal, w publish.Watch) publish.Outcome {
	_ = b.enter(ctx, "Apply")
	if err := b.arm(ctx, w); err != nil {
		return publish.Outcome{Report: plan.Report{PlanID: p.Plan.ID, Err: err}}
	}
	if p.Plan.Empty() {
		b.Change(func(b *Backend) { b.State.RolledBack = nil })
		return publish.Outcome{Report: plan.Report{PlanID: p.Plan.ID}}
	}
	until := Start.Add(Window)
	w.Guard(publish.Guard{Phase: publish.Armed, Until: until})
	var out publish.Outcome
	out.Report = plan.Apply(ctx, p.Plan, w.Step)
	if out.Report.OK() {
		w.Guard(publish.Guard{Phase: publish.Checking, Until: until})
		if err := b.prove(ctx, p, w, &out); err != nil {
			w.Guard(publish.Guard{Phase: publish.TakingBack})
			out.Report = plan.Undo(ctx, p.Plan, err, w.Step)
		}
	}
	b.conclude(p, w, &out)
	return out
}

// arm waits for whoever is changing the gateway, and then finds it as the plan saw it, or not.
func (b *Backend) arm(ctx context.Context, w publish.Watch) error {
	b.mu.Lock()
	held, release, stale := b.Held, b.Release, b.Stale
	b.Stale = nil
	b.mu.Unlock()
	if held != "" {
		w.Guard(publish.Guard{Phase: publish.Waiting, By: held, Since: Start.Add(-10 * time.Second), Until: Start.Add(Window)})
		select {
		case <-release:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to end: %w", held, ctx.Err())
		}
	}
	if stale != nil {
		b.Change(stale)
		return &cloud.Error{Op: "apply the plan on", Target: "gw-1", Kind: cloud.Stale, Err: errors.New("the gateway's rules have changed")}
	}
	return nil
}

func (b *Backend) prove(ctx context.Context, p publish.Proposal, w publish.Watch, out *publish.Outcome) error {
	made := p.Made()
	if len(made) == 0 {
		return nil
	}
	w.Guard(publish.Guard{Phase: publish.Testing, Until: Start.Add(Window)})
	b.mu.Lock()
	hold, timeOut := b.HoldTests, b.TimeOut
	b.mu.Unlock()
	if hold != nil {
		<-hold
	}
	out.Results = b.ProbeNew(ctx, made, w.Probe)
	var silent []probe.Result
	for _, f := range made {
		if r := out.Results[f.Key()]; r.Bad() {
			silent = append(silent, r)
		}
	}
	if len(silent) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-timeOut:
			cancel()
		case <-ctx.Done():
		}
	}()
	w.Guard(publish.Guard{Phase: publish.Asking, Until: Start.Add(Window)})
	if w.Keep(ctx, silent) {
		return nil
	}
	return &cloud.Error{
		Op: "reach what was published through", Target: "gateway gw-1", Kind: cloud.Unreachable,
		Err: fmt.Errorf("%d of %d new forwards do not answer, and they were not kept", len(silent), len(made)), Next: "see that the service runs on the VM and its firewall lets it in, then publish again",
	}
}

// conclude confirms or, where undoing has failed, lets the gateway put itself back.
func (b *Backend) conclude(p publish.Proposal, w publish.Watch, out *publish.Outcome) {
	r := history.Record{
		ID: history.NewID(Start, fmt.Sprintf("%s-%d", p.Plan.ID, b.Calls("Apply"))), By: "debian@console", At: Start, Ended: Start.Add(time.Second),
		Gateway: p.Gateway.Name, Title: publish.Title(p), Changes: history.Slim(p.Plan.Changes()), Result: history.Applied,
	}
	if !out.Report.OK() {
		r.Result, r.Error = history.Undone, out.Report.Err.Error()
	}
	if len(out.Report.Left) > 0 {
		w.Guard(publish.Guard{Phase: publish.Healing, Until: Start.Add(Window)})
		for _, s := range p.Plan.Steps {
			if f, ok := s.(*step); ok {
				f.set(f.action == plan.Delete)
			}
		}
		out.Report.Undone, out.Report.Left, out.Report.Undo = append(out.Report.Undone, out.Report.Left...), nil, nil
	}
	if out.Report.OK() {
		w.Guard(publish.Guard{Phase: publish.Confirmed})
	}
	b.Change(func(b *Backend) {
		b.Records = append([]history.Record{r}, b.Records...)
		out.Notes, b.Notes = b.Notes, nil
		if out.Report.OK() && p.Request.Repair {
			b.State.RolledBack = nil
		}
	})
}
