package widget

import (
	"strings"

	"portico/themes"
)

// Fact is one line of a pane: a word and what it is. An empty Name continues the one above.
type Fact struct {
	Name  string
	Value Spans
}

// Pane draws a heading and facts below it, names in one column, in at most height lines of at
// most width cells. Values that do not fit are cut.
func Pane(st *themes.Styles, title string, facts []Fact, width, height int) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	names := 0
	for _, f := range facts {
		names = max(names, Width(f.Name))
	}
	names = min(names, width/3)
	lines := []string{Paint(st.Title, Truncate(title, width)), ""}
	for _, f := range facts {
		if f.Name == "" && len(f.Value) == 0 {
			lines = append(lines, "")
			continue
		}
		lines = append(lines, Paint(st.Dim, Fit(f.Name, names))+"  "+f.Value.Cut(width-names-2).Render(st, false))
	}
	return Lines(strings.Join(lines, "\n"), width, height)
}

// Beside puts right beside left with a thin rule between them; both are height lines, left is
// leftWidth cells wide.
func Beside(st *themes.Styles, left, right string, leftWidth, height int) string {
	l, r := strings.Split(left, "\n"), strings.Split(right, "\n")
	rule := Paint(st.Border, "│")
	out := make([]string, height)
	for i := range out {
		a, b := "", ""
		if i < len(l) {
			a = l[i]
		}
		if i < len(r) {
			b = r[i]
		}
		out[i] = Pad(a, leftWidth) + rule + "  " + b
	}
	return strings.Join(out, "\n")
}

// Centre puts lines in the middle of an area of width by height cells.
func Centre(lines []string, width, height int) string {
	out := make([]string, max(0, height))
	top := max(0, (height-len(lines))/2)
	for i, l := range lines {
		if top+i < len(out) {
			l = Truncate(l, width)
			out[top+i] = spaces((width-Width(l))/2) + l
		}
	}
	return strings.Join(out, "\n")
}
