package widget

import "charm.land/lipgloss/v2"

// Click is a press of the mouse's left button at a cell of a screen, for the list there. The list
// notes in it which row was hit.
type Click struct {
	X, Y int
	Row  string // ID; "" when none was hit, or only its mark
}

// tableDrawn is what a table has last drawn, and so where one hits what.
type tableDrawn struct {
	width, rows, top int
	widths           []int
}

// click puts the cursor where the mouse was pressed: on the row, or, on a column's heading, sorts by
// that column, the other way round if it is sorted by it already. It is true for the cells where a
// mark stands, of a row that there is.
func (t *Table[R]) click(c *Click) (mark bool) {
	d := t.drawn
	switch line := c.Y - 1; {
	case c.X < 0 || c.X >= d.width || line >= d.rows || c.Y < 0:
	case line < 0:
		if i := d.column(c.X); i >= 0 && i == t.order.column {
			t.Reverse()
		} else if i >= 0 {
			t.SortBy(i, t.columns[i].Down)
		}
	default:
		t.Move(d.top + line - t.cursor)
		if c.X < gutter-1 {
			return true
		}
		c.Row = t.current
	}
	return false
}

// column is the one that stands at a cell of the headings, or -1.
func (d tableDrawn) column(x int) int {
	at := gutter
	for i, w := range d.widths {
		if w == 0 {
			continue
		}
		if x >= at && x < at+w {
			return i
		}
		at += w + gap
	}
	return -1
}

// click takes a press of the mouse, and marks where there are marks.
func (l *List[R]) click(c *Click) {
	if l.Table.click(c) && l.Keys.Mark.Enabled() {
		l.flipMark()
	}
}

// flipMark marks the current row, or takes its mark away.
func (t *Table[R]) flipMark() {
	t.EndRange(true)
	if t.marks[t.current] {
		delete(t.marks, t.current)
	} else if t.current != "" {
		t.marks[t.current] = true
	}
}

// Centred is where Over draws a box on a screen of width by height cells.
func Centred(box string, width, height int) (x, y int) {
	return max(0, (width-lipgloss.Width(box))/2), max(0, (height-lipgloss.Height(box))/2)
}

// Hit says which of a dialog's buttons is at a cell of what View draws: "yes", "cancel" or none.
func (d Dialog) Hit(box string, x, y int) string {
	// The buttons are the last line within the frame: border and padding around them.
	const edge = 3
	if y != lipgloss.Height(box)-2 {
		return ""
	}
	x -= edge
	yes := 0
	if d.Yes != "" {
		yes = Width(buttonText(d.Yes, d.OnYes))
		if x >= 0 && x < yes {
			return "yes"
		}
		yes += 2
	}
	if x >= yes && x < yes+Width(buttonText(d.Cancel, !d.OnYes)) && x < lipgloss.Width(box)-2*edge {
		return "cancel"
	}
	return ""
}

// Hit is the item at a cell of what View draws at this height.
func (m Menu) Hit(box string, height, x, y int) (item int, ok bool) {
	head, room, top := m.window(height)
	line := y - 1 - head
	if x < 1 || x >= lipgloss.Width(box)-1 || line < 0 || line >= room {
		return 0, false
	}
	return top + line, true
}
