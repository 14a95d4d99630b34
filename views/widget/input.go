package widget

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/themes"
)

// Input is one line of text being typed. Pasted text is cleaned; a secret shows dots.
type Input struct {
	model       textinput.Model
	Secret      bool
	Placeholder string
}

// inputLimit bounds what can be typed or pasted, in characters.
const inputLimit = 1024

// NewInput returns an empty input that takes keys.
func NewInput(placeholder string, secret bool) Input {
	m := textinput.New()
	m.CharLimit = inputLimit
	// The default binding reads the clipboard of the machine the program runs on, which is not the
	// operator's when he works over SSH.
	m.KeyMap.Paste = key.NewBinding(key.WithDisabled())
	m.SetVirtualCursor(false)
	m.Focus()
	return Input{model: m, Secret: secret, Placeholder: placeholder}
}

// Update takes a key or a paste. A terminal without bracketed paste sends what is pasted as keys.
func (i *Input) Update(msg tea.Msg) {
	switch m := msg.(type) {
	case tea.PasteMsg:
		msg = tea.PasteMsg{Content: cloud.Clean(strings.Trim(m.Content, "\r\n"))}
	case tea.KeyPressMsg:
		if strings.ContainsFunc(m.Text, func(r rune) bool { return !cloud.IsText(r) }) {
			return
		}
	}
	i.model, _ = i.model.Update(msg)
}

// Value is what was typed.
func (i *Input) Value() string { return i.model.Value() }

// Set replaces the text and puts the cursor at its end.
func (i *Input) Set(text string) {
	i.model.SetValue(text)
	i.model.CursorEnd()
}

// View draws the text in at most width cells, scrolled so that the cursor is in sight when the input is active.
func (i *Input) View(st *themes.Styles, width int, active bool) string {
	runes := []rune(i.model.Value())
	if i.Secret {
		runes = []rune(strings.Repeat("•", len(runes)))
	}
	if len(runes) == 0 && !active {
		return Paint(st.Placeholder, Truncate(i.Placeholder, width))
	}
	if !active {
		return Paint(st.Input, Truncate(string(runes), width))
	}
	if width <= 0 {
		return ""
	}
	at := min(i.model.Position(), len(runes))
	before, under, after := string(runes[:at]), " ", ""
	if at < len(runes) {
		under, after = string(runes[at]), string(runes[at+1:])
	}
	before = TruncateLeft(before, width-Width(under))
	after = Truncate(after, width-Width(before)-Width(under))
	return Paint(st.Input, before) + Paint(st.Input.Reverse(true), under) + Paint(st.Input, after)
}
