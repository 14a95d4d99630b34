package preview

import (
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
)

type keyMap struct {
	apply, pages, pageBefore, copy, export, up, down, pageUp, pageDown, top, bottom, back key.Binding
	side, press, cancel                                                                   key.Binding // in the dialog
	switchTyped                                                                           key.Binding // in one where something is typed
	asking                                                                                question
}

var _ help.KeyMap = keyMap{}

func newKeys() keyMap {
	return keyMap{
		apply:       key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "apply")),
		pages:       key.NewBinding(key.WithKeys("tab", "right"), key.WithHelp("tab", "next page")),
		copy:        key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy")),
		export:      key.NewBinding(key.WithKeys("e"), key.WithHelp("e", "export")),
		up:          key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("↑/k", "up")),
		down:        key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("↓/j", "down")),
		pageUp:      key.NewBinding(key.WithKeys("pgup", "ctrl+b"), key.WithHelp("pgup", "page up")),
		pageDown:    key.NewBinding(key.WithKeys("pgdown", "ctrl+f", "space"), key.WithHelp("pgdn", "page down")),
		top:         key.NewBinding(key.WithKeys("home", "g"), key.WithHelp("home/g", "top")),
		bottom:      key.NewBinding(key.WithKeys("end", "G"), key.WithHelp("end/G", "bottom")),
		back:        key.NewBinding(key.WithKeys("esc", "q"), key.WithHelp("esc", "back")),
		side:        key.NewBinding(key.WithKeys("left", "right", "tab", "shift+tab", "h", "l"), key.WithHelp("←/→", "choose")),
		press:       key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "confirm")),
		pageBefore:  key.NewBinding(key.WithKeys("shift+tab", "left"), key.WithHelp("shift+tab", "page before")),
		switchTyped: key.NewBinding(key.WithKeys("tab", "shift+tab"), key.WithHelp("tab", "choose")),
		cancel:      key.NewBinding(key.WithKeys("esc", "q", "n"), key.WithHelp("esc", "cancel")),
	}
}

func (k keyMap) ShortHelp() []key.Binding {
	if k.asking != askNothing {
		return k.inDialog()
	}
	return []key.Binding{k.apply, k.pages, k.down, k.export, k.copy, k.back}
}

func (k keyMap) FullHelp() [][]key.Binding {
	if k.asking != askNothing {
		return [][]key.Binding{k.inDialog()}
	}
	return [][]key.Binding{{k.apply, k.pages, k.pageBefore, k.export, k.copy, k.back}, {k.up, k.down, k.pageUp, k.pageDown, k.top, k.bottom}}
}

func (k keyMap) inDialog() []key.Binding {
	if k.asking.typed() {
		return []key.Binding{k.switchTyped, k.press, k.cancel}
	}
	return []key.Binding{k.side, k.press, k.cancel}
}

// Keys returns the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := newKeys()
	k.asking = s.asking
	has := !s.proposal.Plan.Empty()
	k.apply.SetEnabled(has)
	k.pages.SetEnabled(has)
	k.pageBefore.SetEnabled(has)
	k.copy.SetEnabled(has)
	k.export.SetEnabled(has)
	if verb := Verb(s.proposal); verb != "Publish" {
		k.apply.SetHelp("enter", strings.ToLower(verb))
	}
	return k
}
