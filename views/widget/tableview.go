package widget

import (
	"strings"
	"time"

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
			empty := true
			for _, s := range t.column(i) {
				empty = empty && s == ""
				if len(s) > w { // no text is wider than its bytes
					w = max(w, Width(s))
				}
				if c.Max > 0 && w >= c.Max {
					w = c.Max
					break
				}
			}
			if empty && c.Sparse {
				w = 0
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
	for i, c := range t.columns {
		if c.Sparse && !t.hit[i] && total() > room {
			widths[i] = 0
		}
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
// Nothing glows.
func (t *Table[R]) View(st *themes.Styles, width, height int) string {
	return t.ViewAt(time.Time{}, st, width, height)
}

// ViewAt is View at a time at which changed cells may glow.
func (t *Table[R]) ViewAt(now time.Time, st *themes.Styles, width, height int) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	widths := t.layout(width)
	lines := make([]string, 0, height)
	lines = append(lines, t.head(st, widths, width))
	top := window(t.top, t.cursor, len(t.shown), height-1)
	t.drawn = tableDrawn{width: width, rows: min(height-1, len(t.shown)-top), top: top, widths: widths}
	for i := top; i < len(t.shown) && len(lines) < height; i++ {
		lines = append(lines, t.line(now, st, i, widths, width))
	}
	for len(lines) < height {
		lines = append(lines, spaces(width))
	}
	return strings.Join(lines, "\n")
}

// head is the headings, with a sign at the one that the table is sorted by and the number of marks
// at the end.
func (t *Table[R]) head(st *themes.Styles, widths []int, width int) string {
	var line Spans
	before := spaces(gutter)
	for i, c := range t.columns {
		if widths[i] == 0 {
			continue
		}
		title, after := Spans{{c.Title, st.Column}}, spaces(gap)
		if i == t.order.column {
			title, before, after = t.sorted(st, c, widths[i], before)
		}
		line = append(line, Span{before, st.Accent})
		line = append(line, title.Fit(widths[i], c.Right)...)
		before = after
	}
	line = append(line, Span{strings.TrimRight(before, " "), st.Accent})
	for len(line) > 0 && strings.TrimSpace(line[len(line)-1].Text) == "" {
		line = line[:len(line)-1]
	}
	note := Truncate(t.markNote(), width*2/3)
	if note == "" {
		return line.Fit(width, false).Render(st, false)
	}
	line = line.Fit(max(0, width-Width(note)-gap), false)
	return append(line, Span{Text: spaces(gap)}, Span{note, st.Mark}).Fit(width, false).Render(st, false)
}

// sorted is the heading that the table is sorted by, and the gaps before and after it: where the
// title fills the column, its sign goes there, so that no column moves.
func (t *Table[R]) sorted(st *themes.Styles, c Column[R], width int, before string) (Spans, string, string) {
	title, sign, after := Span{c.Title, st.Text}, t.order.sign(), spaces(gap)
	apart := min(1, max(0, width-Width(c.Title)-1))
	switch room := width > Width(c.Title); {
	case room && c.Right:
		return Spans{{sign + spaces(apart), st.Accent}, title}, before, after
	case room:
		return Spans{title, {spaces(apart) + sign, st.Accent}}, before, after
	case c.Right:
		return Spans{title}, before[:len(before)-1] + sign, after
	}
	return Spans{title}, before, sign + after[:len(after)-1]
}

func (t *Table[R]) line(now time.Time, st *themes.Styles, i int, widths []int, width int) string {
	r, selected := t.rows[t.shown[i]], i == t.cursor
	id := t.id(r)
	// Blanks have no style of their own: most of a table is blank, and they are drawn at once.
	signs := Spans{{Text: " "}, {Text: " "}, {Text: " "}}
	if t.marks[id] {
		signs[0] = Span{"•", st.Mark}
	}
	if selected {
		signs[1] = Span{"▸", st.Accent}
	}
	// What does not fit even when all that may go has gone is cut at the end.
	var out strings.Builder
	add := func(s Spans, selected bool) {
		s = s.Cut(width)
		width -= s.Width()
		out.WriteString(s.Render(st, selected))
	}
	add(signs, selected)
	first := true
	for c, w := range widths {
		if w == 0 {
			continue
		}
		if !first {
			add(Spans{{Text: spaces(gap)}}, selected)
		}
		first = false
		s := t.cell(st, c, r, w)
		if t.glows(id, c, now) {
			// It has the background of the other rows: on all of them that is seen, without colours on none.
			s = s.Cut(w)
			pad := Spans{{Text: spaces(w - s.Width())}}
			if t.columns[c].Right {
				add(pad, selected)
				add(s, !selected)
			} else {
				add(s, !selected)
				add(pad, selected)
			}
			continue
		}
		add(s.Fit(w, t.columns[c].Right), selected)
	}
	add(Spans{{Text: spaces(width)}}, selected)
	return out.String()
}

func (t *Table[R]) cell(st *themes.Styles, c int, r R, width int) Spans {
	var s Spans
	if draw := t.columns[c].Cell; draw != nil {
		s = draw(r, st, width)
	} else {
		s = Spans{{t.columns[c].Text(r), st.Text}}
	}
	return t.filter.Highlight(s, c, st)
}

// unseen tells what the table is sorted by when that column is not in sight.
func (t *Table[R]) unseen(width int) string {
	c := t.order.column
	if c < 0 || t.layout(width)[c] > 0 {
		return ""
	}
	return "by " + t.columns[c].Title + " " + t.order.sign()
}
