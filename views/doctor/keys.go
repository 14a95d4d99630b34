package doctor

import "charm.land/bubbles/v2/key"

type keys struct {
	Fix, Copy, Again, Open, Close         key.Binding
	Up, Down, PageUp, PageDown, Home, End key.Binding
}

func newKeys() keys {
	return keys{
		Fix:      key.NewBinding(key.WithKeys("f"), key.WithHelp("f", "fix")),
		Copy:     key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy report")),
		Again:    key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "run again")),
		Open:     key.NewBinding(key.WithKeys("enter", "space"), key.WithHelp("enter", "evidence")),
		Close:    key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
		Up:       key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("↑/k", "hop before")),
		Down:     key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("↓/j", "next hop")),
		PageUp:   key.NewBinding(key.WithKeys("pgup", "ctrl+u"), key.WithHelp("pgup", "page up")),
		PageDown: key.NewBinding(key.WithKeys("pgdown", "ctrl+d"), key.WithHelp("pgdn", "page down")),
		Home:     key.NewBinding(key.WithKeys("home", "g"), key.WithHelp("home/g", "first hop")),
		End:      key.NewBinding(key.WithKeys("end", "G"), key.WithHelp("end/G", "last hop")),
	}
}

// ShortHelp is what the status bar shows, most needed first.
func (k keys) ShortHelp() []key.Binding {
	return []key.Binding{k.Fix, k.Copy, k.Again, k.Open, k.Close}
}

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	return [][]key.Binding{k.ShortHelp(), {k.Up, k.Down, k.PageUp, k.PageDown, k.Home, k.End}}
}
