package floatingips

import (
	"fmt"

	"portico/views"
)

// guide is what is shown of a project that has no floating IP; false for all others.
func (s *Screen) guide() (views.Guide, bool) {
	inv := s.snapshot.Snapshot.Inventory
	if s.snapshot.CloudAt.IsZero() || len(inv.FloatingIPs) > 0 || inv.Unknown("floating IPs") {
		return views.Guide{}, false
	}
	g := views.Guide{
		Title: "This project has no floating IP",
		Lines: []string{"A floating IP is a public address. One is enough: on an instance that becomes the gateway, it makes all others reachable."},
	}
	if q := inv.Quotas.FloatingIPs; q.Known && q.Max >= 0 {
		g.Lines = append(g.Lines, fmt.Sprintf("The project has %d and may have %d.", q.Used, q.Max))
	}
	if s.readOnly == "" {
		g.Keys = append(g.Keys, views.GuideKey{Key: s.keys.Allocate, Does: "allocate one; the plan is shown first"})
	}
	g.Keys = append(g.Keys, views.GuideKey{Key: s.keys.Refresh, Does: "look again"})
	return g, true
}
