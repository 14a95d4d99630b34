package widget

import (
	"strings"

	"portico/themes"
)

// Filter is what a list is narrowed to: rows that hold every word, in whatever case.
type Filter []string

// NewFilter splits text into words.
func NewFilter(text string) Filter { return Filter(strings.Fields(text)) }

// Matches reports whether text holds every word.
func (f Filter) Matches(text string) bool {
	for _, w := range f {
		if fold(text, w, 0) < 0 {
			return false
		}
	}
	return true
}

// Highlight splits spans so that what the filter matched has the style for it.
func (f Filter) Highlight(s Spans, st *themes.Styles) Spans {
	if len(f) == 0 {
		return s
	}
	out := make(Spans, 0, len(s)+2)
	for _, p := range s {
		from := 0
		for {
			at, end := f.first(p.Text, from)
			if at < 0 {
				break
			}
			if at > from {
				out = append(out, Span{p.Text[from:at], p.Style})
			}
			out = append(out, Span{p.Text[at:end], st.Match})
			from = end
		}
		if from < len(p.Text) {
			out = append(out, Span{p.Text[from:], p.Style})
		}
	}
	return out
}

// first is the first match of any word at or after from, the longest of those that begin there.
func (f Filter) first(text string, from int) (at, end int) {
	at = -1
	for _, w := range f {
		i := fold(text, w, from)
		if i >= 0 && (at < 0 || i < at || i == at && i+len(w) > end) {
			at, end = i, i+len(w)
		}
	}
	return at, end
}

// fold is the index of word in text at or after from, whatever the case; letters whose cases differ
// in length are compared as they are.
func fold(text, word string, from int) int {
	for i := from; i+len(word) <= len(text); i++ {
		if (text[i]|0x20 == word[0]|0x20 || text[i] >= 0x80) && strings.EqualFold(text[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}
