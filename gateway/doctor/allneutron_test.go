package doctor_test

import (
	"net/netip"
	"testing"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/gateway"
	"portico/gateway/doctor"
	"portico/gateway/publish"
)

// Neutron's forwards are visited with the gateway's, also where the gateway does not answer, and where there
// is none.
func TestAllVisitsNeutron(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(func(m *emulator.Model) {
		m.AddFloatingIP(emulator.FloatingIPSpec{Address: netip.MustParseAddr("127.0.0.77"), Network: emulator.ID("network", "public")})
	})
	w.apply(publish.Request{Instances: []string{"gamma"}, Services: []string{"ssh"}, Engine: publish.NeutronEngine, Via: "127.0.0.77"})
	all, err := w.doctor().All(t.Context(), nil)
	w.must(err)
	if len(all) != 3 {
		t.Fatalf("%d forwards were visited, want 3", len(all))
	}
	w.visited(all)
	w.blind.Store(true)
	all, err = w.doctor().All(t.Context(), nil)
	if cloud.KindOf(err) != gateway.Unreachable || len(all) != 1 {
		t.Fatalf("with a gateway that does not answer: %d, %v", len(all), err)
	}
	w.visited(all)
	w.change(func(m *emulator.Model) { m.DeleteServer(id(gwName)) })
	if all, err = w.doctor().All(t.Context(), nil); err != nil || len(all) != 1 {
		t.Fatalf("without a gateway: %d, %v", len(all), err)
	}
	w.visited(all)
}

// visited: the one that Neutron forwards is among them, and each hop of its own way was looked at.
func (w *world) visited(all []doctor.Diagnosis) {
	w.t.Helper()
	for _, d := range all {
		if d.Instance != "gamma" {
			continue
		}
		if h := hop(w.t, d, doctor.Forwarding); h.Verdict != doctor.OK || d.Forward.Public.Addr().String() != "127.0.0.77" {
			w.t.Errorf("%s", doctor.Report(d))
		}
		return
	}
	w.t.Error("it was not visited")
}
