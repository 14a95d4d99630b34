package widget

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/themes"
)

// List is a table with a filter line and a count below it: the body of most screens.
type List[R any] struct {
	*Table[R]
	Keys   ListKeys
	one    string // what one row is: "instance"
	many   string
	input  Input
	typing bool
}

// ListKeys are the bindings that every list has.
type ListKeys struct {
	TableKeys
	Mark, MarkShown, Range, MarkDown, MarkUp, Filter, Clear key.Binding
	Sort, SortBack, Reverse                                 key.Binding
}

// NewList returns an empty list of what one and many name.
func NewList[R any](t *Table[R], one, many string) *List[R] {
	return &List[R]{Table: t, one: one, many: many, input: NewInput("", false), Keys: ListKeys{
		TableKeys: NewTableKeys(),
		Mark:      key.NewBinding(key.WithKeys("space"), key.WithHelp("space", "mark")),
		MarkShown: key.NewBinding(key.WithKeys("A"), key.WithHelp("A", "mark all in the list")),
		Range:     key.NewBinding(key.WithKeys("V"), key.WithHelp("V", "mark a range")),
		MarkDown:  key.NewBinding(key.WithKeys("J", "shift+down"), key.WithHelp("J/K", "mark down, up")),
		MarkUp:    key.NewBinding(key.WithKeys("K", "shift+up")),
		Filter:    key.NewBinding(key.WithKeys("/"), key.WithHelp("/", "filter")),
		Sort:      key.NewBinding(key.WithKeys(">"), key.WithHelp("< >", "sort")),
		SortBack:  key.NewBinding(key.WithKeys("<")),
		Reverse:   key.NewBinding(key.WithKeys("S"), key.WithHelp("S", "reverse order")),
		Clear:     key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "clear filter, marks")),
	}}
}

// NoMarks is for lists where nothing is done to several.
func (k *ListKeys) NoMarks() {
	for _, b := range []*key.Binding{&k.Mark, &k.MarkShown, &k.Range, &k.MarkDown, &k.MarkUp} {
		b.SetEnabled(false)
	}
}

// Choosing are the bindings for marks, filter and order, those that work.
func (k ListKeys) Choosing() (out []key.Binding) {
	for _, b := range []key.Binding{k.Mark, k.MarkShown, k.Range, k.MarkDown, k.Filter, k.Sort, k.Reverse, k.Clear} {
		if b.Enabled() {
			out = append(out, b)
		}
	}
	return out
}

// Bindings lists the bindings for help: those for moving and those for choosing.
func (k ListKeys) Bindings() [][]key.Binding {
	return [][]key.Binding{k.TableKeys.Bindings(), k.Choosing()}
}

// TypingKeys are the bindings while the filter takes all keys.
func (l *List[R]) TypingKeys() help.KeyMap {
	return filterKeys{
		key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "keep filter")),
		key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "clear filter")),
		key.NewBinding(key.WithKeys("up", "down"), key.WithHelp("up/down", "move")),
	}
}

type filterKeys []key.Binding

func (k filterKeys) ShortHelp() []key.Binding  { return k }
func (k filterKeys) FullHelp() [][]key.Binding { return [][]key.Binding{k} }

// Typing reports whether the filter takes all keys.
func (l *List[R]) Typing() bool { return l.typing }

// Find puts the cursor on the row with this ID, and takes a filter back that hides it; false when
// there is none.
func (l *List[R]) Find(id string) bool {
	if l.find(id) {
		return true
	}
	before := l.FilterText()
	l.SetFilter("")
	if !l.find(id) {
		l.SetFilter(before)
		return false
	}
	l.input.Set("")
	return true
}

// Resize tells the size that View will be called with.
func (l *List[R]) Resize(height int) { l.SetHeight(height - l.below(height) - 1) }

// Update takes moves, marks and the filter; it reports whether the message was for it.
func (l *List[R]) Update(msg tea.Msg) bool {
	if c, ok := msg.(*Click); ok {
		l.click(c)
		return true
	}
	if l.typing {
		return l.edit(msg)
	}
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	switch {
	case key.Matches(k, l.Keys.Filter):
		l.EndRange(true)
		l.typing = true
	case key.Matches(k, l.Keys.Clear):
		return l.clear()
	case key.Matches(k, l.Keys.Sort):
		l.SortNext(1)
	case key.Matches(k, l.Keys.SortBack):
		l.SortNext(-1)
	case key.Matches(k, l.Keys.Reverse):
		l.Reverse()
	default:
		return l.mark(k) || l.Table.Update(l.Keys.TableKeys, k)
	}
	return true
}

// clear takes back the last thing: the range that is being marked, the filter, the marks.
func (l *List[R]) clear() bool {
	switch {
	case l.Ranging() && !l.span.steps:
		l.EndRange(false)
	case l.FilterText() != "":
		l.input.Set("")
		l.SetFilter("")
	case l.Marked() > 0:
		l.ClearMarks()
	default:
		return false
	}
	return true
}

func (l *List[R]) mark(k tea.KeyPressMsg) bool {
	switch {
	case key.Matches(k, l.Keys.Mark):
		l.ToggleMark()
	case key.Matches(k, l.Keys.MarkShown):
		l.MarkShown()
	case key.Matches(k, l.Keys.Range) && l.Ranging() && !l.span.steps:
		l.EndRange(true)
	case key.Matches(k, l.Keys.Range):
		l.BeginRange()
	case key.Matches(k, l.Keys.MarkDown):
		l.MarkStep(1)
	case key.Matches(k, l.Keys.MarkUp):
		l.MarkStep(-1)
	default:
		return false
	}
	return true
}

// edit narrows the list with each key. Arrows still move the cursor.
func (l *List[R]) edit(msg tea.Msg) bool {
	switch m := msg.(type) {
	case tea.KeyPressMsg:
		switch m.String() {
		case "enter":
			l.typing = false
			l.Move(0) // it stays where the filter has brought it
			return true
		case "esc":
			l.typing = false
			l.input.Set("")
		case "up", "down", "pgup", "pgdown":
			return l.Table.Update(l.Keys.TableKeys, m)
		default:
			l.input.Update(m)
		}
	case tea.PasteMsg:
		l.input.Update(m)
	default:
		return false
	}
	l.SetFilter(l.input.Value())
	return true
}

// below is the number of lines below the table.
func (l *List[R]) below(height int) int {
	switch {
	case height >= 12:
		return 2
	case height >= 4:
		return 1
	}
	return 0
}

// View draws the list in exactly height lines. What is shown instead of rows when there are none
// is the caller's word, empty. Nothing glows.
func (l *List[R]) View(st *themes.Styles, width, height int, empty string) string {
	return l.ViewAt(time.Time{}, st, width, height, empty)
}

// ViewAt is View at a time at which changed cells may glow.
func (l *List[R]) ViewAt(now time.Time, st *themes.Styles, width, height int, empty string) string {
	below := l.below(height)
	body := l.Table.ViewAt(now, st, width, height-below)
	switch {
	case l.Len() == 0:
		body = Lines("\n"+inGutter(st, empty, width), width, height-below)
	case l.Shown() == 0:
		head, _, _ := strings.Cut(body, "\n")
		body = Lines(head+"\n"+inGutter(st, "nothing matches, esc clears the filter", width), width, height-below)
	}
	switch below {
	case 1:
		body += "\n" + l.foot(st, width)
	case 2:
		body += "\n\n" + l.foot(st, width)
	}
	return body
}

// inGutter is a remark in place of rows, in as many lines as it needs.
func inGutter(st *themes.Styles, text string, width int) string {
	lines := Wrap(text, max(1, width-gutter))
	for i := range lines {
		lines[i] = spaces(gutter) + Paint(st.Dim, lines[i])
	}
	return strings.Join(lines, "\n")
}

func (l *List[R]) foot(st *themes.Styles, width int) string {
	line := " "
	if l.typing || l.FilterText() != "" {
		line += Paint(st.Key, "/") + " " + l.input.View(st, max(0, min(30, width-20)), l.typing) + "   "
	}
	if l.Len() > 0 {
		line += Paint(st.Dim, l.count())
	}
	if by := l.unseen(width); by != "" {
		line += Paint(st.Dim, "   "+by)
	}
	return Truncate(line, width)
}

func (l *List[R]) count() string {
	word := l.many
	if l.Len() == 1 {
		word = l.one
	}
	if l.Shown() == l.Len() {
		return fmt.Sprintf("%d %s", l.Len(), word)
	}
	return fmt.Sprintf("%d of %d %s", l.Shown(), l.Len(), word)
}
