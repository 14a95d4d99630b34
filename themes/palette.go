package themes

// Pair is one colour for either background, as "#rrggbb" or "0".."255"; "" is the terminal's own.
type Pair struct{ Dark, Light string }

// Palette is a theme as data.
type Palette struct {
	Name string

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

// Default is the palette Portico starts with.
func Default() Palette {
	return Palette{
		Name:     "portico",
		Text:     Pair{"#dcdfe4", "#24292f"},
		Dim:      Pair{"#8b93a1", "#656d76"},
		Faint:    Pair{"#5b6474", "#a3acb7"},
		Accent:   Pair{"#56b6f0", "#0a66c2"},
		OnAccent: Pair{"#10141a", "#ffffff"},
		Selected: Pair{"#263243", "#dbeafe"},
		Good:     Pair{"#7ec97f", "#1a7f37"},
		Warn:     Pair{"#e5b567", "#9a6700"},
		Bad:      Pair{"#ef7a85", "#c9252d"},
	}
}

// Palettes lists the palettes there are; the first is the default.
func Palettes() []Palette { return []Palette{Default()} }
