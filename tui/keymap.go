package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/views"
)

// fixed are the keys that mean the same everywhere, and are nobody's.
var fixed = []string{"enter", "esc", "tab", "shift+tab", "up", "down", "left", "right", "backspace", "ctrl+c"}

// CheckKeys says which action's keys are wrong, and why: there is no such action or key, or on one
// screen two actions would have the same. name is "" when all are right.
func CheckKeys(own views.Keys) (name string, err error) {
	actions := views.Actions()
	for name, keys := range own {
		if !slices.ContainsFunc(actions, func(a views.Action) bool { return a.Name == name }) {
			return name, errors.New("there is no such action")
		}
		if len(keys) == 0 {
			return name, errors.New("it has no key")
		}
		for _, k := range keys {
			if _, ok := parseKey(k); !ok {
				return name, fmt.Errorf("%q is no key", k)
			}
			if slices.Contains(fixed, k) {
				return name, fmt.Errorf("%s is the same everywhere, and cannot be bound", k)
			}
		}
	}
	for _, t := range append(slices.Clone(targets), "") {
		if name, err := collision(actions, own, t); err != nil {
			return name, err
		}
	}
	return "", nil
}

// collision finds two actions of a screen with the same key, of which one was bound to it.
func collision(actions []views.Action, own views.Keys, t views.Target) (string, error) {
	taken := map[string]string{}
	for _, a := range actions {
		if !a.Has(t) {
			continue
		}
		for _, k := range bound(a, own) {
			other, clash := taken[k]
			taken[k] = a.Name
			if !clash {
				continue
			}
			name := a.Name
			if own[name] == nil {
				name, other = other, name
			}
			return name, fmt.Errorf("%s is the key of %s, too", k, other)
		}
	}
	return "", nil
}

// bound are the keys of an action.
func bound(a views.Action, own views.Keys) []string {
	if keys := own[a.Name]; len(keys) > 0 {
		return keys
	}
	return a.Keys
}

// translate puts the key that a screen knows an action by in the place of the one that the operator
// has bound. ok is false for a key that means nothing any more.
func translate(own views.Keys, t views.Target, m tea.KeyPressMsg) (_ tea.KeyPressMsg, ok bool) {
	if len(own) == 0 {
		return m, true
	}
	pressed, freed := m.String(), false
	for _, a := range views.Actions() {
		switch keys := own[a.Name]; {
		case !a.Has(t):
		case slices.Contains(keys, pressed):
			return press(a.Keys[0]), true
		case len(keys) > 0 && slices.Contains(a.Keys, pressed):
			freed = true
		}
	}
	return m, !freed
}

// pairs are actions whose keys are shown together.
var pairs = map[string]string{"sort": "sort-back", "mark-down": "mark-up"}

// shown is a binding of a screen with the keys that the operator has bound.
func shown(own views.Keys, t views.Target, b key.Binding) key.Binding {
	if len(own) == 0 || len(b.Keys()) == 0 {
		return b
	}
	for _, a := range views.Actions() {
		if !a.Has(t) || !slices.Contains(a.Keys, b.Keys()[0]) {
			continue
		}
		with := pairs[a.Name]
		switch h := b.Help(); {
		case h.Key == "":
		case with != "" && (own[a.Name] != nil || own[with] != nil):
			b.SetHelp(own.Of(with)+" "+own.Of(a.Name), h.Desc)
		case own[a.Name] != nil:
			b.SetHelp(strings.Join(own[a.Name], "/"), h.Desc)
		}
		return b
	}
	return b
}

// ownKeys are the bindings of a screen as the operator has them.
func (r *Root) ownKeys(t views.Target, groups [][]key.Binding) [][]key.Binding {
	out := make([][]key.Binding, len(groups))
	for i, g := range groups {
		for _, b := range g {
			out[i] = append(out[i], shown(r.o.Keys, t, b))
		}
	}
	return out
}
