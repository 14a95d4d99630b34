package plan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// shared is a world whose steps may run at the same time.
type shared struct {
	mu    sync.Mutex
	names map[string]bool
}

func (w *shared) set(name string, stands bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.names[name] = stands; !stands {
		delete(w.names, name)
	}
}

// neighbour is a step that makes a name stand, beside others of its word.
type neighbour struct {
	world          *shared
	name, word     string
	doErr, undoErr error
	during         func()
}

func (s *neighbour) Change() Change   { return Change{ID: s.name, Action: Create} }
func (s *neighbour) Together() string { return s.word }

func (s *neighbour) Do(context.Context) error {
	if s.during != nil {
		s.during()
	}
	s.world.set(s.name, true) // also where it fails: halfway
	return s.doErr
}

func (s *neighbour) Undo(context.Context) error {
	if s.undoErr == nil {
		s.world.set(s.name, false)
	}
	return s.undoErr
}

// Steps of one word run at the same time, as many as may and no more; those after them wait for all.
func TestTogether(t *testing.T) {
	w := &shared{names: map[string]bool{}}
	var running, most atomic.Int32
	met := make(chan struct{})
	all := sync.OnceFunc(func() { close(met) })
	var plan Plan
	for i := range 3 * atOnce {
		plan.Steps = append(plan.Steps, &neighbour{world: w, name: fmt.Sprint(i), word: "ports", during: func() {
			n := running.Add(1)
			defer running.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			if n == atOnce {
				all() // they go on when there are so many
			}
			<-met
		}})
	}
	plan.Steps = append(plan.Steps, &neighbour{world: w, name: "last", during: func() {
		if running.Load() != 0 || len(w.names) != 3*atOnce {
			t.Errorf("%d still run, %d stand", running.Load(), len(w.names))
		}
	}})
	if r := Apply(t.Context(), plan, nil); !r.OK() || len(r.Done) != len(plan.Steps) || most.Load() != atOnce {
		t.Errorf("%d at once; %+v", most.Load(), r)
	}
}

// Whatever fails: all stands, or nothing but what is listed as left; and each step is told in an order that a
// screen can follow.
func TestTogetherAllOrNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &shared{names: map[string]bool{}}
		var p Plan
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		fails := false
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			s := &neighbour{world: w, name: fmt.Sprint(i), word: rapid.SampledFrom([]string{"", "a", "a", "b"}).Draw(t, "word")}
			switch rapid.IntRange(0, 19).Draw(t, "fate") {
			case 0:
				s.doErr, fails = errors.New("does not do"), true
			case 1:
				s.undoErr = errors.New("does not undo")
			case 2:
				s.during = cancel
			}
			p.Steps = append(p.Steps, s)
		}
		last := map[int]State{}
		r := Apply(ctx, p, func(e Event) {
			if was := last[e.Step]; e.State <= was {
				t.Errorf("step %d is %s after %s", e.Step, e.State, was)
			}
			last[e.Step] = e.State
		})
		var want []string
		for _, c := range r.Left {
			want = append(want, c.ID)
		}
		if r.OK() {
			if len(r.Done) != len(p.Steps) || fails {
				t.Errorf("%d of %d done, and one had to fail: %v", len(r.Done), len(p.Steps), fails)
			}
			return
		}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(w.names)); !slices.Equal(got, want) || len(r.Left) != len(r.Undo) {
			t.Errorf("%v stands, %v is left, %d errors", got, want, len(r.Undo))
		}
	})
}
