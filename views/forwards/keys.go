package forwards

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/views"
	"portico/views/widget"
)

type keys struct {
	Copy, CopyMore, Test, Diagnose, DiagnoseAll, Withdraw, Move, Sync, Refresh key.Binding
	list                                                                       widget.ListKeys
}

func newKeys() keys {
	return keys{
		Copy:        key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy ssh")),
		CopyMore:    key.NewBinding(key.WithKeys("Y"), key.WithHelp("Y", "copy…")),
		Test:        key.NewBinding(key.WithKeys("t"), key.WithHelp("t", "test")),
		Diagnose:    key.NewBinding(key.WithKeys("d"), key.WithHelp("d", "doctor")),
		DiagnoseAll: key.NewBinding(key.WithKeys("D"), key.WithHelp("D", "doctor of all")),
		Withdraw:    key.NewBinding(key.WithKeys("w"), key.WithHelp("w", "withdraw")),
		Move:        key.NewBinding(key.WithKeys("e"), key.WithHelp("e", "other engine")),
		Sync:        key.NewBinding(key.WithKeys("="), key.WithHelp("=", "sync")),
		Refresh:     key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "refresh")),
	}
}

// ShortHelp is what the status bar shows, most needed first.
func (k keys) ShortHelp() []key.Binding {
	return []key.Binding{k.Copy, k.Test, k.Diagnose, k.Withdraw, k.list.Mark, k.list.Filter, k.CopyMore, k.Refresh, k.list.Sort}
}

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	return append([][]key.Binding{{k.Copy, k.CopyMore, k.Test, k.Diagnose, k.DiagnoseAll, k.Withdraw, k.Move, k.Sync, k.Refresh}}, k.list.Bindings()...)
}

// act turns a key into what is to be done.
func (s *Screen) act(msg tea.KeyPressMsg) views.Intent {
	if key.Matches(msg, s.keys.Refresh) {
		return views.Refresh{}
	}
	if key.Matches(msg, s.keys.DiagnoseAll) {
		return views.DiagnoseAll{}
	}
	if key.Matches(msg, s.keys.Sync) {
		return views.Sync{}
	}
	rows := s.list.Chosen()
	if len(rows) == 0 {
		return nil
	}
	switch {
	case key.Matches(msg, s.keys.Copy):
		return s.copy()
	case key.Matches(msg, s.keys.CopyMore):
		return s.copyMore()
	case key.Matches(msg, s.keys.Test):
		out := make([]gateway.Forward, len(rows))
		for i, r := range rows {
			out[i] = r.Forward
		}
		return views.Test{Forwards: out}
	case key.Matches(msg, s.keys.Diagnose):
		if r, ok := s.list.Current(); ok {
			return views.DiagnoseForward(r.Forward, r.name)
		}
	case key.Matches(msg, s.keys.Withdraw):
		return s.withdraw(rows)
	case key.Matches(msg, s.keys.Move):
		return s.move(rows)
	}
	return nil
}

// copy is about the row under the cursor: ssh is copied as a command, others as an address.
func (s *Screen) copy() views.Intent {
	r, ok := s.list.Current()
	switch {
	case !ok:
		return nil
	case r.Service.IsSSH():
		return views.CopySSH{Forward: r.Forward}
	}
	return views.CopyText{Text: r.Public.String(), What: "address"}
}

// copyMore opens the menu of what else there is to copy of the row under the cursor.
func (s *Screen) copyMore() views.Intent {
	r, ok := s.list.Current()
	if !ok {
		return nil
	}
	return views.OpenCopies{Instance: r.Instance, Forward: r.Forward}
}
