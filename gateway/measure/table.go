// Package measure holds what tests that measure have in common: medians of interleaved rounds, and
// tables of Markdown, as they stand in the README.
package measure

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// All reports whether all of a measurement is wanted, as make performance does, or a sample that
// takes seconds and shows that the measurement works.
func All() bool { return os.Getenv("PORTICO_MEASURE") == "all" }

// Table is a heading, how its figures were made, and rows of cells.
type Table struct {
	Title, How string
	Head       []string
	Rows       [][]string
}

// Add adds a row; each cell is printed as fmt does, a time with three digits.
func (t *Table) Add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = cell(c)
	}
	t.Rows = append(t.Rows, row)
}

func cell(c any) string {
	switch v := c.(type) {
	case time.Duration:
		return Time(v)
	case float64:
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprint(c)
}

// String is the table in Markdown.
func (t *Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s", t.Title)
	if t.How != "" {
		fmt.Fprintf(&b, " (%s)", t.How)
	}
	b.WriteString(":\n\n")
	width := make([]int, len(t.Head))
	rule := make([]string, len(t.Head))
	for i, h := range t.Head {
		width[i], rule[i] = len([]rune(h)), "---"
		for _, r := range t.Rows {
			width[i] = max(width[i], len([]rune(r[i])))
		}
	}
	for _, r := range slices.Concat([][]string{t.Head, rule}, t.Rows) {
		for i, c := range r {
			fmt.Fprintf(&b, "| %s%s ", c, strings.Repeat(" ", width[i]-len([]rune(c))))
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// Print shows the table on standard output, without the marks that go test puts before a log.
func (t *Table) Print() { fmt.Print(t) }

// Time is a time with three digits: "36.1 µs".
func Time(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if d >= unit.of {
			return short(float64(d)/float64(unit.of)) + " " + unit.name
		}
	}
	return fmt.Sprintf("%d ns", d.Nanoseconds())
}

// Bytes is a size in MB or kB.
func Bytes(n int) string {
	switch {
	case n >= 1e6:
		return short(float64(n)/1e6) + " MB"
	case n >= 1e3:
		return short(float64(n)/1e3) + " kB"
	}
	return fmt.Sprintf("%d B", n)
}

func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// Median is the middle of the values, of an even number the upper one; zero of none.
func Median[T cmp.Ordered](values []T) T {
	var zero T
	if len(values) == 0 {
		return zero
	}
	s := slices.Sorted(slices.Values(values))
	return s[len(s)/2]
}
