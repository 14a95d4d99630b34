package publish_test

import (
	"testing"

	"portico/gateway/publish"
)

// TestTrafficIsCounted: what the tests of an apply send through the gateway is what its rules count.
func TestTrafficIsCounted(t *testing.T) {
	w, err := newWorld(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.close() })
	c, err := w.console(t.Context(), "ada", patience{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	pr, err := c.plan(t.Context(), publish.Request{Instances: []string{"alpha"}, Services: []string{"ssh", "http"}})
	if err != nil {
		t.Fatal(err)
	}
	if out := c.Apply(t.Context(), pr, publish.Watch{}); !out.Report.OK() {
		t.Fatal(out.Report.Err)
	}
	s, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var packets uint64
	for _, f := range s.State.Forwards {
		got := s.State.Traffic.Forwards[f.Key()]
		if got.Connections == 0 || got.Sharing != 1 || got.Packets == 0 || got.Bytes <= got.Packets*52 {
			t.Errorf("%s: %+v", f, got)
		}
		packets += got.Packets
	}
	if total := s.State.Traffic.Total; len(s.State.Forwards) != 2 || total.Packets != packets {
		t.Errorf("%d forwards, in total %+v, want %d packets", len(s.State.Forwards), total, packets)
	}
}
