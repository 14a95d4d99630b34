package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// The least terminal in which the console can be used, the height from which there is room for
// blank lines, and the one from which forms leave some.
const (
	leastWidth  = 24
	leastHeight = 6
	roomyHeight = 16
	tallHeight  = 30
)

func (r *Root) tooSmall() bool { return r.width < leastWidth || r.height < leastHeight }

// frame is the room and the time that the screen in sight is drawn with.
func (r *Root) frame() views.Frame {
	f := views.Frame{Width: r.width, Now: r.now, Styles: r.styles}
	if !r.tooSmall() {
		f.Height = r.height - len(r.above()) - 1
	}
	return f
}

// View draws everything: what is above the screen, the screen, the status bar, and a dialog over it.
func (r *Root) View() tea.View {
	content := r.content()
	if r.o.ASCII {
		content = themes.ASCII(content)
	}
	v := tea.NewView(content)
	v.AltScreen, v.ReportFocus, v.MouseMode = true, true, r.mouseMode()
	v.WindowTitle = r.windowTitle()
	return v
}

func (r *Root) content() string {
	if r.width <= 0 || r.height <= 0 {
		return ""
	}
	if r.tooSmall() {
		return widget.Centre([]string{"portico needs", "a larger window"}, r.width, r.height)
	}
	f := r.frame()
	body := r.nav.screen().View(f)
	above := r.above()
	r.noteLayout(above, 1)
	lines := append(above, body, r.statusBar())
	all := strings.Join(lines, "\n")
	if r.menu.open {
		all = r.over(all, r.menu.View(r.styles, r.width, r.height))
	}
	if r.picker.open {
		all = r.over(all, r.picker.View(r.styles, r.width, r.height))
	}
	if len(r.dialogs) > 0 {
		all = r.over(all, r.question().View(r.styles, r.width, r.height))
	}
	return all
}

// above is the header, the tabs, and what is wrong or a blank line.
func (r *Root) above() []string {
	lines := []string{r.header(), r.tabBar()}
	if b := r.banner(); len(b) > 0 {
		lines = append(lines, b...)
		if r.height >= roomyHeight+4 {
			lines = append(lines, "")
		}
		return lines
	}
	if r.height >= roomyHeight {
		lines = append(lines, "")
	}
	return lines
}

// windowTitle is clean whatever the cloud is called: terminals obey escape sequences in titles.
func (r *Root) windowTitle() string { return cloud.Clean("portico  " + r.place()) }

// place is the cloud and the project.
func (r *Root) place() string {
	id := r.snapshot.Inventory.Identity
	name := id.Cloud
	if name == "" {
		name = r.o.Cloud
	}
	switch {
	case id.Project == "":
		return name
	case name == "":
		return id.Project
	}
	return name + " / " + id.Project
}
