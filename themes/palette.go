package themes

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Pair is one colour for either background, as "#rrggbb" or "0".."255"; "" is the terminal's own.
type Pair struct{ Dark, Light string }

// Palette is a theme as data.
type Palette struct {
	Name  string
	Title string // what it is for, in a few words
	Only  string // "dark" or "light": that one, whatever the terminal's background is; "" follows it

	Text     Pair // what is read
	Dim      Pair // context
	Faint    Pair // rules, borders and what is out of reach
	Accent   Pair // the one colour of focus
	OnAccent Pair // text on Accent
	Selected Pair // background of the row under the cursor
	Good     Pair // states only
	Warn     Pair
	Bad      Pair
}

// Values of Palette.Only.
const (
	Dark  = "dark"
	Light = "light"
)

// Default is the palette Portico starts with.
func Default() Palette {
	return Palette{
		Name: "portico", Title: "dark or light, as the terminal is",
		Text:     Pair{"#dcdfe4", "#24292f"},
		Dim:      Pair{"#9aa2b0", "#5b636c"},
		Faint:    Pair{"#6c7686", "#848d97"},
		Accent:   Pair{"#56b6f0", "#0a5cb0"},
		OnAccent: Pair{"#10141a", "#ffffff"},
		Selected: Pair{"#263243", "#dbeafe"},
		Good:     Pair{"#7ec97f", "#166b2f"},
		Warn:     Pair{"#e5b567", "#825600"},
		Bad:      Pair{"#f28b95", "#b71f27"},
	}
}

// HighContrast has a contrast of at least 7 to 1 for all that is read (WCAG 2.2, level AAA).
func HighContrast() Palette {
	return Palette{
		Name: "high-contrast", Title: "at least 7 to 1 everywhere",
		Text:     Pair{"#ffffff", "#000000"},
		Dim:      Pair{"#e0e0e0", "#2b2b2b"},
		Faint:    Pair{"#c4c4c4", "#404040"},
		Accent:   Pair{"#7fe3ff", "#003a8c"},
		OnAccent: Pair{"#000000", "#ffffff"},
		Selected: Pair{"#003058", "#d5e6ff"},
		Good:     Pair{"#8dff8d", "#003f12"},
		Warn:     Pair{"#ffe34d", "#4f3000"},
		Bad:      Pair{"#ffc0bd", "#780008"},
	}
}

// ColourBlind tells states apart by blue, yellow and orange, and by lightness, never by red and
// green: after Okabe and Ito, "Color Universal Design".
func ColourBlind() Palette {
	return Palette{
		Name: "colour-blind", Title: "blue, yellow and orange; no red against green",
		Text:     Pair{"#e6e6e6", "#1f2328"},
		Dim:      Pair{"#a0a6b0", "#565d66"},
		Faint:    Pair{"#6c7686", "#848d97"},
		Accent:   Pair{"#ffffff", "#000000"},
		OnAccent: Pair{"#10141a", "#ffffff"},
		Selected: Pair{"#2a2f3a", "#e3e8f0"},
		Good:     Pair{"#56b4e9", "#0060a8"},
		Warn:     Pair{"#f0e442", "#856000"},
		Bad:      Pair{"#f07c14", "#6b1d00"},
	}
}

// Palettes lists the palettes there are; the first is the default.
func Palettes() []Palette {
	dark, light := Default(), Default()
	dark.Name, dark.Title, dark.Only = Dark, "for a dark background", Dark
	light.Name, light.Title, light.Only = Light, "for a light background", Light
	return []Palette{Default(), dark, light, HighContrast(), ColourBlind(), {Name: "no-colour", Title: "bold and underline only; also NO_COLOR"}}
}

// Find returns the palette with this name; "color" is as good as "colour".
func Find(all []Palette, name string) (Palette, bool) {
	spelt := func(s string) string { return strings.ReplaceAll(s, "color", "colour") }
	i := slices.IndexFunc(all, func(p Palette) bool { return spelt(p.Name) == spelt(name) })
	if i < 0 {
		return Palette{}, false
	}
	return all[i], true
}

var hexColour = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// CheckColour says what is wrong with a colour that is neither "#rrggbb" nor "0".."255".
func CheckColour(s string) error {
	n, err := strconv.ParseUint(s, 10, 8)
	if hexColour.MatchString(s) || err == nil && strconv.FormatUint(n, 10) == s {
		return nil
	}
	return fmt.Errorf("%q is no colour: write \"#rrggbb\", in quotes, or a number from 0 to 255", s)
}

// With is the palette with the colours of over where it has some; an empty half keeps its own.
func (p Palette) With(over Palette) Palette {
	p.Name, p.Title, p.Only = cmp.Or(over.Name, p.Name), cmp.Or(over.Title, p.Title), cmp.Or(over.Only, p.Only)
	for _, c := range []struct {
		to   *Pair
		from Pair
	}{
		{&p.Text, over.Text}, {&p.Dim, over.Dim}, {&p.Faint, over.Faint}, {&p.Accent, over.Accent}, {&p.OnAccent, over.OnAccent},
		{&p.Selected, over.Selected}, {&p.Good, over.Good}, {&p.Warn, over.Warn}, {&p.Bad, over.Bad},
	} {
		*c.to = Pair{cmp.Or(c.from.Dark, c.to.Dark), cmp.Or(c.from.Light, c.to.Light)}
	}
	return p
}
