package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/themes"
	"portico/views/widget"
)

// themeMenu is the choice of a theme. What is under its cursor is what the console looks like.
type themeMenu struct {
	widget.Menu
	open   bool
	before themes.Palette // that of esc
}

type themeKeys struct{ Up, Down, Keep, Restore key.Binding }

var inThemes = themeKeys{
	Up:      key.NewBinding(key.WithKeys("up", "k", "shift+tab"), key.WithHelp("↑/k", "up")),
	Down:    key.NewBinding(key.WithKeys("down", "j", "tab"), key.WithHelp("↓/j", "down")),
	Keep:    key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "keep it")),
	Restore: key.NewBinding(key.WithKeys("esc", "q", "T"), key.WithHelp("esc", "as before")),
}

// openThemes shows the menu, with the present theme under the cursor.
func (r *Root) openThemes() {
	r.menu = themeMenu{open: true, before: r.o.Palette, Menu: widget.Menu{Title: "Theme"}}
	for _, p := range r.o.Themes {
		r.menu.Items = append(r.menu.Items, widget.MenuItem{Name: cloud.Clean(p.Name), Note: cloud.Clean(p.Title)})
	}
	r.menu.At = max(0, slices.IndexFunc(r.o.Themes, func(p themes.Palette) bool { return p.Name == r.o.Palette.Name }))
}

// themeKey handles a key while the menu is open. Others do nothing: they were meant for no screen.
func (r *Root) themeKey(m tea.KeyPressMsg) {
	switch {
	case key.Matches(m, inThemes.Up):
		r.menu.Move(-1)
	case key.Matches(m, inThemes.Down):
		r.menu.Move(1)
	case key.Matches(m, inThemes.Keep):
		r.menu.open = false
		if p := r.o.Palette; p.Name != r.menu.before.Name {
			r.say("theme "+cloud.Clean(p.Name)+"; 'theme: "+cloud.Clean(p.Name)+"' in the configuration keeps it for good", false)
		}
		return
	case key.Matches(m, inThemes.Restore):
		r.menu.open = false
		r.wear(r.menu.before)
		return
	}
	r.wear(r.o.Themes[r.menu.At])
}

// wear draws with a palette from now on.
func (r *Root) wear(p themes.Palette) {
	r.o.Palette = p
	r.styles = themes.New(p, r.dark)
}
