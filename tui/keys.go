package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/views"
)

// globalKeys are the bindings that work on every screen that is not taking text.
type globalKeys struct {
	Palette, Switch, Mouse, Help, Quit, Theme, NextTab, PrevTab, ForceQuit, Suspend key.Binding
}

var globals = globalKeys{
	Palette:   key.NewBinding(key.WithKeys(":"), key.WithHelp(":", "palette")),
	Switch:    key.NewBinding(key.WithKeys("ctrl+o"), key.WithHelp("ctrl+o", "go to another cloud, project or gateway")),
	Mouse:     key.NewBinding(key.WithKeys("ctrl+g"), key.WithHelp("ctrl+g", "mouse on, off")),
	Help:      key.NewBinding(key.WithKeys("?"), key.WithHelp("?", "help")),
	Quit:      key.NewBinding(key.WithKeys("q"), key.WithHelp("q", "quit")),
	Theme:     key.NewBinding(key.WithKeys("T"), key.WithHelp("T", "theme")),
	NextTab:   key.NewBinding(key.WithKeys("tab"), key.WithHelp("tab", "next tab")),
	PrevTab:   key.NewBinding(key.WithKeys("shift+tab"), key.WithHelp("shift+tab", "tab before")),
	ForceQuit: key.NewBinding(key.WithKeys("ctrl+c"), key.WithHelp("ctrl+c", "quit, from anywhere")),
	Suspend:   key.NewBinding(key.WithKeys("ctrl+z"), key.WithHelp("ctrl+z", "to the background")),
}

// onKey gives a key to whom it belongs: an open dialog, a screen that takes text, the console,
// the screen.
func (r *Root) onKey(m tea.KeyPressMsg) tea.Cmd {
	r.toast, r.clicked = toast{}, clicked{}
	switch {
	case key.Matches(m, globals.ForceQuit):
		return r.quit()
	case len(r.dialogs) > 0:
		return r.dialogKey(m)
	case r.tooSmall() || r.now.Before(r.quiet):
		return nil
	case r.menu.open:
		r.themeKey(m)
		return nil
	case r.picker.open:
		return r.pickerKey(m)
	case r.nav.typing():
		return r.tell(r.nav.current, m)
	}
	m, ok := translate(r.o.Keys, r.nav.current, m)
	if !ok {
		return nil
	}
	return r.keyPress(m)
}

// keyPress does what a key means that Portico knows it by.
func (r *Root) keyPress(m tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(m, globals.Suspend) && !r.apply.running():
		return tea.Suspend
	}
	if cmd, ok := r.globalKey(m); ok {
		return cmd
	}
	if m.String() == "esc" && r.notice.err != nil {
		r.notice = notice{}
		return nil
	}
	return r.tell(r.nav.current, m)
}

const stillApplying = "still applying: it can be left when it has finished"

func (r *Root) globalKey(m tea.KeyPressMsg) (tea.Cmd, bool) {
	for i, t := range r.nav.tabs {
		if key.Matches(m, t.key) {
			r.toTab(i)
			return nil, true
		}
	}
	top := r.nav.top()
	switch {
	case key.Matches(m, globals.Help) && r.nav.current != views.HelpPage:
		return r.help(), true
	case key.Matches(m, globals.Palette):
		return r.openPalette(), true
	case key.Matches(m, globals.Switch):
		return r.openSwitch(), true
	case key.Matches(m, globals.Mouse):
		return r.toggleMouse(), true
	case key.Matches(m, globals.Theme):
		r.openThemes()
		return nil, true
	case key.Matches(m, globals.Quit) && top:
		return r.quit(), true
	case key.Matches(m, globals.Quit):
		// Screens know by themselves what leaving means.
		return r.tell(r.nav.current, tea.KeyPressMsg{Code: tea.KeyEscape}), true
	}
	return nil, top && r.nextTab(m)
}

// nextTab goes one tab on, or back, if the key is for that.
func (r *Root) nextTab(m tea.KeyPressMsg) bool {
	n := len(r.nav.tabs)
	switch {
	case key.Matches(m, globals.NextTab):
		r.nav.show((r.nav.tab + 1) % n)
	case key.Matches(m, globals.PrevTab):
		r.nav.show((r.nav.tab + n - 1) % n)
	default:
		return false
	}
	return true
}

// toTab goes to a tab. While a plan is applied its end must be seen.
func (r *Root) toTab(i int) bool {
	if r.apply.running() {
		r.say(stillApplying, false)
		return false
	}
	r.notice = notice{}
	r.nav.show(i)
	return true
}

// help shows the bindings of the screen in sight and those that work everywhere.
func (r *Root) help() tea.Cmd {
	s := r.nav.screen()
	everywhere := []key.Binding{globals.Palette, globals.Switch, globals.Mouse, globals.Help, globals.Quit, globals.Theme, globals.ForceQuit, globals.Suspend}
	var tabs []key.Binding
	for _, t := range r.nav.tabs {
		tabs = append(tabs, t.key)
	}
	tabs = append(tabs, globals.NextTab, globals.PrevTab)
	m := views.HelpMsg{Sections: []views.HelpSection{
		{Title: s.Title(), Keys: r.ownKeys(r.nav.current, s.Keys().FullHelp())},
		{Title: "Everywhere", Keys: r.ownKeys("", [][]key.Binding{everywhere, tabs})},
	}}
	r.navigate(views.HelpPage)
	return r.tell(views.HelpPage, m)
}
