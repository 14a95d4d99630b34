// Package rounds is the list of every forward of a gateway with what the doctor says of it, worst first.
//
//	RoundsMsg... -> RoundsDoneMsg -> list --enter--> the ladder of one
package rounds

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway/doctor"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// row is one diagnosis and its place among all.
type row struct {
	doctor.Diagnosis
	rank int
}

// Screen is the list. Make one with New.
type Screen struct {
	list  *widget.List[row]
	keys  keys
	seq   int
	done  int
	of    int
	at    time.Time // when the rows were found
	err   error
	going bool

	broken int
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
)

// New returns the empty list.
func New() *Screen {
	s := &Screen{keys: newKeys()}
	s.list = widget.NewList(widget.NewTable(func(r row) string { return string(r.Forward.Service.Protocol) + " " + r.Forward.Public.String() }, columns()...), "forward", "forwards")
	s.list.Keys.NoMarks()
	return s
}

func columns() []widget.Column[row] {
	plain := &themes.Styles{}
	dim := func(text func(row) string) func(row, *themes.Styles, int) widget.Spans {
		return func(r row, st *themes.Styles, _ int) widget.Spans {
			return widget.Spans{{Text: text(r), Style: st.Dim}}
		}
	}
	public := func(r row) string { return r.Forward.PublicText() }
	return []widget.Column[row]{
		{
			Title: "VERDICT", Compare: func(a, b row) int { return cmp.Compare(a.rank, b.rank) }, Text: func(r row) string { return verdict(r, plain).Text() },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans { return verdict(r, st) },
		},
		{Title: "VM", Min: 8, Max: 24, Text: func(r row) string { return cloud.Clean(r.Instance) }},
		{Title: "SERVICE", Max: 10, Priority: 2, Text: func(r row) string { return cloud.Clean(r.Forward.Service.Name) }},
		{Title: "PUBLIC", Priority: 3, Text: public, Cell: dim(public)},
		{Title: "HOP", Max: 16, Priority: 1, Text: hop},
		{Title: "WHY", Min: 14, Grow: true, Text: why},
	}
}

func verdict(r row, st *themes.Styles) widget.Spans {
	mark, ink := "?", st.Warn
	switch r.Verdict {
	case doctor.OK:
		mark, ink = "✓", st.Good
	case doctor.Degraded:
		mark = "⚠"
	case doctor.Blocked:
		mark, ink = "✗", st.Bad
	case doctor.Unknown:
	}
	return widget.Spans{{Text: mark + " ", Style: ink}, {Text: string(r.Verdict), Style: st.Text}}
}

func hop(r row) string {
	if r.Broken < 0 || r.Broken >= len(r.Hops) {
		return ""
	}
	h := r.Hops[r.Broken]
	return fmt.Sprintf("%d %s", h.N, cloud.Clean(h.Title))
}

func why(r row) string {
	switch {
	case r.Broken >= 0 && r.Broken < len(r.Hops):
		return cloud.Clean(r.Hops[r.Broken].Text)
	case r.Verdict == doctor.OK:
		return ""
	}
	return cloud.Clean(r.Summary)
}

// Title names the screen.
func (s *Screen) Title() string { return "Doctor" }

// Typing reports whether the filter takes all keys.
func (s *Screen) Typing() bool { return s.list.Typing() }

// Update takes what is found, and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.RoundsMsg:
		if msg.Seq >= s.seq {
			s.seq, s.done, s.of, s.going, s.err = msg.Seq, msg.Done, msg.Of, true, nil
		}
	case views.RoundsDoneMsg:
		if msg.Seq == s.seq {
			s.end(msg)
		}
	case views.SizeMsg:
		s.list.Resize(msg.Height - headHeight(msg.Height))
	default:
		if !s.list.Update(msg) {
			if k, ok := msg.(tea.KeyPressMsg); ok {
				return s, s.press(k)
			}
		}
	}
	return s, nil
}

func (s *Screen) end(m views.RoundsDoneMsg) {
	if s.going, s.err = false, m.Err; m.Err != nil {
		return // what was last known stays
	}
	s.at, s.broken = m.At, 0
	rows := make([]row, len(m.Diagnoses))
	for i, d := range m.Diagnoses {
		rows[i] = row{d, i}
		if d.Verdict == doctor.Blocked {
			s.broken++
		}
	}
	s.list.SetRows(rows)
}

func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	r, ok := s.list.Current()
	switch {
	case key.Matches(msg, s.keys.Close):
		return views.Back{}
	case key.Matches(msg, s.keys.Again) && !s.going:
		return views.DiagnoseAll{}
	case ok && key.Matches(msg, s.keys.Open):
		return views.ShowDiagnosis{Diagnosis: r.Diagnosis}
	}
	return nil
}

// headHeight is the lines above the list.
func headHeight(height int) int {
	if height < 12 {
		return 1
	}
	return 2
}

// View draws the list below its heading.
func (s *Screen) View(f views.Frame) string {
	if f.Width < 4 || f.Height < 2 {
		return widget.Lines("", f.Width, f.Height)
	}
	left := widget.Spans{{Text: "Doctor  ", Style: f.Styles.Title}, {Text: "all forwards", Style: f.Styles.Text}}
	right := s.state(f)
	head := left.Cut(f.Width-2).Render(f.Styles, false)
	if room := f.Width - 4 - right.Width(); left.Width() <= room {
		head = left.Fit(room+2, false).Render(f.Styles, false) + right.Render(f.Styles, false)
	} else if right.Width() > 0 {
		head = right.Cut(f.Width-2).Render(f.Styles, false)
	}
	n := headHeight(f.Height)
	body := s.list.View(f.Styles, f.Width, f.Height-n, s.empty())
	if s.err != nil && s.list.Len() == 0 {
		body = widget.Lines(" "+strings.Join(preview.Problem(s.err, f.Width-2, f.Styles), "\n "), f.Width, f.Height-n)
	}
	if n == 2 {
		body = "\n" + body
	}
	return " " + head + "\n" + body
}

// state is how far it is, or how much is broken.
func (s *Screen) state(f views.Frame) widget.Spans {
	st := f.Styles
	switch {
	case s.going && s.of == 0:
		return widget.Spans{{Text: "⟳ ", Style: st.Accent}, {Text: "looking", Style: st.Text}}
	case s.going:
		return widget.Spans{{Text: "⟳ ", Style: st.Accent}, {Text: fmt.Sprintf("looking, %d of %d", s.done, s.of), Style: st.Text}}
	case s.err != nil:
		return widget.Spans{{Text: "✗ ", Style: st.Bad}, {Text: "nothing could be diagnosed", Style: st.Strong}}
	case s.broken > 0:
		return widget.Spans{{Text: "✗ ", Style: st.Bad}, {Text: fmt.Sprintf("%d of %d broken", s.broken, s.list.Len()), Style: st.Strong}, {Text: "  " + views.When(s.at, f.Now, false), Style: st.Dim}}
	case s.list.Len() > 0:
		return widget.Spans{{Text: "✓ ", Style: st.Good}, {Text: "none is broken", Style: st.Strong}, {Text: "  " + views.When(s.at, f.Now, false), Style: st.Dim}}
	}
	return nil
}

// empty says why there are no rows.
func (s *Screen) empty() string {
	if s.going || s.at.IsZero() {
		return "looking at every forward; it takes a few seconds"
	}
	return "nothing is published"
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	if s.list.Typing() {
		return s.list.TypingKeys()
	}
	k := s.keys
	_, ok := s.list.Current()
	k.Open.SetEnabled(ok)
	k.Again.SetEnabled(!s.going)
	k.list = s.list.Keys
	return k
}

type keys struct {
	Open, Again, Close key.Binding
	list               widget.ListKeys
}

func newKeys() keys {
	return keys{
		Open:  key.NewBinding(key.WithKeys("enter", "d"), key.WithHelp("enter", "hop by hop")),
		Again: key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "look again")),
		Close: key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	}
}

// ShortHelp is what the status bar shows, most needed first.
func (k keys) ShortHelp() []key.Binding {
	return []key.Binding{k.Open, k.Again, k.list.Filter, k.list.Sort, k.Close}
}

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	return append([][]key.Binding{{k.Open, k.Again, k.Close}}, k.list.Bindings()...)
}
