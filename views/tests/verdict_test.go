package tests

import (
	"strings"
	"testing"
	"time"

	"portico/gateway/probe"
)

func TestVerdict(t *testing.T) {
	cases := []struct {
		here, gw     probe.Outcome
		noSNAT       bool
		what, advice string
	}{
		{"", "", false, "not tested yet", ""},
		{probe.OK, "", false, "it works", ""},
		{probe.OK, probe.OK, false, "it works", ""},
		{probe.OK, probe.Refused, false, "it works, though", ""},
		{probe.Timeout, "", false, "is being asked", ""},
		{probe.Timeout, probe.Unknown, false, "is not known", ""},
		{probe.Timeout, probe.OK, false, "between you and the gateway", "floating IP"},
		{probe.Timeout, probe.OK, true, "between you and the instance", "it sees your address"},
		{probe.Timeout, probe.Timeout, false, "behind the gateway", "security groups"},
		{probe.Refused, probe.Refused, false, "nothing listens", "the service"},
		{probe.Timeout, probe.Wrong, false, "behind the gateway", "what listens"},
		{probe.Unknown, probe.Refused, false, "does not answer", "nothing listens"},
		{probe.Wrong, probe.Wrong, false, "another service", "listens"},
		{probe.Unknown, probe.OK, false, "answers the gateway; whether", ""},
		{probe.Unknown, probe.Timeout, false, "does not answer the gateway", "firewall"},
		{probe.Unknown, "", false, "nothing can be told", ""},
	}
	for _, c := range cases {
		what, advice := Verdict(c.here, c.gw, c.noSNAT)
		if !strings.Contains(what, c.what) || !strings.Contains(advice, c.advice) || c.advice == "" && advice != "" {
			t.Errorf("%q from here, %q by the gateway: %q, %q; want %q, %q", c.here, c.gw, what, advice, c.what, c.advice)
		}
	}
}

func TestLasting(t *testing.T) {
	now := time.Date(2026, 3, 14, 12, 15, 0, 0, time.UTC)
	cases := []struct {
		outcome probe.Outcome
		since   time.Duration
		want    string
	}{
		{probe.OK, 40 * time.Second, "ok for 40 s"}, {probe.OK, 12 * time.Minute, "ok for 12 min"}, {probe.OK, 5 * time.Hour, "ok for 5 h"}, {probe.OK, 72 * time.Hour, "ok for 3 d"},
		{probe.Timeout, 12 * time.Minute, "timed out since 12:03"}, {probe.Refused, 13 * time.Hour, "refused since 13 Mar"},
	}
	for _, c := range cases {
		if got := Lasting(c.outcome, now.Add(-c.since), now); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// What is kept is bounded, and what is kept is the newest.
func TestRecordIsBounded(t *testing.T) {
	var r record
	at := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	for i := range 10 * keptResults {
		o := probe.OK
		if i%2 == 1 {
			o = probe.Timeout
		}
		r.add(probe.Result{Outcome: o, At: at.Add(time.Duration(i) * time.Second)})
	}
	if len(r.results) != keptResults || len(r.changes) != keptChanges || cap(r.results) > 2*keptResults || cap(r.changes) > 2*keptChanges {
		t.Errorf("%d results of %d, %d changes of %d", len(r.results), cap(r.results), len(r.changes), cap(r.changes))
	}
	if last := at.Add((10*keptResults - 1) * time.Second); r.results[keptResults-1].at != last || r.since() != last {
		t.Errorf("the newest is of %v", r.results[keptResults-1].at)
	}
	if up, ok := r.uptime(); !ok || up != 50 {
		t.Errorf("up %d", up)
	}
	var none record
	none.add(probe.Result{Outcome: probe.Unknown})
	if up, ok := none.uptime(); ok {
		t.Errorf("what is not known is up %d", up)
	}
}
