package preview

import (
	"strings"

	"charm.land/lipgloss/v2"

	"portico/gateway/plan"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// Wrap breaks a command or a rule into lines of at most width cells, at spaces only, so that an
// option stays whole; a word longer than a line is broken. Leading spaces are kept, and later
// lines are indented by two more.
func Wrap(s string, width int) []string { return wrap(s, width, 2) }

// Prose breaks a sentence like [Wrap], without indenting.
func Prose(s string, width int) []string { return wrap(s, width, 0) }

func wrap(s string, width, further int) []string {
	if width <= 0 {
		return nil
	}
	if !strings.HasPrefix(s, " ") && widget.Width(s) <= width {
		return []string{s}
	}
	if out := wrapPlain(s, width, min(further, width/2)); out != nil {
		return out
	}
	body := strings.TrimLeft(s, " ")
	indent := min(len(s)-len(body), width/2)
	line := strings.Repeat(" ", indent)
	used, hang := indent, strings.Repeat(" ", min(indent+further, width/2))
	var out []string
	for i, word := range strings.Split(body, " ") {
		w := widget.Width(word)
		if i > 0 {
			if used+1+w <= width {
				line, used = line+" "+word, used+1+w
				continue
			}
			out = append(out, line)
			line, used = hang, len(hang)
		}
		for used+w > width {
			head, rest := breakWord(word, max(1, width-used))
			out = append(out, line+head)
			word, w = rest, widget.Width(rest)
			line, used = hang, len(hang)
		}
		line, used = line+word, used+w
	}
	return append(out, line)
}

// wrapPlain does the same where a byte is a cell, no space leads and each line ends at a space, as with
// the thousands of rules of a large plan; else it is nil.
func wrapPlain(s string, width, further int) []string {
	if len(s) != widget.Width(s) || s[0] == ' ' {
		return nil
	}
	var out []string
	hang := ""
	for room := width; len(s) > room; room = width - further {
		cut := strings.LastIndexByte(s[:room+1], ' ')
		if cut <= 0 {
			return nil
		}
		out = append(out, hang+s[:cut])
		s, hang = s[cut+1:], strings.Repeat(" ", further)
	}
	return append(out, hang+s)
}

// breakWord splits a word after at most width cells, and after one character at least.
func breakWord(word string, width int) (head, rest string) {
	used := 0
	for i, r := range word {
		n := widget.Width(string(r))
		if i > 0 && used+n > width {
			return word[:i], word[i:]
		}
		used += n
	}
	return word, ""
}

// Problem is an error as a screen shows it in place: what happened, why, and what to do, each
// wrapped to width.
func Problem(err error, width int, st *themes.Styles) []string {
	x := views.Explain(err)
	var out []string
	out = appendPart(out, "✗ ", x.What, st.Bad, st.Bad, width, st)
	out = appendPart(out, "  why   ", x.Why, st.Dim, st.Text, width, st)
	return appendPart(out, "  next  ", x.Next, st.Dim, st.Text, width, st)
}

func appendPart(out []string, label, text string, labelInk, ink lipgloss.Style, width int, st *themes.Styles) []string {
	if text == "" {
		return out
	}
	room := width - widget.Width(label)
	if room < 8 {
		label, room = "", width
	}
	for i, l := range Prose(text, room) {
		if i > 0 {
			label = strings.Repeat(" ", widget.Width(label))
		}
		out = append(out, widget.Spans{{Text: label, Style: labelInk}, {Text: l, Style: ink}}.Render(st, false))
	}
	return out
}

// Note is a warning in place: its title, and its detail where there is room to read it.
func Note(title, detail string, width int, st *themes.Styles) []string {
	out := appendPart(nil, "! ", title, st.Warn, st.Warn, width, st)
	if detail == "" {
		return out
	}
	one := widget.Spans{{Text: "! " + title + "  ", Style: st.Warn}, {Text: detail, Style: st.Dim}}
	if one.Width() <= width {
		return []string{one.Render(st, false)}
	}
	return appendPart(out, "  ", detail, st.Dim, st.Dim, width, st)
}

// alsoRight begins the warning of a plan that repairs more than it was asked for.
const alsoRight = "also puts right"

// Untouched says that a plan changes nothing but what it lists, unless it warns of more itself.
func Untouched(ws []plan.Warning, st *themes.Styles) widget.Spans {
	for _, w := range ws {
		if strings.HasPrefix(w.Title, alsoRight) {
			return nil
		}
	}
	return widget.Spans{{Text: "nothing else is touched", Style: st.Dim}}
}
