package publish

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
)

type keyMap struct{ open, toggle, next, prev, back key.Binding }

var _ help.KeyMap = keyMap{}

func newKeys() keyMap {
	return keyMap{
		open:   key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "preview")),
		toggle: key.NewBinding(key.WithKeys("space"), key.WithHelp("space", "choose")),
		next:   key.NewBinding(key.WithKeys("tab", "down"), key.WithHelp("tab/↓", "next")),
		prev:   key.NewBinding(key.WithKeys("shift+tab", "up"), key.WithHelp("shift+tab/↑", "previous")),
		back:   key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	}
}

func (k keyMap) ShortHelp() []key.Binding { return []key.Binding{k.open, k.toggle, k.next, k.back} }

func (k keyMap) FullHelp() [][]key.Binding {
	return [][]key.Binding{{k.open, k.toggle, k.back}, {k.next, k.prev}}
}

// Keys returns the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := newKeys()
	k.toggle.SetEnabled(!s.focus.text())
	if s.focus.text() {
		k.back.SetHelp("esc", "leave the field")
	}
	return k
}
