package tests

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/views"
	"portico/views/widget"
)

type keys struct {
	Open, Test, Diagnose, Pause, Copy, CopyMore, Refresh, Close key.Binding
	list                                                        widget.ListKeys
}

func newKeys() keys {
	return keys{
		Open:     key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "history")),
		Close:    key.NewBinding(key.WithKeys("esc", "enter"), key.WithHelp("esc", "back to the list")),
		Test:     key.NewBinding(key.WithKeys("t"), key.WithHelp("t", "test now")),
		Pause:    key.NewBinding(key.WithKeys("space"), key.WithHelp("space", "pause")),
		Diagnose: key.NewBinding(key.WithKeys("d"), key.WithHelp("d", "doctor")),
		Copy:     key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy ssh")),
		CopyMore: key.NewBinding(key.WithKeys("Y"), key.WithHelp("Y", "copy…")),
		Refresh:  key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "refresh")),
	}
}

// ShortHelp is what the status bar shows, most needed first.
func (k keys) ShortHelp() []key.Binding {
	return []key.Binding{k.Open, k.Test, k.Diagnose, k.Pause, k.Copy, k.list.Filter, k.CopyMore, k.list.Sort, k.Refresh}
}

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	return [][]key.Binding{{k.Open, k.Test, k.Diagnose, k.Pause, k.Copy, k.CopyMore, k.Refresh}, k.list.TableKeys.Bindings(), k.list.Choosing()}
}

// act turns a key into what is to be done.
func (s *Screen) act(msg tea.KeyPressMsg) views.Intent {
	r, ok := s.list.Current()
	switch {
	case key.Matches(msg, s.keys.Pause):
		s.paused = !s.paused
	case key.Matches(msg, s.keys.Refresh):
		return views.Refresh{}
	case !ok:
	case key.Matches(msg, s.keys.Open) && !s.Nested():
		s.page = page{id: rowID(r)}
	case key.Matches(msg, s.keys.Test):
		return views.Test{Forwards: []gateway.Forward{r.Forward}, Gateway: true}
	case key.Matches(msg, s.keys.Diagnose):
		return views.DiagnoseForward(r.Forward, r.name)
	case key.Matches(msg, s.keys.CopyMore):
		return views.OpenCopies{Instance: r.Instance, Forward: r.Forward}
	case key.Matches(msg, s.keys.Copy) && r.Service.IsSSH():
		return views.CopySSH{Forward: r.Forward}
	case key.Matches(msg, s.keys.Copy):
		return views.CopyText{Text: r.Public.String(), What: "address"}
	}
	return nil
}

// pageKeys are the bindings on the page of one forward.
type pageKeys struct {
	keys
	scroll bool
}

// ShortHelp is what the status bar shows, most needed first.
func (k pageKeys) ShortHelp() []key.Binding {
	out := []key.Binding{k.Test, k.Diagnose, k.Pause, k.Copy, k.CopyMore, k.Close}
	if k.scroll {
		return append([]key.Binding{k.list.Down}, out...)
	}
	return out
}

// FullHelp is what the help page shows.
func (k pageKeys) FullHelp() [][]key.Binding {
	return [][]key.Binding{{k.Test, k.Diagnose, k.Pause, k.Copy, k.CopyMore, k.Refresh, k.Close}, k.list.TableKeys.Bindings()}
}
