package cloud

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// maxMarks is how many combining marks one character keeps. Scripts and languages need four or
// five; towers of them run into the lines above and below.
const maxMarks = 8

// Clean makes a string from outside safe to print on one line. It is the one function that does:
//
//   - escape sequences go, and line breaks and tabs become spaces;
//   - what a terminal obeys, hides, reorders or has no width for becomes U+FFFD: control, format
//     (bidi, zero-width, tag), private-use, unassigned and invalid characters, fillers that look
//     like nothing, and variation selectors other than text and emoji style;
//   - a combining mark with nothing below it gets a dotted circle, so that it does not join the text
//     that is printed before it; more than eight on one character are left out;
//   - emoji that are joined into one stand side by side, and what is no picture stays text: terminals
//     disagree on how wide the one and the other are.
//
// A clean string comes back unchanged.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	var c cleaner
	c.text.Grow(len(s))
	runes := []rune(ansi.Strip(strings.ToValidUTF8(s, "\uFFFD")))
	for i, r := range runes {
		if r == zeroWidthJoiner && isEmoji(c.last) && i+1 < len(runes) && isEmoji(runes[i+1]) {
			continue
		}
		c.add(r)
	}
	return c.text.String()
}

// isPlain reports whether s is printable ASCII, as most of what a cloud says is.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

const (
	zeroWidthJoiner = '\u200D'
	dottedCircle    = '\u25CC'
	textStyle       = '\uFE0E'
	emojiStyle      = '\uFE0F'
)

// cleaner collects clean text.
type cleaner struct {
	text  strings.Builder
	last  rune // what was added last; 0 at the beginning
	marks int  // how many marks that ends with
}

func (c *cleaner) add(r rune) {
	mark := false
	switch {
	case unicode.In(r, unicode.Zl, unicode.Zp) || r == '\n' || r == '\r' || r == '\t':
		r = ' '
	case isHostile(r):
		r = utf8.RuneError
	case unicode.IsMark(r):
		mark = true
	}
	bare := c.last == 0 || unicode.IsSpace(c.last)
	style := r == textStyle || r == emojiStyle
	switch {
	case !mark:
		c.marks = 0
	case style && !unicode.Is(unicode.So, c.last), c.marks == maxMarks:
		return
	case bare:
		c.text.WriteRune(dottedCircle)
		c.marks = 1
	default:
		c.marks++
	}
	c.text.WriteRune(r)
	c.last = r
}

// IsText reports whether r may stand in a clean string. Where it may stand, [Clean] alone knows: a
// mark needs something below it.
func IsText(r rune) bool { return !isHostile(r) }

// isHostile reports whether r has no place in a line of text. [unicode.IsGraphic] is false for
// controls, formats, surrogates, private and unassigned characters.
func isHostile(r rune) bool {
	switch {
	case !unicode.IsGraphic(r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		return true
	case unicode.Is(unicode.Variation_Selector, r):
		return r != textStyle && r != emojiStyle
	}
	return r == '\u2800' // the empty Braille pattern is one more space that is none
}

// isEmoji reports whether r can stand beside a joiner in an emoji: a picture, its skin tone or its
// style.
func isEmoji(r rune) bool { return unicode.In(r, unicode.So, unicode.Sk) || r == emojiStyle }
