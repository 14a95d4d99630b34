package widget

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"portico/themes"
)

// Filter is what a list is narrowed to: rows that hold every word, in whatever case. "!word" leaves
// out the rows that hold it; "status:error" looks in the column STATUS only, as "sta:error" does.
type Filter []term

// term is one word. Its column is -1 when any will do.
type term struct {
	word   string
	column int
	not    bool
}

// leastPrefix is how many letters of a column's title must be typed to mean it: shorter ones, and
// such as begin an IPv6 address, are text.
const leastPrefix = 3

// NewFilter splits text into words. titles are the words for each column, in their order.
func NewFilter(text string, titles ...string) Filter {
	var f Filter
	for _, w := range strings.Fields(text) {
		t := term{word: w, column: -1}
		t.word, t.not = strings.CutPrefix(w, "!")
		if name, rest, ok := strings.Cut(t.word, ":"); ok {
			if c := column(titles, name); c >= 0 {
				t.word, t.column = rest, c
			}
		}
		if t.word != "" { // "!" and "status:" are words that are not finished
			f = append(f, t)
		}
	}
	return f
}

// column is the one that has name among the words of its title, or the only one that has a word
// which begins with it; else -1.
func column(titles []string, name string) int {
	found, several := -1, false
	for i, t := range titles {
		for word := range strings.FieldsSeq(t) {
			switch {
			case strings.EqualFold(word, name):
				return i
			case len(name) < leastPrefix || len(name) > len(word) || !strings.EqualFold(word[:len(name)], name):
			default:
				several = several || found >= 0 && found != i
				found = i
			}
		}
	}
	if several {
		return -1
	}
	return found
}

// Matches reports whether a row passes; cell is its text in one of so many columns.
func (f Filter) Matches(columns int, cell func(column int) string) bool {
	for _, t := range f {
		if t.found(columns, cell) == t.not {
			return false
		}
	}
	return true
}

func (t term) found(columns int, cell func(int) string) bool {
	if t.column >= 0 {
		return fold(cell(t.column), t.word, 0) >= 0
	}
	for c := range columns {
		if fold(cell(c), t.word, 0) >= 0 {
			return true
		}
	}
	return false
}

// Highlight splits a cell so that what the filter matched has the style for it, whole characters
// with their marks.
func (f Filter) Highlight(s Spans, column int, st *themes.Styles) Spans {
	if len(f) == 0 {
		return s
	}
	text := s.Text()
	at, end := f.next(text, 0, column)
	if at < 0 {
		return s
	}
	out, offset := make(Spans, 0, len(s)+2), 0
	for _, p := range s {
		for from := 0; from < len(p.Text); {
			if at >= 0 && offset+from >= end {
				at, end = f.next(text, end, column)
			}
			style, to := p.Style, len(p.Text)
			switch {
			case at < 0:
			case offset+from < at:
				to = min(to, at-offset)
			default:
				style, to = st.Match, min(to, end-offset)
			}
			out = append(out, Span{p.Text[from:to], style})
			from = to
		}
		offset += len(p.Text)
	}
	return out
}

// Finds reports whether a cell of a column holds a word that is looked for.
func (f Filter) Finds(cell string, column int) bool {
	at, _ := f.next(cell, 0, column)
	return at >= 0
}

// next is the first match at or after from, the longest of those that begin there; at is -1 when
// there is none. from is where a character begins.
func (f Filter) next(text string, from, column int) (at, end int) {
	at = -1
	for _, t := range f {
		if t.not || t.column >= 0 && t.column != column {
			continue
		}
		i := fold(text, t.word, from)
		if i >= 0 && (at < 0 || i < at || i == at && i+len(t.word) > end) {
			at, end = i, i+len(t.word)
		}
	}
	if at < 0 {
		return at, end
	}
	return whole(text, from, at, end)
}

// whole widens a part of text to the characters, as one sees them, that it is of.
func whole(text string, from, at, end int) (int, int) {
	if ascii(text[from:]) {
		return at, end
	}
	for pos := from; pos < end; {
		cluster, _ := ansi.FirstGraphemeCluster(text[pos:], ansi.GraphemeWidth)
		next := pos + max(1, len(cluster))
		if next > at && pos < at {
			at = pos
		}
		if next > end {
			end = next
		}
		pos = next
	}
	return at, end
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold is the index of word in text at or after from, whatever the case; letters whose cases differ
// in length are compared as they are.
func fold(text, word string, from int) int {
	for i := from; i+len(word) <= len(text); i++ {
		if (text[i]|0x20 == word[0]|0x20 || text[i] >= utf8.RuneSelf) && strings.EqualFold(text[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}
