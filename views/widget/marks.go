package widget

import (
	"fmt"
	"maps"
)

// span of rows that is being marked: from the anchor's row to the cursor's.
type span struct {
	anchor string          // ID; "" when there is none
	before map[string]bool // the marks there were
	steps  bool            // it was begun by a marking step, and ends with the next other move
}

// Marked is the number of rows with a mark.
func (t *Table[R]) Marked() int { return len(t.marks) }

// Chosen is what a key acts on: the marked rows, also those that the filter hides, or else the
// current one. They come in the table's order.
func (t *Table[R]) Chosen() []R {
	var out []R
	if len(t.marks) > 0 {
		for _, i := range t.ranked {
			if t.marks[t.id(t.rows[i])] {
				out = append(out, t.rows[i])
			}
		}
	}
	if r, ok := t.Current(); ok && len(out) == 0 {
		out = append(out, r)
	}
	return out
}

// ToggleMark marks the current row, or takes its mark away, and moves on. A range ends with it.
func (t *Table[R]) ToggleMark() {
	r, ok := t.Current()
	switch {
	case !ok:
	case t.Ranging():
		t.EndRange(true)
	default:
		if id := t.id(r); t.marks[id] {
			delete(t.marks, id)
		} else {
			t.marks[id] = true
		}
		t.Move(1)
	}
}

// MarkShown marks all rows that pass the filter; when all of them are, it takes their marks away.
func (t *Table[R]) MarkShown() {
	t.EndRange(true)
	all := true
	for _, i := range t.shown {
		id := t.id(t.rows[i])
		all = all && t.marks[id]
		t.marks[id] = true
	}
	for _, i := range t.shown {
		if all {
			delete(t.marks, t.id(t.rows[i]))
		}
	}
}

// ClearMarks takes all marks away.
func (t *Table[R]) ClearMarks() {
	t.EndRange(true)
	clear(t.marks)
}

// Unmark takes the marks of these rows away; a range ends with it.
func (t *Table[R]) Unmark(ids ...string) {
	t.EndRange(true)
	for _, id := range ids {
		delete(t.marks, id)
	}
}

// BeginRange marks the current row and, until EndRange, all between it and the cursor.
func (t *Table[R]) BeginRange() {
	if _, ok := t.Current(); ok {
		t.span = span{anchor: t.current, before: maps.Clone(t.marks)}
		t.marks[t.current] = true
	}
}

// Ranging reports whether moves mark rows.
func (t *Table[R]) Ranging() bool { return t.span.anchor != "" }

// EndRange ends the range; without keep, marks are as they were before it.
func (t *Table[R]) EndRange(keep bool) {
	if t.Ranging() && !keep {
		t.marks = t.span.before
	}
	t.span = span{}
}

// MarkStep moves the cursor and marks what it comes from and goes to; back, it takes the marks of
// its way back.
func (t *Table[R]) MarkStep(by int) {
	if !t.Ranging() {
		t.BeginRange()
		t.span.steps = true
	}
	t.Move(by)
	t.stretch()
}

// stretch marks what lies between the anchor and the cursor now.
func (t *Table[R]) stretch() {
	from := -1
	for i, row := range t.shown {
		if t.id(t.rows[row]) == t.span.anchor {
			from = i
			break
		}
	}
	if from < 0 { // its row is gone
		t.EndRange(true)
		return
	}
	t.marks = maps.Clone(t.span.before)
	for i := min(from, t.cursor); i <= max(from, t.cursor); i++ {
		t.marks[t.id(t.rows[t.shown[i]])] = true
	}
}

// keepMarks drops the marks of rows that are gone.
func (t *Table[R]) keepMarks() {
	if len(t.marks) == 0 && len(t.span.before) == 0 {
		return
	}
	there := make(map[string]bool, len(t.rows))
	for _, r := range t.rows {
		there[t.id(r)] = true
	}
	gone := func(id string, _ bool) bool { return !there[id] }
	maps.DeleteFunc(t.marks, gone)
	maps.DeleteFunc(t.span.before, gone)
}

// markNote counts the marks, and says which of them are out of sight.
func (t *Table[R]) markNote() string {
	n := len(t.marks)
	if n == 0 {
		return ""
	}
	hidden := n
	for _, i := range t.shown {
		if t.marks[t.id(t.rows[i])] {
			hidden--
		}
	}
	note := fmt.Sprintf("%d marked", n)
	if hidden > 0 {
		note += fmt.Sprintf(", %d filtered out", hidden)
	}
	if t.Ranging() && !t.span.steps {
		note = "range: " + note
	}
	return note
}
