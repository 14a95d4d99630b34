package publish_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// consoleTrials interrupt the console, and let the gateway put itself back while the console works:
// at each step, and in each phase.
func (k *known) consoleTrials() []trial {
	var out []trial
	does := map[string]func(r *run){"interrupted": func(r *run) { r.cancel() }, "put back by the gateway": (*run).fire}
	phases := []publish.Phase{publish.Armed, publish.Checking}
	if !k.request.Withdraw {
		phases = append(phases, publish.Testing)
	}
	for category, do := range does {
		for n := range k.steps {
			for _, state := range []plan.State{plan.Running, plan.Done} {
				out = append(out, trial{of: k, category: category, name: fmt.Sprintf("step %d %s", n+1, state), want: "old", arrange: func(r *run) {
					r.watch.Step = func(e plan.Event) {
						if e.Step == n && e.State == state {
							do(r)
						}
					}
				}})
			}
		}
		for _, phase := range phases {
			out = append(out, trial{of: k, category: category, name: string(phase), want: "old", arrange: func(r *run) { r.when(phase, do) }})
		}
	}
	if len(k.before) > 0 && len(k.request.Services) > 1 {
		out = append(out, k.askingTrials()...)
	}
	return out
}

// when does something once a phase begins.
func (r *run) when(phase publish.Phase, do func(r *run)) {
	told := r.watch.Guard
	did := false
	r.watch.Guard = func(g publish.Guard) {
		told(g)
		if g.Phase == phase && !did {
			did = true
			do(r)
		}
	}
}

// fire lets the gateway put itself back now, as it does when time is up.
func (r *run) fire() {
	c, err := r.world.console(context.Background(), "somebody", patience{})
	if err != nil {
		r.failed = err
		return
	}
	defer c.close()
	runner, err := c.conn.Connect(context.Background(), gateway.Gateway{}, nil)
	if err == nil {
		_, err = runner.Run(context.Background(), gateway.Command{Args: []string{"flock", "-o", "/run/portico.lock", "sh", "/var/lib/portico/armed/guard.sh", "fire", "a test said so"}})
	}
	r.failed = errors.Join(r.failed, err)
}

// askingTrials publish what does not answer, and let the operator say what is to become of it.
func (k *known) askingTrials() []trial {
	var out []trial
	for name, keep := range map[string]struct {
		want string
		say  func(ctx context.Context, r *run) bool
	}{
		"kept":        {"new", func(context.Context, *run) bool { return true }},
		"not kept":    {"old", func(context.Context, *run) bool { return false }},
		"interrupted": {"old", func(ctx context.Context, r *run) bool { r.cancel(); <-ctx.Done(); return false }},
		"no answer":   {"old", func(ctx context.Context, _ *run) bool { <-ctx.Done(); return false }},
		"too late":    {"old", func(_ context.Context, r *run) bool { r.fire(); return true }},
	} {
		out = append(out, trial{of: k, category: "asked", name: name, want: keep.want, always: true, arrange: func(r *run) {
			r.vms[emulator.ID("server", "alpha")].Handle(80, nil)
			r.watch.Keep = func(ctx context.Context, silent []probe.Result) bool {
				if len(silent) != 1 || ctx.Err() != nil {
					r.failed = fmt.Errorf("asked about %v, %w", silent, ctx.Err())
				}
				return keep.say(ctx, r)
			}
		}})
	}
	return out
}

// rivals are three consoles with a plan each, made from the same state.
func rivals(t *testing.T, w *world) (consoles [3]*console, plans [3]publish.Proposal) {
	t.Helper()
	for i, vm := range []string{"beta", "alpha", "alpha"} {
		var err error
		if consoles[i], err = w.console(t.Context(), fmt.Sprint("console", i), patience{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(consoles[i].close)
		if plans[i], err = consoles[i].plan(t.Context(), publish.Request{Instances: []string{vm}}); err != nil {
			t.Fatal(err)
		}
	}
	return consoles, plans
}

// Of two consoles one waits for the other, and then learns that its plan holds no more.
func TestTwoConsoles(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.close() })
	consoles, plans := rivals(t, w)
	held, waiting, first := make(chan struct{}), make(chan struct{}), make(chan publish.Outcome, 1)
	go func() {
		first <- consoles[0].Apply(context.Background(), plans[0], publish.Watch{Step: func(e plan.Event) {
			if e.Step == 0 && e.State == plan.Running {
				close(held)
				<-waiting
			}
		}})
	}()
	<-held
	givesUp(t, consoles[2], plans[2])
	told := false
	out := consoles[1].Apply(t.Context(), plans[1], publish.Watch{Guard: func(g publish.Guard) {
		if g.Phase == publish.Waiting && !told {
			told = true
			close(waiting)
		}
	}})
	if got := <-first; !got.Report.OK() {
		t.Errorf("the first console: %s", describe(got))
	}
	if cloud.KindOf(out.Report.Err) != gateway.Stale || !told || len(out.Report.Left)+len(out.Report.Done) > 0 {
		t.Errorf("the second console, told %v: %s", told, describe(out))
	}
	if err := w.must(t.Context(), "again", publish.Request{Instances: []string{"alpha"}}); err != nil {
		t.Error(err)
	}
	s, err := consoles[1].Snapshot(t.Context())
	if err != nil || len(s.State.Forwards) != 2 || s.State.Armed != nil || len(s.State.RolledBack) > 0 {
		t.Errorf("afterwards: %+v, %v", s.State, err)
	}
}

// givesUp waits for the first console, and is interrupted.
func givesUp(t *testing.T, c *console, pr publish.Proposal) {
	t.Helper()
	impatient, cancel := context.WithCancel(t.Context())
	out := c.Apply(impatient, pr, publish.Watch{Guard: func(g publish.Guard) {
		if g.Phase != publish.Waiting || g.By != "console0@test" || g.Since.IsZero() {
			t.Errorf("told %+v", g)
		}
		cancel()
	}})
	cancel()
	if !errors.Is(out.Report.Err, context.Canceled) || len(out.Report.Left)+len(out.Report.Done) > 0 {
		t.Errorf("given up waiting: %s", describe(out))
	}
}
