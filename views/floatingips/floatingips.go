// Package floatingips is the list of a project's floating IPs: what each is attached to, and which
// are free.
package floatingips

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

type row = publish.FloatingIPRow

// Screen is the list. Make one with New.
type Screen struct {
	list     *widget.List[row]
	keys     keys
	snapshot views.SnapshotMsg
	loaded   bool
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
)

// New returns the empty list.
func New() *Screen {
	s := &Screen{keys: newKeys()}
	t := widget.NewTable(func(r row) string { return r.FloatingIP.ID }, s.columns()...)
	s.list = widget.NewList(t, "floating IP", "floating IPs")
	s.list.SortBy(0, false)
	s.list.Keys.NoMarks() // nothing here is done to several
	return s
}

// Title names the screen.
func (s *Screen) Title() string { return "Floating IPs" }

// Typing reports whether the filter takes all keys.
func (s *Screen) Typing() bool { return s.list.Typing() }

// Update takes data and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.SnapshotMsg:
		s.snapshot, s.loaded = msg, true
		s.list.Refresh(publish.FloatingIPRows(msg.Snapshot), msg.At())
	case views.SizeMsg:
		s.list.Resize(msg.Height)
	default:
		if !s.list.Update(msg) {
			if k, ok := msg.(tea.KeyPressMsg); ok {
				return s, s.act(k)
			}
		}
	}
	return s, nil
}

func (s *Screen) act(msg tea.KeyPressMsg) views.Intent {
	r, ok := s.list.Current()
	switch {
	case key.Matches(msg, s.keys.Refresh):
		return views.Refresh{}
	case ok && key.Matches(msg, s.keys.Copy):
		return views.CopyText{Text: r.FloatingIP.Address.String(), What: "address"}
	}
	return nil
}

// View draws the list, and beside it what is known of the address under the cursor.
func (s *Screen) View(f views.Frame) string {
	if f.Width <= 0 || f.Height <= 0 {
		return ""
	}
	r, ok := s.list.Current()
	if !ok || f.Width < detailFrom {
		return s.list.ViewAt(f.Now, f.Styles, f.Width, f.Height, s.empty())
	}
	left := f.Width - detailWidth - 4
	table := s.list.ViewAt(f.Now, f.Styles, left-1, f.Height, s.empty())
	return widget.Beside(f.Styles, table, s.detail(r, f.Styles, f.Height), left, f.Height)
}

func (s *Screen) empty() string {
	switch {
	case !s.loaded, s.snapshot.CloudAt.IsZero() && s.snapshot.CloudErr == nil:
		return "asking the cloud…"
	case s.snapshot.CloudAt.IsZero() && cloud.KindOf(s.snapshot.CloudErr) == cloud.Auth:
		return "the cloud refused the credentials; r tries again"
	case s.snapshot.CloudAt.IsZero():
		return "the cloud has not answered yet; asking again"
	case s.snapshot.Snapshot.Inventory.Unknown("floating IPs"):
		return "the floating IPs of this project cannot be read"
	}
	return "this project has no floating IPs"
}

type keys struct {
	Copy, Refresh key.Binding
	list          widget.ListKeys
}

func newKeys() keys {
	return keys{
		Copy:    key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy address")),
		Refresh: key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "refresh")),
	}
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	if s.list.Typing() {
		return s.list.TypingKeys()
	}
	k := s.keys
	_, ok := s.list.Current()
	k.Copy.SetEnabled(ok)
	k.list = s.list.Keys
	return k
}

// ShortHelp is what the status bar shows.
func (k keys) ShortHelp() []key.Binding {
	return []key.Binding{k.Copy, k.list.Filter, k.Refresh, k.list.Sort}
}

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	return append([][]key.Binding{{k.Copy, k.Refresh}}, k.list.Bindings()...)
}
