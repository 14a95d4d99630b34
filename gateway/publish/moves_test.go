package publish_test

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/gateway"
	gwemulator "portico/gateway/emulator"
	"portico/gateway/publish"
)

// movesWorld is a project with a floating IP that is free for Neutron's forwards.
func movesWorld(t *testing.T, before ...publish.Request) *world {
	t.Helper()
	vms := map[string]*gwemulator.VM{}
	for _, name := range []string{"alpha", "beta"} {
		vm, err := gwemulator.NewVM(name)
		if err != nil {
			t.Fatal(err)
		}
		vms[emulator.ID("server", name)] = vm
	}
	free, release := address()
	w, err := newWorldOf(t.TempDir(), func(m *emulator.Model, public netip.Addr) {
		fill(m, public)
		m.AddFloatingIP(emulator.FloatingIPSpec{Address: free, Network: emulator.ID("network", "public")})
	}, vms)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
		release()
	})
	for _, r := range before {
		c, err := w.console(t.Context(), "before", patience{})
		if err != nil {
			t.Fatal(err)
		}
		pr, err := c.plan(t.Context(), r)
		if err == nil {
			err = c.Apply(t.Context(), pr, publish.Watch{Untested: true}).Report.Err
		}
		if c.close(); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// carriers are the engines by which alpha's ssh is published.
func (w *world) carriers(ctx context.Context) ([]string, error) {
	c, err := w.console(ctx, "reader", patience{})
	if err != nil {
		return nil, err
	}
	defer c.close()
	s, err := c.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range s.Forwards() {
		out = append(out, f.Engine)
	}
	slices.Sort(out)
	return out, nil
}

// A forward moves from one engine to the other, and its VM can be reached by one of the two whatever happens:
// a step fails, or the console dies and the gateway takes its part back by itself.
func TestMoveBetweenEngines(t *testing.T) {
	nat, byNeutron := publish.Request{Instances: []string{"alpha"}, Engine: "nat"}, publish.Request{Instances: []string{"alpha"}, Engine: publish.NeutronEngine}
	for name, m := range map[string]struct {
		before, move publish.Request
		from, to     string
	}{"to neutron": {nat, byNeutron, "nat", "neutron"}, "to nat": {byNeutron, nat, "neutron", "nat"}} {
		for _, disturbed := range []string{"not at all", "the console dies", "interrupted", "Neutron refuses to delete"} {
			t.Run(name+", "+disturbed, func(t *testing.T) {
				w := movesWorld(t, m.before)
				out := w.move(t, m.move, disturbed)
				got, err := w.carriers(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want := []string{m.to}
				switch disturbed {
				case "the console dies": // Neutron has no timer that takes back what was made there
					if want = []string{m.from}; m.to == "neutron" {
						want = []string{"nat", "neutron"}
					}
				case "interrupted":
					want = []string{m.from}
				case "Neutron refuses to delete":
					if m.from == "neutron" {
						want = []string{"nat", "neutron"}
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("published by %v, want %v; report %v", got, want, out.Report.Err)
				}
				if len(want) > 1 && cloud.KindOf(out.Report.Err) != gateway.Partial && len(out.Report.Left) == 0 {
					t.Errorf("nobody is told that both stand: %+v", out.Report)
				}
				w.moveAgain(t, m.move, m.to)
			})
		}
	}
}

// move carries a request out while it is disturbed.
func (w *world) move(t *testing.T, r publish.Request, disturbed string) publish.Outcome {
	t.Helper()
	c, err := w.console(t.Context(), "me", hasty)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	pr, err := c.plan(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dying := &run{world: w}
	watch := publish.Watch{Untested: true, Guard: func(g publish.Guard) {
		switch {
		case g.Phase != publish.Checking:
		case disturbed == "interrupted":
			cancel()
		case disturbed == "the console dies":
			dying.fire()
			w.cloud.Inject(emulator.Fault{Drop: true, Times: -1})
		}
	}}
	if disturbed == "Neutron refuses to delete" {
		w.cloud.Inject(emulator.Fault{Status: http.StatusInternalServerError, Times: -1, Match: func(h *http.Request) bool {
			return h.Method == http.MethodDelete && strings.Contains(h.URL.Path, "/port_forwardings/")
		}})
	}
	out := c.Apply(ctx, pr, watch)
	w.cloud.Heal()
	if dying.failed != nil {
		t.Fatal(dying.failed)
	}
	return out
}

// moveAgain: the same once more ends it, and then nothing is left to do.
func (w *world) moveAgain(t *testing.T, r publish.Request, to string) {
	t.Helper()
	for range 2 {
		c, err := w.console(t.Context(), "again", patience{})
		if err != nil {
			t.Fatal(err)
		}
		pr, err := c.plan(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		out := c.Apply(t.Context(), pr, publish.Watch{Untested: true})
		if c.close(); !out.Report.OK() {
			t.Fatal(out.Report.Err)
		}
	}
	if got, err := w.carriers(t.Context()); err != nil || !slices.Equal(got, []string{to}) {
		t.Errorf("after the same again it is published by %v, %v", got, err)
	}
}
