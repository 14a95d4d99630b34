package publish_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
)

// switchable is a project with a VM that is shut off, and the console that may start it.
func switchable(t *testing.T) (*world, *console, publish.Request) {
	t.Helper()
	w, err := newWorld(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.close() })
	c, err := w.console(t.Context(), "anna", patience{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	c.Publisher = publish.New(c.client, c.client, c.client, c.conn, publish.Options{History: c.store, By: "anna@test", Power: c.client})
	id := emulator.ID("server", "alpha")
	if err := w.cloud.Fill(func(m *emulator.Model) { m.SetStatus(id, "SHUTOFF") }); err != nil {
		t.Fatal(err)
	}
	return w, c, publish.Request{Fix: &publish.Fix{Start: id}}
}

func planFix(t *testing.T, c *console, r publish.Request) publish.Proposal {
	t.Helper()
	s, err := c.SnapshotFor(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Plan(t.Context(), s, r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func status(t *testing.T, w *world) string {
	t.Helper()
	i, _ := w.cloud.Server(emulator.ID("server", "alpha"))
	return i.Status
}

// Starting is a plan: shown, carried out, recorded, and pointless where it runs. It needs no gateway.
func TestStart(t *testing.T) {
	w, c, r := switchable(t)
	w.gateway.Refuse(-1)
	p := planFix(t, c, r)
	if got := p.Plan.Changes(); len(got) != 1 || got[0].Target != "instance alpha" || got[0].Action != plan.Update || !p.AboutFix() || p.Empty() {
		t.Fatalf("the plan is %+v", got)
	}
	if out := c.Apply(t.Context(), p, publish.Watch{}); !out.Report.OK() || status(t, w) != "ACTIVE" {
		t.Fatalf("%v, and it is %s", out.Report.Err, status(t, w))
	}
	records, err := c.store.List()
	if err != nil || len(records) != 1 || records[0].Title != "start alpha" || records[0].Result != "applied" {
		t.Errorf("recorded %v: %+v", err, records)
	}
	if p := planFix(t, c, r); !p.Empty() {
		t.Errorf("it runs, and the plan is %+v", p.Plan.Changes())
	}
}

// What was started is stopped again when it is taken back; what was refused was not started.
func TestStartUndone(t *testing.T) {
	w, c, r := switchable(t)
	step := planFix(t, c, r).Plan.Steps[0]
	if err := step.Do(t.Context()); err != nil || status(t, w) != "ACTIVE" {
		t.Fatalf("%v, and it is %s", err, status(t, w))
	}
	if err := step.Do(t.Context()); cloud.KindOf(err) != gateway.Conflict {
		t.Errorf("to start what runs is %v", err)
	}
	if err := step.Undo(t.Context()); err != nil || status(t, w) != "ACTIVE" {
		t.Errorf("what a refused start left running is stopped: %v", err)
	}
	again := planFix(t, c, publish.Request{Fix: &publish.Fix{Start: emulator.ID("server", "beta")}})
	if !again.Empty() {
		t.Fatal("beta runs")
	}
	w, c, r = switchable(t)
	step = planFix(t, c, r).Plan.Steps[0]
	if err := step.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := step.Undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped := func() bool { return status(t, w) == "SHUTOFF" }
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !stopped() {
		if ctx.Err() != nil {
			t.Fatalf("it is %s", status(t, w))
		}
	}
}

// What is in error is not started; a program without that power says so.
func TestStartRefused(t *testing.T) {
	w, c, r := switchable(t)
	if err := w.cloud.Fill(func(m *emulator.Model) { m.SetStatus(r.Fix.Start, "ERROR") }); err != nil {
		t.Fatal(err)
	}
	s, err := c.SnapshotFor(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Plan(t.Context(), s, r); cloud.KindOf(err) != gateway.Conflict {
		t.Errorf("a VM in error: %v", err)
	}
	var e *gateway.Error
	if _, err := c.Plan(t.Context(), s, publish.Request{Fix: &publish.Fix{KnownHosts: "x", Instance: r.Fix.Start}}); !errors.As(err, &e) {
		t.Errorf("without a way to forget: %v", err)
	}
}
