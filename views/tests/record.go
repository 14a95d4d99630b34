package tests

import (
	"time"

	"portico/gateway/probe"
	"portico/views/widget"
)

// What is kept of one forward: so many results, and so many changes between them.
const (
	keptResults = 60
	keptChanges = 24
)

// result is what is kept of one test.
type result struct {
	at      time.Time
	outcome probe.Outcome
	latency time.Duration
}

// change is a test that ended otherwise than the one before it.
type change struct {
	at      time.Time
	outcome probe.Outcome
	detail  string
}

// record is what tests have said of one end, oldest first. It is bounded.
type record struct {
	results []result
	changes []change
	last    probe.Result
	asked   time.Time // when the last test was asked for, or began
	pending bool      // one that was asked for has brought no result yet
}

// add notes one result.
func (r *record) add(p probe.Result) {
	if len(r.results) == 0 || r.last.Outcome != p.Outcome {
		r.changes = push(r.changes, change{p.At, p.Outcome, p.Detail}, keptChanges)
	}
	r.results = push(r.results, result{p.At, p.Outcome, p.Latency}, keptResults)
	r.last, r.pending = p, false
	if p.At.After(r.asked) {
		r.asked = p.At
	}
}

// push appends and forgets the oldest.
func push[T any](list []T, x T, most int) []T {
	if len(list) >= most {
		copy(list, list[len(list)-most+1:])
		list = list[:most-1]
	}
	return append(list, x)
}

// known reports whether there was a result at all.
func (r *record) known() bool { return len(r.results) > 0 }

// ask notes that a test was asked for.
func (r *record) ask(now time.Time) { r.asked, r.pending = now, true }

// since is when the present outcome was seen first.
func (r *record) since() time.Time {
	if len(r.changes) == 0 {
		return time.Time{}
	}
	return r.changes[len(r.changes)-1].at
}

// beats are the results as a sparkline draws them.
func (r *record) beats() []widget.Beat {
	out := make([]widget.Beat, len(r.results))
	for i, x := range r.results {
		out[i] = widget.Beat{Latency: x.latency, Failed: bad(x.outcome), Unknown: x.outcome == probe.Unknown}
	}
	return out
}

// uptime is how many of the results that tell something were good: of 100; ok is false when none does.
func (r *record) uptime() (percent int, ok bool) {
	good, all := 0, 0
	for _, x := range r.results {
		if x.outcome == probe.OK {
			good++
		}
		if x.outcome == probe.OK || bad(x.outcome) {
			all++
		}
	}
	if all == 0 {
		return 0, false
	}
	return good * 100 / all, true // 99 of 100 is not all: it is rounded down
}

// shaky reports whether it answers, but has not always done so of late.
func (r *record) shaky() bool {
	if r.last.Outcome != probe.OK {
		return false
	}
	for _, x := range r.results[max(0, len(r.results)-20):] {
		if bad(x.outcome) {
			return true
		}
	}
	return false
}

// steady reports whether nothing has changed for so many results.
func (r *record) steady(n int) bool {
	if len(r.results) < n || r.last.Outcome != probe.OK {
		return false
	}
	for _, x := range r.results[len(r.results)-n:] {
		if x.outcome != probe.OK {
			return false
		}
	}
	return true
}

// bad reports whether an outcome is trouble; that there is none yet is not.
func bad(o probe.Outcome) bool { return o != "" && probe.Result{Outcome: o}.Bad() }
