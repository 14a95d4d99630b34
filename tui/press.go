package tui

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
)

// keyCodes are the keys that have a name, as bindings write them.
var keyCodes = map[string]rune{
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter, "esc": tea.KeyEscape,
	"tab": tea.KeyTab, "space": tea.KeySpace, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "insert": tea.KeyInsert,
	"home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
	"f1": tea.KeyF1, "f2": tea.KeyF2, "f3": tea.KeyF3, "f4": tea.KeyF4, "f5": tea.KeyF5, "f6": tea.KeyF6,
	"f7": tea.KeyF7, "f8": tea.KeyF8, "f9": tea.KeyF9, "f10": tea.KeyF10, "f11": tea.KeyF11, "f12": tea.KeyF12,
}

var keyMods = []struct {
	name string
	mod  tea.KeyMod
}{{"ctrl+", tea.ModCtrl}, {"alt+", tea.ModAlt}, {"shift+", tea.ModShift}}

// parseKey is the press of a key as bindings write it: "p", "P", "ctrl+o", "shift+tab", "f5". ok is false
// for what is none.
func parseKey(name string) (k tea.KeyPressMsg, ok bool) {
	rest := name
	for _, m := range keyMods {
		if after, found := strings.CutPrefix(rest, m.name); found {
			rest, k.Mod = after, k.Mod|m.mod
		}
	}
	if code, named := keyCodes[rest]; named {
		k.Code = code
		if rest == "space" && k.Mod == 0 {
			k.Text = " "
		}
		return k, k.String() == name
	}
	r, n := utf8.DecodeRuneInString(rest)
	if n == 0 || n != len(rest) || r <= ' ' || !cloud.IsText(r) {
		return k, false
	}
	k.Code = r
	if k.Mod == 0 {
		k.Text = rest
	}
	return k, k.String() == name
}

// press is parseKey for keys that are bound.
func press(name string) tea.KeyPressMsg {
	k, _ := parseKey(name)
	return k
}
