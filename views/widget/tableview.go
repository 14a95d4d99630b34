package widget

import (
	"strings"

	"portico/themes"
)

// gutter holds the cursor's and the mark's sign, gap parts the columns.
const (
	gutter = 3
	gap    = 2
)

// measure takes the natural widths over all rows, so that scrolling moves no column.
func (t *Table[R]) measure() {
	t.widest = make([]int, len(t.columns))
	for i, c := range t.columns {
		w := max(Width(c.Title), c.Min)
		if c.Want > 0 {
			w = max(w, c.Want)
		} else {
			for _, r := range t.rows {
				if s := c.Text(r); len(s) > w { // no text is wider than its bytes
					w = max(w, Width(s))
				}
				if c.Max > 0 && w >= c.Max {
					w = c.Max
					break
				}
			}
		}
		t.widest[i] = w
	}
}

// layout is the width of each column in a table that is width cells wide; 0 hides it.
func (t *Table[R]) layout(width int) []int {
	widths := append([]int(nil), t.widest...)
	room := width - gutter
	total := func() int {
		sum, n := 0, 0
		for _, w := range widths {
			if w > 0 {
				sum, n = sum+w, n+1
			}
		}
		return sum + gap*max(0, n-1)
	}
	for total() > room {
		if !t.shrink(widths, total()-room) && !t.drop(widths) {
			break
		}
	}
	if spare := room - total(); spare > 0 {
		for i, c := range t.columns {
			if c.Grow && widths[i] > 0 {
				widths[i] += spare
				break
			}
		}
	}
	return widths
}

// shrink takes cells from columns that are wider than they need be, from whichever has most to
// spare; false if that is not enough.
func (t *Table[R]) shrink(widths []int, excess int) bool {
	spare := func(i int) int {
		if c := t.columns[i]; widths[i] > 0 && c.Min > 0 {
			return max(0, widths[i]-c.Min)
		}
		return 0
	}
	possible := 0
	for i := range widths {
		possible += spare(i)
	}
	if possible < excess {
		return false
	}
	for ; excess > 0; excess-- {
		most := 0
		for i := range widths {
			if spare(i) > spare(most) {
				most = i
			}
		}
		widths[most]--
	}
	return true
}

// drop hides the least important column.
func (t *Table[R]) drop(widths []int) bool {
	least := -1
	for i, c := range t.columns {
		if widths[i] > 0 && c.Priority > 0 && (least < 0 || c.Priority >= t.columns[least].Priority) {
			least = i
		}
	}
	if least < 0 {
		return false
	}
	widths[least] = 0
	return true
}

// View draws the headings and as many rows as fit, exactly height lines of exactly width cells.
func (t *Table[R]) View(st *themes.Styles, width, height int) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	widths := t.layout(width)
	lines := make([]string, 0, height)
	lines = append(lines, t.head(st, widths, width))
	top := window(t.top, t.cursor, len(t.shown), height-1)
	for i := top; i < len(t.shown) && len(lines) < height; i++ {
		lines = append(lines, t.line(st, i, widths, width))
	}
	for len(lines) < height {
		lines = append(lines, spaces(width))
	}
	return strings.Join(lines, "\n")
}

func (t *Table[R]) head(st *themes.Styles, widths []int, width int) string {
	line := Spans{{spaces(gutter), st.Text}}
	for i, c := range t.columns {
		if widths[i] == 0 {
			continue
		}
		if len(line) > 1 {
			line = append(line, Span{spaces(gap), st.Text})
		}
		line = append(line, Spans{{c.Title, st.Column}}.Fit(widths[i], c.Right)...)
	}
	return line.Fit(width, false).Render(st, false)
}

func (t *Table[R]) line(st *themes.Styles, i int, widths []int, width int) string {
	r, selected := t.rows[t.shown[i]], i == t.cursor
	pointer, mark := " ", " "
	if selected {
		pointer = "▸"
	}
	if len(t.marks) > 0 && t.marks[t.id(r)] {
		mark = "•"
	}
	line := make(Spans, 0, 4*len(widths))
	line = append(line, Span{mark, st.Mark}, Span{pointer, st.Accent}, Span{" ", st.Text})
	first := true
	for c, w := range widths {
		if w == 0 {
			continue
		}
		if !first {
			line = append(line, Span{spaces(gap), st.Text})
		}
		first = false
		line = append(line, t.cell(st, t.columns[c], r, w).Fit(w, t.columns[c].Right)...)
	}
	return line.Fit(width, false).Render(st, selected)
}

func (t *Table[R]) cell(st *themes.Styles, c Column[R], r R, width int) Spans {
	var s Spans
	if c.Cell != nil {
		s = c.Cell(r, st, width)
	} else {
		s = Spans{{c.Text(r), st.Text}}
	}
	return t.filter.Highlight(s, st)
}
