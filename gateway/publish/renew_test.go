package publish_test

import (
	"context"
	"strings"
	"testing"

	"portico/cloud/emulator"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// What was not kept is taken back by a console that lives, however long the cloud takes: the
// gateway hears so, and has nothing to put back by itself.
func TestRenewedWhileTakenBack(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.close() }()
	c, err := w.console(t.Context(), "me", patience{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	w.vms[emulator.ID("server", "alpha")].Handle(80, nil)
	pr, err := c.plan(t.Context(), publish.Request{Instances: []string{"alpha"}, Services: []string{"http"}})
	if err != nil {
		t.Fatal(err)
	}
	renewals := func() (n int) {
		for _, line := range w.gateway.Commands() {
			if strings.HasSuffix(line, " true") {
				n++
			}
		}
		return n
	}
	heard, waited := false, false
	out := c.Apply(t.Context(), pr, publish.Watch{
		Keep: func(context.Context, []probe.Result) bool { return false },
		Step: func(e plan.Event) {
			if e.State != plan.Undoing || e.Change.Host != "" || waited {
				return
			}
			waited = true
			before := renewals()
			until(func() bool { heard = renewals() > before; return heard || !w.armed() })
		},
	})
	if !heard {
		t.Error("the gateway heard nothing while the cloud was undone")
	}
	if len(out.Report.Left) > 0 || out.Report.OK() {
		t.Errorf("left %v, %v", out.Report.Left, out.Report.Err)
	}
	s, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.State.RolledBack) > 0 {
		t.Errorf("the gateway put itself back: %+v", s.State.RolledBack)
	}
}
