package preview

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views/widget"
)

// The widest an instance's name and a list of sources get before they are cut.
const (
	maxName    = 28
	maxSources = 36
	minName    = 6
)

// Forwards lays a proposal's forwards out as a table of at most width cells: a heading and one
// line each, with what happens to it as + ~ - or =. Columns that do not fit are dropped, those
// that tell least first: the sources, then the private address.
func Forwards(items []publish.Item, width int, st *themes.Styles) (head string, rows []string) {
	if len(items) == 0 {
		return "", nil
	}
	t := layoutForwards(items, width)
	rows = make([]string, len(items))
	for i := range items {
		rows[i] = t.row(i, st)
	}
	return t.head(st), rows
}

// forwardTable is that table before any of it is drawn.
type forwardTable struct {
	items   []publish.Item
	width   int
	columns widths
}

func layoutForwards(items []publish.Item, width int) forwardTable {
	return forwardTable{items, width, fitColumns(items, width)}
}

func (t forwardTable) head(st *themes.Styles) string {
	heading := widget.Spans{{Text: "  "}}
	for c, w := range t.columns {
		if w > 0 {
			heading = append(heading, t.columns.cell(columnNames[c], c, st.Column)...)
		}
	}
	return heading.Cut(t.width).Render(st, false)
}

func (t forwardTable) row(i int, st *themes.Styles) string {
	return t.columns.row(t.items[i], cellsOf(t.items[i]), st).Cut(t.width).Render(st, false)
}

func cellsOf(it publish.Item) cellRow {
	return cellRow{it.Forward.PublicText(), it.Forward.PrivateText(), it.Forward.Service.Name, it.Instance, Sources(it.Forward)}
}

// The columns of the table, in their order.
const (
	colPublic = iota
	colPrivate
	colService
	colName
	colSources
	columns
)

var columnNames = cellRow{"PUBLIC", "PRIVATE", "SERVICE", "VM", "FROM"}

type (
	cellRow [columns]string
	// widths are the columns' widths; 0 leaves a column out.
	widths [columns]int
)

// gap is what separates two columns; an arrow leads from the public to the private address.
const gap, arrow = "  ", " → "

func fitColumns(items []publish.Item, width int) widths {
	var w widths
	for c := range w {
		w[c] = widget.Width(columnNames[c])
	}
	for _, it := range items {
		for c, text := range cellsOf(it) {
			w[c] = max(w[c], widget.Width(text))
		}
	}
	w[colName], w[colSources] = min(w[colName], maxName), min(w[colSources], maxSources)
	if w.total() > width {
		w[colSources] = 0
	}
	if over := w.total() - width; over > 0 && w[colName]-over >= minName {
		w[colName] -= over
	}
	if w.total() > width {
		w[colPrivate] = 0
	}
	if over := w.total() - width; over > 0 {
		w[colName] = max(w[colName]-over, minName)
	}
	return w
}

func (w widths) total() int {
	sum := 2 - len(gap)
	for c, n := range w {
		switch {
		case n == 0:
		case c == colPrivate:
			sum += n + widget.Width(arrow)
		default:
			sum += n + len(gap)
		}
	}
	return sum
}

// cell is one column's text with what separates it from the column before.
func (w widths) cell(text string, c int, style lipgloss.Style) widget.Spans {
	var out widget.Spans
	switch {
	case c == colPrivate && text == columnNames[c]:
		out = append(out, widget.Span{Text: strings.Repeat(" ", widget.Width(arrow))})
	case c == colPrivate:
		out = append(out, widget.Span{Text: arrow, Style: style})
	case c > 0:
		out = append(out, widget.Span{Text: gap})
	}
	return append(out, widget.Span{Text: widget.Fit(text, w[c]), Style: style})
}

func (w widths) row(it publish.Item, cells cellRow, st *themes.Styles) widget.Spans {
	symbol, ink := sign(it.Action, st)
	out := widget.Spans{{Text: symbol + " ", Style: ink}}
	for c, n := range w {
		if n == 0 {
			continue
		}
		style := st.Dim
		switch {
		case it.Action == plan.Delete:
			style = st.Remove
		case it.Action == 0:
		case c == colPublic:
			style = st.Strong
		case c == colService || c == colName:
			style = st.Text
		}
		out = append(out, w.cell(cells[c], c, style)...)
	}
	return out
}

// sign is an action's symbol and colour; = is what stands already.
func sign(a plan.Action, st *themes.Styles) (string, lipgloss.Style) {
	switch a {
	case plan.Create:
		return "+", st.Add
	case plan.Update:
		return "~", st.Change
	case plan.Delete:
		return "-", st.Remove
	}
	return "=", st.Dim
}

func signText(a plan.Action) string {
	symbol, _ := sign(a, &themes.Styles{})
	return symbol
}

// Sources says who may connect: "anywhere", or the networks.
func Sources(f gateway.Forward) string {
	if len(f.Sources) == 0 {
		return "anywhere"
	}
	return strings.Trim(fmt.Sprint(f.Sources), "[]")
}

// Names lists the instances of a proposal, each once, in order.
func Names(items []publish.Item) []string {
	var out []string
	seen := map[string]bool{}
	for _, it := range items {
		if !seen[it.Instance] {
			seen[it.Instance] = true
			out = append(out, it.Instance)
		}
	}
	return out
}

// Ink is the colour of an action.
func Ink(a plan.Action, st *themes.Styles) lipgloss.Style {
	_, style := sign(a, st)
	return style
}
