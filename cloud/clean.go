package cloud

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Clean makes a string from outside safe to print on one line: escape sequences go, and every
// control, format (bidi and zero-width), private-use, surrogate and invalid character becomes
// U+FFFD; newlines and tabs become spaces. A clean string comes back unchanged.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	s = ansi.Strip(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029':
			return ' '
		case hostile(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func isClean(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' || hostile(r) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

func hostile(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) }
