package views

import (
	"fmt"
	"time"
)

// Countdown is the time that is left as a clock shows it: "0:57". There is never less than none.
func Countdown(left time.Duration) string {
	s := max(0, int(left.Round(time.Second).Seconds()))
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// When is a past time as one says it, in now's time zone: "21 Nov 12:22", or with a year that is not
// now's "21 Nov 2025". Short leaves out what tells least: "21 Nov", "Nov 2025".
func When(at, now time.Time, short bool) string {
	at = at.In(now.Location())
	switch {
	case at.Year() != now.Year() && short:
		return at.Format("Jan 2006")
	case at.Year() != now.Year():
		return at.Format("_2 Jan 2006")
	case short:
		return at.Format("_2 Jan")
	}
	return at.Format("_2 Jan 15:04")
}
