package widget

import "time"

// glowFor is how long a changed cell stands out.
const glowFor = 2 * time.Second

// glow is which cells have changed, by row and column, and what they are compared with.
type glow struct {
	ids  []string   // of the rows that there were
	seen [][]string // what stood in each watched column; nil for the others
	lit  map[string]lit
}

// lit is the changed cells of a row, one bit a column, and until when they stand out.
type lit struct {
	columns uint64
	until   time.Time
}

// watch compares the rows with those before. Nothing glows when there were none, and no cell that
// was empty or is now: that is not known more often than it is news. Of a new row the first column
// does.
func (t *Table[R]) watch(at time.Time) {
	if at.IsZero() && t.glow.seen == nil {
		return // nobody asked for it
	}
	was := t.glow
	now := glow{ids: make([]string, len(t.rows)), seen: make([][]string, len(t.columns)), lit: map[string]lit{}}
	for i, r := range t.rows {
		now.ids[i] = t.id(r)
	}
	for c := range t.columns {
		now.seen[c] = t.watched(c)
	}
	t.glow = now
	if at.IsZero() || len(was.ids) == 0 {
		return
	}
	find := finder(was.ids)
	for i, id := range now.ids {
		l := was.lit[id]
		if !at.Before(l.until) {
			l.columns = 0
		}
		if changed := now.changed(i, was, find(i, id)); changed != 0 {
			l = lit{columns: l.columns | changed, until: at.Add(glowFor)}
		}
		if l.columns != 0 {
			now.lit[id] = l
		}
	}
}

// changed is the columns in which row i is not as row old was before; -1 is a new row.
func (g glow) changed(i int, was glow, old int) (columns uint64) {
	if old < 0 {
		return 1
	}
	for c, texts := range g.seen {
		if texts == nil || was.seen[c] == nil {
			continue
		}
		if a, b := was.seen[c][old], texts[i]; a != b && a != "" && b != "" {
			columns |= 1 << c
		}
	}
	return columns
}

// finder finds rows by ID; most are where they were.
func finder(ids []string) func(hint int, id string) int {
	var at map[string]int
	return func(hint int, id string) int {
		if hint < len(ids) && ids[hint] == id {
			return hint
		}
		if at == nil {
			at = make(map[string]int, len(ids))
			for i, id := range ids {
				at[id] = i
			}
		}
		if i, ok := at[id]; ok {
			return i
		}
		return -1
	}
}

// watched is what is compared of a column's cells; nil when it changes all the time.
func (t *Table[R]) watched(c int) []string {
	col := t.columns[c]
	switch {
	case col.Watch != nil:
		out := make([]string, len(t.rows))
		for i, r := range t.rows {
			out[i] = col.Watch(r)
		}
		return out
	case col.Want > 0:
		return nil
	}
	return t.column(c)
}

// glows reports whether a cell stands out at a time; at the zero time none does.
func (t *Table[R]) glows(id string, column int, now time.Time) bool {
	l, ok := t.glow.lit[id]
	return ok && !now.IsZero() && now.Before(l.until) && l.columns>>column&1 == 1
}
