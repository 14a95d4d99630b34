package tui

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"portico/cloud"
	"portico/tui/effects/effectstest"
	"portico/views/viewtest"
)

// Two thousand hostile names go through every list; the page, the form, the preview and the apply are opened for
// one name in 250, since each takes as long as a list. What is drawn is within its lines, and
// nothing in it is more than text.
func TestHostileNamesStayText(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	names := viewtest.HostileNames(seed, 2000/slower)
	for _, size := range [][2]int{{80, 24}, {40, 10}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			p := viewtest.Hostile(names)
			b := &effectstest.Backend{Project: p.Inventory, Gateway: p.Gateway, State: p.State, LoginsByID: p.Logins}
			d := drive(t, b, size[0], size[1]).start()
			for _, list := range []string{"1", "2", "3", "4", "5", "6"} {
				d.keys(list)
				for last, now := "", d.harmless(list); last != now; {
					_, cmd := d.root.Update(tea.KeyPressMsg{Code: tea.KeyPgDown})
					d.run(cmd)
					last, now = now, d.harmless(list)
				}
			}
			seen := map[string]bool{}
			for n := 0; n < len(names); n += 250 / slower {
				d.walk(n, seen)
				d.keys("/")
				d.send(tea.PasteMsg{Content: names[n]})
				d.harmless("filter")
				d.keys("esc", "esc")
			}
			if len(seen) < 4 || len(d.copied) < 8 {
				t.Errorf("seen only %v, copied %d texts", seen, len(d.copied))
			}
			for _, text := range d.copied {
				if i := badRune(text); i >= 0 {
					t.Errorf("copied: %+q", text)
				}
			}
		})
	}
}

// walk goes to the nth instance and through its page, the form to publish it, the preview, what
// takes it back, and the apply of that.
func (d *driver) walk(n int, seen map[string]bool) {
	d.t.Helper()
	d.keys("1")
	d.send(tea.KeyPressMsg{Code: tea.KeyHome})
	for range n {
		_, cmd := d.root.Update(tea.KeyPressMsg{Code: tea.KeyDown})
		d.run(cmd)
	}
	for _, key := range []string{"enter", "y", "esc", "p", "enter", "tab", "y", "esc", "esc", "w", "tab", "tab", "tab", "tab", "enter", "1", "enter", "leave"} {
		if key == "leave" {
			if key = "q"; d.root.nav.typing() { // a name is to be typed, not how many
				d.keys("esc")
			}
		}
		d.keys(key)
		d.settle()
		title := d.root.nav.screen().Title()
		seen[title] = true
		d.harmless(title + " after " + key)
	}
}

// harmless fails the test when a line is too long, or holds what is neither text nor a style. It
// returns what is drawn.
func (d *driver) harmless(where string) string {
	d.t.Helper()
	v := d.root.View()
	if badRune(v.WindowTitle) >= 0 {
		d.t.Fatalf("%s: title %+q", where, v.WindowTitle)
	}
	lines := strings.Split(v.Content, "\n")
	if len(lines) != d.root.height {
		d.t.Fatalf("%s: %d lines of %d", where, len(lines), d.root.height)
	}
	for _, l := range lines {
		if w := ansi.StringWidth(l); w > d.root.width {
			d.t.Fatalf("%s: a line is %d wide: %+q", where, w, l)
		}
		if i := badRune(ansi.Strip(l)); i >= 0 {
			d.t.Fatalf("%s: %+q at %d of %+q", where, ansi.Strip(l)[i:], i, l)
		}
	}
	return v.Content
}

// badRune is where text first holds what cloud.Clean would take out, or -1.
func badRune(text string) int {
	return strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !cloud.IsText(r) })
}
