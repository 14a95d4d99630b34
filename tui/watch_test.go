package tui

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/tui/effects"
	"portico/tui/effects/effectstest"
)

// slowProbe lets tests of forwards wait until they are released.
type slowProbe struct {
	*effectstest.Backend
	gate chan struct{}
}

func (s *slowProbe) Probe(ctx context.Context, fs []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	if s.gate != nil {
		<-s.gate
	}
	return s.Backend.Probe(ctx, fs, emit)
}

// The Tests tab tests on a beat, and only while it is in sight.
func TestTestsTabProbesOnABeat(t *testing.T) {
	b := effectstest.Project()
	b.Inside = map[netip.AddrPort]probe.Outcome{b.State.Forwards[4].Private: probe.Timeout}
	d := drive(t, b, 120, 30).start()
	d.pass(50 * time.Second)
	before := b.Calls("Probe")
	d.keys("5")
	d.pass(2 * time.Second)
	d.shows("1 with trouble", "▸ jupyter", "every 30 s", "since 09:26")
	if n := b.Calls("Probe"); n <= before || b.Calls("ProbeFromGateway") == 0 {
		t.Errorf("%d tests from here, %d by the gateway", n-before, b.Calls("ProbeFromGateway"))
	}
	d.hides("testing") // quiet tests are nothing to wait for
	d.keys("enter")
	d.shows("behind the gateway", "FROM THE GATEWAY")
	d.keys("q", "1")
	d.pass(5 * time.Second)
	before = b.Calls("ProbeFromGateway")
	d.pass(100 * time.Second)
	if n := b.Calls("ProbeFromGateway"); n != before {
		t.Errorf("%d tests by the gateway while the tab was not in sight", n-before)
	}
}

// A test that somebody asks for while a quiet one is under way waits for that one.
func TestNeverTwoTestsOfOneForward(t *testing.T) {
	b := effectstest.Project()
	s := &slowProbe{Backend: b}
	d := drive(t, s, 120, 30).start()
	d.now = d.now.Add(10 * time.Minute)
	s.gate = make(chan struct{})
	d.keys("5")
	d.send(effects.TickMsg{Chain: d.root.chain})
	if n := len(d.root.watching.here); n != 4 {
		t.Fatalf("%d forwards are under test", n)
	}
	before := b.Calls("Probe")
	d.keys("t")
	d.shows("testing 1")
	close(s.gate)
	d.settle()
	if n := b.Calls("Probe") - before; n != 1 {
		t.Errorf("%d rounds of tests", n)
	}
	if len(d.root.watching.here)+len(d.root.watching.gateway)+len(d.root.waiting)+len(d.root.probing) != 0 {
		t.Error("something is still awaited")
	}
	d.hides("testing")
}

// A gateway that did not answer is not connected to by tests.
func TestSilentGatewayIsNotAsked(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 120, 30).start()
	b.Change(func(b *effectstest.Backend) {
		b.ObserveErr = &cloud.Error{Op: "log in to", Target: "gw-1", Kind: cloud.Auth, Err: errors.New("permission denied (publickey)")}
	})
	d.pass(20 * time.Second)
	before := b.Calls("ProbeFromGateway")
	d.keys("5")
	d.pass(3 * time.Second)
	d.keys("enter")
	d.shows("permission denied")
	if b.Calls("ProbeFromGateway") != before {
		t.Error("the gateway was asked")
	}
}

// An instance that begins to run is tested once, by the beat, and not as a new one at the same time.
func TestStartedInstanceIsTestedOnce(t *testing.T) {
	b := effectstest.Project()
	s := &slowProbe{Backend: b}
	d := drive(t, s, 120, 30).start()
	d.keys("5")
	d.pass(2 * time.Second)
	b.Change(func(b *effectstest.Backend) {
		b.Project.Instances = slices.Clone(b.Project.Instances)
		for i := range b.Project.Instances {
			if b.Project.Instances[i].Name == "old-mapper" {
				b.Project.Instances[i].Status = "ACTIVE"
			}
		}
	})
	before := b.Calls("Probe")
	d.keys("r")
	d.until("the cloud was read again", func() bool { return d.root.snapshot.Inventory.Instances[5].Status == "ACTIVE" })
	s.gate = make(chan struct{})
	d.send(effects.TickMsg{Chain: d.root.chain})
	d.until("the gateway was read again", func() bool { return !d.root.gw.busy && !d.root.cloud.busy })
	d.send(effects.TickMsg{Chain: d.root.chain})
	close(s.gate)
	d.settle()
	if n := b.Calls("Probe") - before; n != 1 {
		t.Errorf("%d rounds of tests", n)
	}
}
