package floatingips

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

type keys struct {
	Attach, Detach, Allocate, Release, Diagnose, Copy, Refresh key.Binding
	Choose, Close                                              key.Binding // where one picks what to attach to
	list                                                       widget.ListKeys
	picking                                                    bool
}

func newKeys() keys {
	return keys{
		Attach:   key.NewBinding(key.WithKeys("a"), key.WithHelp("a", "attach")),
		Detach:   key.NewBinding(key.WithKeys("x"), key.WithHelp("x", "detach")),
		Allocate: key.NewBinding(key.WithKeys("n"), key.WithHelp("n", "new address")),
		Release:  key.NewBinding(key.WithKeys("X"), key.WithHelp("X", "release")),
		Diagnose: key.NewBinding(key.WithKeys("d"), key.WithHelp("d", "doctor")),
		Copy:     key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy address")),
		Refresh:  key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "refresh")),
		Choose:   key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "attach to it")),
		Close:    key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	}
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := s.keys
	switch {
	case s.pick.open && s.pick.list.Typing():
		return s.pick.list.TypingKeys()
	case s.pick.open:
		t, ok := s.pick.list.Current()
		k.Choose.SetEnabled(ok && t.Why == "")
		k.list, k.picking = s.pick.list.Keys, true
		return k
	case s.list.Typing():
		return s.list.TypingKeys()
	}
	r, ok := s.list.Current()
	writes := s.readOnly == ""
	k.Attach.SetEnabled(ok && writes && r.Free())
	k.Release.SetEnabled(ok && writes && r.Free())
	k.Detach.SetEnabled(ok && writes && r.FloatingIP.PortID != "")
	k.Allocate.SetEnabled(writes && !s.snapshot.CloudAt.IsZero())
	k.Diagnose.SetEnabled(ok)
	k.Copy.SetEnabled(ok)
	k.list = s.list.Keys
	return k
}

// ShortHelp is what the status bar shows, most needed first.
func (k keys) ShortHelp() []key.Binding {
	if k.picking {
		return []key.Binding{k.Choose, k.list.Filter, k.Close}
	}
	if k.Detach.Enabled() { // what is attached can neither be attached nor released
		return []key.Binding{k.Detach, k.Diagnose, k.Copy, k.Allocate, k.list.Filter, k.Refresh, k.list.Sort}
	}
	return []key.Binding{k.Attach, k.Copy, k.Allocate, k.Release, k.list.Filter, k.Refresh, k.list.Sort}
}

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	own := []key.Binding{k.Attach, k.Detach, k.Allocate, k.Release, k.Diagnose, k.Copy, k.Refresh}
	if k.picking {
		own = []key.Binding{k.Choose, k.Close}
	}
	return append([][]key.Binding{own}, k.list.Bindings()...)
}

// act turns a key on the list into what is to be done.
func (s *Screen) act(msg tea.KeyPressMsg) views.Intent {
	r, ok := s.list.Current()
	switch {
	case key.Matches(msg, s.keys.Refresh):
		return views.Refresh{}
	case ok && key.Matches(msg, s.keys.Diagnose):
		return diagnose(r)
	case ok && key.Matches(msg, s.keys.Copy):
		return views.CopyText{Text: r.FloatingIP.Address.String(), What: "address"}
	case key.Matches(msg, s.keys.Attach, s.keys.Detach, s.keys.Allocate, s.keys.Release) && s.readOnly != "":
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	case key.Matches(msg, s.keys.Allocate):
		return views.ChangeFloatingIP{Request: publish.FloatingIPRequest{Do: publish.Allocate}}
	case !ok:
		return nil
	case key.Matches(msg, s.keys.Attach):
		return s.attach(r)
	case key.Matches(msg, s.keys.Detach):
		return s.detach(r)
	case key.Matches(msg, s.keys.Release):
		return s.release(r)
	}
	return nil
}

func (s *Screen) attach(r row) views.Intent {
	if !r.Free() {
		return views.Tell{Text: r.FloatingIP.Address.String() + " is not free: x takes it off " + attached(r)}
	}
	s.openPick(r.FloatingIP)
	return nil
}

func (s *Screen) detach(r row) views.Intent {
	if r.FloatingIP.PortID == "" {
		return views.Tell{Text: r.FloatingIP.Address.String() + " is attached to nothing"}
	}
	return views.ChangeFloatingIP{Request: publish.FloatingIPRequest{Do: publish.Detach, Address: r.FloatingIP.ID}}
}

func (s *Screen) release(r row) views.Intent {
	if !r.Free() {
		return views.Tell{Text: "only a free address can be released: x takes this one off " + attached(r)}
	}
	return views.ChangeFloatingIP{Request: publish.FloatingIPRequest{Do: publish.Release, Address: r.FloatingIP.ID}}
}
