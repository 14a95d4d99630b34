package views_test

import (
	"testing"
	"time"

	"portico/gateway/probe"
	"portico/views"
	"portico/views/viewtest"
)

// Results of forwards that are gone, or lead elsewhere, are forgotten. One that came after the gateway
// was read stays until it is read again: the forward may be newer than what was read.
func TestTestsForget(t *testing.T) {
	p := viewtest.Small()
	fs := p.State.Forwards
	read := viewtest.Start
	snapshot := func() views.SnapshotMsg {
		read = read.Add(5 * time.Second)
		s := p.Snapshot()
		state := *s.State
		s.State = &state
		return views.SnapshotMsg{Snapshot: s, CloudAt: read, GatewayAt: read}
	}
	var tests views.Tests
	known := func(want ...bool) {
		t.Helper()
		for i, w := range want {
			if _, ok, _ := tests.Of(fs[i].Key()); ok != w {
				t.Errorf("forward %d is known: %v", i, ok)
			}
		}
	}
	p.State.Forwards = fs[:2]
	tests.Keep(snapshot())
	for _, f := range fs[:3] { // the third is being made
		tests.Take(views.ProbeMsg{Key: f.Key(), Result: probe.Result{Outcome: probe.OK}})
	}
	known(true, true, true)
	m := snapshot()
	m.GatewayAt = read.Add(-5 * time.Second) // the cloud was read anew, and the gateway not
	tests.Keep(m)
	known(true, true, true)
	m.Snapshot.State, m.GatewayAt = nil, read
	tests.Keep(m)
	known(true, true, true)
	p.State.Forwards = fs[:3]
	tests.Keep(snapshot())
	known(true, true, true)
	p.State.Forwards = append(fs[:0:0], fs[1:3]...)
	p.State.Forwards[0].Private = fs[0].Private // leads elsewhere
	tests.Keep(snapshot())
	known(false, false, true)
	p.State.Forwards = nil
	tests.Keep(snapshot())
	known(false, false, false)
}
