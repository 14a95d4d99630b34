// Package help is the page of keys, made from the bindings of the screen it was opened from and
// those that work everywhere: it cannot promise a key that does nothing.
package help

import (
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// Screen is the page. Make one with New.
type Screen struct {
	sections []views.HelpSection
	keys     keys
	top      int
	height   int
	width    int
}

var _ views.Screen = (*Screen)(nil)

// New returns the page; a HelpMsg fills it.
func New() *Screen {
	return &Screen{height: 20, width: 80, keys: keys{
		Back: key.NewBinding(key.WithKeys("esc", "enter", "?"), key.WithHelp("esc", "back")),
		Up:   key.NewBinding(key.WithKeys("up", "k", "pgup"), key.WithHelp("k/up", "scroll up")),
		Down: key.NewBinding(key.WithKeys("down", "j", "pgdown", "space"), key.WithHelp("j/down", "scroll down")),
	}}
}

// Title names the screen.
func (s *Screen) Title() string { return "Help" }

// Update takes the bindings to show, and scrolls.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.HelpMsg:
		s.sections, s.top = msg.Sections, 0
	case views.SizeMsg:
		s.width, s.height = msg.Width, msg.Height
		s.scroll(0)
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, s.keys.Back):
			return s, views.Back{}
		case key.Matches(msg, s.keys.Up):
			s.scroll(-max(1, s.height/2))
		case key.Matches(msg, s.keys.Down):
			s.scroll(max(1, s.height/2))
		}
	}
	return s, nil
}

func (s *Screen) scroll(by int) {
	rows := len(s.lines(themes.New(themes.Default(), true), s.width))
	s.top = max(0, min(s.top+by, rows-s.height))
}

// View draws the page.
func (s *Screen) View(f views.Frame) string {
	if f.Width <= 0 || f.Height <= 0 {
		return ""
	}
	lines := s.lines(f.Styles, f.Width)
	top := max(0, min(s.top, len(lines)-f.Height))
	return widget.Lines(strings.Join(lines[top:], "\n"), f.Width, f.Height)
}

// column is how wide one group of bindings is drawn; groups stand side by side as far as they fit.
const column = 34

func (s *Screen) lines(st *themes.Styles, width int) []string {
	var out []string
	perRow := max(1, (width-2)/column)
	for _, section := range s.sections {
		out = append(out, "  "+widget.Paint(st.Title, widget.Truncate(section.Title, width-2)), "")
		groups := section.Keys
		for len(groups) > 0 {
			n := min(perRow, len(groups))
			out = append(out, side(st, groups[:n], width)...)
			out = append(out, "")
			groups = groups[n:]
		}
	}
	return out
}

// side draws groups next to each other.
func side(st *themes.Styles, groups [][]key.Binding, width int) []string {
	rows := 0
	for _, g := range groups {
		rows = max(rows, len(g))
	}
	out := make([]string, rows)
	for i := range out {
		line := "  "
		for _, g := range groups {
			cell := ""
			if i < len(g) {
				h := g[i].Help()
				name, text := st.Key, st.Text
				if !g[i].Enabled() {
					name, text = st.Faint, st.Faint
				}
				cell = widget.Paint(name, widget.Fit(h.Key, 10)) + " " + widget.Paint(text, h.Desc)
			}
			line += widget.Fit(cell, column-2) + "  "
		}
		out[i] = widget.Truncate(strings.TrimRight(line, " "), width)
	}
	return out
}

// Keys are the bindings that work here.
func (s *Screen) Keys() help.KeyMap { return s.keys }

type keys struct{ Back, Up, Down key.Binding }

// ShortHelp is what the status bar shows.
func (k keys) ShortHelp() []key.Binding { return []key.Binding{k.Back, k.Down, k.Up} }

// FullHelp is empty: the page does not explain itself.
func (k keys) FullHelp() [][]key.Binding { return nil }
