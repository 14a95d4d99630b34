package widget

// InSight is the rows that are on the screen, as far as the height is known, in their order.
func (t *Table[R]) InSight() []R {
	top := window(t.top, t.cursor, len(t.shown), t.height)
	var out []R
	for _, i := range t.shown[top:min(len(t.shown), top+t.height)] {
		out = append(out, t.rows[i])
	}
	return out
}

// InOrder is all rows in the table's order, also those that the filter hides.
func (t *Table[R]) InOrder() []R {
	out := make([]R, len(t.ranked))
	for n, i := range t.ranked {
		out[n] = t.rows[i]
	}
	return out
}
