package themes

import (
	"testing"

	"github.com/lucasb-eyer/go-colorful"
)

// The backgrounds that themes are made for: the usual dark and light ones of terminals lie between.
var backgrounds = map[string][]string{Dark: {"#000000", "#1e1e1e"}, Light: {"#ffffff", "#f6f8fa"}}

// half is one half of a palette.
func half(c Pair, background string) string {
	if background == Dark {
		return c.Dark
	}
	return c.Light
}

// contrast is that of WCAG 2.2, from 1 to 21.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	l := func(s string) float64 {
		c, err := colorful.Hex(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		r, g, b := c.LinearRgb()
		return 0.2126*r + 0.7152*g + 0.0722*b + 0.05
	}
	x, y := l(a), l(b)
	return max(x, y) / min(x, y)
}

func coloured() (out []Palette) {
	for _, p := range Palettes() {
		if p.Text != (Pair{}) {
			out = append(out, p)
		}
	}
	return out
}

func TestContrast(t *testing.T) {
	for _, p := range coloured() {
		read, faint := 4.5, 3.0 // faint: borders, and what cannot be chosen (WCAG 2.2, 1.4.11 and 1.4.3)
		if p.Name == HighContrast().Name {
			read, faint = 7, 7
		}
		for _, bg := range []string{Dark, Light} {
			on := append([]string{half(p.Selected, bg)}, backgrounds[bg]...)
			for _, b := range on {
				for name, c := range map[string]Pair{"Text": p.Text, "Dim": p.Dim, "Accent": p.Accent, "Good": p.Good, "Warn": p.Warn, "Bad": p.Bad} {
					if got := contrast(t, half(c, bg), b); got < read {
						t.Errorf("%s, %s: %s on %s has %.2f, want %.1f", p.Name, bg, name, b, got, read)
					}
				}
			}
			for _, b := range backgrounds[bg] {
				if got := contrast(t, half(p.Faint, bg), b); got < faint {
					t.Errorf("%s, %s: Faint on %s has %.2f, want %.1f", p.Name, bg, b, got, faint)
				}
			}
			if got := contrast(t, half(p.OnAccent, bg), half(p.Accent, bg)); got < read {
				t.Errorf("%s, %s: OnAccent has %.2f, want %.1f", p.Name, bg, got, read)
			}
		}
	}
}

// deuteranope is how a colour looks to who lacks the green cones (Machado, Oliveira and Fernandes
// 2009, severity 1), and protanope to who lacks the red ones.
func deuteranope(c colorful.Color) colorful.Color {
	r, g, b := c.LinearRgb()
	return colorful.LinearRgb(0.367322*r+0.860646*g-0.227968*b, 0.280085*r+0.672501*g+0.047413*b, -0.011820*r+0.042940*g+0.968881*b).Clamped()
}

func protanope(c colorful.Color) colorful.Color {
	r, g, b := c.LinearRgb()
	return colorful.LinearRgb(0.152286*r+1.052583*g-0.204868*b, 0.114503*r+0.786281*g+0.099216*b, -0.003882*r-0.048116*g+1.051998*b).Clamped()
}

func TestStatesAreToldApartWithoutRedOrGreen(t *testing.T) {
	const apart = 0.2 // ΔE*ab / 100; what is called clearly different
	nearest := func(p Palette, see func(colorful.Color) colorful.Color) float64 {
		least := 9.0
		for _, bg := range []string{Dark, Light} {
			states := []string{half(p.Good, bg), half(p.Warn, bg), half(p.Bad, bg)}
			for i, a := range states {
				for _, b := range states[:i] {
					x, _ := colorful.Hex(a)
					y, _ := colorful.Hex(b)
					least = min(least, see(x).DistanceLab(see(y)))
				}
			}
		}
		return least
	}
	for name, see := range map[string]func(colorful.Color) colorful.Color{"deuteranope": deuteranope, "protanope": protanope} {
		if got := nearest(ColourBlind(), see); got < apart {
			t.Errorf("%s: the two nearest states differ by %.2f, want %.2f", name, got, apart)
		}
	}
	if got := nearest(Default(), deuteranope); got >= apart {
		t.Errorf("the default palette passes with %.2f: the test sees nothing", got)
	}
}

func TestCheckColour(t *testing.T) {
	for s, ok := range map[string]bool{"#0a66C2": true, "0": true, "255": true, "256": false, "-1": false, "": false, "red": false, "#fff": false, "#12345g": false, "007": false} {
		if err := CheckColour(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestWith(t *testing.T) {
	p := Default().With(Palette{Name: "own", Accent: Pair{Dark: "#ff8800"}})
	if p.Name != "own" || p.Accent != (Pair{"#ff8800", Default().Accent.Light}) || p.Text != Default().Text {
		t.Errorf("%+v", p)
	}
}

func TestFind(t *testing.T) {
	for name, want := range map[string]string{"no-color": "no-colour", "colour-blind": "colour-blind", "dark": "dark", "nord": ""} {
		if p, ok := Find(Palettes(), name); p.Name != want || ok != (want != "") {
			t.Errorf("%s: %q, %t", name, p.Name, ok)
		}
	}
}
