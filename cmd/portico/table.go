package main

import (
	"os"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"portico/views/widget"
)

// gap is the space between two columns.
const gap = 2

// printTable writes rows below their headings, without lines: it reads well and cuts well. On a
// terminal a row is one line; what goes to a file or a program is never cut.
func (a *app) printTable(headings []string, rows [][]string) {
	if a.flags.plain {
		a.print("%s", speech(headings, rows))
		return
	}
	if width := a.width(); width > 0 {
		cut(headings, rows, width)
	}
	// A row is one line, also where it is in dispute how wide a character is.
	t := table.New().Headers(headings...).Rows(rows...).Wrap(false).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderColumn(false).BorderHeader(false).
		StyleFunc(func(row, _ int) lipgloss.Style {
			if row == table.HeaderRow {
				return styleHead.PaddingRight(gap)
			}
			return lipgloss.NewStyle().PaddingRight(gap)
		})
	lines := strings.Split(t.Render(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	a.print("%s\n", strings.Join(lines, "\n"))
}

// width is that of the terminal the answer goes to, 0 if it goes elsewhere.
func (a *app) width() int {
	f, ok := a.out.(*os.File)
	if !ok || a.flags.plain || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// minColumn is what a column keeps on the narrowest terminal: an address stays whole.
const minColumn = 15

// whole are columns that are of no use when they are cut: an ID is there to be copied.
var whole = []string{"ID", "WHEN", "PUBLIC"}

// named are columns of names, which are told apart by their ends as much as by their beginnings.
var named = []string{"NAME", "INSTANCE"}

// spare leaves out columns, the first of those named first, until the rows can be made to fit.
func spare(headings []string, rows [][]string, width int, least ...string) ([]string, [][]string) {
	for _, name := range least {
		at := slices.Index(headings, name)
		if width == 0 || at < 0 || narrowest(headings, rows) <= width {
			break
		}
		headings = slices.Delete(slices.Clone(headings), at, at+1)
		for i := range rows {
			rows[i] = slices.Delete(slices.Clone(rows[i]), at, at+1)
		}
	}
	return headings, rows
}

// narrowest is the width below which cut cannot bring the rows.
func narrowest(headings []string, rows [][]string) int {
	total := gap * (len(headings) - 1)
	for i, w := range widths(headings, rows) {
		if !slices.Contains(whole, headings[i]) {
			w = min(w, minColumn)
		}
		total += w
	}
	return total
}

// widths are those of the columns with nothing cut.
func widths(headings []string, rows [][]string) []int {
	columns := make([]int, len(headings))
	for i, h := range headings {
		columns[i] = ansi.StringWidth(h)
		for _, row := range rows {
			columns[i] = max(columns[i], ansi.StringWidth(row[i]))
		}
	}
	return columns
}

// cut shortens cells until the rows fit. The widest column gives first, and of two the left one:
// names and texts are long, addresses and ports are not.
func cut(headings []string, rows [][]string, width int) {
	columns := widths(headings, rows)
	total := gap * (len(columns) - 1)
	for _, w := range columns {
		total += w
	}
	for ; total > width; total-- {
		widest := -1
		for i, w := range columns {
			if !slices.Contains(whole, headings[i]) && (widest < 0 || w > columns[widest]) {
				widest = i
			}
		}
		if widest < 0 || columns[widest] <= minColumn {
			break
		}
		columns[widest]--
	}
	for _, row := range rows {
		for i := range row {
			if slices.Contains(named, headings[i]) {
				row[i] = truncateMiddle(row[i], columns[i])
			} else {
				row[i] = widget.Truncate(row[i], columns[i])
			}
		}
	}
}

// truncateMiddle leaves out what is in the middle of a text that is too wide: "assembly…worker-07". Where it
// is styled, the end goes.
func truncateMiddle(s string, width int) string {
	w := widget.Width(s)
	if w <= width || width < 5 || strings.Contains(s, "\x1b") {
		return widget.Truncate(s, width)
	}
	head := strings.TrimSuffix(widget.Truncate(s, width/2+1), widget.Ellipsis)
	return head + widget.TruncateLeft(s, width-widget.Width(head))
}
