package gateways

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/themes"
	"portico/views"
	"portico/views/portspace"
	"portico/views/preview"
	"portico/views/widget"
)

// line is one thing that has drifted.
type line struct {
	gateway.Drift
	id    string
	means string
}

// page is one gateway on the whole screen: what is known of it, and its drift, which can be marked.
type page struct {
	id   string // of the gateway; "" when the list is shown
	list *widget.List[line]

	ports bool // the map of its public ports is shown in place of its drift
}

func newPage() page {
	dim := func(text func(line) string) func(line, *themes.Styles, int) widget.Spans {
		return func(l line, st *themes.Styles, _ int) widget.Spans {
			return widget.Spans{{Text: text(l), Style: st.Dim}}
		}
	}
	what := func(l line) string { return bare(l.Drift) }
	means := func(l line) string { return l.means }
	where := func(l line) string { return cloud.Clean(l.Where) }
	t := widget.NewTable(func(l line) string { return l.id }, []widget.Column[line]{
		{Title: "DRIFT", Text: func(l line) string { return section(l.Drift).word }, Cell: wordCell},
		{Title: "WHAT", Min: 16, Want: 60, Grow: true, Text: what},
		{Title: "AMOUNTS TO", Min: 16, Max: 48, Priority: 1, Text: means, Cell: dim(means)},
		{Title: "WHERE", Min: 10, Max: 30, Priority: 2, Text: where, Cell: dim(where)},
	}...)
	list := widget.NewList(t, "thing has drifted or was made by hand", "things have drifted or were made by hand")
	list.Keys.MarkShown.SetEnabled(false) // A adopts
	return page{list: list}
}

// wordCell stands out where there is something to put right.
func wordCell(l line, st *themes.Styles, _ int) widget.Spans {
	kind, style := section(l.Drift), st.Dim
	switch kind {
	case reused:
		style = st.Bad
	case gone, missing, strange:
		style = st.Warn
	case canAdopt:
		style = st.Accent
	}
	return widget.Spans{{Text: kind.word, Style: style}}
}

// fillPage gives the page its rows; it closes when its gateway is gone.
func (s *Screen) fillPage() {
	r, ok := s.list.Current()
	if !s.Nested() {
		return
	}
	if !ok || rowID(r) != s.page.id {
		s.page.id = ""
		return
	}
	var out []line
	seen := map[string]int{}
	if r.state != nil {
		for _, d := range r.state.Drift {
			id := strings.Join([]string{string(d.Kind), d.Where, d.Line}, "\n")
			seen[id]++ // two equal rules are two rows
			out = append(out, line{Drift: d, id: fmt.Sprintf("%s\n%d", id, seen[id]), means: means(d, s.snapshot.Snapshot)})
		}
	}
	slices.SortStableFunc(out, func(a, b line) int { return kindsOrder[section(a.Drift)] - kindsOrder[section(b.Drift)] })
	s.page.list.SetRows(out)
}

func (s *Screen) pressPage(msg tea.KeyPressMsg) views.Intent {
	r, ok := s.list.Current()
	switch {
	case key.Matches(msg, s.keys.Refresh):
		return views.Refresh{}
	case key.Matches(msg, s.keys.Close):
		s.page.id = ""
	case key.Matches(msg, s.keys.Ports):
		s.page.ports = !s.page.ports
	case !ok:
	case key.Matches(msg, s.keys.Repair):
		return s.repair(r)
	case key.Matches(msg, s.keys.Adopt):
		var marked []line
		if s.page.list.Marked() > 0 {
			marked = s.page.list.Chosen()
		}
		return s.adopt(r, marked)
	case key.Matches(msg, s.keys.Import):
		return s.importAll(r)
	case key.Matches(msg, s.keys.Copy):
		if l, ok := s.page.list.Current(); ok {
			return views.CopyText{Text: cloud.Clean(l.Line), What: "the rule"}
		}
	}
	return nil
}

func (s *Screen) pageKeys(k keys) help.KeyMap {
	k.page, k.list = true, s.page.list.Keys
	_, ok := s.page.list.Current()
	k.Copy.SetEnabled(ok && !s.page.ports)
	if s.page.ports {
		k.Ports.SetHelp("m", "back to its drift")
	}
	k.list.Mark.SetEnabled(ok && k.Adopt.Enabled())
	if s.page.list.Marked() > 0 {
		k.Adopt.SetHelp("A", "adopt the marked")
	}
	return k
}

// viewPage draws what is known above the drift, and the line under the cursor whole below it.
func (s *Screen) viewPage(r row, f views.Frame) string {
	st, inner := f.Styles, f.Width-2
	if inner < 4 {
		return widget.Lines("", f.Width, f.Height)
	}
	right := health(r, st)
	left := widget.Spans{{Text: r.Name, Style: st.Title}}
	if r.FloatingIP.IsValid() {
		left = append(left, widget.Span{Text: "  " + r.FloatingIP.String(), Style: st.Dim})
	}
	head := []string{preview.HeadingWith(left, right, inner, st)}
	if s.page.ports {
		return widget.Lines(indent(strings.Join(append(head, append([]string{""}, portspace.Lines(s.snapshot.Snapshot, r.Name, st, inner, f.Height-2)...)...), "\n")), f.Width, f.Height)
	}
	about := s.about(r, f, inner)
	head = append(head, about[:min(len(about), max(0, f.Height/2-2))]...)
	if f.Height >= 12 {
		head = append(head, "")
	}
	foot := s.whole(inner, st)
	foot = foot[:min(len(foot), max(0, f.Height-len(head)-6))]
	if len(foot) > 0 {
		foot = append([]string{""}, foot...)
	}
	room := max(1, f.Height-len(head)-len(foot))
	s.page.list.Resize(room)
	body := s.page.list.View(st, f.Width, room, "no drift: what stands is as plans left it")
	lines := append([]string{indent(strings.Join(head, "\n")), body}, prefix(foot)...)
	return widget.Lines(strings.Join(lines, "\n"), f.Width, f.Height)
}

func prefix(lines []string) []string {
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	return lines
}

// whole is the line under the cursor without anything cut.
func (s *Screen) whole(width int, st *themes.Styles) []string {
	l, ok := s.page.list.Current()
	if !ok {
		return nil
	}
	var out []string
	for i, w := range preview.Wrap(cloud.Clean(l.Line), width-7) {
		label := "       "
		if i == 0 {
			label = "what   "
		}
		out = append(out, widget.Spans{{Text: label, Style: st.Dim}, {Text: w, Style: st.Text}}.Render(st, false))
	}
	if l.means != "" {
		out = append(out, prose("so     ", l.means, width, st)...)
	}
	return append(out, prose("where  ", cloud.Clean(l.Where), width, st)...)
}
