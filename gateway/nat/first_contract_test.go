package nat

import (
	"context"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// contractFirst: where others drop what our rule accepts, ours comes first when that is asked for, and
// goes back to its place; theirs do not move.
func contractFirst(t *testing.T, r rig) {
	p := newProject()
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	apply(t, r, p, want)
	r.shell(t, "iptables -I FORWARD 1 -p tcp -j DROP; iptables -I FORWARD 2 -s 10.0.0.0/8 -j ACCEPT")
	forwardRules := func() string { return strings.TrimSpace(r.shell(t, "iptables -S FORWARD")) }
	before := forwardRules()
	first := func() plan.Plan {
		e := engineOn(r, p)
		e.First = true
		pl, err := e.Plan(context.Background(), want, observe(t, r, p))
		if err != nil {
			t.Fatal(err)
		}
		return pl
	}
	pl := first()
	if changes := pl.Changes(); len(changes) != 1 || changes[0].ID != "first" {
		t.Fatalf("the plan is %+v", changes)
	}
	stale := first()
	if report := plan.Apply(context.Background(), pl, nil); !report.OK() {
		t.Fatal(report.Err)
	}
	lines := strings.Split(forwardRules(), "\n")
	if want := []string{"-P FORWARD ACCEPT", "-A FORWARD -j PORTICO-FORWARD", "-A FORWARD -p tcp -j DROP", "-A FORWARD -s 10.0.0.0/8 -j ACCEPT"}; strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("FORWARD is %q, want %q", lines, want)
	}
	if again := first(); !again.Empty() {
		t.Errorf("it is first, and the plan is %+v", again.Changes())
	}
	if report := plan.Apply(context.Background(), stale, nil); cloud.KindOf(report.Err) != gateway.Stale {
		t.Errorf("a plan from before: %v", report.Err)
	}
	if err := pl.Steps[0].Undo(context.Background()); err != nil || forwardRules() != before {
		t.Errorf("undone: %v, FORWARD is %q, and was %q", err, forwardRules(), before)
	}
}
