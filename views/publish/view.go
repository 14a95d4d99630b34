package publish

import (
	"fmt"
	"strings"

	"portico/gateway/publish"
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
		return widget.Lines("\n "+widget.Paint(st.Dim, "no instance chosen: go back and choose one"), f.Width, f.Height)
	}
	head := []string{preview.HeadingBy(s.proposal, s.names, s.snapshot.Gateway, inner, st)}
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

// right is the preview, and below it, where there is room, the port map; or the map alone.
func (s *Screen) right(width, height int, st *themes.Styles) []string {
	const mapHeight = 15
	if s.mapping {
		return s.mapPage(width, height, st)
	}
	if height < 2*mapHeight || s.snapshot.State == nil || s.problem != nil && len(s.asked) == 0 {
		return s.panel(width, height, st)
	}
	below := s.mapLines(width, mapHeight, st)
	if below == nil {
		return s.panel(width, height, st)
	}
	out := append(s.panel(width, height-len(below)-1, st), "")
	return append(out, below...)
}

func (s *Screen) beside(width, height int, st *themes.Styles) []string {
	const notes = 4 // what else there is to know of the field, below the form
	form, focus := s.form(formWidth-1, height >= roomy+8, st)
	room := height
	if height >= roomy {
		room -= notes
	}
	left := window(form, focus, room)
	for len(left) < room {
		left = append(left, "")
	}
	left = append(left, s.noteLines(formWidth-2, height-room, st)...)
	right := s.right(width-formWidth-3, height, st)
	return strings.Split(widget.Beside(st, strings.Join(left, "\n"), strings.Join(right, "\n"), formWidth, height), "\n")
}

// below puts the preview under the form. Both are always in sight: where the terminal is low the form shows
// the lines around the focus.
func (s *Screen) below(width, height int, st *themes.Styles) []string {
	if s.mapping {
		return s.mapPage(width, height, st)
	}
	form, focus := s.form(width, height >= 34, st)
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
	out = append(out, divider(s.note(), len(form) > formHeight, width, st))
	return append(out, s.panel(width, height-len(out), st)...)
}

// divider parts the form from the preview, tells what else there is to know of the field under the
// focus, and when the form has more fields than are in sight.
func divider(note string, more bool, width int, st *themes.Styles) string {
	right := ""
	if more && width >= 30 {
		right = " ▲▼ more "
	}
	room := width - widget.Width(right) - 6
	if note == "" || room < 24 {
		note = ""
	} else {
		note = " " + widget.Truncate(note, room) + " "
	}
	rule := max(0, width-widget.Width(note)-widget.Width(right)-4)
	return widget.Spans{
		{Text: "──", Style: st.Border}, {Text: note, Style: st.Dim}, {Text: strings.Repeat("─", rule), Style: st.Border}, {Text: right, Style: st.Dim}, {Text: "──", Style: st.Border},
	}.Cut(width).Render(st, false)
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
	lines = append(lines, s.ownLines(width, st)...)
	group("ports")
	for i := range s.schemes {
		put(field{fieldScheme, i}, s.schemeLine(i, st))
	}
	if len(s.schemes) == 0 {
		lines = append(lines, s.line(label, field{kind: -1}, widget.Spans{{Text: "reading the schemes…", Style: st.Dim}}, width, st))
	}
	lines = s.textLine(lines, field{kind: fieldFormula}, &focus, width, st)
	if s.ownFormula {
		lines = s.textLine(lines, field{kind: fieldName}, &focus, width, st)
	}
	lines = s.textLine(lines, field{kind: fieldPorts}, &focus, width, st)
	group("open to")
	put(field{kind: fieldAnywhere}, s.anywhereLine(st))
	put(field{kind: fieldMe}, s.meLine(st))
	lines = s.textLine(lines, field{kind: fieldOnly}, &focus, width, st)
	group("engine")
	for i, e := range publish.EngineWays(s.snapshot) {
		put(field{fieldEngine, i}, s.engineLine(i, e, st))
	}
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
	switch f.kind {
	case fieldOnly:
		in, box, word = &s.only, radio(s.from == fromOnly, st), "only "
	case fieldPorts:
		in, box, word = &s.ports, radio(s.ownPorts, st), "own "
	case fieldFormula:
		in, box, word = &s.formula.Text, radio(s.ownFormula, st), "formula "
	case fieldName:
		in, box, word = &s.formula.Name, widget.Span{Text: "    "}, "save as "
	default:
	}
	active := f == s.focus
	if active {
		*focus = len(lines)
	}
	row := append(widget.Spans{}, box, widget.Span{Text: word, Style: s.ink(active, st)})
	head := s.line("", f, row, width, st)
	lines = append(lines, head+in.View(st, width-widget.Width(head), active))
	if f.kind == fieldFormula && s.ownFormula {
		return append(lines, s.formulaLines(width, st)...)
	}
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
	switch k {
	case fieldOwn:
		_, err := parseOwn(s.own.Value())
		return err
	case fieldPorts:
		if _, err := s.wantedPorts(len(s.wanted())); err != nil {
			return err
		}
		for _, a := range s.asked {
			if s.ownPorts && a.clash != "" && a.port != 0 {
				return fmt.Errorf("%d is taken: %s", a.port, a.clash)
			}
		}
		return nil
	case fieldFormula, fieldName:
		return nil
	default:
	}
	list, err := parseSources(s.only.Value())
	switch {
	case s.from != fromOnly:
		return nil
	case err == nil && len(list) == 0:
		return errNoSource
	}
	return err
}
