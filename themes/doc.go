// Package themes turns palettes, which are data, into the styles that screens draw with.
//
//	Palette (a dozen colours, each for dark and light) -- New(palette, isDark) --> *Styles
//
// Styles are named by what they mean, never by how they look. Bubble Tea lowers the colours to
// what the terminal has, none at all under NO_COLOR, so nothing may be told by colour alone: the
// selected row has its ▸, states have their glyph and word.
package themes
