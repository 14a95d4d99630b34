package tui

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"portico/tui/effects/effectstest"
)

func TestBackoff(t *testing.T) {
	for fails, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 3: 20 * time.Second, 4: 40 * time.Second, 5: time.Minute, 1000000: time.Minute} {
		if got := backoff(5*time.Second, fails, 0); got != want {
			t.Errorf("after %d failures: %s, want %s", fails, got, want)
		}
	}
}

func TestBackoffNeverGivesUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every := time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second
		got := backoff(every, rapid.IntRange(1, 1<<30).Draw(t, "failures"), rapid.Float64Range(0, 1).Draw(t, "jitter"))
		if got < every*3/4 || got > longestWait {
			t.Fatalf("the wait is %s", got)
		}
	})
}

func TestSource(t *testing.T) {
	now := effectstest.Start
	s := source{every: 5 * time.Second}
	if !s.due(now, false) {
		t.Error("the first read is not due")
	}
	s.busy = true
	if s.due(now.Add(time.Hour), false) {
		t.Error("a second read is due while one runs")
	}
	s.done(now, nil, 0)
	for after, want := range map[time.Duration]bool{4 * time.Second: false, 5 * time.Second: true} {
		if s.due(now.Add(after), false) != want {
			t.Errorf("after %s: due is %v", after, !want)
		}
	}
	if s.due(now.Add(59*time.Second), true) || !s.due(now.Add(time.Minute), true) {
		t.Error("while nobody looks it is not read once a minute")
	}
	if s.stale(now.Add(44*time.Second)) || !s.stale(now.Add(46*time.Second)) {
		t.Error("data is not stale after three intervals")
	}
	s.done(now.Add(time.Minute), errors.New("x"), 0)
	if s.at != now {
		t.Error("a failure made the data younger")
	}
	s.drop()
	if !s.due(now.Add(time.Minute), false) {
		t.Error("what was dropped is not due at once")
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s ago", 59 * time.Second: "59 s ago", 60 * time.Second: "1 min ago", 3 * time.Hour: "3 h ago", 72 * time.Hour: "3 d ago",
	} {
		if got := ago(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}
