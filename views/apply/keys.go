package apply

import (
	"slices"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
)

type keyMap struct{ back, copy, more, test, diagnose, up, down, pageUp, pageDown, top, bottom key.Binding }

var _ help.KeyMap = keyMap{}

func newKeys() keyMap {
	return keyMap{
		back:     key.NewBinding(key.WithKeys("enter", "esc", "q"), key.WithHelp("enter", "back")),
		copy:     key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy")),
		more:     key.NewBinding(key.WithKeys("Y"), key.WithHelp("Y", "copy…")),
		test:     key.NewBinding(key.WithKeys("t"), key.WithHelp("t", "test again")),
		diagnose: key.NewBinding(key.WithKeys("d"), key.WithHelp("d", "doctor")),
		up:       key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("↑/k", "up")),
		down:     key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("↓/j", "down")),
		pageUp:   key.NewBinding(key.WithKeys("pgup", "ctrl+b"), key.WithHelp("pgup", "page up")),
		pageDown: key.NewBinding(key.WithKeys("pgdown", "ctrl+f", "space"), key.WithHelp("pgdn", "page down")),
		top:      key.NewBinding(key.WithKeys("home", "g"), key.WithHelp("home/g", "top")),
		bottom:   key.NewBinding(key.WithKeys("end", "G"), key.WithHelp("end/G", "bottom")),
	}
}

// ShortHelp leaves out what does nothing now: what is possible changes with the apply, not with a cursor.
func (k keyMap) ShortHelp() []key.Binding {
	return slices.DeleteFunc([]key.Binding{k.back, k.diagnose, k.copy, k.more, k.test, k.down}, func(b key.Binding) bool { return !b.Enabled() })
}

func (k keyMap) FullHelp() [][]key.Binding {
	return [][]key.Binding{{k.back, k.copy, k.more, k.test, k.diagnose}, {k.up, k.down, k.pageUp, k.pageDown, k.top, k.bottom}}
}

// Keys returns the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := newKeys()
	left := s.finished && len(s.report.Left) > 0
	k.back.SetEnabled(!s.Running() || s.waits() || s.builds())
	if s.from != "" {
		k.back.SetHelp("enter", "back to the "+s.from)
	}
	k.copy.SetEnabled(len(s.entries) > 0 || left)
	k.more.SetEnabled(s.chosen < len(s.entries))
	k.test.SetEnabled(s.testable())
	k.diagnose.SetEnabled(s.ailing() != nil)
	k.down.SetEnabled(!s.whole || len(s.entries) > 1)
	switch {
	case s.waits():
		k.back.SetHelp("esc", "stop waiting")
	case s.builds():
		k.back.SetHelp("esc", "stop, and take it away")
	case left:
		k.copy.SetHelp("y", "copy what is left")
	case s.chosen < len(s.entries) && s.entries[s.chosen].ssh:
		k.copy.SetHelp("y", "copy the ssh command")
	}
	return k
}
