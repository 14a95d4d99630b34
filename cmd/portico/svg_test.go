package main

import (
	"fmt"
	"html"
	"image/color"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
)

// The size of one cell in a picture, in SVG units, for a monospaced font of 14.
const (
	cellWidth, cellHeight = 8.4, 18
	margin                = 12
	paper, ink            = "#16181d", "#d7dae0"
)

// picture draws what a terminal shows as SVG: text by runs of one style, so that it stays text.
func picture(screen *vt.Emulator) string {
	var b strings.Builder
	w, h := float64(screen.Width())*cellWidth+2*margin, screen.Height()*cellHeight+2*margin
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %d\" width=\"%.0f\" height=\"%d\">\n", w, h, w, h)
	fmt.Fprintf(&b, "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"%s\"/>\n", paper)
	b.WriteString("<g font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\" xml:space=\"preserve\">\n")
	for y := range screen.Height() {
		drawLine(&b, screen, y)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func drawLine(b *strings.Builder, screen *vt.Emulator, y int) {
	for x := 0; x < screen.Width(); {
		cell := screen.CellAt(x, y)
		if cell == nil {
			x++
			continue
		}
		start, style, text := x, cell.Style, ""
		for x < screen.Width() {
			c := screen.CellAt(x, y)
			if c == nil || !c.Style.Equal(&style) {
				break
			}
			if c.Content == "" {
				text += " "
			} else {
				text += c.Content
			}
			x += max(c.Width, 1)
		}
		drawRun(b, start, x-start, y, text, style)
	}
}

func drawRun(b *strings.Builder, x, cells, y int, text string, s uv.Style) {
	fg, bg := hex(s.Fg, ink), hex(s.Bg, "")
	if s.Attrs&uv.AttrReverse != 0 {
		fg, bg = hex(s.Bg, paper), hex(s.Fg, ink)
	}
	left, top := margin+float64(x)*cellWidth, margin+y*cellHeight
	if bg != "" {
		fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", left, top, float64(cells)*cellWidth, cellHeight, bg)
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	extra := ""
	if s.Attrs&uv.AttrBold != 0 {
		extra += " font-weight=\"bold\""
	}
	if s.Attrs&uv.AttrFaint != 0 {
		extra += " opacity=\"0.6\""
	}
	if s.Underline != 0 {
		extra += " text-decoration=\"underline\""
	}
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\" fill=\"%s\"%s>%s</text>\n", left, top+13, float64(cells)*cellWidth, fg, extra, html.EscapeString(text))
}

func hex(c color.Color, otherwise string) string {
	if c == nil {
		return otherwise
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
