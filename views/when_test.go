package views_test

import (
	"testing"
	"time"

	"portico/views"
)

func TestWhen(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 30, 0, 0, time.FixedZone("CET", 3600)) // in UTC it is still last year
	for _, c := range []struct {
		ago         time.Duration
		long, short string
	}{
		{0, " 1 Jan 00:30", " 1 Jan"},
		{29 * time.Minute, " 1 Jan 00:01", " 1 Jan"},
		{40 * time.Minute, "31 Dec 2025", "Dec 2025"},
	} {
		at := now.Add(-c.ago).UTC()
		if long, short := views.When(at, now, false), views.When(at, now, true); long != c.long || short != c.short {
			t.Errorf("%v ago: %q and %q, want %q and %q", c.ago, long, short, c.long, c.short)
		}
	}
}
