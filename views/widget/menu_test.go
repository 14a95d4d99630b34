package widget_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"portico/cloud"
	"portico/views/widget"
)

func TestMenuFitsAndShowsItsCursor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(0, 100).Draw(t, "width"), rapid.IntRange(0, 40).Draw(t, "height")
		m := widget.Menu{Title: cloud.Clean(rapid.String().Draw(t, "title"))}
		for i := range rapid.IntRange(1, 30).Draw(t, "items") {
			m.Items = append(m.Items, widget.MenuItem{Name: fmt.Sprintf("item-%d", i), Note: "what it is"})
		}
		m.Move(rapid.IntRange(-3, 40).Draw(t, "by"))
		out := m.View(styles, w, h)
		if out == "" {
			if w >= 20 && h >= 5 {
				t.Fatalf("nothing at %dx%d", w, h)
			}
			return
		}
		lines := strings.Split(out, "\n")
		if len(lines) > h {
			t.Fatalf("%d lines in %d", len(lines), h)
		}
		for _, l := range lines {
			if ansi.StringWidth(l) > w {
				t.Fatalf("%d cells in %d: %s", ansi.StringWidth(l), w, l)
			}
		}
		if !strings.Contains(ansi.Strip(out), "▸") {
			t.Fatalf("no cursor:\n%s", out)
		}
	})
}
