package floatingips_test

import (
	"fmt"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/viewtest"
)

func TestGuide(t *testing.T) {
	m := views.SnapshotMsg{CloudAt: viewtest.Start, Snapshot: publish.Snapshot{Inventory: cloud.Inventory{Quotas: cloud.Quotas{FloatingIPs: cloud.Limit{Max: 2, Known: true}}}}}
	reader := m
	reader.ReadOnly = "your role in this project is reader"
	for name, m := range map[string]views.SnapshotMsg{"none": m, "reader": reader} {
		for _, size := range [][2]int{{80, 20}, {120, 36}, {40, 7}} {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				golden.RequireEqual(t, view(open(m), size[0], size[1]))
			})
		}
	}
}

// TestPickFromElsewhere: another screen can have this one ask what an address is attached to.
func TestPickFromElsewhere(t *testing.T) {
	s := open(routed())
	s.Update(views.PickInstanceMsg{FloatingIP: "fip-203.0.113.77"})
	if i, ok := press(s, "enter").(views.ChangeFloatingIP); !ok || i.Request.Address != "fip-203.0.113.77" {
		t.Errorf("%v", i)
	}
}
