package subnet

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/views"
)

type keyMap struct{ open, change, next, prev, ports, save, back key.Binding }

func newKeys() keyMap {
	return keyMap{
		open:   key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "preview")),
		change: key.NewBinding(key.WithKeys("space", "right", "left"), key.WithHelp("space", "choose")),
		next:   key.NewBinding(key.WithKeys("tab", "down"), key.WithHelp("tab/↓", "next")),
		prev:   key.NewBinding(key.WithKeys("shift+tab", "up"), key.WithHelp("shift+tab/↑", "previous")),
		ports:  key.NewBinding(key.WithKeys("m"), key.WithHelp("m", "port map")),
		save:   key.NewBinding(key.WithKeys("ctrl+s"), key.WithHelp("ctrl+s", "save the formula")),
		back:   key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	}
}

func (k keyMap) ShortHelp() []key.Binding {
	return []key.Binding{k.open, k.change, k.ports, k.save, k.next, k.prev, k.back}
}
func (k keyMap) FullHelp() [][]key.Binding { return [][]key.Binding{k.ShortHelp()} }

// Keys returns the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := newKeys()
	k.change.SetEnabled(!s.Typing())
	k.ports.SetEnabled(!s.Typing())
	if k.save.SetEnabled(s.onFormula()); !s.onFormula() {
		k.save.SetHelp("", "") // there is nothing to save
	}
	if s.mapping {
		k.ports.SetHelp("m", "back to the plan")
	}
	if s.Typing() {
		k.back.SetHelp("esc", "leave the field")
	}
	return k
}

func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	k := newKeys()
	if s.Typing() {
		if intent, taken := s.write(msg, k); taken {
			return intent
		}
	}
	switch {
	case key.Matches(msg, k.back) && s.mapping:
		s.mapping = false
	case key.Matches(msg, k.back):
		return views.Join(views.Survey{}, views.Back{})
	case key.Matches(msg, k.open):
		if s.answered == s.seq && s.err == nil && s.seq > 0 {
			return views.ShowPlan{Proposal: s.proposal}
		}
		return views.Tell{Text: "there is no plan yet"}
	case key.Matches(msg, k.next):
		s.move(1)
	case key.Matches(msg, k.prev):
		s.move(-1)
	case key.Matches(msg, k.ports):
		s.mapping = !s.mapping
	case key.Matches(msg, k.change):
		step := 1
		if msg.String() == "left" {
			step = -1
		}
		s.change(step)
		return s.draft()
	}
	return nil
}

// write handles a key for the text under the focus, and reports whether it was one.
func (s *Screen) write(msg tea.KeyPressMsg, k keyMap) (intent views.Intent, taken bool) {
	switch {
	case key.Matches(msg, k.open, k.next, k.prev):
		return nil, false
	case key.Matches(msg, k.back):
		s.move(-1) // what was typed stays
		return nil, true
	case key.Matches(msg, k.save) && s.onFormula():
		return s.formula.Save(), true
	}
	in := s.input()
	before := in.Value()
	if in.Update(msg); in.Value() != before && in != &s.formula.Name {
		intent = s.draft()
	}
	return intent, true
}
