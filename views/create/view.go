package create

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"portico/gateway/provision"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

const (
	labels = 14  // the column of labels
	values = 26  // the column of what is chosen
	wide   = 60  // below this width there are no reasons
	whole  = 110 // from this width on a line has room for all that there is to say of its choice
	roomy  = 16  // below this height there are no blank lines
)

// View draws the form and below it what it costs, what to know, and what is in the way.
func (s *Screen) View(f views.Frame) string {
	if f.Width < 4 || f.Height < 1 {
		return widget.Lines("", f.Width, f.Height)
	}
	inner := f.Width - 2
	lines := []string{preview.HeadingWith(widget.Spans{{Text: "Create a gateway", Style: f.Styles.Title}, {Text: "  from nothing", Style: f.Styles.Dim}},
		widget.Spans{{Text: "nothing is made before you have seen the plan", Style: f.Styles.Dim}}, inner, f.Styles)}
	if f.Height >= roomy {
		lines = append(lines, "")
	}
	form, focus := s.form(inner, f.Styles)
	below := s.below(inner, f.Styles)
	room := f.Height - len(lines)
	if over := len(form) + len(below) - room; over > 0 { // the form first, around its focus
		keep := max(min(len(form), room), min(room, 3))
		if len(s.choice.Problems) > 0 || s.badFrom != nil { // what is in the way stays in sight
			keep = max(1, min(keep, room-2))
		}
		top := max(0, min(focus-keep/2, len(form)-keep))
		form = form[top : top+min(keep, len(form))]
		below = below[:max(0, min(len(below), room-len(form)))]
	}
	lines = append(append(lines, form...), below...)
	body := widget.Lines(" "+strings.Join(lines, "\n "), f.Width, f.Height)
	if !s.picking {
		return body
	}
	return widget.Lines(widget.Over(body, s.picker.View(f.Styles, f.Width, f.Height), f.Width, f.Height), f.Width, f.Height)
}

// form draws the fields and tells on which line the focus is.
func (s *Screen) form(width int, st *themes.Styles) (lines []string, focus int) {
	for i, name := range fields {
		if i == s.at {
			focus = len(lines)
		}
		lines = append(lines, s.line(i, name, width, st))
	}
	return lines, focus
}

func (s *Screen) line(i int, name string, width int, st *themes.Styles) string {
	mark, label := widget.Span{Text: "  "}, st.Dim
	if i == s.at {
		mark, label = widget.Span{Text: "▸ ", Style: st.Mark}, st.Accent
	}
	head := widget.Spans{mark, {Text: widget.Fit(name, labels), Style: label}}
	switch name {
	case provision.FieldName:
		return head.Render(st, false) + s.text(&s.name, i == s.at, width-head.Width(), st)
	case fieldSSH:
		return head.Render(st, false) + s.text(&s.from, i == s.at, width-head.Width(), st)
	}
	if name != fieldBoot && (s.material == nil || s.material.Err != nil) {
		said := "asking the cloud…"
		if s.material != nil {
			said = "not known"
		}
		return append(head, widget.Span{Text: "  " + said, Style: st.Dim}).Cut(width).Render(st, false)
	}
	f := s.field(name)
	o, ok := f.Option()
	if !ok {
		return append(head, widget.Span{Text: "✗ nothing that can be", Style: st.Bad}).Cut(width).Render(st, false)
	}
	left, right := "  ", "  "
	if i == s.at {
		left, right = "‹ ", " ›"
	}
	row := append(head, widget.Span{Text: left, Style: st.Accent})
	if width < wide {
		return append(row, widget.Span{Text: o.Name, Style: st.Text}, widget.Span{Text: right, Style: st.Accent}).Cut(width).Render(st, false)
	}
	note := noteOf(f)
	gap := strings.Repeat(" ", max(0, values-widget.Width(widget.Truncate(o.Name, values))))
	return append(row, widget.Span{Text: widget.Truncate(o.Name, values), Style: st.Text}, widget.Span{Text: right, Style: st.Accent},
		widget.Span{Text: gap + " " + note, Style: st.Dim}).Cut(width).Render(st, false)
}

// noteOf is what a choice is, and why it is that one.
func noteOf(f provision.Field) string {
	o, _ := f.Option()
	return strings.Trim(o.Detail+"; "+f.Why, "; ")
}

func (s *Screen) text(in *widget.Input, active bool, width int, st *themes.Styles) string {
	if in.Value() == "" && active {
		return "  " + in.View(st, width-2, true) + widget.Paint(st.Placeholder, widget.Truncate(" "+in.Placeholder, max(0, width-4)))
	}
	return "  " + in.View(st, width-2, active)
}

// below is what it costs and what is in the way.
func (s *Screen) below(width int, st *themes.Styles) []string {
	out := []string{""}
	add := func(ink lipgloss.Style, sign, text string) {
		for i, l := range preview.Prose(text, max(10, min(width, 100)-2)) {
			out = append(out, widget.Spans{{Text: map[bool]string{true: sign, false: "  "}[i == 0], Style: ink}, {Text: l, Style: ink}}.Cut(width).Render(st, false))
		}
	}
	switch {
	case s.material == nil:
		return nil
	case s.material.Err != nil:
		return append(out, preview.Problem(s.material.Err, width, st)...)
	}
	if note := noteOf(s.field(fields[s.at])); note != "" && width < whole && len(s.choice.Problems) == 0 { // its line has no room for all of it
		add(st.Text, "  ", fields[s.at]+": "+note)
		out = append(out, "")
	}
	if s.badFrom != nil {
		add(st.Bad, "✗ ", "ssh from: "+s.badFrom.Error())
	}
	for _, p := range s.choice.Problems {
		add(st.Bad, "✗ ", p.Field+": "+p.Why)
		add(st.Dim, "→ ", p.Next)
	}
	for _, d := range s.choice.Doubts {
		add(st.Warn, "! ", d.Title+": "+d.Detail)
	}
	var costs []string
	for _, c := range s.choice.Costs {
		most := fmt.Sprintf(" of %d", c.Max)
		switch {
		case !c.Known:
			most = ", limit unknown"
		case c.Max < 0:
			most = ""
		}
		costs = append(costs, fmt.Sprintf("%s %d→%d%s", c.Name, c.Before, c.After, most))
	}
	if len(s.choice.Problems) == 0 && len(costs) > 0 {
		add(st.Dim, "  ", "quota: "+strings.Join(costs, " · "))
	}
	return out
}
