package tui

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"portico/tui/effects/effectstest"
	"portico/views"
)

// click presses the mouse's left button on a text that is seen, the first of that kind.
func (d *driver) click(text string) {
	d.t.Helper()
	for y, line := range strings.Split(d.screen(), "\n") {
		if i := strings.Index(line, text); i >= 0 {
			d.send(tea.MouseClickMsg{X: ansi.StringWidth(line[:i]), Y: y, Button: tea.MouseLeft})
			return
		}
	}
	d.t.Fatalf("%q is not on the screen:\n%s", text, d.screen())
}

// TestTheMouseIsTheTerminals until it is asked for.
func TestTheMouseIsTheTerminals(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	mode := func() tea.MouseMode { return d.root.View().MouseMode }
	if mode() != tea.MouseModeNone {
		t.Error("it is taken from the beginning")
	}
	d.keys("ctrl+g")
	d.shows("the mouse is Portico's", "ctrl+g gives it back")
	if mode() != tea.MouseModeCellMotion {
		t.Error("ctrl+g does not take it")
	}
	d.keys("ctrl+g")
	if mode() != tea.MouseModeNone {
		t.Error("ctrl+g does not give it back")
	}
	if drive(t, effectstest.Project(), 80, 24, func(o *Options) { o.Mouse = true }).root.View().MouseMode == tea.MouseModeNone {
		t.Error("it is not taken although it was asked for")
	}
}

// TestClicksHitWhatIsSeen: on every size, with and without a banner, a click on a text does what it says.
func TestClicksHitWhatIsSeen(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {100, 12}} {
		for _, banner := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v banner %v", size, banner), func(t *testing.T) {
				b := effectstest.Project()
				d := drive(t, b, size[0], size[1]).start()
				if banner {
					d.root.note(unreachable)
				}
				d.click("4 Gateways")
				d.shows("gw-1 ")
				d.click("Instances")
				d.click("blast-db")
				d.shows("▸ blast-db", "NAME ▲")
				d.click("STATUS")
				d.shows("STATUS ▲")
				d.click("STATUS")
				d.shows("STATUS ▼", "▸ blast-db")
				d.click("NAME")
				d.click("annotation-01  ")
				d.click("annotation-01  ")
				d.shows("flavor", "q back")
				d.hides("REACHABLE")
			})
		}
	}
}

// TestAClickOnTheMarksMarks, and takes the mark away.
func TestAClickOnTheMarksMarks(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.click("   assembly-02")
	d.shows("1 marked", "•▸ assembly-02")
	d.click("•▸ assembly-02")
	d.hides("marked")
}

// TestAKeyBetweenClicks: only two clicks one after the other open a row.
func TestAKeyBetweenClicks(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.click("blast-db")
	d.keys("down")
	d.click("blast-db")
	d.shows("REACHABLE")
	d.click("gw-1 ")
	d.click("jupyter")
	d.shows("REACHABLE", "▸ jupyter")
}

func TestTheWheelScrolls(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	d.shows("▸ broken")
	d.send(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	d.shows("▸ annotation-01")
	d.send(tea.MouseWheelMsg{Button: tea.MouseWheelLeft})
	d.shows("▸ annotation-01")
}

// TestButtonsAndMenusAreClicked: dialogs, the palette and the themes; nothing behind them is.
func TestButtonsAndMenusAreClicked(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	answer := 0
	ask := func() {
		d.root.confirm(views.AskMsg{Title: "Really?", Lines: []string{"a question"}, Yes: "do it", Cancel: "leave it"}, func(yes bool) tea.Cmd {
			answer = map[bool]int{true: 1, false: 2}[yes]
			return nil
		})
	}
	ask()
	d.click("4 Gateways")
	d.click("Really?")
	d.shows("Really?", "NAME ▲")
	d.click("do it")
	if d.hides("Really?"); answer != 1 {
		t.Errorf("a click on yes answers %d", answer)
	}
	ask()
	d.click("leave it")
	if d.hides("Really?"); answer != 2 {
		t.Errorf("a click on cancel answers %d", answer)
	}
	d.keys(":")
	d.keys("them")
	d.click("theme")
	d.shows("Theme", "high-contrast")
	d.click("high-contrast")
	if d.root.o.Palette.Name != "high-contrast" {
		t.Errorf("the theme is %s", d.root.o.Palette.Name)
	}
	d.click("high-contrast")
	d.shows("theme high-contrast; ")
}

// TestTheMainJobByMouse: mark, publish, preview, apply, without a key but p and enter.
func TestTheMainJobByMouse(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	d.click("blast-db")
	d.keys("p")
	d.settle()
	d.keys("enter", "enter")
	d.shows("Apply this on gw-1?")
	d.click("Cancel")
	d.hides("Apply this on gw-1?")
	d.keys("enter")
	d.click("   Apply ")
	d.settle()
	if b.Calls("Apply") != 1 || len(b.State.Forwards) != 6 {
		t.Errorf("%d applies, %d forwards", b.Calls("Apply"), len(b.State.Forwards))
	}
}

// TestClicksDuringAQuestionsGrace answer nothing: they were meant for the screen.
func TestClicksDuringAQuestionsGrace(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.send(views.AskMsg{ID: 3, Title: "Trust it?", Yes: "trust it", Cancel: "no"})
	d.click("trust it")
	d.shows("Trust it?")
	d.now = d.now.Add(grace)
	d.click("trust it")
	d.hides("Trust it?")
}

// TestNoClickBreaksAnything: anywhere, on every screen, whatever is open.
func TestNoClickBreaksAnything(t *testing.T) {
	for _, open := range []string{"", ":", "T", "ctrl+o"} {
		d := drive(t, effectstest.Project(), 80, 24).start()
		for _, target := range targets {
			d.root.nav.to(target)
			if open != "" {
				d.keys(open)
			}
			for y := -1; y < 26; y += 3 {
				for x := -1; x < 82; x += 9 * slower {
					d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
					d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseRight})
					d.send(tea.MouseReleaseMsg{X: x, Y: y})
				}
			}
			d.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
			d.settle()
			d.root.picker.open, d.root.menu.open = false, false
		}
	}
}
