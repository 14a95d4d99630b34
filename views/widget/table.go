package widget

import (
	"slices"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/themes"
)

// Column describes one column of a table of R.
type Column[R any] struct {
	Title string
	Also  string // another word for the column in a filter: "port"
	// Text is the cell without styles: what is measured and filtered.
	Text func(R) string
	// Cell draws the cell; nil draws Text in the style for text. It is cut to width, so a cell that
	// can say less chooses itself what to leave out.
	Cell func(r R, st *themes.Styles, width int) Spans
	// Min is the least width that makes sense; a column without one is never made narrower than
	// its widest cell. Max bounds the width that is asked for; 0 is no bound.
	Min, Max int
	// Want, if set, is asked for in place of the widest cell's width: for cells that change all the
	// time, so that no column moves with them.
	Want int
	// Grow gives the column what the others leave over.
	Grow bool
	// Priority decides which column goes first when there is no room: the highest number, and of
	// equals the one further to the right. A column with 0 always stays.
	Priority int
	Right    bool // numbers line up at their right end
	// Sparse hides the column while there is nothing in it, and when others would be made narrower
	// for it, unless the filter has found something there.
	Sparse bool
	// Compare orders two rows; nil is [Natural] order of Text. Down says that the last comes first
	// to begin with: the newest, the most.
	Compare func(a, b R) int
	Down    bool
	// Watch is what of the cell is worth a glow when it has changed; "" is not known. nil is Text,
	// or nothing when Want is set.
	Watch func(R) string
}

// Table is a list of rows keyed by ID: the cursor and the marks stay with their rows whatever
// comes, goes or moves. Only the rows in sight are drawn.
type Table[R any] struct {
	id      func(R) string
	columns []Column[R]
	widest  []int // natural width of each column

	rows    []R
	texts   [][]string // Text of each column's cells; nil until it was asked for
	order   order
	ranked  []int  // indices of all rows in order
	shown   []int  // those of the rows that pass the filter
	cursor  int    // index into shown
	current string // ID of the row under it
	home    string // ID of the row it was last moved to, where it returns when a filter lets it
	top     int
	height  int // rows in sight, as far as is known
	marks   map[string]bool
	span    span
	text    string
	filter  Filter
	hit     []bool // sparse columns in which the filter has found something
	glow    glow
	drawn   tableDrawn
}

// NewTable returns an empty table; id must differ between any two rows.
func NewTable[R any](id func(R) string, columns ...Column[R]) *Table[R] {
	t := &Table[R]{id: id, columns: columns, marks: map[string]bool{}, height: 10, order: order{column: -1}}
	t.SetRows(nil)
	return t
}

// SetRows replaces the rows. The cursor stays on its row and that row where it is on the screen; if
// it is gone the cursor is on the one that took its place.
func (t *Table[R]) SetRows(rows []R) { t.Refresh(rows, time.Time{}) }

// Refresh is SetRows with what was read anew at a time: for a moment after it, what is not as it
// was before glows.
func (t *Table[R]) Refresh(rows []R, at time.Time) {
	t.rows, t.texts = rows, make([][]string, len(t.columns))
	t.measure()
	t.watch(at)
	t.rank()
	t.narrow()
	t.keepMarks()
}

// Touch tells that cells of columns with Want may say something else by now.
func (t *Table[R]) Touch() {
	for c := range t.columns {
		if t.columns[c].Want > 0 {
			t.texts[c] = nil
		}
	}
}

// column is the texts of a column's cells.
func (t *Table[R]) column(c int) []string {
	if t.texts[c] == nil {
		t.texts[c] = make([]string, len(t.rows))
		for i, r := range t.rows {
			t.texts[c][i] = t.columns[c].Text(r)
		}
	}
	return t.texts[c]
}

// SetHeight tells how many rows will be in sight.
func (t *Table[R]) SetHeight(rows int) {
	t.height = max(1, rows)
	t.scroll()
}

// SetFilter narrows the table to the rows that pass a [Filter] of text.
func (t *Table[R]) SetFilter(text string) {
	if text == t.text {
		return
	}
	titles := make([]string, len(t.columns))
	for i, c := range t.columns {
		titles[i] = c.Title + " " + c.Also
	}
	t.text, t.filter = text, NewFilter(text, titles...)
	t.EndRange(true)
	t.narrow()
}

// FilterText is what the table is narrowed to.
func (t *Table[R]) FilterText() string { return t.text }

// Len is the number of rows.
func (t *Table[R]) Len() int { return len(t.rows) }

// Shown is the number of rows that pass the filter.
func (t *Table[R]) Shown() int { return len(t.shown) }

// Current is the row under the cursor.
func (t *Table[R]) Current() (R, bool) {
	if t.cursor < len(t.shown) {
		return t.rows[t.shown[t.cursor]], true
	}
	var none R
	return none, false
}

// Move moves the cursor by so many rows and stops at the ends.
func (t *Table[R]) Move(by int) {
	t.place(t.cursor + by)
	t.home = t.current
}

// find puts the cursor on a row that passes the filter.
func (t *Table[R]) find(id string) bool {
	for line, row := range t.shown {
		if t.id(t.rows[row]) == id {
			t.Move(line - t.cursor)
			return true
		}
	}
	return false
}

// place puts the cursor on a line, or on the nearest that there is.
func (t *Table[R]) place(line int) {
	t.cursor = max(0, min(len(t.shown)-1, line))
	t.current = ""
	if r, ok := t.Current(); ok {
		t.current = t.id(r)
	}
	t.scroll()
}

// narrow finds the rows that pass the filter and puts the cursor back on its row.
func (t *Table[R]) narrow() {
	line, home := t.cursor-t.top, t.home
	t.shown, t.home = t.shown[:0], ""
	found, row := -1, 0
	cell := func(c int) string { return t.column(c)[row] }
	for _, row = range t.ranked {
		id := t.id(t.rows[row])
		if home != "" && id == home {
			t.home = home // it is there, in sight or not
		}
		if len(t.filter) > 0 && !t.filter.Matches(len(t.columns), cell) {
			continue
		}
		if id != "" && (id == home || found < 0 && id == t.current) {
			found = len(t.shown)
		}
		t.shown = append(t.shown, row)
	}
	t.hits()
	if found >= 0 {
		t.cursor, t.top = found, found-line
	}
	t.place(t.cursor)
	if t.home == "" {
		t.home = t.current
	}
}

// hits finds the sparse columns that the filter has found something in.
func (t *Table[R]) hits() {
	t.hit = make([]bool, len(t.columns))
	for c := range t.columns {
		if len(t.filter) > 0 && t.columns[c].Sparse {
			texts := t.column(c)
			t.hit[c] = slices.ContainsFunc(t.shown, func(row int) bool { return t.filter.Finds(texts[row], c) })
		}
	}
}

func (t *Table[R]) scroll() { t.top = window(t.top, t.cursor, len(t.shown), t.height) }

// window is the first row in sight so that the cursor is, and no room is left over at the end.
func window(top, cursor, rows, height int) int {
	top = min(top, cursor, max(0, rows-height))
	return max(top, cursor-height+1, 0)
}

// TableKeys are the bindings that every table has.
type TableKeys struct{ Up, Down, PageUp, PageDown, Home, End key.Binding }

// NewTableKeys returns the bindings.
func NewTableKeys() TableKeys {
	return TableKeys{
		Up:       key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("k/up", "up")),
		Down:     key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("j/down", "down")),
		PageUp:   key.NewBinding(key.WithKeys("pgup", "ctrl+b"), key.WithHelp("pgup", "page up")),
		PageDown: key.NewBinding(key.WithKeys("pgdown", "ctrl+f"), key.WithHelp("pgdn", "page down")),
		Home:     key.NewBinding(key.WithKeys("home", "g"), key.WithHelp("home/g", "first")),
		End:      key.NewBinding(key.WithKeys("end", "G"), key.WithHelp("end/G", "last")),
	}
}

// Bindings lists them for help.
func (k TableKeys) Bindings() []key.Binding {
	return []key.Binding{k.Up, k.Down, k.PageUp, k.PageDown, k.Home, k.End}
}

// Update moves the cursor if msg is a key for it.
func (t *Table[R]) Update(k TableKeys, msg tea.KeyPressMsg) bool {
	switch {
	case key.Matches(msg, k.Up):
		t.Move(-1)
	case key.Matches(msg, k.Down):
		t.Move(1)
	case key.Matches(msg, k.PageUp):
		t.Move(-t.height)
	case key.Matches(msg, k.PageDown):
		t.Move(t.height)
	case key.Matches(msg, k.Home):
		t.Move(-len(t.rows))
	case key.Matches(msg, k.End):
		t.Move(len(t.rows))
	default:
		return false
	}
	switch {
	case t.span.steps:
		t.EndRange(true)
	case t.Ranging():
		t.stretch()
	}
	return true
}
