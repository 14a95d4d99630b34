package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
)

// rival is a gateway that another console changes first: the plan made afterwards makes the rest.
type rival struct {
	rest  publish.Proposal
	ends  publish.Outcome // of the first apply
	count int             // of applies
}

func (r *rival) SnapshotFor(context.Context, publish.Request) (publish.Snapshot, error) {
	return publish.Snapshot{}, nil
}

func (r *rival) Plan(context.Context, publish.Snapshot, publish.Request) (publish.Proposal, error) {
	return r.rest, nil
}

func (r *rival) Apply(context.Context, publish.Proposal, publish.Watch) publish.Outcome {
	if r.count++; r.count == 1 {
		return r.ends
	}
	return publish.Outcome{}
}

type nothing struct{ title string }

func (n nothing) Change() plan.Change      { return plan.Change{Title: n.title} }
func (nothing) Do(context.Context) error   { return nil }
func (nothing) Undo(context.Context) error { return nil }

func proposalOf(titles ...string) publish.Proposal {
	var p publish.Proposal
	for _, t := range titles {
		p.Plan.Steps = append(p.Plan.Steps, nothing{t})
	}
	return p
}

func TestCarryOutOfAStalePlan(t *testing.T) {
	stale := &gateway.Error{Op: "apply the plan on", Target: "gateway gw-1", Kind: gateway.Stale, Err: errors.New("it heard nothing from this console")}
	gone := publish.Outcome{Report: plan.Report{Err: stale}}
	for name, tc := range map[string]struct {
		rest    publish.Proposal
		ends    publish.Outcome
		applies int
		kind    gateway.Kind
		said    string
	}{
		"the other made the same":   {proposalOf(), gone, 1, 0, "it heard nothing from this console"},
		"the other made some of it": {proposalOf("b"), gone, 2, 0, "no longer"},
		"something is left":         {proposalOf("b"), publish.Outcome{Report: plan.Report{Err: stale, Left: []plan.Change{{Title: "a"}}}}, 1, gateway.Stale, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			a := newApp(nil, &said, &said)
			a.flags.yes = true
			r := &rival{rest: tc.rest, ends: tc.ends}
			_, p, outcome, err := a.carryOut(t.Context(), r, publish.Snapshot{}, proposalOf("a", "b"), publish.Request{})
			if err != nil || r.count != tc.applies {
				t.Fatalf("%d applies, %v; want %d", r.count, err, tc.applies)
			}
			if outcome.Report.OK() != (tc.kind == 0) || tc.kind != 0 && cloud.KindOf(outcome.Report.Err) != tc.kind {
				t.Errorf("ended with %v, left %v", outcome.Report.Err, outcome.Report.Left)
			}
			if tc.said == "" && said.Len() > 0 || !strings.Contains(said.String(), tc.said) {
				t.Errorf("said %q, want %q", said.String(), tc.said)
			}
			if tc.kind == 0 && len(p.Plan.Steps) != len(tc.rest.Plan.Steps) {
				t.Errorf("the plan is not the last one: %v", p.Plan.Changes())
			}
		})
	}
}

// What could not be undone is named with how to take it back, whichever command began it, and is an end of
// its own kind.
func TestWhatIsLeftBehindIsTold(t *testing.T) {
	out := &strings.Builder{}
	a := newApp(os.Stdin, out, out)
	c := plan.Change{Target: "instance jupyter", Title: "start it", Cleanup: []string{"openstack server stop 1"}}
	err := a.leftBehind(plan.Report{Left: []plan.Change{c}, Err: errors.New("no answer")})
	if cloud.KindOf(err) != gateway.Partial || !strings.Contains(err.Error(), "no answer") || !strings.Contains(out.String(), "openstack server stop 1") {
		t.Errorf("%v, told:\n%s", err, out)
	}
	if why := errors.New("refused"); a.leftBehind(plan.Report{Err: why}) != why { //nolint:errorlint // the very error
		t.Error("where nothing is left it is the failure itself")
	}
}
