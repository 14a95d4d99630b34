package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"portico/cloud"
	"portico/views/widget"
)

// configError is something wrong at one place of a configuration file.
type configError struct {
	text []byte
	at   place
	what string // without line breaks
	next string // "" where there is nothing special to say
}

func (e *configError) Error() string {
	what := secretText.ReplaceAllString(e.what, notShown)
	if e.at.line == 0 {
		return what
	}
	return fmt.Sprintf("line %d, column %d: %s", e.at.line, e.at.column, what)
}

// Secrets have no place in the file. Where somebody wrote one all the same, it is not repeated.
var (
	secretKey  = regexp.MustCompile(`(?i)pass(word|phrase|wd)?$|secret|token|credential|private_?key`)
	secretText = regexp.MustCompile(`(?i)((?:pass(?:word|phrase|wd)?|secret|token|credential|private_?key)\w*["']?\s*[:=]\s*).+`)
)

const notShown = "${1}(not shown)"

// widest is how much of a line is shown.
const widest = 100

// excerpt is the line of the file, with a mark below the column; nil where the place is unknown.
func (e *configError) excerpt() []string {
	lines := strings.Split(string(e.text), "\n")
	if e.at.line < 1 || e.at.line > len(lines) {
		return nil
	}
	line := secretText.ReplaceAllString(strings.TrimSuffix(lines[e.at.line-1], "\r"), notShown)
	// Both are cleaned alike, so that the mark stays below what it marks.
	clean := func(s string) string { return cloud.Clean(strings.ReplaceAll(s, "\t", " ")) }
	runes := []rune(line)
	column := widget.Width(clean(string(runes[:max(0, min(e.at.column-1, len(runes)))])))
	out := []string{fmt.Sprintf("%4d | ", e.at.line) + widget.Truncate(clean(strings.TrimRight(line, " \t")), widest)}
	if column < widest {
		out = append(out, "     | "+strings.Repeat(" ", column)+"^")
	}
	return out
}

// nearest is the word that was probably meant, or "".
func nearest(word string, words []string) string {
	best, least := "", 1+max(1, utf8.RuneCountInString(word)/3)
	for _, w := range words {
		if d := distance(strings.ToLower(word), w); d < least {
			best, least = w, d
		}
	}
	return best
}

// distance is how many letters have to be put in, left out or changed (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		last := slices.Clone(row)
		row[0] = i + 1
		for j := range b {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
