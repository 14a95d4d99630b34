package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/views/widget"
)

// picker is a list over the screen that narrows while one types: the palette, or the places one can
// go to.
type picker struct {
	widget.Picker
	open  bool
	fill  func() []command // what there is to choose from
	picks map[string]func() tea.Cmd
	does  string // what enter does: "run"
}

// command is one line of a picker and what it does.
type command struct {
	widget.PickerItem
	run func() tea.Cmd
}

type pickerKeys struct{ Up, Down, PageUp, PageDown, Choose, Close key.Binding }

var inPicker = pickerKeys{
	Up:       key.NewBinding(key.WithKeys("up", "ctrl+p", "shift+tab"), key.WithHelp("↑/↓", "move")),
	Down:     key.NewBinding(key.WithKeys("down", "ctrl+n", "tab")),
	PageUp:   key.NewBinding(key.WithKeys("pgup")),
	PageDown: key.NewBinding(key.WithKeys("pgdown")),
	Choose:   key.NewBinding(key.WithKeys("enter")),
	Close:    key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "close")),
}

// mostRecent bounds how many choices are remembered.
const mostRecent = 20

// openPicker shows a picker and asks where one could go besides.
func (r *Root) openPicker(p widget.Picker, does string, fill func() []command) tea.Cmd {
	r.picker = picker{Picker: p, open: true, fill: fill, does: does}
	r.refill()
	if r.o.Switcher == nil {
		return nil
	}
	return r.fx.Places(r.o.Switcher)
}

// refill lists what there is to choose from now, what was chosen lately first.
func (r *Root) refill() {
	p := &r.picker
	all := p.fill()
	rank := func(c command) int {
		if i := slices.Index(r.recent, c.ID); i >= 0 {
			return i
		}
		return mostRecent
	}
	slices.SortStableFunc(all, func(a, b command) int { return rank(a) - rank(b) })
	items := make([]widget.PickerItem, len(all))
	p.picks = make(map[string]func() tea.Cmd, len(all))
	for i, c := range all {
		items[i], p.picks[c.ID] = c.PickerItem, c.run
	}
	p.SetItems(items)
}

// pickerKey handles a key while a picker is open.
func (r *Root) pickerKey(m tea.KeyPressMsg) tea.Cmd {
	p := &r.picker
	switch {
	case key.Matches(m, inPicker.Close):
		p.open = false
	case key.Matches(m, inPicker.Up):
		p.Move(-1)
	case key.Matches(m, inPicker.Down):
		p.Move(1)
	case key.Matches(m, inPicker.PageUp):
		p.Move(-p.Page())
	case key.Matches(m, inPicker.PageDown):
		p.Move(p.Page())
	case key.Matches(m, inPicker.Choose):
		return r.choose()
	default:
		p.Type(m)
	}
	return nil
}

// choose does what is under the cursor. What cannot be done now says why, and the picker stays.
func (r *Root) choose() tea.Cmd {
	item, ok := r.picker.Current()
	switch {
	case !ok:
		return nil
	case item.Why != "":
		r.say(item.Name+": "+item.Why, true)
		return nil
	}
	r.picker.open = false
	r.recent = slices.DeleteFunc(r.recent, func(id string) bool { return id == item.ID })
	r.recent = slices.Insert(r.recent, 0, item.ID)
	r.recent = r.recent[:min(len(r.recent), mostRecent)]
	return r.picker.picks[item.ID]()
}

// bindings are the keys that the status bar shows.
func (p *picker) bindings() []key.Binding {
	choose := inPicker.Choose
	choose.SetHelp("enter", p.does)
	return []key.Binding{choose, inPicker.Up, inPicker.Close}
}
