package gateways

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/views"
)

// The keys of the guide.
var (
	attachKey   = key.NewBinding(key.WithKeys("a"), key.WithHelp("a", "attach a floating IP"))
	createKey   = key.NewBinding(key.WithKeys("c"), key.WithHelp("c", "create a gateway"))
	allocateKey = key.NewBinding(key.WithKeys("n"), key.WithHelp("n", "new floating IP"))
)

// guided reports whether there is nothing that could be a gateway, and that is known.
func (s *Screen) guided() bool {
	inv := s.snapshot.Snapshot.Inventory
	return !s.snapshot.CloudAt.IsZero() && s.list.Len() == 0 && len(rows(s.snapshot)) == 0 && !inv.Unknown("floating IPs") && !inv.Unknown("ports")
}

// free is the first floating IP that could become a gateway's; false when there is none.
func (s *Screen) free() (cloud.FloatingIP, bool) {
	for _, r := range publish.FloatingIPRows(s.snapshot.Snapshot) {
		if r.Free() {
			return r.FloatingIP, true
		}
	}
	return cloud.FloatingIP{}, false
}

// guide says what a gateway is, and how there comes to be one.
func (s *Screen) guide() views.Guide {
	g := views.Guide{
		Title: "There is no gateway yet",
		Lines: []string{
			"A gateway is a Linux VM of this project with a floating IP, which lets you in by SSH as root or with sudo. It carries the forwards of all other VMs.",
			"Portico needs nothing installed there but iptables, and shows every change before it makes it.",
		},
	}
	f, free := s.free()
	if s.readOnly == "" {
		g.Keys = append(g.Keys, views.GuideKey{Key: createKey, Does: "make one from nothing, and see the plan of that before"})
	}
	switch instances := len(s.snapshot.Snapshot.Inventory.Instances); {
	case instances == 0:
		g.Lines = append(g.Lines, "The project has no instances either.")
	case s.readOnly != "":
		g.Lines = append(g.Lines, "Here one only looks: "+s.readOnly+".")
	case free:
		g.Keys = append(g.Keys, views.GuideKey{Key: attachKey, Does: "choose the VM that gets " + f.Address.String() + ", and becomes the gateway"})
	default:
		g.Keys = append(g.Keys, views.GuideKey{Key: allocateKey, Does: "allocate a floating IP first; the plan is shown before"})
	}
	g.Keys = append(g.Keys, views.GuideKey{Key: s.keys.Refresh, Does: "look again"})
	return g
}

// pressGuide turns a key on the guide into what is to be done.
func (s *Screen) pressGuide(msg tea.KeyPressMsg) views.Intent {
	f, free := s.free()
	switch changes := key.Matches(msg, attachKey, allocateKey); {
	case key.Matches(msg, s.keys.Refresh):
		return views.Refresh{}
	case changes && s.readOnly != "":
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	case key.Matches(msg, s.keys.Create):
		return s.create()
	case key.Matches(msg, attachKey) && free:
		return views.PickInstance{FloatingIP: f.ID}
	case key.Matches(msg, allocateKey):
		return views.ChangeFloatingIP{Request: publish.FloatingIPRequest{Do: publish.Allocate}}
	}
	return nil
}

// guideKeys are the bindings while the guide is shown.
func (s *Screen) guideKeys() help.KeyMap {
	var out guideBindings
	for _, k := range s.guide().Keys {
		out = append(out, k.Key)
	}
	return out
}

type guideBindings []key.Binding

func (b guideBindings) ShortHelp() []key.Binding  { return b }
func (b guideBindings) FullHelp() [][]key.Binding { return [][]key.Binding{b} }
