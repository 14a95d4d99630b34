package publish_test

import (
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway/publish"
)

// TestReadOnlyChangesNothing: whatever makes a console read-only, it sees and plans, and what it is
// told to apply is refused before anything is asked of the cloud or the gateway. So is a plan of
// another console's.
func TestReadOnlyChangesNothing(t *testing.T) {
	w := startWorld(t)
	open := func() *console {
		c, err := w.console(t.Context(), "ada", patience{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.close)
		return c
	}
	started, other := open(), open()
	started.Publisher = publish.New(started.client, started.client, started.client, started.conn, publish.Options{ReadOnly: true})
	w.cloud.SetRoles("reader")
	reader := open()
	foreign, err := other.plan(t.Context(), publish.Request{Instances: []string{"alpha"}, Services: []string{"ssh"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, says string
		by         *console
		plan       func(*console) (publish.Proposal, error)
	}{
		{"started so", "read-only", started, nil},
		{"a reader's role", "your role in this project is reader", reader, nil},
		{"another console's plan", "another project", open(), func(*console) (publish.Proposal, error) { return foreign, nil }},
		{"nobody's plan", "nobody has planned it", other, func(*console) (publish.Proposal, error) { return publish.Proposal{}, nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.plan == nil {
				c.plan = func(by *console) (publish.Proposal, error) {
					return by.plan(t.Context(), publish.Request{Instances: []string{"alpha"}, Services: []string{"ssh"}})
				}
			}
			p, err := c.plan(c.by)
			if err != nil {
				t.Fatal(err)
			}
			mark := len(w.cloud.Requests())
			out := c.by.Apply(t.Context(), p, publish.Watch{})
			if out.Report.OK() || !strings.Contains(out.Report.Err.Error(), c.says) {
				t.Errorf("says %v, want %q", out.Report.Err, c.says)
			}
			if k := cloud.KindOf(out.Report.Err); k != cloud.Permission && k != cloud.Invalid {
				t.Errorf("kind %v", k)
			}
			if n := len(w.cloud.Requests()) - mark; n != 0 {
				t.Errorf("%d requests were made", n)
			}
		})
	}
	if _, state, err := other.Observe(t.Context(), mustInventory(t, other)); err != nil || len(state.Forwards) != 0 {
		t.Errorf("%d forwards stand, %v", len(state.Forwards), err)
	}
}

func startWorld(t *testing.T) *world {
	t.Helper()
	w, err := newWorld(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func mustInventory(t *testing.T, c *console) cloud.Inventory {
	t.Helper()
	inv, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return inv
}
