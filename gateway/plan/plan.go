// Package plan holds ordered, previewed sets of changes and the one way of carrying them out.
//
//	Pending -> Running -> Done            every step succeeded
//	                   -> Failed -> Undoing -> Undone | Left     steps before it, in reverse
//
// It knows neither SSH nor OpenStack: a step is anything that can say what it changes, do it,
// and undo it.
package plan

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Action is what a change does to its target; the rune is its symbol on screen.
type Action rune

// The actions.
const (
	Create Action = '+'
	Update Action = '~'
	Delete Action = '-'
)

// MarshalText makes JSON show the symbol.
func (a Action) MarshalText() ([]byte, error) { return []byte(string(a)), nil }

// UnmarshalText reads the symbol back.
func (a *Action) UnmarshalText(text []byte) error {
	for _, known := range []Action{Create, Update, Delete} {
		if string(text) == string(known) {
			*a = known
			return nil
		}
	}
	return fmt.Errorf("no action: %q", text)
}

// Change is what a step will do, in words and as lines of before and after.
type Change struct {
	ID     string   `json:"id"`
	Target string   `json:"target"` // where: "gw-1 iptables nat", "security group portico-gw-1"
	Title  string   `json:"title"`  // what: "allow tcp 30011 from anywhere"
	Action Action   `json:"action"`
	Before []string `json:"before,omitempty"`
	After  []string `json:"after,omitempty"`
	// Shell is the same change as commands an operator could type; rules on standard input
	// follow as a here-document.
	Shell []string `json:"shell,omitempty"`
	// Host is where Shell is typed, as root; empty is the operator's own machine.
	Host string `json:"host,omitempty"`
	// Cleanup is how an operator takes the change back by hand, should Undo fail.
	Cleanup []string `json:"cleanup,omitempty"`
}

// Step is one change that can be done and undone.
type Step interface {
	Change() Change
	// Do makes the change. It must notice by itself when its target is not as planned.
	Do(ctx context.Context) error
	// Undo brings the target back to what it was before Do. It is also called after a Do that
	// failed, and must then leave the target as it was, whatever Do had reached.
	Undo(ctx context.Context) error
}

// Warning is something the operator should read before saying yes.
type Warning struct {
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
}

// Fingerprint is a digest of something a plan was made from.
type Fingerprint struct {
	Source string `json:"source"`
	Value  string `json:"value"`
}

// Plan is an ordered set of steps. It is immutable once made.
type Plan struct {
	ID       string
	Steps    []Step
	Warnings []Warning
	Base     []Fingerprint
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Steps) == 0 }

// Changes lists what the steps will do, in order.
func (p Plan) Changes() []Change {
	out := make([]Change, 0, len(p.Steps))
	for _, s := range p.Steps {
		out = append(out, s.Change())
	}
	return out
}

// Summary counts the changes: "4 to add, 1 to change, 0 to remove".
func (p Plan) Summary() string {
	var add, change, remove int
	for _, s := range p.Steps {
		switch s.Change().Action {
		case Create:
			add++
		case Update:
			change++
		case Delete:
			remove++
		}
	}
	if add+change+remove == 0 {
		return "no changes"
	}
	return fmt.Sprintf("%d to add, %d to change, %d to remove", add, change, remove)
}

// Compare lists the changes that only the new one of two plans makes, and those that only the old
// one does.
func Compare(old, now Plan) (added, gone []Change) {
	only := func(a, b []Change) []Change {
		return slices.DeleteFunc(slices.Clone(a), func(c Change) bool {
			return slices.ContainsFunc(b, func(o Change) bool {
				return c.Target == o.Target && c.Title == o.Title && slices.Equal(c.Before, o.Before) && slices.Equal(c.After, o.After)
			})
		})
	}
	before, after := old.Changes(), now.Changes()
	return only(after, before), only(before, after)
}

// State is where a step stands while a plan is applied.
type State int

// The states of a step.
const (
	Pending State = iota
	Running
	Done
	Failed  // Do failed; the plan is being undone
	Undoing // Undo is running
	Undone  // back to what it was
	Left    // Undo failed: what Do had changed may still stand
)

// String names the state.
func (s State) String() string {
	names := [...]string{"pending", "running", "done", "failed", "undoing", "undone", "left"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("state %d", int(s))
	}
	return names[s]
}

// Event tells that a step has entered a state.
type Event struct {
	Step    int // index into Plan.Steps
	Change  Change
	State   State
	Err     error         // for Failed and Left
	Elapsed time.Duration // how long Do or Undo took; 0 when it starts
	Note    string        // what a running step sees at the moment; its Elapsed is how long it has run
}

// Report says how applying a plan ended. When Err is nil everything was done; otherwise Undone
// lists what was taken back, newest first, and Left what could not be.
type Report struct {
	PlanID string
	Done   []Change
	Undone []Change
	Left   []Change
	Err    error   // the failure that stopped the plan
	Undo   []error // the failures to undo, one for each of Left
}

// OK reports whether everything was done.
func (r Report) OK() bool { return r.Err == nil }

// stepTimeout bounds one Do or Undo that is not [Waiting]. Neither ends with the caller's context: a change that is
// cut off may still happen out there after it was taken for undone. An interrupted plan ends
// between two steps, and is then undone.
const stepTimeout = 2 * time.Minute

// Apply carries out a plan: all steps in order, or, after a failure or when ctx ends, none: what
// was done is undone in reverse. emit, if not nil, is called in order from this goroutine.
func Apply(ctx context.Context, p Plan, emit func(Event)) Report {
	if emit == nil {
		emit = func(Event) {}
	}
	report := Report{PlanID: p.ID}
	for first := 0; first < len(p.Steps); {
		if err := ctx.Err(); err != nil {
			report.Err = err
			return undo(ctx, p.Steps[:first], report, emit)
		}
		next := first + neighbours(p.Steps[first:])
		begun, err := doAll(ctx, p.Steps[:next], first, emit)
		if err != nil {
			report.Err = err
			return undo(ctx, p.Steps[:begun], report, emit)
		}
		for _, s := range p.Steps[first:next] {
			report.Done = append(report.Done, s.Change())
		}
		first = next
	}
	return report
}

// Undo takes back a plan whose steps were all done, in reverse, because of err. It does not end
// with ctx.
func Undo(ctx context.Context, p Plan, err error, emit func(Event)) Report {
	if emit == nil {
		emit = func(Event) {}
	}
	return undo(ctx, p.Steps, Report{PlanID: p.ID, Err: err}, emit)
}

func undo(ctx context.Context, steps []Step, report Report, emit func(Event)) Report {
	report.Done = nil
	for last := len(steps); last > 0; {
		first := last - neighboursBefore(steps[:last])
		for i, err := range slices.Backward(undoAll(ctx, steps[:last], first, emit)) {
			change := steps[first+i].Change()
			if err != nil {
				report.Left = append(report.Left, change)
				report.Undo = append(report.Undo, err)
				continue
			}
			report.Undone = append(report.Undone, change)
		}
		last = first
	}
	return report
}
