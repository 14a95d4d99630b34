package effects

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/history"
	"portico/gateway/publish"
)

// HistoryMsg answers History. Records may be there along with an error.
type HistoryMsg struct {
	Records []history.Record
	Err     error
}

// History reads what was applied. It outlives what makes other reads out of date: what is recorded
// stays true.
func (e *Effects) History(s publish.Snapshot) tea.Cmd {
	return e.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(e.ctx, observeTimeout)
		defer cancel()
		records, err := e.backend.History(ctx, s)
		return HistoryMsg{Records: records, Err: err}
	}, func(err error) tea.Msg { return HistoryMsg{Err: err} })
}
