package effects

import (
	"sync"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/views"
)

// trials computes one formula at a time. While one is computed others are typed: of those, only the
// last is.
type trials struct {
	mu   sync.Mutex
	turn sync.Mutex
	last int
}

// ask counts one more.
func (t *trials) ask() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	return t.last
}

func (t *trials) stale(n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return n != t.last
}

// Try computes formulas over a subnet.
func (e *Effects) Try(s publish.Snapshot, i views.TryFormula) tea.Cmd {
	n := e.trials.ask()
	return e.do(func() tea.Msg {
		e.trials.turn.Lock()
		defer e.trials.turn.Unlock()
		if e.trials.stale(n) {
			return nil
		}
		return views.TriedMsg{Seq: i.Seq, Trial: publish.Try(s, i.Scheme, i.Subnet)}
	}, func(err error) tea.Msg { return views.TriedMsg{Seq: i.Seq, Trial: publish.Trial{Err: err}} })
}

// SavedMsg tells that a scheme was written to a configuration file, and which schemes there are now.
type SavedMsg struct {
	Name, Path string
	Schemes    []scheme.Scheme
	Err        error
}

// Keeper writes a scheme to the configuration file. It returns the file and all schemes there are then.
type Keeper func(c scheme.Config) (path string, all []scheme.Scheme, err error)

// Save writes a scheme to the configuration file.
func (e *Effects) Save(keep Keeper, c scheme.Config) tea.Cmd {
	return e.do(func() tea.Msg {
		path, all, err := keep(c)
		return SavedMsg{c.Name, path, all, err}
	}, func(err error) tea.Msg { return SavedMsg{Name: c.Name, Err: err} })
}
