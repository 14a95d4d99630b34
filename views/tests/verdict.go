package tests

import (
	"fmt"
	"time"

	"portico/gateway/probe"
	"portico/views"
)

// Outcome is a test's outcome in words: "timed out".
func Outcome(o probe.Outcome) string {
	if o == probe.Timeout {
		return "timed out"
	}
	return string(o)
}

// Lasting says how long an outcome has been seen: "ok for 12 min", "timed out since 12:03".
func Lasting(o probe.Outcome, since, now time.Time) string {
	return Outcome(o) + " " + lasting(o, since, now)
}

func lasting(o probe.Outcome, since, now time.Time) string {
	if o == probe.OK {
		return "for " + Span(now.Sub(since))
	}
	return "since " + clock(since, now)
}

// Span is a time that has passed as one says it: "40 s", "12 min", "3 h", "2 d".
func Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, int(d.Seconds())))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// clock is a past time as one says it: today's by the clock, others by the day.
func clock(at, now time.Time) string {
	at = at.In(now.Location())
	if y, d := at.Year(), at.YearDay(); y == now.Year() && d == now.YearDay() {
		return at.Format("15:04")
	}
	return views.When(at, now, true)
}

// Verdict says which side is broken, from what is seen from here and by the gateway; a zero outcome
// is one that was not asked for yet. noSNAT says that the instance sees who asks, and not the gateway.
func Verdict(here, gw probe.Outcome, noSNAT bool) (what, advice string) {
	switch {
	case here == "":
		return "not tested yet", ""
	case here == probe.Unknown:
		return fromInside(gw)
	case here == probe.OK && bad(gw):
		return "it works, though the instance does not answer the gateway itself", ""
	case here == probe.OK:
		return "it works", ""
	case here == probe.Wrong:
		return "another service answers at this port", "look at what listens on the instance's port"
	case gw == probe.Refused:
		return "the instance is there, and refuses: nothing listens on the port", "look at the service on the instance"
	case gw == probe.OK && noSNAT:
		return "the instance answers the gateway: what is broken lies between you and the instance", "look at the gateway's security group and rules, and at the instance's group: it sees your address, not the gateway's"
	case gw == probe.OK:
		return "the instance answers the gateway: what is broken lies between you and the gateway", "look at the floating IP, the gateway's security group and its rules"
	case bad(gw):
		return "the instance does not answer the gateway either: what is broken lies behind the gateway", behind(gw)
	case gw == probe.Unknown:
		return "which side is broken is not known", ""
	}
	return "whether the instance answers the gateway is being asked", ""
}

// fromInside is the verdict where nothing can be told from here.
func fromInside(gw probe.Outcome) (what, advice string) {
	switch {
	case gw == probe.OK:
		return "the instance answers the gateway; whether it can be reached from outside is not known", ""
	case bad(gw):
		return "the instance does not answer the gateway", behind(gw)
	}
	return "nothing can be told", ""
}

// behind says what to look at on the instance's side.
func behind(gw probe.Outcome) string {
	switch gw {
	case probe.Refused:
		return "nothing listens on the port: look at the service on the instance"
	case probe.Wrong:
		return "look at what listens on the instance's port"
	case probe.OK, probe.Timeout, probe.Unknown:
	}
	return "look at the instance, its security groups and its own firewall"
}
