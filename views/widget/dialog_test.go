package widget_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"pgregory.net/rapid"

	"portico/views/widget"
)

func TestDialog(t *testing.T) {
	in := widget.NewInput("", true)
	in.Update(tea.PasteMsg{Content: "päss\n"})
	for name, d := range map[string]widget.Dialog{
		"question": {Title: "Apply this?", Lines: []string{"1 to add.", "If a step fails, everything is undone."}, Yes: "Apply", Cancel: "Cancel"},
		"on yes":   {Title: "Apply this?", Yes: "Apply", Cancel: "Cancel", OnYes: true},
		"secret":   {Title: "Passphrase", Lines: []string{"of the key id"}, Input: &in, Yes: "unlock", Cancel: "do not use it"},
		"notice":   {Title: "That is all", Cancel: "close"},
	} {
		t.Run(name, func(t *testing.T) { golden.RequireEqual(t, ansi.Strip(d.View(styles, 60, 20))) })
	}
}

func TestDialogFitsAndKeepsItsButtons(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(0, 100).Draw(t, "width"), rapid.IntRange(6, 40).Draw(t, "height")
		d := widget.Dialog{Title: "A title", Lines: rapid.SliceOfN(rapid.StringMatching(`[a-z ]{0,90}`), 0, 9).Draw(t, "lines"), Yes: "yes", Cancel: "no"}
		v := d.View(styles, w, h)
		if v == "" {
			return
		}
		lines := strings.Split(v, "\n")
		if len(lines) > h {
			t.Fatalf("%d lines in %d", len(lines), h)
		}
		for _, l := range lines {
			if widget.Width(l) > w {
				t.Fatalf("%q is wider than %d", l, w)
			}
		}
		if !strings.Contains(v, "yes") {
			t.Fatalf("the buttons are gone:\n%s", v)
		}
	})
}

func TestInput(t *testing.T) {
	in := widget.NewInput("type here", false)
	if got := ansi.Strip(in.View(styles, 20, false)); got != "type here" {
		t.Errorf("empty: %q", got)
	}
	in.Update(tea.PasteMsg{Content: "evil\u202e\x1b[31mname\n"})
	if got := in.Value(); got != "evilname" {
		t.Errorf("a paste gives %q", got)
	}
	in.Set("abcdefghij")
	in.Update(tea.KeyPressMsg{Code: 'k', Text: "k"})
	if got := ansi.Strip(in.View(styles, 6, true)); got != "…hijk " {
		t.Errorf("scrolled: %q", got)
	}
	in.Update(tea.KeyPressMsg{Code: tea.KeyHome})
	if got := ansi.Strip(in.View(styles, 6, true)); got != "abcde…" {
		t.Errorf("at the beginning: %q", got)
	}
}

func TestBesidePaneCentre(t *testing.T) {
	pane := widget.Pane(styles, "gw-1", []widget.Fact{
		{Name: "status", Value: widget.Spans{{Text: "active"}}}, {}, {Name: "key", Value: widget.Spans{{Text: "a-name-that-is-long"}}},
	}, 20, 6)
	got := ansi.Strip(widget.Beside(styles, "left\nside", pane, 8, 6))
	want := "left    │  gw-1\nside    │  \n        │  status  active\n        │  \n        │  key     a-name-that…\n        │  "
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := widget.Centre([]string{"one", "three"}, 9, 4); got != "\n   one\n  three\n" {
		t.Errorf("centre: %q", got)
	}
}

func TestALowDialogLeavesOutSentencesWhole(t *testing.T) {
	d := widget.Dialog{Title: "Apply?", Lines: []string{"8 to add, 3 to change, 0 to remove.", "! a warning", "", "If a step fails, everything is undone."}, Yes: "Apply", Cancel: "Cancel"}
	whole := 0
	for h := 5; h < 14; h++ {
		out := ansi.Strip(d.View(styles, 40, h))
		if strings.Contains(out, "If a step") != strings.Contains(out, "undone.") || strings.Contains(out, "8 to add") != strings.Contains(out, "remove.") && h > 5 {
			t.Errorf("half a sentence at height %d:\n%s", h, out)
		}
		if !strings.Contains(out, "Cancel") || strings.Count(out, "\n") >= h {
			t.Errorf("at height %d:\n%s", h, out)
		}
		if strings.Contains(out, "undone.") {
			whole++
		}
	}
	if whole == 0 {
		t.Error("the sentence is never there")
	}
}
