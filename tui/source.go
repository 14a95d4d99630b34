package tui

import "time"

// source is one thing that is read again and again: one read in flight, longer waits after
// failures, and never an end to trying.
type source struct {
	every time.Duration
	busy  bool
	asked bool      // has been read at least once, with whatever end
	ended time.Time // when the last read ended
	at    time.Time // when the last good data was read
	err   error     // of the last read
	fails int
	wait  time.Duration // from ended to the next read
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
	return !s.busy && !now.Before(s.ended.Add(wait))
}

// done notes how a read ended. jitter is 0..1.
func (s *source) done(now time.Time, err error, jitter float64) {
	s.busy, s.asked, s.ended, s.err = false, true, now, err
	if err == nil {
		s.fails, s.wait, s.at = 0, s.every, now
		return
	}
	s.fails++
	s.wait = backoff(s.every, s.fails, jitter)
}

// drop forgets the read in flight: what it brings is out of date. The next one is due at once.
func (s *source) drop() { s.busy, s.ended, s.wait = false, time.Time{}, 0 }

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
