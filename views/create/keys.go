package create

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"

	"portico/gateway/provision"
)

type keys struct{ open, list, more, less, next, prev, again, back, pickUp, pickDown, pageUp, pageDown key.Binding }

func newKeys() keys {
	return keys{
		open:   key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "preview")),
		list:   key.NewBinding(key.WithKeys("space"), key.WithHelp("space", "list")),
		more:   key.NewBinding(key.WithKeys("right"), key.WithHelp("←/→", "choose")),
		less:   key.NewBinding(key.WithKeys("left"), key.WithHelp("←", "the one before")),
		next:   key.NewBinding(key.WithKeys("tab", "down"), key.WithHelp("tab/↓", "next")),
		prev:   key.NewBinding(key.WithKeys("shift+tab", "up"), key.WithHelp("shift+tab/↑", "previous")),
		again:  key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "read again")),
		back:   key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
		pickUp: key.NewBinding(key.WithKeys("up"), key.WithHelp("↑", "up")), pickDown: key.NewBinding(key.WithKeys("down"), key.WithHelp("↓", "down")),
		pageUp: key.NewBinding(key.WithKeys("pgup"), key.WithHelp("pgup", "page up")), pageDown: key.NewBinding(key.WithKeys("pgdown"), key.WithHelp("pgdn", "page down")),
	}
}

// bound are the bindings that work now.
type bound struct {
	short []key.Binding
	full  [][]key.Binding
}

func (b bound) ShortHelp() []key.Binding  { return b.short }
func (b bound) FullHelp() [][]key.Binding { return b.full }

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := newKeys()
	if s.picking {
		k.open.SetHelp("enter", "choose")
		return bound{[]key.Binding{k.open, k.pickDown, k.back}, [][]key.Binding{{k.open, k.pickUp, k.pickDown, k.pageUp, k.pageDown, k.back}}}
	}
	choosing := s.input() == nil && s.material != nil && len(s.field(fields[s.at]).Options) > 0
	k.list.SetEnabled(choosing)
	k.more.SetEnabled(choosing)
	k.less.SetEnabled(choosing)
	k.again.SetEnabled(s.input() == nil)
	if fields[s.at] == provision.FieldName {
		k.open.SetHelp("enter", "preview")
	}
	return bound{
		[]key.Binding{k.open, k.more, k.list, k.next, k.again, k.back},
		[][]key.Binding{{k.open, k.list, k.more, k.less, k.back}, {k.next, k.prev, k.again}},
	}
}
