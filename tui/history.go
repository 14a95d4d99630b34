package tui

import (
	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/tui/effects"
	"portico/views"
)

// historyState is what is being read of the history. It is read when it is looked at and after each
// apply, not all the time: it changes with applies only.
type historyState struct {
	wanted, busy, asked bool
	of                  gateway.Gateway // whose records were asked for
}

// pollHistory reads the history if somebody waits for it and the project is known. A gateway that
// turns up later may have more to tell.
func (r *Root) pollHistory() tea.Cmd {
	h := &r.history
	if h.asked && h.of.FixedIP != r.snapshot.Gateway.FixedIP {
		h.wanted = true
	}
	if !h.wanted || h.busy || r.cloud.at.IsZero() {
		return nil
	}
	h.wanted, h.busy, h.asked, h.of = false, true, true, r.snapshot.Gateway
	return r.fx.History(r.snapshot)
}

func (r *Root) onHistory(m effects.HistoryMsg) tea.Cmd {
	r.history.busy = false
	return tea.Batch(r.tell(views.History, views.HistoryMsg{Records: m.Records, Err: m.Err, At: r.now}), r.poll())
}

// arrive reads what is only read when it is looked at, on coming from another screen.
func (r *Root) arrive(from views.Target) tea.Cmd {
	if r.nav.current != views.History || from == views.History {
		return nil
	}
	r.history.wanted = true
	return r.poll()
}
