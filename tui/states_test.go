package tui

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/themes"
	"portico/tui/effects/effectstest"
	"portico/views/viewtest"
)

// states are those that a screen can be in besides the usual one. A new tab is in all of them by
// itself.
var states = []struct {
	name string
	open func(t *testing.T, width, height int) *driver
}{
	{"loading", func(t *testing.T, w, h int) *driver { return drive(t, effectstest.Project(), w, h) }},
	{"empty", func(t *testing.T, w, h int) *driver {
		b := &effectstest.Backend{Project: cloud.Inventory{Identity: effectstest.Project().Project.Identity, At: effectstest.Start}, LoginsByID: map[string]publish.Login{}}
		b.ObserveErr = &cloud.Error{Op: "find a gateway", Kind: gateway.NotFound, Err: errors.New("no instance of this project has a floating IP"), Next: "attach a floating IP to an instance"}
		return drive(t, b, w, h).start()
	}},
	{"error", func(t *testing.T, w, h int) *driver {
		b := effectstest.Project()
		b.InventoryErr, b.HistoryErr = unreachable, unreachable
		return drive(t, b, w, h).start()
	}},
	{"gateway silent", func(t *testing.T, w, h int) *driver {
		b := effectstest.Project()
		b.ObserveErr = &cloud.Error{Op: "reach", Target: "gw-1", Kind: cloud.Unreachable, Err: errors.New("dial tcp 203.0.113.10:22: i/o timeout"), Next: "check that gw-1 runs and that its security group lets you in on tcp/22"}
		return drive(t, b, w, h).start()
	}},
	{"hostile", func(t *testing.T, w, h int) *driver {
		p := viewtest.Hostile(viewtest.HostileNames(7, 60))
		return drive(t, &effectstest.Backend{Project: p.Inventory, Gateway: p.Gateway, State: p.State, LoginsByID: p.Logins}, w, h).start()
	}},
	{"5000", func(t *testing.T, w, h int) *driver { return drive(t, effectstest.Many(5000), w, h).start() }},
}

// TestStates holds every tab in every state and size. In all colours the same is said: themes
// change nothing but styles.
func TestStates(t *testing.T) {
	for _, state := range states {
		t.Run(state.name, func(t *testing.T) {
			drivers := make([]*driver, len(sizes))
			for i, size := range sizes {
				drivers[i] = state.open(t, size[0], size[1])
			}
			for _, tab := range tabs() {
				name := tab.key.Help().Desc
				t.Run(name, func(t *testing.T) {
					var all strings.Builder
					for i, size := range sizes {
						d := drivers[i]
						d.keys(tab.key.Help().Key)
						if state.name != "loading" {
							d.settle()
						}
						fmt.Fprintf(&all, "== %dx%d\n%s\n", size[0], size[1], d.sameInAllColours(t))
					}
					golden.RequireEqual(t, all.String())
				})
			}
		})
	}
}

// coloured is an SGR sequence that sets a colour.
var coloured = regexp.MustCompile(`\x1b\[[0-9;]*\b(38|48|3[0-7]|4[0-7]|9[0-7])[;m]`)

// sameInAllColours draws the screen in every theme, on dark and light, and returns what all of them
// say.
func (d *driver) sameInAllColours(t *testing.T) string {
	t.Helper()
	said, styled := "", map[string]bool{}
	palette, dark := d.root.o.Palette, d.root.dark
	defer func() { d.root.dark = dark; d.root.wear(palette) }()
	for _, p := range themes.Palettes() {
		for _, dark := range []bool{true, false} {
			d.root.dark = dark
			d.root.wear(p)
			content := d.root.View().Content
			plain := ansi.Strip(content)
			switch {
			case said == "":
				said = plain
			case plain != said:
				t.Fatalf("%s, dark %v, says something else:\n%s\nwant\n%s", p.Name, dark, plain, said)
			}
			if p.Text == (themes.Pair{}) && coloured.MatchString(content) {
				t.Errorf("%s has a colour: %q", p.Name, coloured.FindString(content))
			}
			styled[content] = true
		}
	}
	if len(styled) < 4 {
		t.Errorf("the themes look alike: %d ways", len(styled))
	}
	for i, l := range strings.Split(said, "\n") {
		if ansi.StringWidth(l) > d.root.width {
			t.Errorf("line %d is wider than the screen: %q", i, l)
		}
	}
	return said
}
