package publish

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"portico/gateway/scheme"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

const (
	wide      = 104 // from this width on the preview stands beside the form
	formWidth = 55  // of the form then
	roomy     = 14  // below this height there are no blank lines
	labels    = 9   // the column of labels
)

// View draws the form and what it would change.
func (s *Screen) View(f views.Frame) string {
	if f.Width < 4 || f.Height < 1 {
		return widget.Lines("", f.Width, f.Height)
	}
	st, inner := f.Styles, f.Width-2
	if len(s.instances) == 0 {
		return widget.Lines("\n "+widget.Paint(st.Dim, "no instance chosen: go back and press p on one"), f.Width, f.Height)
	}
	head := []string{preview.Heading("Publish", s.names, s.snapshot.Gateway, inner, st)}
	if f.Height >= roomy {
		head = append(head, "")
	}
	rest := f.Height - len(head)
	var body []string
	if f.Width >= wide {
		body = s.beside(inner, rest, st)
	} else {
		body = s.below(inner, rest, st)
	}
	return widget.Lines(" "+strings.Join(append(head, body...), "\n "), f.Width, f.Height)
}

func (s *Screen) beside(width, height int, st *themes.Styles) []string {
	form, focus := s.form(formWidth-1, height >= roomy+2, st)
	left := window(form, focus, height)
	right := s.panel(width-formWidth-3, height, st)
	return strings.Split(widget.Beside(st, strings.Join(left, "\n"), strings.Join(right, "\n"), formWidth, height), "\n")
}

// below puts the preview under the form. Both are always in sight: where the terminal is low the form shows
// the lines around the focus.
func (s *Screen) below(width, height int, st *themes.Styles) []string {
	form, focus := s.form(width, height >= 26, st)
	room := height - 1
	least := 6 // lines of the preview; a problem needs fewer
	switch {
	case s.problem != nil:
		least = 3
	case s.planErr == nil && s.answered > 0:
		least = max(least, len(s.top(width, st))+min(2, len(s.proposal.Items))+2) // and some of the forwards
	}
	formHeight := min(len(form), max(room-least, room/2))
	out := window(form, focus, formHeight)
	out = append(out, divider(len(form) > formHeight, width, st))
	return append(out, s.panel(width, height-len(out), st)...)
}

// divider parts the form from the preview, and tells when the form has more fields than are in sight.
func divider(more bool, width int, st *themes.Styles) string {
	const hint = " ▲▼ more fields "
	if !more || width < 2*widget.Width(hint) {
		return widget.Paint(st.Border, strings.Repeat("─", width))
	}
	return widget.Paint(st.Border, strings.Repeat("─", width-widget.Width(hint)-2)) + widget.Paint(st.Dim, hint) + widget.Paint(st.Border, "──")
}

// window cuts lines to height so that line focus is in sight, with one more around it where there is room.
func window(lines []string, focus, height int) []string {
	if len(lines) <= height {
		return lines
	}
	top := max(0, min(focus-height/2, len(lines)-height))
	return append([]string(nil), lines[top:top+height]...)
}

// form draws the fields and tells on which line the focus is.
func (s *Screen) form(width int, blanks bool, st *themes.Styles) (lines []string, focus int) {
	label := "services"
	group := func(next string) {
		if blanks {
			lines = append(lines, "")
		}
		label = next
	}
	put := func(f field, spans widget.Spans) {
		if f == s.focus {
			focus = len(lines)
		}
		lines = append(lines, s.line(label, f, spans, width, st))
		label = ""
	}
	for i := range s.services {
		put(field{fieldService, i}, s.serviceLine(i, st))
	}
	lines = s.textLine(lines, field{kind: fieldOwn}, &focus, width, st)
	group("scheme")
	for i := range s.schemes {
		put(field{fieldScheme, i}, s.schemeLine(i, st))
	}
	if len(s.schemes) == 0 {
		lines = append(lines, s.line(label, field{kind: -1}, widget.Spans{{Text: "reading the schemes…", Style: st.Dim}}, width, st))
	}
	group("open to")
	put(field{kind: fieldAnywhere}, s.anywhereLine(st))
	lines = s.textLine(lines, field{kind: fieldOnly}, &focus, width, st)
	return lines, focus
}

// line is one field with its label; the focus has the marker and the accent.
func (s *Screen) line(label string, f field, control widget.Spans, width int, st *themes.Styles) string {
	mark := widget.Span{Text: "  "}
	if f == s.focus {
		mark = widget.Span{Text: "▸ ", Style: st.Accent}
	}
	row := widget.Spans{{Text: widget.Fit(label, s.labels(width)), Style: st.Dim}, mark}
	return append(row, control...).Cut(width).Render(st, false)
}

// labels is how wide the labels' column is: there are none where there is little room, for the fields speak for themselves.
func (s *Screen) labels(width int) int {
	if width < 48 {
		return 0
	}
	return labels
}

// textLine adds a text field with its checkbox or radio button, and below it what is wrong with
// what was typed or, while it is typed, how to write it.
func (s *Screen) textLine(lines []string, f field, focus *int, width int, st *themes.Styles) []string {
	in, box, word := &s.own, checkbox(s.own.Value() != "", st), "other "
	if f.kind == fieldOnly {
		in, box, word = &s.only, radio(!s.anywhere, st), "only "
	}
	active := f == s.focus
	if active {
		*focus = len(lines)
	}
	row := append(widget.Spans{}, box, widget.Span{Text: word, Style: s.ink(active, st)})
	head := s.line("", f, row, width, st)
	lines = append(lines, head+in.View(st, width-widget.Width(head), active))
	if err := s.fieldProblem(f.kind); err != nil {
		return append(lines, s.line("", field{kind: -1}, widget.Spans{{Text: "✗ " + err.Error(), Style: st.Bad}}, width, st))
	}
	if active { // what to type stays in sight while it is typed
		lines = append(lines, s.line("", field{kind: -1}, widget.Spans{{Text: "    " + in.Placeholder, Style: st.Dim}}, width, st))
	}
	return lines
}

// fieldProblem is what is wrong with a text, if anything.
func (s *Screen) fieldProblem(k kind) error {
	if k == fieldOwn {
		_, err := parseOwn(s.own.Value())
		return err
	}
	list, err := parseSources(s.only.Value())
	if err == nil && len(list) == 0 && !s.anywhere {
		return errNoSource
	}
	if s.anywhere {
		return nil
	}
	return err
}

func checkbox(on bool, st *themes.Styles) widget.Span {
	if on {
		return widget.Span{Text: "[x] ", Style: st.Accent}
	}
	return widget.Span{Text: "[ ] ", Style: st.Dim}
}

func radio(on bool, st *themes.Styles) widget.Span {
	if on {
		return widget.Span{Text: "(•) ", Style: st.Accent}
	}
	return widget.Span{Text: "( ) ", Style: st.Dim}
}

func (s *Screen) ink(active bool, st *themes.Styles) lipgloss.Style {
	if active {
		return st.Accent
	}
	return st.Text
}

func (s *Screen) serviceLine(i int, st *themes.Styles) widget.Spans {
	c := s.services[i]
	name := s.ink(s.focus == field{fieldService, i}, st)
	out := widget.Spans{checkbox(c.on, st), {Text: widget.Pad(c.service.Name, 7), Style: name}}
	sch, known := s.chosen()
	r, has := rule(sch, c.service)
	where := fmt.Sprintf("%s/%d", c.service.Protocol, c.service.Port)
	if r.SamePort {
		where = string(c.service.Protocol)
	}
	out = append(out, widget.Span{Text: widget.Pad(where, 11), Style: st.Dim})
	switch {
	case !known || !sch.Range.IsZero():
	case has:
		out = append(out, widget.Span{Text: "→ " + port(sch, r, s.at), Style: st.Dim})
	case c.on:
		out = append(out, widget.Span{Text: "! not in " + sch.Name, Style: st.Warn})
	default:
		out = append(out, widget.Span{Text: "not in " + sch.Name, Style: st.Faint})
	}
	if s.stands(c.service) {
		out = append(out, widget.Span{Text: "  published", Style: st.Good})
	}
	return out
}

func (s *Screen) chosen() (scheme.Scheme, bool) {
	for _, sch := range s.schemes {
		if sch.Name == s.scheme {
			return sch, true
		}
	}
	return scheme.Scheme{}, false
}

func (s *Screen) schemeLine(i int, st *themes.Styles) widget.Spans {
	sch, names := s.schemes[i], 0
	for _, x := range s.schemes {
		names = max(names, widget.Width(x.Name))
	}
	return widget.Spans{
		radio(sch.Name == s.scheme, st),
		{Text: widget.Fit(sch.Name, min(names, 16)) + "  ", Style: s.ink(s.focus == field{fieldScheme, i}, st)},
		{Text: ports(sch, s.at), Style: st.Dim},
	}
}

func (s *Screen) anywhereLine(st *themes.Styles) widget.Spans {
	out := widget.Spans{radio(s.anywhere, st), {Text: "anywhere", Style: s.ink(s.focus.kind == fieldAnywhere, st)}}
	if s.anywhere {
		out = append(out, widget.Span{Text: "  ! " + openTitle, Style: st.Warn})
	}
	return out
}

// openTitle is what the plan warns of too; the form says it where it is chosen.
const openTitle = "open to the whole internet"
