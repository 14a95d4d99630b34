package plan

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Together is a step that may run at the same time as its neighbours with the same word: none of them
// needs what another does. "" is none.
type Together interface {
	Step
	Together() string
}

// atOnce is how many steps run at the same time. An API that is asked by more at once answers none of them
// sooner.
const atOnce = 8

func together(s Step) string {
	if t, ok := s.(Together); ok {
		return t.Together()
	}
	return ""
}

// neighbours is how many of the first steps may run at the same time.
func neighbours(steps []Step) int {
	word := together(steps[0])
	if n := slices.IndexFunc(steps[1:], func(s Step) bool { return word == "" || together(s) != word }); n >= 0 {
		return n + 1
	}
	return len(steps)
}

// neighboursBefore is how many of the last steps may run at the same time.
func neighboursBefore(steps []Step) int {
	n, word := 1, together(steps[len(steps)-1])
	for word != "" && n < len(steps) && together(steps[len(steps)-1-n]) == word {
		n++
	}
	return n
}

// doAll carries out the steps from first on, at the same time. After a failure, or when ctx ends, no further
// one is begun. begun is how many of all steps may have changed something.
func doAll(ctx context.Context, steps []Step, first int, emit func(Event)) (begun int, err error) {
	var failed atomic.Bool
	begun = first
	run(len(steps)-first, emit, func() bool { return !failed.Load() && ctx.Err() == nil }, func(n int, emit func(Event)) {
		i := first + n
		change, start := steps[i].Change(), time.Now()
		emit(Event{Step: i, Change: change, State: Running})
		sctx, cancel := doing(noting(ctx, i, change, start, emit), steps[i])
		defer cancel()
		if err := steps[i].Do(sctx); err != nil {
			failed.Store(true)
			emit(Event{Step: i, Change: change, State: Failed, Err: err, Elapsed: time.Since(start)})
			return
		}
		emit(Event{Step: i, Change: change, State: Done, Elapsed: time.Since(start)})
	}, func(e Event) {
		begun = max(begun, e.Step+1)
		if e.State == Failed && err == nil {
			err = e.Err
		}
	})
	if err == nil && begun < len(steps) {
		err = ctx.Err()
	}
	return begun, err
}

// undoAll undoes the steps from first on, at the same time, and returns the errors of each.
func undoAll(ctx context.Context, steps []Step, first int, emit func(Event)) []error {
	errs := make([]error, len(steps)-first)
	run(len(errs), emit, func() bool { return true }, func(n int, emit func(Event)) {
		i := len(steps) - 1 - n // newest first
		change, start := steps[i].Change(), time.Now()
		emit(Event{Step: i, Change: change, State: Undoing})
		uctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
		defer cancel()
		if err := steps[i].Undo(uctx); err != nil {
			errs[i-first] = err
			emit(Event{Step: i, Change: change, State: Left, Err: err, Elapsed: time.Since(start)})
			return
		}
		emit(Event{Step: i, Change: change, State: Undone, Elapsed: time.Since(start)})
	}, func(Event) {})
	return errs
}

// run calls work for 0 to n-1, [atOnce] at a time and in order, as long as there is reason to go on. What it
// emits is seen, and passed on, by this goroutine alone.
func run(n int, emit func(Event), goOn func() bool, work func(n int, emit func(Event)), seen func(Event)) {
	if n == 1 { // which is most: nothing runs beside it
		work(0, func(e Event) { seen(e); emit(e) })
		return
	}
	events, turns := make(chan Event), make(chan struct{}, atOnce)
	go func() {
		var all sync.WaitGroup
		defer close(events)
		defer all.Wait()
		for i := range n {
			turns <- struct{}{}
			if !goOn() {
				return
			}
			all.Go(func() {
				work(i, func(e Event) { events <- e })
				<-turns
			})
		}
	}()
	for e := range events {
		seen(e)
		emit(e)
	}
}
