package doctor

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"portico/gateway/doctor"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// ladder lays out the hops, and below an open one what was found there. A low screen has what else
// there is to know at its end.
func (s *Screen) ladder(width int, f views.Frame) []string {
	st := f.Styles
	switch {
	case s.err != nil:
		s.starts = nil
		return preview.Problem(s.err, width, st)
	case len(s.hops) == 0:
		s.starts = nil
		return []string{widget.Paint(st.Dim, widget.Truncate("reading the project and the gateway…", width))}
	}
	s.cursor = min(s.cursor, len(s.hops)-1)
	names := 0
	for _, h := range s.hops {
		names = max(names, widget.Width(clean(h.Title)))
	}
	names = min(names, width*3/10)
	s.starts = s.starts[:0]
	var out []string
	for i, h := range s.hops {
		s.starts = append(s.starts, len(out))
		out = append(out, s.row(h, i == s.cursor, names, width, st)...)
		if s.open[h.ID] {
			out = append(out, s.findings(h, width, st)...)
		}
	}
	if f.Height < roomy && s.found != nil {
		out = append(out, s.more(width, st)...)
	}
	s.starts = append(s.starts, len(out))
	return out
}

// row is one hop on one line; an open one has as many as its text needs.
func (s *Screen) row(h doctor.Hop, current bool, names, width int, st *themes.Styles) []string {
	mark, ink := glyph(h.Verdict, st)
	title, text := st.Text, st.Dim
	switch {
	case h.Follows > 0:
		mark, ink, title, text = "·", st.Faint, st.Faint, st.Faint
	case h.Verdict == "":
		title = st.Dim
	case h.Verdict != doctor.OK:
		text = st.Text
	}
	pointer := "  "
	if current {
		pointer, title = "▸ ", st.Strong
	}
	name := clean(h.Title)
	if width >= narrow {
		name = widget.Fit(name, names)
	}
	out := widget.Spans{{Text: pointer, Style: st.Accent}, {Text: mark + " ", Style: ink}, {Text: fmt.Sprintf("%d  ", h.N), Style: st.Dim}, {Text: name + "  ", Style: title}}
	words, room := words(h), width-out.Width()
	if !s.open[h.ID] || widget.Width(words) <= room {
		return []string{append(out, widget.Span{Text: words, Style: text}).Cut(width).Render(st, false)}
	}
	var lines []string
	at := out.Width()
	if width < narrow {
		lines, out, at = []string{out.Cut(width).Render(st, false)}, nil, inset(width)
	}
	for _, l := range preview.Prose(words, width-at) {
		if len(out) == 0 {
			out = widget.Spans{{Text: strings.Repeat(" ", at)}}
		}
		lines = append(lines, append(out, widget.Span{Text: l, Style: text}).Cut(width).Render(st, false))
		out = nil
	}
	return lines
}

// words is what was found at a hop, in one line.
func words(h doctor.Hop) string {
	switch {
	case h.Follows > 0:
		return fmt.Sprintf("follows from %d", h.Follows)
	case h.Verdict == "" && h.Text == "":
		return "…"
	}
	return clean(h.Text)
}

// inset is where what belongs to a hop begins.
func inset(width int) int {
	if width < narrow {
		return min(4, width/4)
	}
	return 7
}

// findings lays out what was found at a hop: what decides, on what evidence, and what mends it.
func (s *Screen) findings(h doctor.Hop, width int, st *themes.Styles) []string {
	p := part{width: width - inset(width), st: st}
	offered := s.fix()
	for _, x := range h.Findings {
		if x.Text != h.Text {
			mark, ink := glyph(x.Verdict, st)
			p.marked(mark, ink, clean(x.Text))
		}
		for _, e := range x.Evidence {
			p.prose("evidence", e.Words, st.Text)
			for l := range strings.SplitSeq(e.Raw, "\n") {
				p.raw(l)
			}
		}
		p.prose("missing", x.Missing, st.Text)
		if x.Fix != nil {
			p.fix(x.Fix, x.Fix == offered)
		}
	}
	if len(p.lines) == 0 && h.Follows == 0 && h.Verdict != "" {
		p.prose("", "nothing more is known of it", st.Dim)
	}
	for i := range p.lines {
		p.lines[i] = strings.Repeat(" ", inset(width)) + p.lines[i]
	}
	return p.lines
}

// part is lines that belong together: a word in a column, and what it is about.
type part struct {
	width int
	st    *themes.Styles
	lines []string
}

const labels = len("evidence") + 2

// column is the width of the column of words; 0 where there is no room for one.
func (p *part) column() int {
	if p.width < 4*labels {
		return 0
	}
	return labels
}

func (p *part) prose(label, text string, ink lipgloss.Style) {
	if text = clean(text); text == "" {
		return
	}
	at := p.column()
	if at == 0 {
		for i, l := range preview.Wrap(strings.TrimPrefix(label+": "+text, ": "), p.width) {
			out := widget.Spans{{Text: l, Style: ink}}
			if rest, ok := strings.CutPrefix(l, label+":"); ok && i == 0 {
				out = widget.Spans{{Text: label + ":", Style: p.st.Dim}, {Text: rest, Style: ink}}
			}
			p.lines = append(p.lines, out.Render(p.st, false))
		}
		return
	}
	for _, l := range preview.Prose(text, p.width-at) {
		p.lines = append(p.lines, widget.Spans{{Text: widget.Fit(label, at), Style: p.st.Dim}, {Text: l, Style: ink}}.Render(p.st, false))
		label = ""
	}
}

// marked is a sentence after a sign.
func (p *part) marked(mark string, ink lipgloss.Style, text string) {
	for i, l := range preview.Prose(text, p.width-2) {
		if i > 0 {
			mark = " "
		}
		p.lines = append(p.lines, widget.Spans{{Text: mark + " ", Style: ink}, {Text: l, Style: p.st.Text}}.Render(p.st, false))
	}
}

// raw is a line as a machine says it.
func (p *part) raw(line string) {
	at := max(2, p.column())
	if line = clean(line); line == "" {
		return
	}
	for _, l := range preview.Wrap(line, p.width-at) {
		p.lines = append(p.lines, widget.Paint(p.st.Dim, strings.Repeat(" ", at)+l))
	}
}

// fix is what mends a finding. The title of what f does is said elsewhere.
func (p *part) fix(x *doctor.Fix, offered bool) {
	if !offered {
		p.prose("fix", x.Title, p.st.Text)
	}
	if x.Sentence != "" {
		p.prose("tell", x.To+": "+x.Sentence, p.st.Text)
	}
	if x.Command != "" {
		p.prose("type", x.Command, p.st.Text)
	}
}

// more is what else to know: faults behind the first, and notes.
func (s *Screen) more(width int, st *themes.Styles) []string {
	p := part{width: width, st: st}
	for _, l := range s.found.Later {
		p.marked("!", st.Warn, clean(l.Text))
	}
	for _, n := range s.found.Notes {
		p.marked("·", st.Dim, clean(n))
	}
	return p.lines
}

// foot is what to do now, and what else to know, in at most so many lines.
func (s *Screen) foot(width int, f views.Frame, most int) []string {
	if s.found == nil || f.Height < 4 {
		return nil
	}
	st := f.Styles
	var out []string
	if fix := s.fix(); fix != nil {
		line := widget.Spans{{Text: "fix  ", Style: st.Accent}, {Text: clean(fix.Title), Style: st.Strong}}
		does := map[doctor.FixKind]string{doctor.FixPlan: "shows the plan", doctor.FixCommand: "copies the command", doctor.FixSentence: "copies what to say"}[fix.Kind]
		does = s.own.Of("fix") + " " + does
		if room := width - widget.Width(does) - 2; line.Width() <= room {
			out = append(out, line.Fit(room+2, false).Render(st, false)+widget.Paint(st.Dim, does))
		} else {
			out = append(out, line.Cut(width).Render(st, false))
		}
	}
	if f.Height < roomy {
		return out
	}
	if more := s.more(width, st); len(more) > 0 {
		out = append(out, more[:min(len(more), max(0, most-len(out)-1))]...)
	}
	if len(out) == 0 {
		return nil
	}
	return append([]string{""}, out...)
}
