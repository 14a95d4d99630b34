package tui

import (
	"fmt"
	"image/color"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"portico/themes"
	"portico/tui/effects/effectstest"
	"portico/views"
)

func TestThemeMenuGoldens(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			d := drive(t, effectstest.Project(), size[0], size[1]).start()
			d.keys("T", "down", "down", "down")
			golden.RequireEqual(t, d.screen())
		})
	}
}

// Every theme, and the console in ASCII, as it is drawn.
func TestThemeGoldens(t *testing.T) {
	for _, p := range themes.Palettes()[1:] {
		t.Run(p.Name, func(t *testing.T) {
			golden.RequireEqual(t, drive(t, effectstest.Project(), 120, 30, func(o *Options) { o.Palette = p }).start().root.View().Content)
		})
	}
}

func TestASCIIGoldens(t *testing.T) {
	for _, c := range []struct{ name, keys string }{{"instances", "1"}, {"forwards", "3"}, {"gateways", "4"}, {"tests", "5"}, {"copy", "Y"}, {"history", "6"}, {"help", "?"}, {"theme", "T"}} {
		t.Run(c.name, func(t *testing.T) {
			d := drive(t, effectstest.Project(), 120, 30, func(o *Options) { o.ASCII = true }).start()
			d.keys(c.keys)
			d.settle()
			out := d.screen()
			for _, r := range out {
				if r > '~' {
					t.Errorf("%q is drawn", r)
				}
			}
			golden.RequireEqual(t, out)
		})
	}
}

// look is a style as the console draws it now.
func (d *driver) look() string { return d.root.styles.Accent.Render("x") }

func TestThemesArePreviewed(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	before := d.look()
	d.keys("T")
	d.shows("▸ portico", "high-contrast", "enter keep it", "esc as before")
	d.keys("down", "down", "down")
	d.shows("▸ high-contrast")
	if want := themes.New(themes.HighContrast(), true).Accent.Render("x"); d.look() != want || !strings.Contains(d.root.View().Content, "38;2;127;227;255") {
		t.Errorf("the console looks %q, want %q", d.look(), want)
	}
	d.keys("esc")
	d.hides("high-contrast")
	if d.look() != before {
		t.Error("esc does not restore")
	}
	d.keys("T", "k", "j", "j", "j", "j", "enter")
	d.shows("theme colour-blind", "'theme: colour-blind' in the configuration")
	d.keys("T")
	d.shows("▸ colour-blind")
}

// The terminal's answer about its background may come at any time.
func TestThemeFollowsTheBackground(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.keys("T", "down", "down", "down")
	d.send(tea.BackgroundColorMsg{Color: color.White})
	if want := themes.New(themes.HighContrast(), false).Accent.Render("x"); d.look() != want {
		t.Errorf("%q, want %q", d.look(), want)
	}
	d.keys("esc")
	if want := themes.New(themes.Default(), false).Accent.Render("x"); d.look() != want {
		t.Errorf("%q, want %q", d.look(), want)
	}
}

// The menu takes every key, and a question goes before it.
func TestThemeMenuHoldsTheKeys(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.keys("T", "3", "p", "?", "/")
	d.shows("▸ portico", "as before")
	d.send(views.AskMsg{ID: 7, Title: "Is this the right machine?", Yes: "trust it", Cancel: "no"})
	d.now = d.now.Add(grace)
	d.keys("esc")
	d.hides("right machine")
	d.shows("as before")
	d.keys("q")
	d.hides("as before")
	if d.quit || d.root.nav.current != views.Instances {
		t.Error("a key went past the menu")
	}
}

func TestOwnThemesAreInTheMenu(t *testing.T) {
	own := themes.Default()
	own.Name = "mi\x1b[31mne"
	d := drive(t, effectstest.Project(), 100, 30, func(o *Options) { o.Themes, o.Palette = append(themes.Palettes(), own), own }).start()
	d.keys("T")
	d.shows("▸ mine")
}
