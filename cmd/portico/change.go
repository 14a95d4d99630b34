package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/preview"
)

// changeJSON is what publish, withdraw, repair and adopt print with --json.
type changeJSON struct {
	ByHand  *byHandJSON `json:"by_hand,omitempty"` // what an import found
	Plan    planJSON    `json:"plan"`
	Applied bool        `json:"applied"`
	Error   *errorJSON  `json:"error,omitempty"`
	Left    []string    `json:"left"`  // what could not be undone
	Notes   []string    `json:"notes"` // what else to know
	Results []probeJSON `json:"results"`
}

// replans is how often a plan is made anew because the gateway has changed under it.
const replans = 5

// change shows a plan, asks, applies it and proves it.
func (a *app) change(c *cobra.Command, req publish.Request) error {
	ctx := c.Context()
	w, s, p, err := a.propose(c, req)
	if err != nil {
		return err
	}
	return a.changeTo(ctx, w, s, p, nil)
}

// changeTo shows a plan that was made, asks, applies it and proves it. found is what it was made from,
// of an import.
func (a *app) changeTo(ctx context.Context, w *wiring, s publish.Snapshot, p publish.Proposal, found *byHandJSON) error {
	if why := w.publisher.Refuses(p); a.flags.json && why != nil && !p.Empty() {
		return a.printRefused(s, p, found, why)
	}
	if err := a.previewed(w.publisher, p, a.printPlanTable); err != nil {
		return err
	}
	s, p, outcome, err := a.carryOut(ctx, w.publisher, s, p, p.Request) // in which nothing is left to find out
	if err != nil {
		return err
	}
	out := changeJSON{ByHand: found, Plan: newPlanJSON(s.Inventory, p), Left: []string{}, Notes: append([]string{}, outcome.Notes...), Results: []probeJSON{}}
	out.Applied = outcome.Report.OK() && !p.Empty()
	for _, n := range outcome.Notes {
		if !a.flags.json {
			a.note("%s\n", warning(n, ""))
		}
	}
	if !outcome.Report.OK() {
		return a.failed(out, outcome.Report)
	}
	return a.proved(ctx, w, s, p, outcome, out)
}

// printRefused is the JSON of what a plan would do that nobody may carry out here.
func (a *app) printRefused(s publish.Snapshot, p publish.Proposal, found *byHandJSON, why error) error {
	out := changeJSON{ByHand: found, Plan: newPlanJSON(s.Inventory, p), Left: []string{}, Notes: []string{}, Results: []probeJSON{}, Error: newErrorJSON(why)}
	if err := a.printJSON(out); err != nil {
		return err
	}
	return why
}

// previewed shows a plan that is about to be asked about. Of one that nobody may carry out here it says so
// first, and returns why.
func (a *app) previewed(by *publish.Publisher, p publish.Proposal, show func(publish.Proposal)) error {
	if a.flags.json {
		return nil // it is told with how the apply ended
	}
	var why error
	if !p.Empty() {
		why = by.Refuses(p)
	}
	if why != nil {
		a.print("%s\n\n", styleWarn.Render("Nothing is changed: "+cloud.Explain(why).Why+". This is what would be."))
	}
	show(p)
	return why
}

// planner is who plans and applies.
type planner interface {
	SnapshotFor(ctx context.Context, req publish.Request) (publish.Snapshot, error)
	Plan(ctx context.Context, s publish.Snapshot, req publish.Request) (publish.Proposal, error)
	Apply(ctx context.Context, p publish.Proposal, w publish.Watch) publish.Outcome
}

// planAnew looks at what a request is about, and plans it.
func planAnew(ctx context.Context, by planner, req publish.Request) (publish.Snapshot, publish.Proposal, error) {
	s, err := by.SnapshotFor(ctx, req)
	if err != nil {
		return s, publish.Proposal{}, err
	}
	p, err := by.Plan(ctx, s, req)
	return s, p, err
}

// carryOut asks and applies. A plan that has become stale, and of which nothing is left, is made
// anew, and what is different is shown before it is asked about again; that may be that nothing is
// left to do. It returns the last plan and how its apply ended.
func (a *app) carryOut(ctx context.Context, by planner, s publish.Snapshot, p publish.Proposal, req publish.Request) (publish.Snapshot, publish.Proposal, publish.Outcome, error) {
	var outcome publish.Outcome
	for again := 0; !p.Empty(); again++ {
		if err := a.confirm(ctx, "Apply?"); err != nil {
			return s, p, outcome, err
		}
		outcome = by.Apply(ctx, p, a.watch(s))
		stale := cloud.KindOf(outcome.Report.Err) == gateway.Stale && len(outcome.Report.Left) == 0
		if !stale || again == replans || ctx.Err() != nil {
			break
		}
		old, why := p, cloud.Explain(outcome.Report.Err).Why
		var err error
		if s, p, err = planAnew(ctx, by, req); err != nil {
			return s, p, outcome, err
		}
		outcome = publish.Outcome{Notes: outcome.Notes}
		a.printDifference(why, old.Plan, p)
	}
	return s, p, outcome, nil
}

// proved shows the tests of what was asked for.
func (a *app) proved(ctx context.Context, w *wiring, s publish.Snapshot, p publish.Proposal, outcome publish.Outcome, out changeJSON) error {
	failed, proveErr := a.prove(ctx, w, s, p, outcome.Results, &out)
	if a.flags.json {
		if err := a.printJSON(out); err != nil {
			return err
		}
	}
	if proveErr != nil {
		return &gateway.Error{Op: "test what was published", Kind: gateway.Unreachable, Err: errors.New("interrupted: " + proveErr.Error()), Next: "everything was applied; portico test"}
	}
	if failed > 0 {
		return exitError{exitUnreachable}
	}
	return nil
}

// printDifference says why a plan was made anew, and what is different in it.
func (a *app) printDifference(why string, old plan.Plan, p publish.Proposal) {
	if a.flags.json {
		return
	}
	a.note("\n%s\n", styleWarn.Render("Nothing of it stands: "+why+". Seen afresh, the plan is now another:"))
	added, gone := plan.Compare(old, p.Plan)
	for _, c := range added {
		a.note("  %s %s: %s\n", styleGood.Render("now"), c.Target, c.Title)
	}
	for _, c := range gone {
		a.note("  %s %s: %s\n", styleDim.Render("no longer"), c.Target, c.Title)
	}
	if len(added)+len(gone) == 0 {
		a.note("  %s\n", styleDim.Render("it makes the same changes"))
	}
	a.print("\n")
	a.printPlanTable(p)
}

// watch tells on standard error how an apply goes, and asks where it must.
func (a *app) watch(s publish.Snapshot) publish.Watch {
	w := publish.Watch{Step: a.progress, Guard: a.guardTeller()}
	if !a.flags.yes && a.interactive() {
		w.Keep = func(ctx context.Context, silent []probe.Result) bool { return a.keep(ctx, s, silent) }
	}
	return w
}

// guardTeller says once what each phase is about.
func (a *app) guardTeller() func(publish.Guard) {
	var last publish.Phase
	unguarded := false
	return func(g publish.Guard) {
		if a.flags.json || g.Phase == last {
			return
		}
		unguarded = unguarded || g.Phase == publish.Unguarded
		last = g.Phase
		switch g.Phase {
		case publish.Waiting:
			a.note("%s\n", styleWarn.Render(fmt.Sprintf("waiting for %s, who has been changing the gateway since %s", cloud.Clean(g.By), clockTime(g.Since))))
		case publish.Armed:
			a.note("%s\n", styleDim.Render(fmt.Sprintf("the gateway takes everything back if it hears nothing from here for %s", rounded(time.Until(g.Until)))))
		case publish.Checking:
			a.note("%s\n", styleDim.Render(map[bool]string{false: "reading back, and connecting anew", true: "reading back"}[unguarded]))
		case publish.Testing:
			a.note("%s\n", styleDim.Render("testing the new forwards, for up to 20 s until they answer"))
		case publish.TakingBack:
			a.note("%s\n", styleWarn.Render("taking everything back"))
		case publish.Healing:
			a.note("%s\n", styleWarn.Render("not all could be undone from here; the gateway puts its own part back by itself, at the latest at "+clockTime(g.Until)))
		case publish.Unguarded:
			a.note("%s\n", styleDim.Render("no gateway changes; if it fails, it is undone from here"))
		case publish.Building:
			a.note("%s\n", styleDim.Render("ctrl+c stops it and takes away what was made; so does every failure"))
		case publish.Asking, publish.Confirmed:
		}
	}
}

// clockTime is a time of today as a clock shows it.
func clockTime(t time.Time) string { return t.Local().Format(time.TimeOnly) }

func rounded(d time.Duration) time.Duration { return d.Round(time.Second) }

// keep asks whether forwards that do not answer are to stand.
func (a *app) keep(ctx context.Context, s publish.Snapshot, silent []probe.Result) bool {
	for _, r := range silent {
		a.note("%s %s %s %s\n", a.outcome(r), r.Target.Addr, r.Target.Service.Name, r.Detail)
	}
	left := ""
	if until, ok := ctx.Deadline(); ok {
		left = fmt.Sprintf(" Without an answer they are taken back in %s.", rounded(time.Until(until)))
	}
	a.note("%s do not answer.%s Keep them? (yes/no) ", preview.Count(len(silent), "new forward"), left)
	answer, err := a.asker().line(ctx)
	if err != nil {
		a.note("\n")
	}
	return err == nil && saysYes(answer)
}

func (a *app) progress(e plan.Event) {
	if a.flags.json {
		return
	}
	line := e.Change.Target + ": " + e.Change.Title
	took := styleDim.Render(views.Latency(e.Elapsed))
	switch e.State {
	case plan.Running:
		if e.Note != "" {
			a.note("  %s %s\n", styleDim.Render(cloud.Clean(e.Note)), took)
		}
	case plan.Done:
		a.note("%s %s %s\n", styleGood.Render(a.word("✓", "done:")), line, took)
	case plan.Failed:
		a.note("%s %s %s\n", styleBad.Render(a.word("✗", "failed:")), line, took)
	case plan.Undone:
		a.note("%s: %s %s\n", styleWarn.Render(a.word("~ undone", "undone")), line, took)
	case plan.Left:
		a.note("%s: %s: %s\n", styleBad.Render(a.word("! could not be undone", "could not be undone")), line, cloud.Clean(e.Err.Error()))
	case plan.Pending, plan.Undoing:
	}
}

// failed reports an apply that did not succeed: with what is left, it is partly applied.
func (a *app) failed(out changeJSON, report plan.Report) error {
	for _, c := range report.Left {
		out.Left = append(out.Left, c.Target+": "+c.Title)
	}
	if a.flags.json {
		out.Error = newErrorJSON(report.Err)
		if err := a.printJSON(out); err != nil {
			return err
		}
	}
	return a.leftBehind(report)
}

// leftBehind is why an apply failed. It tells how to take back by hand what is left of it.
func (a *app) leftBehind(report plan.Report) error {
	for _, c := range report.Left {
		if a.flags.json {
			break // it is in there
		}
		a.note("left behind: %s: %s; to take it back:\n", c.Target, c.Title)
		for _, l := range c.Cleanup {
			a.note("    %s\n", l)
		}
	}
	if len(report.Left) > 0 && cloud.KindOf(report.Err) != gateway.Partial {
		return &gateway.Error{
			Op: "apply the plan", Kind: gateway.Partial, Err: fmt.Errorf("%w; %d of its changes could not be undone", report.Err, len(report.Left)),
			Next: "undo what is listed above by hand, then plan again",
		}
	}
	return report.Err
}
