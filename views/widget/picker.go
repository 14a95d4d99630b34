package widget

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"portico/themes"
)

// Picker is a list over the screen that narrows while one types, and from which one is chosen. Its
// texts are clean.
type Picker struct {
	Title string
	Empty string // what is said when there is nothing to choose
	items []PickerItem
	input Input
	found []pick
	at    int
	drawn pickerDrawn
}

// PickerItem is one line of a picker.
type PickerItem struct {
	ID   string // differs between any two
	Name string
	Note string // of what kind it is, or which key does the same
	Why  string // why it cannot be chosen now, or ""
}

// pick is an item that fits what was typed.
type pick struct {
	item  int
	score int
	at    []int // offsets of the letters that were found in its name
}

// pickerDrawn is where the lines stand that were last drawn.
type pickerDrawn struct{ x, y, width, top, rows int }

// NewPicker returns one that takes keys.
func NewPicker(title, placeholder, empty string) Picker {
	return Picker{Title: title, Empty: empty, input: NewInput(placeholder, false)}
}

// SetItems replaces the items, best first; the cursor stays on its own.
func (p *Picker) SetItems(items []PickerItem) {
	id := ""
	if i, ok := p.Current(); ok {
		id = i.ID
	}
	p.items = items
	p.narrow()
	if i := slices.IndexFunc(p.found, func(f pick) bool { return p.items[f.item].ID == id }); i >= 0 && p.at > 0 {
		p.at = i
	}
}

// Current is the item under the cursor.
func (p *Picker) Current() (PickerItem, bool) {
	if p.at < len(p.found) {
		return p.items[p.found[p.at].item], true
	}
	return PickerItem{}, false
}

// Text is what was typed.
func (p *Picker) Text() string { return p.input.Value() }

// Move puts the cursor by lines further, not beyond the ends.
func (p *Picker) Move(by int) { p.at = max(0, min(p.at+by, len(p.found)-1)) }

// Page is how many lines were last in sight.
func (p *Picker) Page() int { return max(1, p.drawn.rows) }

// Type takes a key or a paste, and narrows.
func (p *Picker) Type(msg tea.Msg) {
	before := p.input.Value()
	p.input.Update(msg)
	if p.input.Value() != before {
		p.at = 0
		p.narrow()
	}
}

// narrow finds the items that fit, the best first; of equals, those that were given first.
func (p *Picker) narrow() {
	p.found = p.found[:0]
	for i, item := range p.items {
		score, at, ok := Fuzzy(p.input.Value(), item.Name)
		if !ok {
			// What it is may be typed as well: "instance blast".
			if score, _, ok = Fuzzy(p.input.Value(), item.Note+" "+item.Name); !ok {
				continue
			}
			score, at = score/2, nil
		}
		p.found = append(p.found, pick{i, score, at})
	}
	slices.SortStableFunc(p.found, func(a, b pick) int { return cmp.Compare(b.score, a.score) })
	p.Move(0)
}

// pickerWidth is the widest that reads well.
const pickerWidth = 70

// View draws the picker in at most width by height cells.
func (p *Picker) View(st *themes.Styles, width, height int) string {
	frame := st.Border.Border(lipgloss.RoundedBorder()).BorderForeground(st.Border.GetForeground()).Padding(0, 1)
	inner := min(pickerWidth, width-frame.GetHorizontalFrameSize())
	roomy := height >= 16
	head := []string{Pad(Paint(st.Title, Truncate(p.Title, inner)), inner)}
	typed := Paint(st.Accent, "> ") + p.input.View(st, inner-2, true)
	if p.input.Value() == "" && p.input.Placeholder != "" {
		typed = Paint(st.Accent, "> ") + Paint(st.Input.Reverse(true), " ") + Paint(st.Placeholder, Truncate(" "+p.input.Placeholder, inner-4))
	}
	head = append(head, Pad(typed, inner))
	if roomy {
		head = append(head, spaces(inner))
	} else if height < 12 {
		head = head[1:]
	}
	room := height - frame.GetVerticalFrameSize() - len(head)
	if roomy {
		room = min(room-4, 16) // the screen stays in sight around it
	}
	if inner < 12 || room < 1 {
		p.drawn = pickerDrawn{}
		return ""
	}
	top := max(0, min(p.at-room/2, len(p.found)-room))
	lines := head
	for i := range room {
		lines = append(lines, p.line(st, top+i, inner))
	}
	p.drawn = pickerDrawn{x: frame.GetHorizontalFrameSize() / 2, y: 1 + len(head), width: inner, top: top, rows: min(room, len(p.found)-top)}
	return frame.Render(strings.Join(lines, "\n"))
}

func (p *Picker) line(st *themes.Styles, n, width int) string {
	if n >= len(p.found) {
		text := ""
		switch {
		case n > 0:
		case len(p.items) == 0:
			text = p.Empty
		default:
			text = "nothing fits what was typed"
		}
		return Pad(Paint(st.Dim, Truncate("  "+text, width)), width)
	}
	found, here := p.found[n], n == p.at
	item := p.items[found.item]
	sign := "  "
	if here {
		sign = "▸ "
	}
	name, note := st.Text, item.Note
	if item.Why != "" {
		name = st.Faint
		if here {
			note = item.Why // the reason is read where the cursor is
		}
	}
	left := append(Spans{{Text: sign, Style: st.Mark}}, marked(item.Name, found.at, name, st)...)
	right := Spans{{Text: note, Style: st.Dim}}.Cut(max(width/2, width-left.Width()-2))
	left = left.Fit(max(0, width-right.Width()-2), false)
	return append(append(left, Span{Text: "  "}), right...).Fit(width, false).Render(st, here)
}

// marked splits a name so that the letters that were found stand out, whole characters with their marks.
func marked(name string, at []int, style lipgloss.Style, st *themes.Styles) Spans {
	if len(at) == 0 {
		return Spans{{Text: name, Style: style}}
	}
	at = slices.Clone(at)
	slices.Sort(at)
	var out Spans
	for from := 0; from < len(name); {
		for len(at) > 0 && at[0] < from {
			at = at[1:]
		}
		if len(at) == 0 {
			return append(out, Span{Text: name[from:], Style: style})
		}
		begin, end := whole(name, from, at[0], at[0]+1)
		if begin > from {
			out = append(out, Span{Text: name[from:begin], Style: style})
		}
		out = append(out, Span{Text: name[begin:end], Style: st.Match})
		from = end
	}
	return out
}

// Hit puts the cursor on the line at a cell of what View has last drawn; false where there is none.
func (p *Picker) Hit(x, y int) bool {
	d := p.drawn
	line := y - d.y
	if x < d.x || x >= d.x+d.width || line < 0 || line >= d.rows {
		return false
	}
	p.at = d.top + line
	return true
}
