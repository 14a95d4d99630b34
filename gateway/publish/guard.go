package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/rollback"
)

// Phase is where an apply is, beside its steps.
type Phase string

// The phases.
const (
	Waiting    Phase = "waiting"     // for somebody else, who is changing the gateway
	Armed      Phase = "armed"       // the steps run; the gateway takes them back if the console falls silent
	Checking   Phase = "checking"    // all steps are done; is it what was wanted, and does the gateway still let one in?
	Testing    Phase = "testing"     // the new forwards
	Asking     Phase = "asking"      // some do not answer: keep them? Time runs out now
	TakingBack Phase = "taking back" // all steps were done, and are undone
	Healing    Phase = "healing"     // the console could not undo on the gateway, which puts itself back
	Confirmed  Phase = "confirmed"   // it stands for good
	Unguarded  Phase = "unguarded"   // no gateway changes, so that none is armed; what fails is undone from here
	Building   Phase = "building"    // a gateway is being made, so that none is armed; who stops it has all taken away again
)

// Guard tells that an apply has entered a phase, or that the gateway has heard from it again.
type Guard struct {
	Phase Phase
	Until time.Time // the gateway takes everything back then, unless it hears from the console before
	By    string    // Waiting: who is changing the gateway
	Since time.Time // Waiting: since when
}

// Watch is how one follows an apply. Each function is called by one goroutine at a time.
type Watch struct {
	Step  func(plan.Event)
	Guard func(Guard)
	Probe func(gateway.Key, probe.Result)
	// Untested leaves out the tests of the new forwards.
	Untested bool
	// Keep is asked whether new forwards that do not answer are to stand all the same. When ctx
	// ends they are taken back. Without it they are kept.
	Keep func(ctx context.Context, silent []probe.Result) bool
}

func (w Watch) withDefaults() Watch {
	if w.Step == nil {
		w.Step = func(plan.Event) {}
	}
	if w.Guard == nil {
		w.Guard = func(Guard) {}
	}
	if w.Keep == nil {
		w.Keep = func(context.Context, []probe.Result) bool { return true }
	}
	return w
}

// window is how long a gateway waits for a sign of life.
func (p *Publisher) window() time.Duration {
	if p.options.Window == 0 {
		return rollback.DefaultWindow
	}
	return min(max(p.options.Window, rollback.MinWindow), rollback.MaxWindow)
}

// patience bounds waiting for somebody else's change to end.
const patience = 5 * time.Minute

// arm arms the gateway's rollback, after somebody else's change has ended if there is one. Such a
// change mostly makes this plan stale, which the gateway then says.
func (a *apply) arm(ctx context.Context) error {
	giveUp := time.Now().Add(patience)
	for {
		lease, err := a.lend(ctx)
		if err == nil {
			a.lease = lease
			a.tell(Guard{Phase: Armed, Until: time.Now().Add(a.window)})
			return nil
		}
		var held *rollback.HeldError
		if !errors.As(err, &held) || time.Now().After(giveUp) {
			return err
		}
		a.tell(Guard{Phase: Waiting, By: held.By, Since: held.At, Until: time.Now().Add(held.Left)})
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to end: %w", held.By, ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// lend arms the hosts that the change is on.
func (a *apply) lend(ctx context.Context) (*rollback.Lease, error) {
	if a.pr.pair != nil {
		return rollback.ArmAll(ctx, a.record, a.window, a.pr.pair.guarded())
	}
	return a.pr.engine.Arm(ctx, a.record, a.window, a.pr.Plan)
}

// rollbacks are those of the hosts that a proposal changes.
func (p Proposal) rollbacks() *rollback.Switch {
	if p.pair != nil {
		return p.pair.rollbacks()
	}
	return p.engine.Switch()
}

// marked is ctx for what belongs to this change.
func (a *apply) marked(ctx context.Context) context.Context { return rollback.With(ctx, a.lease.ID) }

// keepArmed tells the gateway again and again that the console lives. The context it returns
// ends when the gateway has put itself back all the same. A gateway that does not answer is told
// again: it may be reached before time runs out.
func (a *apply) keepArmed(ctx context.Context) (steps context.Context, stop func()) {
	steps, cancel := context.WithCancelCause(ctx)
	renewals, end := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(a.window / 4)
		defer tick.Stop()
		for {
			select {
			case <-renewals.Done():
				return
			case <-tick.C:
			}
			if a.asking.Load() {
				continue
			}
			rctx, cancelRenew := context.WithTimeout(renewals, a.window/4)
			err := a.lease.Renew(rctx)
			cancelRenew()
			switch {
			case cloud.KindOf(err) == gateway.Stale:
				cancel(err)
				return
			case err == nil:
				a.renewed()
			}
		}
	}()
	return steps, func() {
		end()
		<-done
		cancel(nil)
	}
}

// tell says that a phase begins.
func (a *apply) tell(g Guard) {
	a.telling.Lock()
	defer a.telling.Unlock()
	a.phase = g.Phase
	a.w.Guard(g)
}

// renewed says that the gateway has heard from the console again.
func (a *apply) renewed() {
	a.telling.Lock()
	defer a.telling.Unlock()
	switch a.phase {
	case Armed, Checking, Testing:
		a.w.Guard(Guard{Phase: a.phase, Until: time.Now().Add(a.window)})
	case Waiting, Asking, TakingBack, Healing, Confirmed, Unguarded, Building: // what they tell holds
	}
}

// remember keeps the record on this machine. That it could not be kept does not stop a change.
func (a *apply) remember() {
	if a.p.options.History == nil {
		return
	}
	if err := a.p.options.History.Save(a.record); err != nil && len(a.out.Notes) == 0 {
		x := cloud.Explain(err)
		a.out.Notes = append(a.out.Notes, x.What+": "+x.Why)
	}
}

// conclude disarms the gateway and writes down how it ended.
func (a *apply) conclude(ctx context.Context) {
	if len(a.out.Report.Left) > 0 {
		a.heal(ctx)
	} else {
		a.disarm(ctx)
	}
	a.record = concluded(a.record, a.out.Report, time.Now())
	a.remember()
	if a.out.Report.OK() {
		if err := a.p.settle(ctx, a.pr); err != nil {
			a.out.Notes = append(a.out.Notes, cloud.Explain(err).Why)
		}
	}
}

// onHost reports whether a change is on the gateway itself, not in the cloud.
func onHost(c plan.Change) bool { return c.Host != "" }

// disarm says to the gateway that the console has ended its work, whether it was done or undone.
func (a *apply) disarm(ctx context.Context) {
	err := a.retry(ctx, func(ctx context.Context) error {
		return a.lease.Disarm(ctx, concluded(a.record, a.out.Report, time.Now()))
	})
	switch {
	case err == nil:
	case errors.Is(err, rollback.ErrSplit) && a.out.Report.OK():
		a.out.Report.Err, a.out.Report.Left, a.out.Report.Done = err, a.out.Report.Done, nil
	case cloud.KindOf(err) == gateway.Partial:
		a.out.Notes = append(a.out.Notes, cloud.Explain(err).Why)
	case !a.out.Report.OK(): // it was undone, and the gateway finds nothing to put back
	case cloud.KindOf(err) == gateway.Stale: // it was quicker: what it cannot reach is undone from here
		a.tell(Guard{Phase: TakingBack})
		a.out.Report = plan.Undo(a.marked(ctx), a.pr.Plan, err, a.w.Step)
		a.acknowledge(ctx)
	default: // whether it heard, only the gateway knows; its journal has what is to do then
		a.out.Report.Err = &gateway.Error{
			Op: "confirm the change of", Target: "gateway " + a.pr.Gateway.Name, Kind: gateway.Partial,
			Err:  fmt.Errorf("all of it was done, then the gateway could not be reached: unless it had heard, it puts its part back by itself: %w", err),
			Next: "look again when it answers: 'portico gateways' says what it did, and 'portico repair' cleans up after it",
		}
		a.out.Report.Left, a.out.Report.Done = a.out.Report.Done, nil
	}
}

// heal lets the gateway put back its part of what could not be undone from here, and waits for
// it. If something is left in the cloud, the gateway keeps a note for whoever repairs it.
func (a *apply) heal(ctx context.Context) {
	a.tell(Guard{Phase: Healing, Until: time.Now().Add(a.window)})
	err := a.retry(ctx, func(ctx context.Context) error { return a.lease.Fire(ctx, "its console could not undo the change") })
	if cloud.KindOf(err) == gateway.Partial {
		x := cloud.Explain(err)
		a.out.Notes = append(a.out.Notes, x.Why+"; "+x.Next)
		return
	}
	if err != nil && cloud.KindOf(err) != gateway.Stale {
		a.out.Notes = append(a.out.Notes, "the gateway could not be reached again; it puts its own part back by itself. 'portico gateways' says so when it answers")
		return
	}
	r := &a.out.Report
	for i := len(r.Left) - 1; i >= 0; i-- {
		if c := r.Left[i]; onHost(c) {
			r.Undone, r.Left = append(r.Undone, c), slices.Delete(r.Left, i, i+1)
			if i < len(r.Undo) {
				r.Undo = slices.Delete(r.Undo, i, i+1)
			}
		}
	}
	a.acknowledge(ctx)
}

// acknowledge forgets the gateway's note of this change, if nothing of it is left.
func (a *apply) acknowledge(ctx context.Context) {
	if len(a.out.Report.Left) > 0 {
		return
	}
	_ = a.retry(ctx, func(ctx context.Context) error { return a.pr.rollbacks().Acknowledge(ctx, a.lease.ID) }) // else the next console sees it, and finds nothing to do
}

// settle forgets what a repair has seen to.
func (p *Publisher) settle(ctx context.Context, pr Proposal) error {
	if len(pr.settles) == 0 {
		return nil
	}
	return pr.rollbacks().Acknowledge(ctx, pr.settles...)
}

// retry tries again over new connections until the gateway must have put itself back.
func (a *apply) retry(ctx context.Context, try func(context.Context) error) error {
	deadline := time.Now().Add(a.window + connectTimeout)
	for {
		tctx, cancel := context.WithTimeout(ctx, connectTimeout)
		err := try(tctx)
		cancel()
		if err == nil || cloud.KindOf(err) != gateway.Unreachable && cloud.KindOf(err) != gateway.Conflict || time.Now().After(deadline) {
			return err
		}
		time.Sleep(time.Second)
	}
}
