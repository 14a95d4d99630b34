package instances

import (
	"charm.land/bubbles/v2/key"

	"portico/views"
)

// guide is what is shown of a project that has no instances; false for all others.
func (s *Screen) guide() (views.Guide, bool) {
	if !s.loaded || s.snapshot.CloudAt.IsZero() || len(s.snapshot.Snapshot.Inventory.Instances) > 0 {
		return views.Guide{}, false
	}
	name := "It"
	if p := s.snapshot.Snapshot.Inventory.Identity.Project; p != "" {
		name = p
	}
	return views.Guide{
		Title: "This project has no instances",
		Lines: []string{
			"Portico makes the VMs of a project reachable. " + name + " has none: start one in your cloud's dashboard or with 'openstack server create', or choose another project.",
		},
		Keys: []views.GuideKey{
			{Key: s.keys.Refresh, Does: "look again; the console does so by itself, too"},
			{Key: key.NewBinding(key.WithHelp("ctrl+o", "")), Does: "another project or cloud"},
			{Command: "portico demo", Does: "everything on an embedded cloud, to try it out"},
		},
	}, true
}
