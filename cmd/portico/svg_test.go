package main

import (
	"fmt"
	"html"
	"image/color"
	"strings"

	"github.com/charmbracelet/x/vt"
)

// The size of one cell in a picture, in SVG units, for a monospaced font of 14.
const (
	cellWidth, cellHeight = 8.4, 18
	margin                = 12
)

// svgFont is what the text of a picture is set in.
const svgFont = "font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\" xml:space=\"preserve\""

// svg draws what a terminal shows: text by runs of one style, so that it stays text.
func (g ground) svg(screen *vt.Emulator) string {
	var b strings.Builder
	g.svgHead(&b, screen.Width(), screen.Height())
	fmt.Fprintf(&b, "<g %s>\n", svgFont)
	for y := range screen.Height() {
		for _, s := range g.stretches(screen, y) {
			s.svg(&b, margin+y*cellHeight)
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func (g ground) svgHead(b *strings.Builder, width, height int) {
	w, h := float64(width)*cellWidth+2*margin, height*cellHeight+2*margin
	fmt.Fprintf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %d\" width=\"%.0f\" height=\"%d\">\n", w, h, w, h)
	fmt.Fprintf(b, "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"%s\"/>\n", hex(g.paper))
}

// svg draws a stretch in a line whose upper edge is at top.
func (s stretch) svg(b *strings.Builder, top int) {
	left, width := margin+float64(s.x)*cellWidth, float64(s.cells)*cellWidth
	if s.bg != nil {
		fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", left, top, width, cellHeight, hex(s.bg))
	}
	if strings.TrimSpace(s.string()) == "" {
		return
	}
	extra := ""
	if s.bold {
		extra += " font-weight=\"bold\""
	}
	if s.faint {
		extra += " opacity=\"0.6\""
	}
	if s.underline {
		extra += " text-decoration=\"underline\""
	}
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\" fill=\"%s\"%s>%s</text>\n", left, top+13, width, hex(s.fg), extra, html.EscapeString(s.string()))
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
