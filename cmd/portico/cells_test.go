package main

import (
	"image/color"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
)

// ground is what a terminal has where a program says nothing of colours.
type ground struct{ paper, ink color.Color }

var (
	darkGround  = ground{rgb(0x16181d), rgb(0xd7dae0)}
	lightGround = ground{rgb(0xfbfbfa), rgb(0x24292f)}
)

func rgb(n uint32) color.RGBA { return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 0xff} }

// stretch is text of one style, from a cell on.
type stretch struct {
	x, cells               int
	text                   []string // by cell; "" continues a wide character
	fg, bg                 color.Color
	bold, faint, underline bool
}

func (s stretch) string() string { return strings.Join(s.text, "") }

// stretches is a line of what a terminal shows.
func (g ground) stretches(screen *vt.Emulator, y int) []stretch {
	var out []stretch
	for x := 0; x < screen.Width(); {
		cell := screen.CellAt(x, y)
		if cell == nil {
			x++
			continue
		}
		s := g.begin(x, cell.Style)
		for style := cell.Style; x < screen.Width(); {
			c := screen.CellAt(x, y)
			if c == nil || !c.Style.Equal(&style) {
				break
			}
			text := c.Content
			if text == "" {
				text = " "
			}
			s.text = append(s.text, text)
			for range max(c.Width, 1) - 1 {
				s.text = append(s.text, "")
			}
			x += max(c.Width, 1)
		}
		s.cells = x - s.x
		out = append(out, s)
	}
	return out
}

func (g ground) begin(x int, style uv.Style) stretch {
	s := stretch{x: x, fg: g.ink, bg: nil, bold: style.Attrs&uv.AttrBold != 0, faint: style.Attrs&uv.AttrFaint != 0, underline: style.Underline != 0}
	if style.Fg != nil {
		s.fg = style.Fg
	}
	s.bg = style.Bg
	if style.Attrs&uv.AttrReverse != 0 {
		s.fg, s.bg = s.bg, s.fg
		if s.fg == nil {
			s.fg = g.paper
		}
	}
	return s
}
