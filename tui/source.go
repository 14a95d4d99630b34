package tui

import (
	"time"

	"portico/cloud"
)

// source is one thing that is read again and again: one read in flight, longer waits after
// failures, and no end to trying, but where a human has to do something first.
type source struct {
	every time.Duration
	busy  bool
	began time.Time // the read in flight
	asked bool      // has been read at least once, with whatever end
	ended time.Time // when the last read ended
	at    time.Time // when the last good data was read
	err   error     // of the last read
	fails int
	wait  time.Duration // from ended to the next read

	// stopped waits for the operator: credentials that are refused again and again can lock an
	// account, and a question that was answered with no is not to be asked by itself.
	stopped bool
}

const (
	longestWait = 60 * time.Second
	blurFactor  = 4
)

// due reports whether it is time for the next read. While nobody looks, reads are rare.
func (s *source) due(now time.Time, blurred bool) bool {
	wait := s.wait
	if blurred {
		wait = max(longestWait, blurFactor*s.every)
	}
	return !s.busy && !s.stopped && !now.Before(s.ended.Add(wait))
}

// done notes how a read ended. jitter is 0..1.
func (s *source) done(now time.Time, err error, jitter float64) {
	s.busy, s.asked, s.ended, s.err = false, true, now, err
	if err == nil {
		s.fails, s.wait, s.at = 0, s.every, now
		return
	}
	s.fails++
	kind := cloud.KindOf(err)
	s.stopped = kind == cloud.Auth || kind == cloud.HostKey
	s.wait = backoff(s.every, s.fails, jitter)
}

// drop forgets the read in flight: what it brings is out of date. The next one is due at once.
func (s *source) drop() { s.busy, s.stopped, s.ended, s.wait = false, false, time.Time{}, 0 }

// begin notes that a read is under way.
func (s *source) begin(now time.Time) { s.busy, s.began = true, now }

// hangs reports whether the read in flight takes so long that what was read before says nothing
// of the present.
func (s *source) hangs(now time.Time) bool { return s.busy && now.Sub(s.began) > 3*s.every }

// backoff doubles the wait with each failure up to a minute, and takes up to a quarter off so
// that many consoles do not ask at once.
func backoff(every time.Duration, fails int, jitter float64) time.Duration {
	d := every
	for range min(fails-1, 10) {
		d = min(2*d, longestWait)
	}
	return d - time.Duration(jitter*float64(d)/4)
}

// stale reports whether the data is older than it should be.
func (s *source) stale(now time.Time) bool {
	return !s.at.IsZero() && now.Sub(s.at) > 3*max(s.every, cloudEvery)
}
