package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/rollback"
)

// Outcome is how an apply ended. Results has the tests of the forwards it made.
type Outcome struct {
	Report  plan.Report
	Results map[gateway.Key]probe.Result
	// Notes are what the operator should know besides: a history that could not be written.
	Notes []string
}

// Apply carries a proposal out and proves it:
//
//	arm the gateway's rollback -> steps -> read back -> new connection -> tests -> disarm
//	                                '--------'--------------'-------------'--> undo -> disarm
//
// The gateway must still be as the plan saw it, all steps must succeed, what stands afterwards
// must be exactly what was wanted, the gateway must let a new connection in, and the forwards
// must answer, or the operator keep them all the same. Otherwise everything is undone, and the
// report says so; what the console cannot undo on the gateway, the gateway puts back by itself.
// When ctx ends before all is confirmed, everything is undone, too.
//
// An error of Kind Stale means that nothing was changed and that the request can be planned anew.
func (p *Publisher) Apply(ctx context.Context, pr Proposal, w Watch) Outcome {
	if err := p.refuse(pr); err != nil {
		return Outcome{Report: plan.Report{PlanID: pr.Plan.ID, Err: err}}
	}
	if pr.Plan.Empty() {
		return Outcome{Report: plan.Report{PlanID: pr.Plan.ID, Err: p.settle(ctx, pr)}}
	}
	if pr.creation != nil {
		return p.applyCreate(ctx, pr, w)
	}
	if pr.floating != nil {
		return p.applyFloatingIP(ctx, pr, w)
	}
	if pr.pair != nil {
		return p.applyPair(ctx, pr, w)
	}
	if pr.local != nil {
		return p.applyFix(ctx, pr, w)
	}
	if pr.engine == nil {
		return p.applyNeutron(ctx, pr, w)
	}
	a := &apply{p: p, pr: pr, w: w.withDefaults(), window: p.window()}
	a.pr.Plan, a.last = pr.parted()
	a.record = p.record(pr, pr.engine.Inventory.Identity, time.Now())
	return a.guarded(ctx, a.prove)
}

// guarded arms the rollback, does the steps, lets prove say whether they are good, and confirms or undoes them.
func (a *apply) guarded(ctx context.Context, prove func(context.Context) error) Outcome {
	if err := a.arm(ctx); err != nil {
		return Outcome{Report: plan.Report{PlanID: a.pr.Plan.ID, Err: err}}
	}
	a.remember()
	steps, stop := a.keepArmed(ctx)
	defer stop()
	a.out.Report = plan.Apply(a.marked(steps), a.pr.Plan, a.w.Step)
	if a.out.Report.OK() {
		if err := prove(steps); err != nil {
			a.tell(Guard{Phase: TakingBack})
			a.out.Report = plan.Undo(a.marked(ctx), a.pr.Plan, err, a.w.Step)
		}
	}
	stop()
	a.conclude(context.WithoutCancel(ctx))
	a.finish(context.WithoutCancel(ctx))
	if a.out.Report.OK() {
		a.tell(Guard{Phase: Confirmed})
	}
	return a.out
}

// apply is one proposal being carried out.
type apply struct {
	p      *Publisher
	pr     Proposal    // whose plan is without last
	last   []plan.Step // see finish
	w      Watch
	window time.Duration
	record history.Record
	lease  *rollback.Lease
	asking atomic.Bool // time runs out, and nobody renews it
	out    Outcome

	telling sync.Mutex // of w.Guard
	phase   Phase      // as last told
}

// verifyTimeout bounds reading back what was done: one inventory and one look at the gateway.
const verifyTimeout = time.Minute

// prove finds out whether what was done is good: nil, or why it must be taken back.
func (a *apply) prove(ctx context.Context) error {
	a.tell(Guard{Phase: Checking, Until: time.Now().Add(a.window)})
	vctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	if err := a.p.verify(vctx, a.pr); err != nil {
		return a.interrupted(ctx, err)
	}
	if err := a.reconnect(ctx); err != nil {
		return a.interrupted(ctx, err)
	}
	return a.interrupted(ctx, a.test(ctx))
}

// interrupted names the interruption where that is why something failed.
func (a *apply) interrupted(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("it was not confirmed: %w", cause)
	}
	return err
}

// connectTimeout bounds the new connection that proves that nobody is locked out.
const connectTimeout = 30 * time.Second

// reconnect makes a new connection to the gateway. A gateway that is this machine has none.
func (a *apply) reconnect(ctx context.Context) error {
	return a.connectAnew(ctx, a.pr.runner, "gateway "+a.pr.Gateway.Name)
}

func (a *apply) connectAnew(ctx context.Context, r redialer, target string) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	err := r.Redial(ctx)
	if err == nil {
		return nil
	}
	return &gateway.Error{
		Op: "connect anew to", Target: target, Kind: gateway.Unreachable, Err: err,
		Next: "find out why the gateway lets nobody in any more; what this plan changed is taken back",
	}
}

// test probes what was made, and asks whether to keep what does not answer.
func (a *apply) test(ctx context.Context) error {
	made := Held(a.pr.Made())
	if len(made) == 0 || a.w.Untested {
		return nil
	}
	a.tell(Guard{Phase: Testing, Until: time.Now().Add(a.window)})
	a.out.Results = a.p.ProbeNew(ctx, made, a.w.Probe)
	var silent []probe.Result
	for _, f := range made {
		r, tested := a.out.Results[f.Key()]
		if !tested {
			r.Target = probe.Target{Addr: f.Public, Service: f.Service}
		}
		if !tested || r.Bad() {
			silent = append(silent, r)
		}
	}
	if len(silent) == 0 || ctx.Err() != nil {
		return nil
	}
	if a.lease != nil {
		if err := a.lease.Renew(ctx); err != nil {
			return err
		}
	}
	// From here on time runs out for real: an operator who has gone away confirms nothing.
	until := time.Now().Add(a.window)
	a.asking.Store(true)
	a.tell(Guard{Phase: Asking, Until: until})
	actx, cancel := context.WithDeadline(ctx, until.Add(-min(answerMargin, a.window/4)))
	defer cancel()
	kept := a.w.Keep(actx, silent)
	a.asking.Store(false) // taking it back may take longer than a window
	if kept {
		return nil
	}
	err := errors.New("they were not kept")
	if actx.Err() != nil {
		err = errors.New("nobody said in time to keep them")
	}
	return &gateway.Error{
		Op: "reach what was published through", Target: a.pr.through(), Kind: gateway.Unreachable,
		Err:  fmt.Errorf("%d of %d new forwards do not answer, and %w", len(silent), len(made), err),
		Next: "see that the service runs on the VM and its firewall lets it in, then publish again",
	}
}

// answerMargin is what is left of the window for saying to the gateway what was answered; of a
// short one a quarter.
const answerMargin = 5 * time.Second

// verify observes again: planning the same request once more must find nothing to do.
func (p *Publisher) verify(ctx context.Context, pr Proposal) error {
	inv, err := p.Inventory(ctx)
	if err == nil {
		err = readable(inv)
	}
	if err != nil {
		return unread(pr, err)
	}
	if err := pr.verifyNeutron(inv); err != nil || pr.engine == nil {
		return err
	}
	engine, err := p.engine(ctx, pr.Gateway, inv)
	if err != nil {
		return unread(pr, err)
	}
	state, err := engine.Observe(ctx)
	if err != nil {
		return unread(pr, err)
	}
	engine.Prepare, engine.Retire = pr.Request.Make == Prepare, pr.Request.Make == Retire
	engine.Named, engine.Covers, engine.Degraded = pr.named, pr.covers, pr.Request.Degraded
	again, err := engine.Plan(ctx, pr.want, state)
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
		Op: "reach the planned state on", Target: pr.Gateway.Name, Kind: gateway.Conflict,
		Err: fmt.Errorf("still to do: %s", strings.Join(left, "; ")), Next: "plan again; somebody else may have changed the same things",
	}
}

func unread(pr Proposal, err error) error {
	return &gateway.Error{
		Op: "check the result on", Target: pr.through(), Kind: gateway.Unreachable, Err: fmt.Errorf("it could not be read back: %w", err),
		Next: "try again when it answers",
	}
}
