package onboarding

import (
	"cmp"
	"strings"

	"portico/cloud"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// proseWidth is the widest text that reads well.
const proseWidth = 76

// labels is the width of the labels of the form.
const labels = 20

// View draws the page one is on.
func (s *Screen) View(f views.Frame) string {
	if f.Width < 4 || f.Height < 1 {
		return widget.Lines("", f.Width, f.Height)
	}
	inner := f.Width - 2
	var lines []string
	focus := 0
	switch s.stage {
	case choosing:
		lines, focus = s.first(inner, f)
	case filling, trying:
		lines, focus = s.viewForm(inner, f)
	case saved:
		lines = s.viewSaved(inner, f.Styles)
	}
	if over := len(lines) - f.Height; over > 0 { // a low terminal shows the part around the focus
		top := max(0, min(over, focus-f.Height/2))
		lines = lines[top:]
	}
	return widget.Lines(" "+strings.Join(lines, "\n "), f.Width, f.Height)
}

func prose(text string, width int, st *themes.Styles) []string {
	var out []string
	for _, l := range preview.Prose(text, min(width, proseWidth)) {
		out = append(out, widget.Paint(st.Text, l))
	}
	return out
}

func (s *Screen) first(width int, f views.Frame) (lines []string, focus int) {
	st := f.Styles
	lines = []string{widget.Paint(st.Title, widget.Truncate("Welcome to Portico", width)), ""}
	if f.Height >= 9 {
		lines = append(lines, prose("One floating IP, every VM reachable. Portico needs to know your cloud first: "+cmp.Or(s.start.Why, "none is configured")+".", width, st)...)
		lines = append(lines, "")
	} else {
		lines = lines[:1]
	}
	names := 0
	for _, c := range s.choices {
		names = max(names, widget.Width(c.name))
	}
	names = min(names, width-4)
	for i, c := range s.choices {
		sign := "  "
		if i == s.at {
			sign, focus = "▸ ", len(lines)
		}
		line := widget.Spans{{Text: sign, Style: st.Mark}, {Text: widget.Fit(c.name, names), Style: st.Text}, {Text: "   " + c.note, Style: st.Dim}}
		lines = append(lines, line.Fit(width, false).Render(st, i == s.at))
	}
	return lines, focus
}

func (s *Screen) viewForm(width int, f views.Frame) (lines []string, focus int) {
	st, trying := f.Styles, s.stage == trying
	lines = []string{widget.Paint(st.Title, "Log in to a cloud")}
	if f.Height >= 16 {
		lines = append(lines, "")
		lines = append(lines, prose("Paste an openrc file or a clouds.yaml anywhere here, and it fills the form. The password is shown to nobody.", width, st)...)
		lines = append(lines, "")
	}
	by := [2]widget.Span{{Text: "(•) password", Style: st.Text}, {Text: "( ) application credential", Style: st.Dim}}
	if s.form.way == byApplication {
		by = [2]widget.Span{{Text: "( ) password", Style: st.Dim}, {Text: "(•) application credential", Style: st.Text}}
	}
	for n, i := range s.form.shown() {
		if n == 1 {
			lines = append(lines, widget.Spans{{Text: widget.Fit("  by", labels), Style: st.Dim}, by[0], {Text: "  "}, by[1]}.Cut(width).Render(st, false))
		}
		if i == s.form.focus {
			focus = len(lines)
		}
		lines = append(lines, s.viewField(i, width, st))
	}
	lines = append(lines, s.below(width, st, trying)...)
	if trying || s.err != nil { // how it goes is what one looks for
		focus = len(lines) - 1
	}
	return lines, focus
}

func (s *Screen) viewField(i, width int, st *themes.Styles) string {
	x, here := &s.form.fields[i], i == s.form.focus && s.stage == filling
	mark, label := "  ", st.Dim
	if here {
		mark, label = "▸ ", st.Accent
	}
	in := x.in
	if i == fieldName {
		in.Placeholder = s.form.name()
	}
	room := max(0, width-labels)
	said := in.View(st, room, here)
	switch empty := here && x.in.Value() == ""; {
	case empty && s.form.asked && x.needed != "":
		said += widget.Paint(st.Warn, widget.Truncate(" "+x.needed+" is needed", room-1))
	case empty: // the hint stays until something is typed
		said += widget.Paint(st.Placeholder, widget.Truncate(in.Placeholder, room-1))
	}
	return widget.Paint(st.Mark, mark) + widget.Paint(label, widget.Fit(x.label, labels-2)) + said
}

// below is how the login goes.
func (s *Screen) below(width int, st *themes.Styles, trying bool) []string {
	switch {
	case trying:
		return []string{"", widget.Paint(st.Accent, widget.Truncate("logging in…", width))}
	case s.err != nil:
		return append([]string{""}, preview.Problem(s.err, min(width, proseWidth), st)...)
	}
	out := []string{""}
	for _, l := range preview.Prose("Saved in "+cloud.Clean(s.start.File)+", and the secret in secure.yaml beside it, for you alone.", min(width, proseWidth)) {
		out = append(out, widget.Paint(st.Dim, l))
	}
	return out
}

func (s *Screen) viewSaved(width int, st *themes.Styles) []string {
	id := s.done.Identity
	out := []string{
		widget.Spans{{Text: "✓ ", Style: st.Good}, {Text: "Logged in", Style: st.Strong}, {Text: " as " + id.User + " to project " + id.Project, Style: st.Text}}.Cut(width).Render(st, false), "",
	}
	for _, f := range s.done.Files {
		out = append(out, widget.Spans{{Text: "  saved in  ", Style: st.Dim}, {Text: cloud.Clean(f), Style: st.Text}}.Cut(width).Render(st, false))
	}
	out = append(out, "")
	return append(out, prose("From now on 'portico --cloud "+s.done.Name+"' opens it, and 'export OS_CLOUD="+s.done.Name+"' makes it the one that is meant.", width, st)...)
}
