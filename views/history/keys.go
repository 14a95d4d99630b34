package history

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/views"
	"portico/views/widget"
)

type keys struct {
	Open, Copy, Refresh, Close key.Binding
	list                       widget.ListKeys
}

func newKeys() keys {
	return keys{
		Open:    key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "show the changes")),
		Close:   key.NewBinding(key.WithKeys("esc", "enter"), key.WithHelp("esc", "back to the list")),
		Copy:    key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy as text")),
		Refresh: key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "refresh")),
	}
}

// ShortHelp is what the status bar shows, most needed first.
func (k keys) ShortHelp() []key.Binding {
	return []key.Binding{k.Open, k.Copy, k.list.Filter, k.Refresh, k.list.Sort}
}

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	return [][]key.Binding{{k.Open, k.Copy, k.Refresh}, k.list.TableKeys.Bindings(), k.list.Choosing()}
}

// act turns a key into what is to be done.
func (s *Screen) act(msg tea.KeyPressMsg) views.Intent {
	r, ok := s.list.Current()
	switch {
	case key.Matches(msg, s.keys.Refresh):
		return views.Refresh{}
	case !ok:
	case key.Matches(msg, s.keys.Open):
		s.page = page{id: r.ID}
	case key.Matches(msg, s.keys.Copy):
		return views.CopyText{Text: Text(r, s.news.At), What: "the record"}
	}
	return nil
}

// pageKeys are the bindings on the page of one record.
type pageKeys struct {
	keys
	scroll bool
}

// ShortHelp is what the status bar shows, most needed first.
func (k pageKeys) ShortHelp() []key.Binding {
	out := []key.Binding{k.Copy, k.Refresh, k.Close}
	if k.scroll {
		return append([]key.Binding{k.list.Down}, out...)
	}
	return out
}

// FullHelp is what the help page shows.
func (k pageKeys) FullHelp() [][]key.Binding {
	return [][]key.Binding{{k.Copy, k.Refresh, k.Close}, k.list.TableKeys.Bindings()}
}
