// Package copies is the page of what there is to take along for an instance: commands, a block for
// ssh_config, an address, a line for known_hosts, each with its text as it will be copied.
package copies

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// Screen is the page. Make one with New.
type Screen struct {
	keys keys
	news views.CopiesMsg
	at   int
}

var _ views.Screen = (*Screen)(nil)

// New returns the page of nothing yet.
func New() *Screen { return &Screen{keys: newKeys()} }

// Title names the screen.
func (s *Screen) Title() string { return "Copy" }

// Update takes what there is, and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.CopiesMsg:
		same := msg.Seq == s.news.Seq
		s.news = msg
		if !same {
			s.at = max(0, slices.IndexFunc(msg.Copies, func(c publish.Copy) bool { return c.Why == "" }))
		}
		s.move(0)
	case tea.KeyPressMsg:
		return s, s.press(msg)
	}
	return s, nil
}

func (s *Screen) move(by int) { s.at = max(0, min(s.at+by, len(s.news.Copies)-1)) }

func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	c, ok := s.current()
	switch {
	case key.Matches(msg, s.keys.Back):
		return views.Back{}
	case key.Matches(msg, s.keys.Up):
		s.move(-1)
	case key.Matches(msg, s.keys.Down):
		s.move(1)
	case !ok || !key.Matches(msg, s.keys.Copy) && !key.Matches(msg, s.keys.Show):
	case c.Why != "":
		return views.Tell{Text: c.As + ": " + c.Why}
	case key.Matches(msg, s.keys.Show):
		return views.ShowText{Text: c.Text, What: c.As}
	default:
		return views.TakeCopy{Text: c.Text, What: c.As}
	}
	return nil
}

func (s *Screen) current() (publish.Copy, bool) {
	if s.at < len(s.news.Copies) {
		return s.news.Copies[s.at], true
	}
	return publish.Copy{}, false
}

// Below which sizes what goes first.
const (
	titlesFrom = 98 // the column of what each is for
	airFrom    = 18 // blank lines, and the hint
)

// View draws the list, and below it the whole text of the one under the cursor.
func (s *Screen) View(f views.Frame) string {
	width := f.Width - 2
	if width < 8 || f.Height < 1 {
		return widget.Lines("", f.Width, f.Height)
	}
	st := f.Styles
	head := widget.Spans{{Text: "Copy  ", Style: st.Title}, {Text: s.news.Name, Style: st.Strong}}
	lines := []string{head.Cut(width).Render(st, false)}
	gap := []string{}
	if f.Height >= airFrom {
		gap = append(gap, "")
	}
	lines = append(lines, gap...)
	hint := s.hint(f, width)
	// The text has at least a line; the list gets what is left, around the cursor.
	room := max(1, f.Height-len(lines)-2*len(gap)-len(hint)-1)
	list := s.list(st, width)
	top := max(0, min(s.at-room/2, len(list)-room))
	lines = append(lines, list[top:min(len(list), top+room)]...)
	lines = append(lines, gap...)
	text := s.text(st, width)
	if most := max(0, f.Height-len(lines)-len(gap)-len(hint)); len(text) > most {
		if text = text[:most]; most > 0 { // there is more of it: all is copied
			text[most-1] = widget.Truncate(text[most-1], width-2) + widget.Paint(st.Dim, " "+widget.Ellipsis)
		}
	}
	lines = append(lines, text...)
	for len(lines)+len(hint) < f.Height {
		lines = append(lines, "")
	}
	lines = append(lines, hint...)
	return widget.Lines(" "+strings.Join(lines, "\n "), f.Width, f.Height)
}

// list is a line for each copy, with the beginning of its text.
func (s *Screen) list(st *themes.Styles, width int) []string {
	names, titles := 0, 0
	for _, c := range s.news.Copies {
		names, titles = max(names, widget.Width(c.As)), max(titles, widget.Width(c.Title))
	}
	out := make([]string, 0, len(s.news.Copies))
	for i, c := range s.news.Copies {
		here, sign := i == s.at, "  "
		if here {
			sign = "▸ "
		}
		name, title, text := st.Text, st.Dim, st.Dim
		preview := first(c.Text)
		if c.Why != "" {
			name, title, text, preview = st.Faint, st.Faint, st.Faint, c.Why
		} else if here {
			text = st.Text
		}
		line := widget.Spans{{Text: sign, Style: st.Accent}, {Text: widget.Fit(c.As, names) + "  ", Style: name}}
		if width >= titlesFrom {
			line = append(line, widget.Span{Text: widget.Fit(c.Title, titles) + "  ", Style: title})
		}
		line = append(line, widget.Span{Text: preview, Style: text})
		out = append(out, line.Fit(width, false).Render(st, here))
	}
	return out
}

// first is the first line of a text, with a sign where there are more.
func first(text string) string {
	line, rest, _ := strings.Cut(text, "\n")
	if rest != "" {
		line += " " + widget.Ellipsis
	}
	return line
}

// text is all that will be copied, and what to know of it.
func (s *Screen) text(st *themes.Styles, width int) []string {
	c, ok := s.current()
	if !ok || c.Why != "" {
		return nil
	}
	var out []string
	for line := range strings.SplitSeq(strings.TrimSuffix(c.Text, "\n"), "\n") {
		for _, l := range widget.Wrap(line, width) {
			out = append(out, widget.Paint(st.Accent, l))
		}
	}
	if c.Note != "" {
		for _, l := range widget.Wrap(c.Note, width) {
			out = append(out, widget.Paint(st.Dim, l))
		}
	}
	return out
}

// hint says how to see whether a copy has arrived, and what to do if not.
func (s *Screen) hint(f views.Frame, width int) []string {
	if f.Height < airFrom {
		return nil
	}
	var out []string
	const how = "Your terminal puts it on the clipboard (OSC 52), and says nothing of it: paste it somewhere to see. If something else comes, " +
		"press s and select the text. tmux passes it on with: set -g set-clipboard on"
	for _, l := range widget.Wrap(how, width) {
		out = append(out, widget.Paint(f.Styles.Faint, l))
	}
	return out
}

type keys struct{ Copy, Show, Up, Down, Back key.Binding }

func newKeys() keys {
	return keys{
		Copy: key.NewBinding(key.WithKeys("enter", "y"), key.WithHelp("enter", "copy")),
		Show: key.NewBinding(key.WithKeys("s"), key.WithHelp("s", "show to select")),
		Up:   key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("k/up", "up")),
		Down: key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("j/down", "down")),
		Back: key.NewBinding(key.WithKeys("esc", "Y"), key.WithHelp("esc", "back")),
	}
}

// ShortHelp is what the status bar shows, most needed first.
func (k keys) ShortHelp() []key.Binding { return []key.Binding{k.Copy, k.Show, k.Down, k.Back} }

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	return [][]key.Binding{{k.Copy, k.Show, k.Back}, {k.Up, k.Down}}
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := s.keys
	c, ok := s.current()
	k.Copy.SetEnabled(ok && c.Why == "")
	k.Show.SetEnabled(ok && c.Why == "")
	return k
}
