package main

import (
	"errors"
	"strings"
	"testing"

	"portico/views"
)

// TestKeysAreChecked: what is wrong is told with its place, and what is right is taken.
func TestKeysAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"keys: {publish: P, refresh: f5 ctrl+r}":      "",
		"keys:\n  publish: w\n  withdraw: p\n":        "",
		"keys:\n  mark: z\n":                          "", // the map of ports is on another screen
		"scheme: per-service\nkeys:\n  publsh: P\n":   `line 3, column 11: publsh: there is no such action; did you mean "publish"?`,
		"keys:\n  publish: ctrl+nothing\n":            `line 2, column 12: publish: "ctrl+nothing" is no key`,
		"keys:\n  publish: w\n":                       "line 2, column 12: publish: w is the key of withdraw, too",
		"keys:\n  filter: 4\n":                        "4 is the key of gateways, too",
		"keys:\n  quit: d\n":                          "d is the key of doctor, too",
		"keys:\n  publish: enter\n":                   "enter is the same everywhere",
		"keys:\n  publish: ''\n":                      "publish: it has no key",
		"keys:\n  publish: [a, b]\n":                  "a list stands here",
		"keys: publish\n":                             `names and values`,
		"keys:\n  \"\\e[31mx\": P\n":                  "there is no such action",
		"keys:\n  test: tt\n":                         `"tt" is no key`,
		"keys:\n  test: \"\\u202e\"\n":                `is no key`,
		"keys:\n  mark: shift+down\n  mark-down: s\n": "",
	} {
		_, _, err := readConfig([]byte(text))
		var bad *configError
		switch {
		case want == "" && err != nil:
			t.Errorf("%q is refused: %v", text, err)
		case want != "" && (!errors.As(err, &bad) || !strings.Contains(err.Error(), want)):
			t.Errorf("%q says %v, want %q", text, err, want)
		case err != nil && strings.ContainsAny(err.Error(), "\x1b\u202e"):
			t.Errorf("%q: %q", text, err)
		}
	}
}

// TestExampleNamesAllActions with the keys they have, and can be used as it is.
func TestExampleNamesAllActions(t *testing.T) {
	for _, a := range views.Actions() {
		if line := "#  " + a.Name + ": \"" + strings.Join(a.Keys, " ") + "\""; !strings.Contains(exampleConfig, line) {
			t.Errorf("%s is not in the example", line)
		}
	}
}
