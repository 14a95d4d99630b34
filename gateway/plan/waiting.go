package plan

import (
	"context"
	"time"
)

// Waiting is a step that waits for something to come about by itself, such as a machine that boots. Its Do
// ends when its caller's context does, as waiting changes nothing, and may take as long as Patience.
type Waiting interface {
	Step
	Patience() time.Duration
}

// doing is the context of a step's Do.
func doing(ctx context.Context, s Step) (context.Context, context.CancelFunc) {
	if w, ok := s.(Waiting); ok {
		return context.WithTimeout(ctx, w.Patience())
	}
	return context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
}

// noteKey is where a context holds the function that [Note] calls.
type noteKey struct{}

// Note says, from within a step's Do, what the step sees at the moment: it becomes an [Event] of the
// running step. Elsewhere it says nothing.
func Note(ctx context.Context, text string) {
	if tell, ok := ctx.Value(noteKey{}).(func(string)); ok {
		tell(text)
	}
}

// noting lets the step notes be told as events.
func noting(ctx context.Context, i int, c Change, start time.Time, emit func(Event)) context.Context {
	last := ""
	return context.WithValue(ctx, noteKey{}, func(text string) {
		if text != last {
			last = text
			emit(Event{Step: i, Change: c, State: Running, Note: text, Elapsed: time.Since(start)})
		}
	})
}
