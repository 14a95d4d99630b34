package publish_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"portico/cloud/emulator"
	"portico/gateway"
	"portico/gateway/publish"
)

// leads tells where each forward leads, and how what is astray is told: "neutron alpha 192.168.0.11 reused".
func (w *world) leads(ctx context.Context) ([]string, publish.InStep, error) {
	c, err := w.console(ctx, "reader", patience{})
	if err != nil {
		return nil, publish.InStep{}, err
	}
	defer c.close()
	s, err := c.Snapshot(ctx)
	if err != nil {
		return nil, publish.InStep{}, err
	}
	var out []string
	for _, f := range s.Forwards() {
		line := []string{f.Engine, publish.InstanceName(s.Inventory, f.Instance), f.Private.Addr().String()}
		for _, d := range s.Drift() {
			if d.Forward != nil && d.Forward.Key() == f.Key() && d.Kind != gateway.Foreign {
				line = append(line, string(d.Kind))
			}
		}
		out = append(out, strings.Join(line, " "))
	}
	return out, publish.OutOfStep(s), nil
}

// A forward of Neutron's stays with the port that it leads to, wherever that goes: it is told where it leads
// to nobody or to another VM, and a sync leads it to its own VM's address or withdraws it, and nothing else.
func TestNeutronAstray(t *testing.T) {
	alpha, beta := emulator.ID("server", "alpha"), emulator.ID("server", "beta")
	old := netip.MustParseAddr("192.168.0.11")
	nic := func(addr string) emulator.NIC {
		return emulator.NIC{Subnet: emulator.ID("subnet", "lab-v4"), Address: netip.MustParseAddr(addr)}
	}
	for _, c := range []struct {
		name   string
		change func(*emulator.Model)
		told   string
		step   publish.InStep
		synced []string
	}{
		{"nothing", func(*emulator.Model) {}, "neutron alpha 192.168.0.11", publish.InStep{}, []string{"neutron alpha 192.168.0.11"}},
		{"another VM got its port", func(m *emulator.Model) { m.MovePort(old, beta) }, "neutron alpha 192.168.0.11 reused", publish.InStep{Wrong: 1}, nil},
		{"so, and it has a new one", func(m *emulator.Model) { m.MovePort(old, beta); m.AddPort(alpha, nic("192.168.0.77")) }, "neutron alpha 192.168.0.11 reused", publish.InStep{Wrong: 1}, []string{"neutron alpha 192.168.0.77"}},
		{"it has another port", func(m *emulator.Model) { m.MovePort(old, ""); m.AddPort(alpha, nic("192.168.0.77")) }, "neutron alpha 192.168.0.11 gone", publish.InStep{Moved: 1}, []string{"neutron alpha 192.168.0.77"}},
		{"it is gone, its port is not", func(m *emulator.Model) { m.MovePort(old, ""); m.DeleteServer(alpha) }, "neutron " + alpha + " 192.168.0.11 gone", publish.InStep{Gone: 1}, nil},
		{"it is gone, and another VM has its port", func(m *emulator.Model) { m.MovePort(old, beta); m.DeleteServer(alpha) }, "neutron " + alpha + " 192.168.0.11 reused", publish.InStep{Wrong: 1}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := movesWorld(t, publish.Request{Instances: []string{"alpha"}, Engine: publish.NeutronEngine})
			if err := w.cloud.Fill(c.change); err != nil {
				t.Fatal(err)
			}
			told, step, err := w.leads(t.Context())
			if err != nil || !slices.Equal(told, []string{c.told}) || step != c.step {
				t.Errorf("told %v, %+v, %v; want %s, %+v", told, step, err, c.told, c.step)
			}
			w.syncAs(t, c.step)
			got, step, err := w.leads(t.Context())
			if err != nil || !slices.Equal(got, c.synced) || !step.Empty() {
				t.Errorf("after the sync %v, %+v, %v; want %v", got, step, err, c.synced)
			}
			w.syncAs(t, publish.InStep{})
		})
	}
}

// syncAs syncs, which must be what was announced.
func (w *world) syncAs(t *testing.T, want publish.InStep) {
	t.Helper()
	c, err := w.console(t.Context(), "op", patience{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	pr, err := c.plan(t.Context(), publish.Request{Sync: true})
	if err != nil {
		t.Fatal(err)
	}
	if pr.InStep != want || pr.Plan.Empty() != want.Empty() {
		t.Errorf("a sync is %+v, want %+v; %v", pr.InStep, want, pr.Plan.Changes())
	}
	if out := c.Apply(t.Context(), pr, publish.Watch{Untested: true}); out.Report.Err != nil {
		t.Error(out.Report.Err)
	}
}

// A sync sees to the gateway's forwards and to Neutron's in one plan.
func TestSyncOfBothEngines(t *testing.T) {
	w := movesWorld(t, publish.Request{Instances: []string{"alpha"}, Engine: publish.NeutronEngine}, publish.Request{Instances: []string{"beta"}, Engine: "nat"})
	err := w.cloud.Fill(func(m *emulator.Model) {
		for name, to := range map[string]string{"alpha": "192.168.0.77", "beta": "192.168.0.78"} {
			m.MovePort(map[string]netip.Addr{"alpha": netip.MustParseAddr("192.168.0.11"), "beta": netip.MustParseAddr("192.168.0.12")}[name], "")
			m.AddPort(emulator.ID("server", name), emulator.NIC{Subnet: emulator.ID("subnet", "lab-v4"), Address: netip.MustParseAddr(to)})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	w.syncAs(t, publish.InStep{Moved: 2})
	got, step, err := w.leads(t.Context())
	slices.Sort(got)
	if want := []string{"nat beta 192.168.0.78", "neutron alpha 192.168.0.77"}; err != nil || !slices.Equal(got, want) || !step.Empty() {
		t.Errorf("after the sync %v, %+v, %v; want %v", got, step, err, want)
	}
	w.syncAs(t, publish.InStep{})
}
