package main

import (
	"fmt"
	"strings"

	"portico/cloud"
	"portico/tui"
	"portico/views"
)

// keys are what the console's actions are bound to, as the screens take it.
func (c config) keys() views.Keys {
	out := views.Keys{}
	for name, text := range c.Keys {
		out[name] = strings.Fields(text)
	}
	return out
}

// checkKeys refuses keys that there are not, and those that would do two things on one screen.
func (c config) checkKeys() error {
	name, err := tui.CheckKeys(c.keys())
	if err == nil {
		return nil
	}
	var names []string
	for _, a := range views.Actions() {
		names = append(names, a.Name)
	}
	if near := nearest(name, names); near != "" && near != name {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return &misfit{path: "keys." + name, err: fmt.Errorf("%s: %w", cloud.Clean(name), err), next: "'portico config example' lists all actions and their keys; nothing was changed"}
}
