package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"portico/tui/effects/effectstest"
	"portico/views"
)

// TestEveryBindingCanBeNamed: what a screen binds is in the list of actions, or means the same
// everywhere, so that it can be bound to another key.
func TestEveryBindingCanBeNamed(t *testing.T) {
	n := newNavigation(false)
	for _, target := range targets {
		for _, group := range n.screens[target].Keys().FullHelp() {
			for _, b := range group {
				k := b.Keys()
				if len(k) == 0 || slices.Contains(fixed, k[0]) || slices.Contains(moves, k[0]) {
					continue
				}
				named := slices.ContainsFunc(views.Actions(), func(a views.Action) bool { return a.Has(target) && slices.Contains(a.Keys, k[0]) })
				if choosing := slices.Contains([]views.Target{views.PublishForm, views.CreateGateway, views.SubnetForm}, target) && k[0] == "space"; !named && !choosing && b.Help().Desc != "" {
					t.Errorf("%s: %s (%s) is in no line of views.Actions", target, k[0], b.Help().Desc)
				}
			}
		}
	}
	if name, err := CheckKeys(nil); err != nil {
		t.Errorf("Portico's own keys: %s: %v", name, err)
	}
	for name, keys := range map[string]string{"publish": "p", "sort": ">"} {
		if _, err := CheckKeys(views.Keys{name: {keys}}); err != nil {
			t.Errorf("its own key is refused: %v", err)
		}
	}
}

// TestKeysAreWrittenAsTheyArePressed: each key of the list can be pressed by its name.
func TestKeysAreWrittenAsTheyArePressed(t *testing.T) {
	for _, a := range views.Actions() {
		for _, k := range a.Keys {
			if got, ok := parseKey(k); !ok || got.String() != k {
				t.Errorf("%s: %q is pressed as %q", a.Name, k, got.String())
			}
		}
	}
	for name := range keyCodes {
		if got, ok := parseKey("ctrl+" + name); !ok || got.Mod != tea.ModCtrl {
			t.Errorf("ctrl+%s is none", name)
		}
	}
	for _, name := range []string{"", "ctrl+", "pp", "hyper+x", "f13", "\x1b", "shift+ctrl+", "\u202e"} {
		if _, ok := parseKey(name); ok {
			t.Errorf("%q is a key", name)
		}
	}
}

// TestOwnKeys: they do what they are bound to, the old ones no longer do, and all texts name them.
func TestOwnKeys(t *testing.T) {
	own := views.Keys{"publish": {"ctrl+p"}, "help": {"f1"}, "forwards": {"F"}, "filter": {"&"}, "sort": {"."}, "quit": {"Q"}, "palette": {";"}, "withdraw": {"p"}}
	d := drive(t, effectstest.Project(), 120, 30, func(o *Options) { o.Keys = own }).start()
	d.shows("ctrl+p publish", "p withdraw", "& filter", "f1 help", "Q quit", "; palette", "F Forwards")
	d.hides("w withdraw", "/ filter")
	d.keys("?", "3", "/")
	d.shows("NAME ▲", "10 instances")
	d.keys("down", "down", "y")
	d.shows("is not published; ctrl+p publishes it")
	d.keys(".")
	d.shows("STATUS ▲")
	d.keys("&", "?p")
	d.shows("?p") // while text is typed keys are text
	d.keys("esc", "F")
	d.shows("PUBLIC")
	d.send(tea.KeyPressMsg{Code: tea.KeyF1})
	d.shows("Everywhere", "< .", "f1")
	d.keys("Q")
	d.shows("PUBLIC")
	d.keys(";", "history")
	d.shows("screen  6")
	d.keys("esc", "q")
	if d.quit {
		t.Error("q quits")
	}
	d.keys("Q")
	d.settle()
	if !d.quit {
		t.Error("Q does not quit")
	}
}

// TestResizeNeverBreaksAScreen: from any size to any other, on each screen and with whatever is open, the
// frame is as large as the terminal.
func TestResizeNeverBreaksAScreen(t *testing.T) {
	for _, open := range []string{"", ":", "T"} {
		d := drive(t, effectstest.Project(), 80, 24).start()
		for _, target := range targets {
			d.resize(80, 24)
			d.root.nav.to(target)
			if open != "" {
				d.keys(open)
			}
			for _, size := range [][2]int{{1, 1}, {200, 60}, {24, 6}, {40, 10}, {120, 3}, {3, 50}, {80, 24}, {23, 24}, {61, 13}, {120, 40}, {1, 1}} {
				d.resize(size[0], size[1])
				d.frames(fmt.Sprintf("%s%s at %v", open, target, size), size[0], size[1])
			}
			d.settle()
			d.root.picker.open, d.root.menu.open = false, false
		}
	}
}

// frames fails unless the frame is so large.
func (d *driver) frames(name string, width, height int) {
	d.t.Helper()
	lines := strings.Split(d.screen(), "\n")
	if len(lines) != height {
		d.t.Fatalf("%s has %d lines", name, len(lines))
	}
	for _, l := range lines {
		if cells := ansi.StringWidth(l); cells > width {
			d.t.Fatalf("%s: %d cells: %q", name, cells, l)
		}
	}
}

// TestBackKeepsEveryScreensPlace: cursor and filter of each tab are as they were, whatever was opened meanwhile.
func TestBackKeepsEveryScreensPlace(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	seen := map[string]string{}
	strip := func() string { // without the line that counts time and keys
		lines := strings.Split(d.screen(), "\n")
		return strings.Join(lines[2:len(lines)-1], "\n")
	}
	for _, tab := range []string{"1", "2", "3", "4", "6"} {
		d.keys(tab)
		d.settle()
		if tab == "1" || tab == "3" {
			d.keys("/", "as", "enter", "down")
		} else {
			d.keys("down")
		}
		d.settle()
		seen[tab] = strip()
	}
	d.keys("1", "p")
	d.settle()
	d.keys("?", "esc", "esc", ":", "esc", "ctrl+o", "esc", "T", "esc", "5", "?", "q")
	d.settle()
	d.resize(40, 10)
	d.resize(100, 30)
	for _, tab := range []string{"6", "4", "3", "2", "1"} {
		d.keys(tab)
		d.settle()
		if got := strip(); got != seen[tab] {
			t.Errorf("tab %s is not as it was:\n%s\n--- before\n%s", tab, got, seen[tab])
		}
	}
}
