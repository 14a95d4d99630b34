package themes

import (
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
)

func TestEveryPaletteIsComplete(t *testing.T) {
	for _, p := range coloured() {
		for name, c := range map[string]Pair{
			"Text": p.Text, "Dim": p.Dim, "Faint": p.Faint, "Accent": p.Accent, "OnAccent": p.OnAccent,
			"Selected": p.Selected, "Good": p.Good, "Warn": p.Warn, "Bad": p.Bad,
		} {
			if c.Dark == "" || c.Light == "" {
				t.Errorf("palette %s: %s is %+v, want a colour for dark and light", p.Name, name, c)
			}
		}
	}
}

func TestDarkAndLightDiffer(t *testing.T) {
	dark, light := New(Default(), true), New(Default(), false)
	if d, l := dark.Accent.Render("x"), light.Accent.Render("x"); d == l {
		t.Errorf("both render as %q", d)
	}
}

func TestOnlyOneHalf(t *testing.T) {
	p, _ := Find(Palettes(), Light)
	if New(p, true).Accent.Render("x") != New(Default(), false).Accent.Render("x") {
		t.Error("the light theme follows a dark background")
	}
}

func TestNoColour(t *testing.T) {
	p, _ := Find(Palettes(), "no-colour")
	s := New(p, true)
	for _, style := range []lipgloss.Style{s.Text, s.Bad, s.Selected, s.ButtonFocus, s.On(s.Good), s.TabActive} {
		if r := style.Render("x"); strings.Contains(r, "38;") || strings.Contains(r, "48;") {
			t.Errorf("a colour: %q", r)
		}
	}
}

func TestStatesAreToldApart(t *testing.T) {
	s := New(Default(), true)
	seen := map[string]string{}
	for name, style := range map[string]lipgloss.Style{"good": s.Good, "warn": s.Warn, "bad": s.Bad, "accent": s.Accent, "dim": s.Dim} {
		r := style.Render("x")
		if other, ok := seen[r]; ok {
			t.Errorf("%s and %s look the same", name, other)
		}
		seen[r] = name
	}
}

func TestOnKeepsTheForeground(t *testing.T) {
	s := New(Default(), true)
	plain, on := s.Good.Render("x"), s.On(s.Good).Render("x")
	if plain == on || !strings.Contains(on, "48;2") || !strings.Contains(on, "38;2") {
		t.Errorf("plain %q, on the selected row %q", plain, on)
	}
}
