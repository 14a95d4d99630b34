package publish

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
)

type keyMap struct{ open, toggle, next, prev, ports, look, fix, save, back key.Binding }

var _ help.KeyMap = keyMap{}

func newKeys() keyMap {
	return keyMap{
		open:   key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "preview")),
		toggle: key.NewBinding(key.WithKeys("space"), key.WithHelp("space", "choose")),
		next:   key.NewBinding(key.WithKeys("tab", "down"), key.WithHelp("tab/↓", "next")),
		prev:   key.NewBinding(key.WithKeys("shift+tab", "up"), key.WithHelp("shift+tab/↑", "previous")),
		ports:  key.NewBinding(key.WithKeys("m"), key.WithHelp("m", "port map")),
		look:   key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "look again")),
		fix:    key.NewBinding(key.WithKeys("f"), key.WithHelp("f", "fix")),
		save:   key.NewBinding(key.WithKeys("ctrl+s"), key.WithHelp("ctrl+s", "save the formula")),
		back:   key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	}
}

func (k keyMap) ShortHelp() []key.Binding {
	return []key.Binding{k.open, k.toggle, k.save, k.fix, k.next, k.ports, k.back}
}

func (k keyMap) FullHelp() [][]key.Binding {
	return [][]key.Binding{{k.open, k.toggle, k.fix, k.back}, {k.next, k.prev}, {k.ports, k.look, k.save}}
}

// Keys returns the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := newKeys()
	k.toggle.SetEnabled(!s.focus.text())
	if k.save.SetEnabled(s.onFormula()); !s.onFormula() {
		k.save.SetHelp("", "") // there is nothing to save
	}
	for _, b := range []*key.Binding{&k.ports, &k.look, &k.fix} {
		b.SetEnabled(!s.focus.text())
	}
	if word := s.fixWord(); word != "" {
		k.fix.SetHelp("f", word)
	} else {
		k.fix.SetHelp("", "") // there is nothing to fix
	}
	if s.mapping {
		k.ports.SetHelp("m", "back to the preview")
	}
	if s.focus.text() {
		k.back.SetHelp("esc", "leave the field")
	}
	return k
}
