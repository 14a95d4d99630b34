package publish_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

var (
	sshService  = gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}
	httpService = gateway.Service{Name: "http", Protocol: gateway.TCP, Port: 80}
	ownService  = gateway.Service{Name: "jupyter", Protocol: gateway.TCP, Port: 8888}
)

func TestSurvey(t *testing.T) {
	w, err := newWorld(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.close() }()
	c, err := w.console(t.Context(), "anna", patience{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.SetPatience(500 * time.Millisecond)
	s, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	alpha, beta := emulator.ID("server", "alpha"), emulator.ID("server", "beta")
	w.vms[beta].SetOff(true)
	type of struct {
		instance string
		service  gateway.Service
	}
	got := map[of]probe.Outcome{}
	c.Survey(t.Context(), s, []string{alpha, beta, "gone"}, []gateway.Service{sshService, httpService, ownService}, func(f publish.Finding) {
		k := of{f.Instance, f.Service}
		if _, twice := got[k]; twice {
			t.Errorf("%v is told twice", k)
		}
		got[k] = f.Result.Outcome
	})
	want := map[of]probe.Outcome{
		{alpha, sshService}: probe.OK, {alpha, httpService}: probe.OK, {alpha, ownService}: probe.Refused,
		{beta, sshService}: probe.Timeout, {beta, httpService}: probe.Timeout, {beta, ownService}: probe.Timeout,
		{"gone", sshService}: probe.Unknown, {"gone", httpService}: probe.Unknown, {"gone", ownService}: probe.Unknown,
	}
	for k, o := range want {
		if got[k] != o {
			t.Errorf("%v: %s, want %s", k, got[k], o)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d findings, want %d", len(got), len(want))
	}

	addr, err := c.ClientAddress(t.Context(), s)
	if err != nil || addr != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("we come from %v, %v", addr, err)
	}
	if _, err := c.ClientAddress(t.Context(), publish.Snapshot{}); cloud.KindOf(err) != gateway.NotFound {
		t.Errorf("without a gateway: %v", err)
	}
}

// Only the operator's own address may connect, and it can.
func TestFromMeAtAnOwnPort(t *testing.T) {
	w, err := newWorld(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.close() }()
	c, err := w.console(t.Context(), "anna", patience{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	s, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req := publish.Request{Instances: []string{"alpha"}, Services: []string{"ssh"}, Ports: []uint16{40022}, FromMe: true}
	if _, err := c.Plan(t.Context(), s, req); cloud.KindOf(err) != gateway.Invalid {
		t.Fatalf("a plan for whoever that is: %v", err)
	}
	if req, err = c.Resolve(t.Context(), s, req); err != nil {
		t.Fatal(err)
	}
	p, err := c.Plan(t.Context(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	f := p.Made()
	if len(f) != 1 || f[0].Public.Port() != 40022 || len(f[0].Sources) != 1 || f[0].Sources[0] != netip.MustParsePrefix("127.0.0.1/32") {
		t.Fatalf("planned %+v", f)
	}
	keep := func(context.Context, []probe.Result) bool { return false }
	out := c.Apply(t.Context(), p, publish.Watch{Keep: keep})
	if !out.Report.OK() || out.Results[f[0].Key()].Outcome != probe.OK {
		t.Errorf("%v, %+v", out.Report.Err, out.Results)
	}
}
