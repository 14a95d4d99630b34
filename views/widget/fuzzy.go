package widget

import (
	"strings"
	"unicode"
)

// What a letter that was found is worth by where it stands, and what is taken off for each letter
// passed over.
const (
	atStart   = 24 // of the text
	atWord    = 16 // of a word in it
	inRow     = 12 // right after the one before
	elsewhere = 2
	passed    = 1
)

// Fuzzy finds the letters of pattern in text, in this order but not side by side, whatever the case:
// "fip" is in "Floating IPs". Words of the pattern may come in any order. at are the byte offsets of
// what was found; the higher the score the better it fits. An empty pattern fits all texts the same.
func Fuzzy(pattern, text string) (score int, at []int, ok bool) {
	for word := range strings.FieldsSeq(pattern) {
		s, found, ok := bestRun(word, text)
		if !ok {
			return 0, nil, false
		}
		score, at = score+s, append(at, found...)
	}
	return score, at, true
}

// bestRun tries each beginning of the word in the text: the first need not be the best.
func bestRun(word, text string) (best int, at []int, ok bool) {
	letters := []rune(strings.ToLower(word))
	before := rune(' ')
	for i, r := range text {
		if unicode.ToLower(r) == letters[0] {
			if score, found := run(letters, text, i, before); found != nil && (!ok || score > best) {
				best, at, ok = score, found, true
			}
		}
		before = r
	}
	return best, at, ok
}

// run finds the letters from an offset on, each at its first place, but at the beginning of a word
// rather than in the middle of one where the letter stands at both.
func run(letters []rune, text string, from int, before rune) (score int, at []int) {
	n, last := 0, -1
	for i, r := range text[from:] {
		i += from
		if n < len(letters) && unicode.ToLower(r) == letters[n] {
			switch {
			case i == 0:
				score += atStart
			case last >= 0 && last == i:
				score += inRow
			case wordBegins(before, r):
				score += atWord
			default:
				score += elsewhere
			}
			at, n, last = append(at, i), n+1, i+len(string(r))
		} else if n < len(letters) {
			score -= passed
		}
		before = r
	}
	if n < len(letters) {
		return 0, nil
	}
	return score, at
}

func wordBegins(before, r rune) bool {
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !inWord(before) && inWord(r) || unicode.IsLower(before) && unicode.IsUpper(r)
}
