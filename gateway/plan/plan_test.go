package plan

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// world is what steps change: the names that stand.
type world map[string]bool

// toggle is a step that makes a name stand.
type toggle struct {
	world          world
	name           string
	doErr, undoErr error
	halfway        bool // Do changes the world before it fails
	started        func()
}

func (s *toggle) Change() Change { return Change{ID: s.name, Action: Create} }

func (s *toggle) Do(context.Context) error {
	if s.started != nil {
		s.started()
	}
	if s.doErr == nil || s.halfway {
		s.world[s.name] = true
	}
	return s.doErr
}

func (s *toggle) Undo(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.undoErr == nil {
		delete(s.world, s.name)
	}
	return s.undoErr
}

func ids(changes []Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.ID)
	}
	return out
}

func TestApply(t *testing.T) {
	boom, stuck := errors.New("boom"), errors.New("stuck")
	tests := map[string]struct {
		steps              []*toggle
		err                error
		done, undone, left []string
		stands             world
	}{
		"nothing to do":   {stands: world{}},
		"all done":        {steps: []*toggle{{name: "a"}, {name: "b"}}, done: []string{"a", "b"}, stands: world{"a": true, "b": true}},
		"failure":         {steps: []*toggle{{name: "a"}, {name: "b"}, {name: "c", doErr: boom}, {name: "d"}}, err: boom, undone: []string{"c", "b", "a"}, stands: world{}},
		"failure halfway": {steps: []*toggle{{name: "a"}, {name: "b", doErr: boom, halfway: true}}, err: boom, undone: []string{"b", "a"}, stands: world{}},
		"undo fails, goes on": {
			steps: []*toggle{{name: "a"}, {name: "b", undoErr: stuck}, {name: "c", doErr: boom}},
			err:   boom, undone: []string{"c", "a"}, left: []string{"b"}, stands: world{"b": true},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := world{}
			var p Plan
			for _, s := range tt.steps {
				s.world = w
				p.Steps = append(p.Steps, s)
			}
			r := Apply(context.Background(), p, nil)
			if !errors.Is(r.Err, tt.err) {
				t.Errorf("error %v, want %v", r.Err, tt.err)
			}
			got := [][]string{ids(r.Done), ids(r.Undone), ids(r.Left)}
			if diff := cmp.Diff([][]string{tt.done, tt.undone, tt.left}, got); diff != "" {
				t.Error("done, undone, left:", diff)
			}
			if diff := cmp.Diff(tt.stands, w); diff != "" {
				t.Error("what stands:", diff)
			}
			if len(r.Undo) != len(r.Left) {
				t.Errorf("%d undo errors for %d left", len(r.Undo), len(r.Left))
			}
		})
	}
}

// An interrupted plan is undone completely: undoing does not heed the context that ended.
func TestApplyInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	w := world{}
	p := Plan{Steps: []Step{&toggle{world: w, name: "a"}, &toggle{world: w, name: "b", started: cancel}, &toggle{world: w, name: "c"}}}
	r := Apply(ctx, p, nil)
	if !errors.Is(r.Err, context.Canceled) || len(w) != 0 {
		t.Errorf("error %v, still standing %v", r.Err, w)
	}
}

func TestApplyEvents(t *testing.T) {
	w := world{}
	p := Plan{Steps: []Step{&toggle{world: w, name: "a"}, &toggle{world: w, name: "b", doErr: errors.New("boom"), undoErr: errors.New("stuck")}}}
	var got []string
	Apply(context.Background(), p, func(e Event) { got = append(got, fmt.Sprintf("%d %s", e.Step, e.State)) })
	want := []string{"0 running", "0 done", "1 running", "1 failed", "1 undoing", "1 left", "0 undoing", "0 undone"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever fails to be done, if all can be undone nothing stands.
func TestApplyAllOrNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := world{}
		n := rapid.IntRange(0, 8).Draw(t, "steps")
		bad := rapid.IntRange(-1, n-1).Draw(t, "failing")
		var p Plan
		for i := range n {
			s := &toggle{world: w, name: fmt.Sprint(i)}
			if i == bad {
				s.doErr, s.halfway = errors.New("boom"), rapid.Bool().Draw(t, "halfway")
			}
			p.Steps = append(p.Steps, s)
		}
		r := Apply(context.Background(), p, nil)
		switch {
		case bad < 0 && (len(w) != n || !r.OK()):
			t.Fatalf("%d of %d stand, %v", len(w), n, r.Err)
		case bad >= 0 && (len(w) != 0 || r.OK()):
			t.Fatalf("%v still stands", w)
		}
	})
}

func TestSummary(t *testing.T) {
	w := world{}
	if got := (Plan{}).Summary(); got != "no changes" {
		t.Errorf("empty: %q", got)
	}
	if got := (Plan{Steps: []Step{&toggle{world: w}, &toggle{world: w}}}).Summary(); got != "2 to add, 0 to change, 0 to remove" {
		t.Errorf("got %q", got)
	}
}
