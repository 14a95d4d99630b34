package publish_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/publish"
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// judge makes a trial and judges how it ended.
type judge struct {
	trial
	world *world
	old   standing
	out   publish.Outcome
	told  []publish.Phase
	ended string // old, new, or partly as reported
	noted bool   // the gateway noted that it put itself back, before it was repaired
	wrong []string
}

func (j *judge) say(format string, args ...any) {
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}

// hold makes the trial. The error is of the test itself.
func (j *judge) hold(ctx context.Context) error {
	fixer, err := j.world.console(ctx, "fixer", patience{})
	if err != nil {
		return err
	}
	defer fixer.close()
	if j.old, err = j.world.look(ctx, fixer); err != nil {
		return err
	}
	if err := j.apply(ctx); err != nil {
		return err
	}
	if j.late && !until(j.world.armed) {
		j.say("what was late never came")
	}
	if !until(func() bool { return !j.world.armed() }) {
		j.say("it stays armed")
		return nil
	}
	remains, err := j.world.remains(ctx, fixer)
	if err != nil {
		return fmt.Errorf("looking for remains: %w", err)
	}
	if remains != "" {
		j.say("on the gateway remain: %s", remains)
	}
	got, err := j.world.look(ctx, fixer)
	if err != nil {
		return err
	}
	s, err := fixer.Snapshot(ctx)
	if err != nil {
		return err
	}
	j.noted = len(s.State.RolledBack) > 0
	j.state(got, s.State.RolledBack)
	j.report()
	if err := j.records(ctx, fixer, s); err != nil {
		return err
	}
	return j.repair(ctx, fixer, s, got)
}

// apply plans in peace, and applies while it is disturbed.
func (j *judge) apply(ctx context.Context) error {
	c, err := j.world.console(ctx, "me", j.patience)
	if err != nil {
		return err
	}
	defer c.close()
	r := &run{world: j.world, console: c, done: make(chan struct{})}
	if r.plan, err = c.plan(ctx, j.of.request); err != nil {
		return err
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	defer r.cancel()
	r.watch.Guard = func(g publish.Guard) { r.told = append(r.told, g.Phase) }
	j.arrange(r)
	j.out = c.Apply(r.ctx, r.plan, r.watch)
	close(r.done)
	r.work.Wait()
	for _, heal := range r.healing {
		heal()
	}
	j.world.cloud.Heal()
	j.world.gateway.Heal()
	j.world.gateway.Refuse(0)
	j.told = r.told
	return r.failed
}

// state judges what stands, by what the report says.
func (j *judge) state(got standing, notes []gateway.RolledBack) {
	gw, cl := whose(got.gateway, j.old.gateway, j.of.now.gateway), whose(got.cloud, j.old.cloud, j.of.now.cloud)
	if diff := cmp.Diff(j.old.foreign, got.foreign); diff != "" {
		j.say("foreign things in the cloud have changed: %s", diff)
	}
	if gw == "between" && !j.openly(notes) {
		j.say("the gateway is between: %s", cmp.Diff(j.old.gateway, got.gateway))
	}
	r := j.out.Report
	j.ended = "partly"
	switch {
	case r.OK():
		j.ended = "new"
		if gw != "new" || cl != "new" {
			j.say("it was done, but the gateway is %s and the cloud %s: %v", gw, cl, difference(got.cloud, j.of.now.cloud))
		}
	case len(r.Left) == 0:
		j.ended = "old"
		if gw != "old" || cl != "old" {
			j.say("all was undone, but the gateway is %s and the cloud %s: %v", gw, cl, difference(got.cloud, j.old.cloud))
		}
	default:
		j.left(r, got)
	}
	if j.want != "" && j.ended != j.want {
		j.say("it ended %s, not %s", j.ended, j.want)
	}
	if slices.ContainsFunc(notes, broken) && !j.open {
		j.say("the gateway could not put itself back whole")
	}
}

// broken is a rollback that was not whole.
func broken(n gateway.RolledBack) bool { return !n.Whole }

// openly: the gateway could not put itself back and has noted it, and the report says what is left.
func (j *judge) openly(notes []gateway.RolledBack) bool {
	return j.open && slices.ContainsFunc(notes, broken) && slices.ContainsFunc(j.out.Report.Left, func(c plan.Change) bool { return c.Host != "" })
}

// left: each difference in the cloud is named, and what is named stands. Of what could not be undone
// because no answer came, nobody can know whether it stands: the error says so.
func (j *judge) left(r plan.Report, got standing) {
	named, unknown, stands := map[string]int{}, map[string]int{}, map[string]int{}
	for i, c := range r.Left {
		if c.Host != "" {
			continue
		}
		named[c.Target]++
		if i >= len(r.Undo) || !answered(r.Undo[i]) {
			unknown[c.Target]++
		}
	}
	lines := difference(j.old.cloud, got.cloud)
	for _, l := range lines {
		stands[target(l)]++
	}
	for _, t := range slices.Sorted(maps.Keys(named)) {
		if stands[t] > named[t] || stands[t] < named[t]-unknown[t] {
			j.say("%s: %d changes are named as left, of which %d may or may not stand; %d stand", t, named[t], unknown[t], stands[t])
		}
	}
	for _, l := range lines {
		if named[target(l)] == 0 {
			j.say("it stands and is not named as left: %s", l)
		}
	}
	if len(r.Undo) != len(r.Left) && cloud.KindOf(r.Err) != gateway.Partial {
		j.say("%d are left, %d could not be undone", len(r.Left), len(r.Undo))
	}
	for _, c := range r.Left {
		if len(c.Cleanup) == 0 {
			j.say("nobody is told how to take back %s: %s", c.Target, c.Title)
		}
	}
}

// answered reports whether an error is the cloud's or the gateway's own word that nothing was done.
func answered(err error) bool {
	switch cloud.KindOf(err) {
	case gateway.Unreachable, gateway.Internal, gateway.Transient, gateway.Conflict:
		return false
	default:
		return !strings.Contains(err.Error(), "is not known")
	}
}

// report judges the words of the error.
func (j *judge) report() {
	r := j.out.Report
	if r.OK() {
		if len(r.Left)+len(r.Undone) > 0 || len(r.Done) != j.of.steps {
			j.say("done %d of %d steps, undone %d, left %d", len(r.Done), j.of.steps, len(r.Undone), len(r.Left))
		}
		return
	}
	var e *gateway.Error
	switch x := cloud.Explain(r.Err); {
	case errors.Is(r.Err, context.Canceled):
	case !errors.As(r.Err, &e):
		j.say("the error is no answer to what, where and why: %v", r.Err)
	case e.Op == "" || e.Target == "" || e.Err == nil || x.Next == "":
		j.say("the error lacks something: %+v, next %q", e, x.Next)
	case e.Kind == gateway.Internal && strings.Contains(x.Next, "--debug"):
		j.say("the error is of no kind: %+v", e)
	}
}

// results are what the history may say.
func (j *judge) results() (here history.Result, gateways []history.Result) {
	r := j.out.Report
	switch {
	case r.OK():
		return history.Applied, []history.Result{history.Applied}
	case cloud.KindOf(r.Err) == gateway.Partial: // only the gateway knows whether it had heard the confirmation
		return history.Partly, []history.Result{history.Applied, history.Partly, history.RolledBack}
	case len(r.Left) > 0:
		return history.Partly, []history.Result{history.Partly, history.RolledBack}
	}
	return history.Undone, []history.Result{history.Undone, history.RolledBack}
}

// records judges what the history says.
func (j *judge) records(ctx context.Context, fixer *console, s publish.Snapshot) error {
	if !slices.Contains(j.told, publish.Armed) {
		return nil
	}
	here, gateways := j.results()
	remote, err := fixer.History(ctx, s) // fixer has none of its own yet: these are the gateway's
	if err != nil {
		return err
	}
	local, err := history.Open(j.world.dir + "/me").List()
	if err != nil {
		return err
	}
	if len(local) == 0 || local[0].Result != here {
		j.say("the record here says %v, not %q", local, here)
		return nil
	}
	i := slices.IndexFunc(remote, func(r history.Record) bool { return r.ID == local[0].ID })
	switch {
	case i < 0 && len(j.out.Notes) == 0 && !j.open:
		j.say("the gateway has no record of it, and nobody was told")
	case i >= 0 && !slices.Contains(gateways, remote[i].Result):
		j.say("the record on the gateway says %q (%s), not one of %v", remote[i].Result, remote[i].Error, gateways)
	}
	return nil
}

// repair lets another console clean up: then the cloud agrees with the gateway, and nothing is left
// to do.
func (j *judge) repair(ctx context.Context, fixer *console, s publish.Snapshot, got standing) error {
	pr, err := fixer.Plan(ctx, s, publish.Request{Repair: true})
	if err != nil {
		return err
	}
	if j.ended != "partly" && !pr.Plan.Empty() {
		j.say("a repair finds something to do: %v", pr.Plan.Summary())
	}
	if !pr.Empty() {
		if out := fixer.Apply(ctx, pr, publish.Watch{}); !out.Report.OK() {
			j.say("it could not be repaired: %v", out.Report.Err)
			return nil
		}
	}
	after, err := j.world.look(ctx, fixer)
	if err != nil {
		return err
	}
	side := j.old
	if got.gateway == j.of.now.gateway {
		side = j.of.now
	}
	if diff := difference(side.cloud, after.cloud); len(diff) > 0 || after.gateway != side.gateway {
		j.say("after the repair the cloud does not agree with the gateway: %v %s", diff, cmp.Diff(side.gateway, after.gateway))
	}
	if again, err := fixer.plan(ctx, publish.Request{Repair: true}); err != nil || !again.Empty() {
		j.say("a second repair finds something to do: %v %v", again.Plan.Summary(), err)
	}
	return nil
}
