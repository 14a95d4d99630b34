package history

import (
	"cmp"
	"fmt"

	"charm.land/lipgloss/v2"

	"portico/cloud"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

func (s *Screen) columns() []widget.Column[row] {
	dim := func(text func(row) string) func(row, *themes.Styles, int) widget.Spans {
		return func(r row, st *themes.Styles, _ int) widget.Spans {
			return widget.Spans{{Text: text(r), Style: st.Dim}}
		}
	}
	when := func(r row) string { return views.When(r.At, s.news.At, !s.roomy) }
	by := func(r row) string { return r.By }
	gw := func(r row) string { return r.Gateway }
	return []widget.Column[row]{
		{Title: "WHEN", Text: when, Cell: dim(when), Compare: func(a, b row) int { return a.At.Compare(b.At) }, Down: true},
		{
			Title: "RESULT", Max: 18, Compare: byResult, Text: func(r row) string { return s.result(r, plain).Text() },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans { return s.result(r, st) },
		},
		{Title: "WHAT", Min: 30, Want: 40, Grow: true, Text: func(r row) string { return r.Title }},
		{Title: "CHANGES", Priority: 2, Compare: func(a, b row) int { return cmp.Compare(len(a.Changes), len(b.Changes)) }, Down: true, Text: func(r row) string { return counts(r, plain).Text() }, Cell: func(r row, st *themes.Styles, _ int) widget.Spans { return counts(r, st) }},
		{Title: "WHO", Min: 10, Max: 20, Priority: 1, Text: by, Cell: dim(by)},
		{Title: "GATEWAY", Max: 16, Priority: 3, Text: gw, Cell: dim(gw)},
	}
}

// plain are the styles for text that is only searched.
var plain = &themes.Styles{}

// result is a glyph and a word: what needs a look stands out in both.
func (s *Screen) result(r row, st *themes.Styles) widget.Spans {
	glyph, style, text := mark(r.Result, st)
	return widget.Spans{{Text: glyph + " ", Style: style}, {Text: Word(r.Result, !s.roomy), Style: text}}
}

func mark(r history.Result, st *themes.Styles) (glyph string, style, text lipgloss.Style) {
	style, text = st.Warn, st.Text
	switch r {
	case history.Applied:
		style = st.Good
	case history.Undone:
		style = st.Dim
	case history.Partly:
		style, text = st.Bad, st.Bad
	case history.RolledBack:
		text = st.Warn
	case history.Applying:
	}
	return Glyph(r), style, text
}

// Glyph is a result's sign.
func Glyph(r history.Result) string {
	switch r {
	case history.Applied:
		return "✓"
	case history.Applying:
		return "◐"
	case history.Undone:
		return "○"
	case history.Partly:
		return "✗"
	case history.RolledBack:
		return "⚠"
	}
	return "?"
}

// Word says how an apply ended.
func Word(r history.Result, short bool) string {
	switch {
	case r == "":
		return "unknown"
	case r == history.Partly && short:
		return "partly"
	}
	return cloud.Clean(string(r))
}

// Meaning says in a sentence what follows from a result; "" where the word says it all.
func Meaning(r history.Result) string {
	switch r {
	case history.Applying:
		return "no end is recorded: it is still being applied, or its console has died"
	case history.Undone:
		return "all is as it was before"
	case history.Partly:
		return "not all of it is as planned, and it could not be undone whole"
	case history.RolledBack:
		return "the gateway put its own part back; what was changed in the cloud may still stand"
	case history.Applied:
	}
	return ""
}

// seriousness is the order of results: what needs a look comes first.
var seriousness = map[history.Result]int{history.Partly: 1, history.RolledBack: 2, history.Applying: 3, history.Undone: 5, history.Applied: 6}

func byResult(a, b row) int {
	rank := func(r history.Result) int { return cmp.Or(seriousness[r], 4) } // what this program does not know
	return cmp.Compare(rank(a.Result), rank(b.Result))
}

// counts are the changes by what they do: "+3 ~1 -2".
func counts(r row, st *themes.Styles) widget.Spans {
	var out widget.Spans
	for _, kind := range []struct {
		action plan.Action
		style  lipgloss.Style
	}{{plan.Create, st.Add}, {plan.Update, st.Change}, {plan.Delete, st.Remove}} {
		if n := count(r.Changes, kind.action); n > 0 {
			out = append(out, widget.Span{Text: fmt.Sprintf("%c%d", kind.action, n), Style: kind.style}, widget.Span{Text: " "})
		}
	}
	if len(out) > 0 {
		out = out[:len(out)-1]
	}
	return out
}

func count(changes []plan.Change, a plan.Action) int {
	n := 0
	for _, c := range changes {
		if c.Action == a {
			n++
		}
	}
	return n
}

// Summary counts the changes by what they do: "+3 ~1 -2".
func Summary(r history.Record) string { return counts(r, plain).Text() }
