// Package floatingips is the list of a project's floating IPs: what each is attached to, and which
// are free.
package floatingips

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/themes"
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
	return s
}

func (s *Screen) columns() []widget.Column[row] {
	return []widget.Column[row]{
		{Title: "ADDRESS", Text: func(r row) string { return r.FloatingIP.Address.String() }, Cell: addressCell},
		{Title: "ATTACHED TO", Min: 10, Max: 32, Text: attached, Cell: attachedCell},
		{Title: "STATUS", Max: 14, Priority: 2, Text: func(r row) string { g, w := status(r); return g + " " + w }, Cell: statusCell},
		{Title: "FORWARDS", Priority: 1, Right: true, Text: s.carries, Cell: s.carriesCell},
		{
			Title: "DESCRIPTION", Min: 12, Want: 30, Grow: true, Priority: 3,
			Text: func(r row) string { return r.FloatingIP.Description },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				return widget.Spans{{Text: r.FloatingIP.Description, Style: st.Dim}}
			},
		},
	}
}

func addressCell(r row, st *themes.Styles, _ int) widget.Spans {
	return widget.Spans{{Text: r.FloatingIP.Address.String(), Style: st.Strong}}
}

func attached(r row) string {
	switch {
	case r.Free():
		return "free"
	case r.Attached == "" && len(r.FloatingIP.Forwardings) > 0:
		return "port forwardings"
	case r.Gateway:
		return r.Attached + "  gateway"
	}
	return r.Attached
}

func attachedCell(r row, st *themes.Styles, _ int) widget.Spans {
	switch {
	case r.Free():
		return widget.Spans{{Text: "free", Style: st.Good}}
	case r.Gateway:
		return widget.Spans{{Text: r.Attached, Style: st.Text}, {Text: "  gateway", Style: st.Accent}}
	}
	return widget.Spans{{Text: attached(r), Style: st.Text}}
}

// status is Neutron's, said like an instance's. A free address is down by nature, which is no fault.
func status(r row) (glyph, word string) {
	switch r.FloatingIP.Status {
	case "ACTIVE":
		return "●", "active"
	case "ERROR":
		return "✗", "error"
	case "DOWN":
		if r.Free() {
			return "○", "not in use"
		}
		return "○", "down"
	case "":
		return "?", "unknown"
	}
	return "○", strings.ToLower(r.FloatingIP.Status)
}

func statusCell(r row, st *themes.Styles, _ int) widget.Spans {
	glyph, word := status(r)
	style, text := st.Dim, st.Dim
	switch {
	case glyph == "●":
		style, text = st.Good, st.Text
	case glyph == "✗":
		style, text = st.Bad, st.Bad
	case word == "down":
		style, text = st.Warn, st.Text
	}
	return widget.Spans{{Text: glyph, Style: style}, {Text: " " + word, Style: text}}
}

// carries counts the forwards; those of a gateway that has not answered are not known.
func (s *Screen) carries(r row) string {
	switch {
	case r.Gateway && s.snapshot.Snapshot.State == nil:
		return "?"
	case r.Carries == 0:
		return ""
	}
	return fmt.Sprint(r.Carries)
}

func (s *Screen) carriesCell(r row, st *themes.Styles, _ int) widget.Spans {
	return widget.Spans{{Text: s.carries(r), Style: st.Text}}
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
		s.list.SetRows(publish.FloatingIPRows(msg.Snapshot))
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

// View draws the list.
func (s *Screen) View(f views.Frame) string {
	if f.Width <= 0 || f.Height <= 0 {
		return ""
	}
	return s.list.View(f.Styles, f.Width, f.Height, s.empty())
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
func (k keys) ShortHelp() []key.Binding { return []key.Binding{k.Copy, k.list.Filter, k.Refresh} }

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	return append([][]key.Binding{{k.Copy, k.Refresh}}, k.list.Bindings()...)
}
