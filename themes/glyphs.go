package themes

import "strings"

// glyphs are all the characters beyond ASCII that screens draw with, and what stands for each in
// ASCII mode. Each is one cell wide and so is what stands for it: nothing moves.
var glyphs = []struct{ glyph, ascii string }{
	// states
	{"●", "#"}, {"○", "o"}, {"◐", "/"}, {"◓", "-"}, {"◑", "\\"}, {"◒", "|"}, {"✓", "v"}, {"✗", "x"}, {"⚠", "!"}, {"⟳", "@"},
	// pointing
	{"▸", ">"}, {"→", ">"}, {"←", "<"}, {"‹", "<"}, {"›", ">"}, {"↑", "^"}, {"↓", "v"}, {"▲", "^"}, {"▼", "v"}, {"•", "*"}, {"·", "."}, {"…", "~"},
	// rules and boxes
	{"─", "-"}, {"│", "|"}, {"╭", "+"}, {"╮", "+"}, {"╰", "+"}, {"╯", "+"}, {"┌", "+"}, {"┐", "+"}, {"└", "+"}, {"┘", "+"},
	{"├", "+"}, {"┤", "+"}, {"┬", "+"}, {"┴", "+"}, {"┼", "+"},
	// amounts
	{"▁", "_"}, {"▂", "_"}, {"▃", "_"}, {"▄", "-"}, {"▅", "-"}, {"▆", "="}, {"▇", "="}, {"█", "#"}, {"░", "."}, {"▒", ":"}, {"▓", "%"},
	// what stands where a character was that a terminal must not get
	{"\uFFFD", "?"},
}

var toASCII = func() *strings.Replacer {
	pairs := make([]string, 0, 2*len(glyphs))
	for _, g := range glyphs {
		pairs = append(pairs, g.glyph, g.ascii)
	}
	return strings.NewReplacer(pairs...)
}()

// ASCII puts ASCII in place of every glyph that screens draw with; widths stay. Names from the
// cloud keep what else they have.
func ASCII(frame string) string { return toASCII.Replace(frame) }
