package widget

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// order is what a table is sorted by.
type order struct {
	column int // -1: the rows stand as they were given
	down   bool
}

// SortBy sorts by a column, from its first to its last or, down, the other way round. Rows that
// are equal in it stay as they were given; those with nothing in it come last either way.
func (t *Table[R]) SortBy(column int, down bool) {
	t.order = order{column, down}
	t.EndRange(true)
	t.rank()
	t.narrow()
}

// SortNext sorts by the column so many to the right of the present one, in the way it begins with.
// Columns with nothing in them are passed over.
func (t *Table[R]) SortNext(by int) {
	n := len(t.columns)
	if t.order.column < 0 && by < 0 {
		t.order.column = 0
	}
	for c, i := t.order.column, 0; i < n; i++ {
		if c = (c + by + n) % n; t.widest[c] > 0 {
			t.SortBy(c, t.columns[c].Down)
			return
		}
	}
}

// Reverse turns the order round.
func (t *Table[R]) Reverse() { t.SortBy(max(0, t.order.column), !t.order.down) }

// sign shows the way a column is sorted.
func (o order) sign() string {
	if o.down {
		return "▼"
	}
	return "▲"
}

// rank puts all rows in order.
func (t *Table[R]) rank() {
	t.ranked = t.ranked[:0]
	for i := range t.rows {
		t.ranked = append(t.ranked, i)
	}
	if t.order.column < 0 {
		return
	}
	texts := t.column(t.order.column)
	compare := func(a, b int) int { return Natural(texts[a], texts[b]) }
	if own := t.columns[t.order.column].Compare; own != nil {
		compare = func(a, b int) int { return own(t.rows[a], t.rows[b]) }
	}
	slices.SortFunc(t.ranked, func(a, b int) int {
		switch none, other := texts[a] == "", texts[b] == ""; {
		case none && !other:
			return 1
		case other && !none:
			return -1
		}
		c := compare(a, b)
		if t.order.down {
			c = -c
		}
		return cmp.Or(c, a-b)
	})
}

// Natural compares names as one reads them: numbers by their value, so that vm2 comes before vm10,
// letters whatever their case. It is 0 for equal texts only.
func Natural(a, b string) int {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		if digit(a[i]) && digit(b[j]) {
			x, y := number(a[i:]), number(b[j:])
			i, j = i+len(x), j+len(y)
			if c := byValue(x, y); c != 0 {
				return c
			}
			continue
		}
		x, n := letter(a[i:])
		y, m := letter(b[j:])
		if x != y {
			return cmp.Compare(x, y)
		}
		i, j = i+n, j+m
	}
	return cmp.Or(cmp.Compare(len(a)-i, len(b)-j), strings.Compare(a, b))
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// number is the digits that s begins with.
func number(s string) string {
	for i := range len(s) {
		if !digit(s[i]) {
			return s[:i]
		}
	}
	return s
}

func byValue(x, y string) int {
	x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
}

func letter(s string) (rune, int) {
	if b := s[0]; b < utf8.RuneSelf {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		return rune(b), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	return unicode.ToLower(r), n
}
