package tui

import (
	"slices"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/tui/effects"
	"portico/views"
	"portico/views/widget"
)

// dialog is a question over the screen and who wants the answer.
type dialog struct {
	widget.Dialog
	id      int // of an AskMsg; 0 for the console's own
	quiet   time.Time
	until   time.Time // when it is taken back, and what happens then
	outcome string
	answer  func(yes bool, secret string) tea.Cmd
}

// grace is how long a dialog that opened by itself takes no keys: they were meant for the screen.
const grace = 400 * time.Millisecond

// dialogKeys are the bindings that work in a dialog; where something is typed, the arrows move in it.
func dialogKeys(d widget.Dialog) []key.Binding {
	side := key.NewBinding(key.WithKeys("left", "right", "tab", "shift+tab", "h", "l"), key.WithHelp("←/→", "choose"))
	if d.Input != nil {
		side = key.NewBinding(key.WithKeys("tab", "shift+tab"), key.WithHelp("tab", "choose"))
	}
	side.SetEnabled(d.Yes != "")
	return []key.Binding{
		side,
		key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "confirm")),
		key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "cancel")),
	}
}

func newDialog(m views.AskMsg) dialog {
	d := dialog{id: m.ID, until: m.Until, outcome: m.Else, Dialog: widget.Dialog{Title: m.Title, Lines: m.Lines, Yes: m.Yes, Cancel: m.Cancel}}
	if m.Secret {
		in := widget.NewInput("", true)
		d.Input = &in
	}
	return d
}

// confirm opens a question of the console's own; unless it is open already.
func (r *Root) confirm(m views.AskMsg, answer func(yes bool) tea.Cmd) {
	if slices.ContainsFunc(r.dialogs, func(d dialog) bool { return d.id == 0 && d.Title == m.Title }) {
		return
	}
	d := newDialog(m)
	d.answer = func(yes bool, _ string) tea.Cmd { return answer(yes) }
	r.dialogs = append([]dialog{d}, r.dialogs...)
}

// onAsk queues a question from the background. One whose time runs out goes before the others.
func (r *Root) onAsk(m views.AskMsg) tea.Cmd {
	d := newDialog(m)
	d.quiet = r.now.Add(grace)
	d.answer = func(yes bool, secret string) tea.Cmd {
		return r.act(views.Answer{ID: m.ID, Yes: yes, Secret: secret})
	}
	if d.until.IsZero() {
		r.dialogs = append(r.dialogs, d)
	} else {
		r.dialogs = append([]dialog{d}, r.dialogs...)
	}
	return nil
}

// onAskGone takes a question back. A key that was meant for it answers no other one.
func (r *Root) onAskGone(m effects.AskGoneMsg) tea.Cmd {
	if m.ID == 0 || len(r.dialogs) == 0 {
		return nil
	}
	front := r.dialogs[0].id
	r.dialogs = slices.DeleteFunc(r.dialogs, func(d dialog) bool { return d.id == m.ID })
	if len(r.dialogs) > 0 && front == m.ID {
		r.dialogs[0].quiet = r.now.Add(grace)
	}
	return nil
}

// question is the question in front as it stands now.
func (r *Root) question() widget.Dialog {
	d := r.dialogs[0]
	if !d.until.IsZero() {
		d.Alert = d.outcome + " in " + views.Countdown(d.until.Sub(r.now))
	}
	return d.Dialog
}

func (r *Root) dialogKey(m tea.KeyPressMsg) tea.Cmd {
	d := &r.dialogs[0]
	if r.now.Before(d.quiet) {
		return nil
	}
	switch m.String() {
	case "esc":
		return r.closeDialog(false)
	case "tab", "shift+tab":
		d.OnYes = d.Yes != "" && !d.OnYes
		return nil
	case "enter":
		return r.closeDialog(d.OnYes)
	}
	if d.Input != nil {
		d.Input.Update(m)
		d.OnYes = d.Input.Value() != "" // what was typed is meant to be used
		return nil
	}
	switch m.String() {
	case "left", "right", "h", "l":
		d.OnYes = d.Yes != "" && !d.OnYes
	}
	return nil
}

// withdrawOwn takes the console's own questions back: what they were about has ended.
func (r *Root) withdrawOwn() {
	r.dialogs = slices.DeleteFunc(r.dialogs, func(d dialog) bool { return d.id == 0 })
}

// closeDialog answers the question in front and gives the next one a moment.
func (r *Root) closeDialog(yes bool) tea.Cmd {
	d := r.dialogs[0]
	r.dialogs = r.dialogs[1:]
	if len(r.dialogs) > 0 {
		r.dialogs[0].quiet = r.now.Add(grace)
	}
	secret := ""
	if d.Input != nil && yes {
		secret = d.Input.Value()
	}
	return d.answer(yes, secret)
}
