package main

import (
	"os"
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
	if width := a.width(); width > 0 {
		cut(headings, rows, width)
	}
	t := table.New().Headers(headings...).Rows(rows...).
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
	if !ok || !term.IsTerminal(int(f.Fd())) {
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

// cut shortens cells until the rows fit. The widest column gives first, and of two the left one:
// names and texts are long, addresses and ports are not.
func cut(headings []string, rows [][]string, width int) {
	columns := make([]int, len(headings))
	for i, h := range headings {
		columns[i] = ansi.StringWidth(h)
		for _, row := range rows {
			columns[i] = max(columns[i], ansi.StringWidth(row[i]))
		}
	}
	total := gap * (len(columns) - 1)
	for _, w := range columns {
		total += w
	}
	for ; total > width; total-- {
		widest := 0
		for i, w := range columns {
			if w > columns[widest] {
				widest = i
			}
		}
		if columns[widest] <= minColumn {
			break
		}
		columns[widest]--
	}
	for _, row := range rows {
		for i := range row {
			row[i] = widget.Truncate(row[i], columns[i])
		}
	}
}
