package tui

import (
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"portico/views"
	"portico/views/widget"
)

// drawn is where things stand on the last frame, and so where one hits what.
type drawn struct {
	tabs   []stretch // of the tabs' line
	body   stretch   // the lines of the screen in sight
	box    string    // of what is open over it
	tabRow int
}

// stretch is from a cell, or line, to before another.
type stretch struct{ from, to int }

func (s stretch) holds(n int) bool { return n >= s.from && n < s.to }

// wheelRows is how many rows one step of the wheel moves.
const wheelRows = 3

// toggleMouse takes clicks and the wheel, or leaves them to the terminal, which then selects text.
func (r *Root) toggleMouse() tea.Cmd {
	r.mouse = !r.mouse
	if r.mouse {
		r.say("the mouse is Portico's; shift+drag selects text; "+r.o.Keys.Of("mouse")+" gives it back", false)
	} else {
		r.say("the mouse is the terminal's again", false)
	}
	return nil
}

// onClick does what a press of the left button means where it was.
func (r *Root) onClick(m tea.MouseClickMsg) tea.Cmd {
	r.toast = toast{}
	switch {
	case m.Button != tea.MouseLeft || r.tooSmall():
		return nil
	case len(r.dialogs) > 0:
		return r.clickDialog(m.X, m.Y)
	case r.menu.open:
		return r.clickMenu(m.X, m.Y)
	case r.picker.open:
		return r.clickPicker(m.X, m.Y)
	case m.Y == r.drawn.tabRow:
		for i, t := range r.drawn.tabs {
			if t.holds(m.X) {
				r.toTab(i)
			}
		}
		return nil
	case r.drawn.body.holds(m.Y):
		return r.clickBody(m.X, m.Y-r.drawn.body.from)
	}
	return nil
}

// clickBody tells the screen's list. A second click on a row is what enter is there.
func (r *Root) clickBody(x, y int) tea.Cmd {
	if n, ok := r.nav.screen().(views.Nested); ok && n.Nested() {
		return nil // the list is behind the page
	}
	c := &widget.Click{X: x, Y: y}
	cmd := r.tell(r.nav.current, c)
	row := clicked{r.nav.current, c.Row}
	if c.Row != "" && row == r.clicked {
		r.clicked = clicked{}
		return tea.Batch(cmd, r.keyPress(press("enter")))
	}
	r.clicked = row
	return cmd
}

// clicked is the row that was clicked last, unless something else was done since.
type clicked struct {
	on  views.Target
	row string
}

func (r *Root) clickDialog(x, y int) tea.Cmd {
	d := r.question()
	left, top := widget.Centred(r.drawn.box, r.width, r.height)
	hit := d.Hit(r.drawn.box, x-left, y-top)
	if hit == "" || r.now.Before(r.dialogs[0].quiet) {
		return nil
	}
	return r.closeDialog(hit == "yes")
}

// clickMenu puts the cursor on an item; a click on the one it is on keeps it.
func (r *Root) clickMenu(x, y int) tea.Cmd {
	left, top := widget.Centred(r.drawn.box, r.width, r.height)
	item, ok := r.menu.Hit(r.drawn.box, r.height, x-left, y-top)
	switch {
	case !ok:
	case item == r.menu.At:
		r.themeKey(press("enter"))
	default:
		r.menu.At = item
		r.wear(r.o.Themes[item])
	}
	return nil
}

func (r *Root) clickPicker(x, y int) tea.Cmd {
	left, top := widget.Centred(r.drawn.box, r.width, r.height)
	if !r.picker.Hit(x-left, y-top) {
		return nil
	}
	return r.choose()
}

// onWheel moves as the arrows do, whatever is open.
func (r *Root) onWheel(m tea.MouseWheelMsg) tea.Cmd {
	name := "down"
	switch m.Button {
	case tea.MouseWheelUp:
		name = "up"
	case tea.MouseWheelDown:
	default:
		return nil
	}
	k := press(name)
	switch {
	case len(r.dialogs) > 0 || r.tooSmall():
		return nil
	case r.menu.open:
		r.themeKey(k)
		return nil
	case r.picker.open:
		return r.pickerKey(k)
	case r.nav.current == views.HelpPage:
		return r.tell(r.nav.current, k)
	}
	var cmds []tea.Cmd
	for range wheelRows {
		cmds = append(cmds, r.tell(r.nav.current, k))
	}
	return tea.Batch(cmds...)
}

// mouseMode is what the terminal is asked to tell.
func (r *Root) mouseMode() tea.MouseMode {
	if r.mouse {
		return tea.MouseModeCellMotion
	}
	return tea.MouseModeNone
}

// over draws a box over the frame and remembers it.
func (r *Root) over(all, box string) string {
	r.drawn.box = box
	return widget.Over(all, box, r.width, r.height)
}

// noteLayout remembers where the screen stands between what is above and the status bar.
func (r *Root) noteLayout(above []string, tabRow int) {
	from := 0
	for _, l := range above {
		from += lipgloss.Height(l)
	}
	r.drawn.body, r.drawn.tabRow = stretch{from, r.height - 1}, tabRow
}
