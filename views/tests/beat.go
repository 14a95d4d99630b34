package tests

import (
	"time"

	"portico/gateway"
	"portico/gateway/probe"
	"portico/views"
)

// How often forwards are tested: those in sight, those of them that have long been well, those that
// are out of sight, and those in sight of nobody.
const (
	every   = 30 * time.Second
	relaxed = time.Minute
	seldom  = 5 * time.Minute
	unseen  = 2 * time.Minute
)

// steadyAfter is how many good results in a row make a forward one that has long been well.
const steadyAfter = 20

// atOnce bounds the tests that are under way, on either side.
const atOnce = 16

// lost is after how long a test that brought no result is no longer waited for.
const lost = time.Minute

// beat asks for the tests that are due: first what is in sight, then the rest in the list's order.
func (s *Screen) beat(m views.BeatMsg) views.Intent {
	if s.paused || s.snapshot.Snapshot.State == nil {
		return nil
	}
	d := due{now: m.At, calm: m.Calm}
	for _, t := range s.tracks {
		d.here += t.here.flying(m.At)
		d.gw += t.gw.flying(m.At)
	}
	if r, ok := s.list.Current(); ok && s.Nested() {
		d.take(r, true, true)
	} else {
		for _, r := range s.list.InSight() {
			d.take(r, true, r.here.known() && r.here.last.Outcome != probe.OK)
		}
	}
	for _, r := range s.list.InOrder() {
		d.take(r, false, false)
	}
	if len(d.watch.Forwards)+len(d.watch.Gateway) == 0 {
		return nil
	}
	return d.watch
}

// due collects what is to be tested now.
type due struct {
	now      time.Time
	calm     bool
	here, gw int // under way
	watch    views.Watch
}

// take adds a forward if its time has come and there is room. An instance that does not run does
// not answer anybody.
func (d *due) take(r row, inSight, ask bool) {
	if r.state != "" {
		return
	}
	if d.here < atOnce && !r.running && r.here.due(d.now, d.wait(r, inSight)) {
		r.here.ask(d.now)
		d.here++
		d.watch.Forwards = append(d.watch.Forwards, r.Forward)
	}
	if ask && d.gw < atOnce && r.Service.Protocol == gateway.TCP && r.gw.due(d.now, d.wait(r, inSight)) {
		r.gw.ask(d.now)
		d.gw++
		d.watch.Gateway = append(d.watch.Gateway, r.Forward)
	}
}

func (d *due) wait(r row, inSight bool) time.Duration {
	switch {
	case !inSight:
		return seldom
	case d.calm:
		return unseen
	case r.here.steady(steadyAfter):
		return relaxed
	}
	return every
}

// flying is 1 while a test that was asked for has brought no result.
func (r *record) flying(now time.Time) int {
	if r.pending && now.Sub(r.asked) < lost {
		return 1
	}
	return 0
}

// due reports whether it is time for the next test.
func (r *record) due(now time.Time, wait time.Duration) bool {
	return r.flying(now) == 0 && now.Sub(r.asked) >= wait
}
