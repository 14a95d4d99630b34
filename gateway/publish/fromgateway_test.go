package publish_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"portico/cloud/emulator"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

func endpoint(addr string, s gateway.Service) probe.Target {
	return probe.Target{Addr: netip.MustParseAddrPort(addr), Service: s}
}

// view is what the gateway should see of an endpoint.
type view struct {
	target  probe.Target
	outcome probe.Outcome
	says    string
}

// seen asks the gateway and compares, also what was emitted with what is returned.
func seen(t *testing.T, c *console, s publish.Snapshot, want []view) {
	t.Helper()
	var targets []probe.Target
	for _, w := range want {
		targets = append(targets, w.target)
	}
	emitted := map[probe.Target]probe.Result{}
	results := c.ProbeFromGateway(t.Context(), s, targets, func(r probe.Result) { emitted[r.Target] = r })
	if len(results) != len(want) || len(emitted) != len(want) {
		t.Fatalf("%d results, %d emitted, want %d", len(results), len(emitted), len(want))
	}
	for i, w := range want {
		r := results[i]
		if r.Target != w.target || r.Outcome != w.outcome || !strings.Contains(r.Detail, w.says) {
			t.Errorf("%v: %s %q, want %s %q", r.Target, r.Outcome, r.Detail, w.outcome, w.says)
		}
		if emitted[w.target] != r {
			t.Errorf("%v: emitted %+v, returned %+v", w.target, emitted[w.target], r)
		}
	}
}

func TestProbeFromGateway(t *testing.T) {
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
	w.vms[emulator.ID("server", "beta")].SetOff(true)
	ssh := gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}
	http := gateway.Service{Name: "http", Protocol: gateway.TCP, Port: 80}
	udp := gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 60000}
	up := endpoint("192.168.0.11:22", ssh)
	seen(t, c, s, []view{
		{up, probe.OK, "SSH-2.0-"},
		{endpoint("192.168.0.11:80", http), probe.OK, "200"},
		{endpoint("192.168.0.11:22", http), probe.Wrong, "not HTTP"},
		{endpoint("192.168.0.11:81", http), probe.Refused, "refused"},
		{endpoint("192.168.0.12:22", ssh), probe.Timeout, "no answer"},
		{endpoint("192.168.0.99:22", ssh), probe.Timeout, "no answer"},
		{endpoint("192.168.0.11:60000", udp), probe.Unknown, "udp"},
	})
	if got := c.ProbeFromGateway(t.Context(), s, nil, nil); len(got) != 0 {
		t.Errorf("results of nothing: %v", got)
	}

	w.gateway.ForbidForwarding(true)
	seen(t, c, s, []view{{up, probe.Unknown, "AllowTcpForwarding"}})
	w.gateway.ForbidForwarding(false)

	// What a silent gateway did not tell is no verdict on the VM.
	w.gateway.Stall()
	seen(t, c, s, []view{{up, probe.Unknown, "the gateway itself fell silent"}})
	w.gateway.Resume()

	seen(t, c, publish.Snapshot{Inventory: s.Inventory}, []view{{up, probe.Unknown, "no gateway"}})

	other, err := w.console(t.Context(), "bert", patience{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	other.conn.config.User = "nobody"
	seen(t, other, s, []view{{up, probe.Unknown, "can't be asked"}})
}
