package main

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/vt"
	"github.com/go-fonts/dejavu/dejavusansmono"
	"github.com/go-fonts/dejavu/dejavusansmonobold"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	points "golang.org/x/image/math/fixed"
)

// The size of one cell in a PNG, in pixels; the font's size follows, and the baseline.
const (
	pngWidth, pngHeight = 10, 20
	pngMargin           = 14
	pngFont             = 16.6
	pngBase             = 15
)

type faces struct{ plain, bold font.Face }

var loadFaces = sync.OnceValues(func() (faces, error) {
	var f faces
	for _, l := range []struct {
		to  *font.Face
		ttf []byte
	}{{&f.plain, dejavusansmono.TTF}, {&f.bold, dejavusansmonobold.TTF}} {
		parsed, err := opentype.Parse(l.ttf)
		if err != nil {
			return f, err
		}
		if *l.to, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: pngFont, DPI: 72}); err != nil {
			return f, err
		}
	}
	return f, nil
})

// standIns are drawn in place of what the font lacks.
var standIns = map[rune]rune{'⟳': '↻'}

// png draws what a terminal shows, pixel by pixel the same everywhere.
func (g ground) png(t testing.TB, screen *vt.Emulator) image.Image {
	t.Helper()
	f, err := loadFaces()
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, screen.Width()*pngWidth+2*pngMargin, screen.Height()*pngHeight+2*pngMargin))
	draw.Draw(img, img.Bounds(), image.NewUniform(g.paper), image.Point{}, draw.Src)
	for y := range screen.Height() {
		for _, s := range g.stretches(screen, y) {
			s.paint(img, f, pngMargin+y*pngHeight, g.paper)
		}
	}
	return img
}

func (s stretch) paint(img *image.RGBA, f faces, top int, paper color.Color) {
	left := pngMargin + s.x*pngWidth
	if s.bg != nil {
		draw.Draw(img, image.Rect(left, top, left+s.cells*pngWidth, top+pngHeight), image.NewUniform(s.bg), image.Point{}, draw.Src)
		paper = s.bg
	}
	ink := s.fg
	if s.faint {
		ink = blend(paper, ink, 0.6)
	}
	face := f.plain
	if s.bold {
		face = f.bold
	}
	for i, text := range s.text {
		r, _ := utf8.DecodeRuneInString(text)
		x := left + i*pngWidth
		switch {
		case text == "" || r == ' ':
		case isBox(r):
			paintBox(img, x, top, r, paper, ink)
		default:
			paintGlyph(img, face, x, top, r, paper, ink)
		}
		if s.underline {
			draw.Draw(img, image.Rect(x, top+pngBase+2, x+pngWidth, top+pngBase+3), image.NewUniform(ink), image.Point{}, draw.Src)
		}
	}
}

func paintGlyph(img *image.RGBA, face font.Face, x, top int, r rune, paper, ink color.Color) {
	if to, ok := standIns[r]; ok {
		r = to
	}
	rect, mask, at, _, ok := face.Glyph(points.P(x, top+pngBase), r)
	if !ok {
		for _, edge := range []image.Rectangle{image.Rect(1, 4, 9, 5), image.Rect(1, 15, 9, 16), image.Rect(1, 4, 2, 16), image.Rect(8, 4, 9, 16)} {
			draw.Draw(img, edge.Add(image.Pt(x, top)), image.NewUniform(ink), image.Point{}, draw.Src)
		}
		return
	}
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		for px := rect.Min.X; px < rect.Max.X; px++ {
			_, _, _, a := mask.At(at.X+px-rect.Min.X, at.Y+y-rect.Min.Y).RGBA()
			if a > 0 {
				img.Set(px, y, blend(paper, ink, float64(a)/0xffff))
			}
		}
	}
}

// blend is ink on paper, in few steps: small files.
func blend(paper, ink color.Color, share float64) color.RGBA {
	share = math.Round(share*8) / 8
	mix := func(a, b uint32) uint8 { return uint8(math.Round(float64(a>>8)*(1-share) + float64(b>>8)*share)) }
	pr, pg, pb, _ := paper.RGBA()
	ir, ig, ib, _ := ink.RGBA()
	return color.RGBA{mix(pr, ir), mix(pg, ig), mix(pb, ib), 0xff}
}

// A box's lines meet those of the next cell without a gap, as terminals draw them.
const (
	up = 1 << iota
	down
	left
	right
	round
)

var boxes = map[rune]int{
	'─': left | right, '│': up | down, '┌': down | right, '┐': down | left, '└': up | right, '┘': up | left,
	'├': up | down | right, '┤': up | down | left, '┬': down | left | right, '┴': up | left | right, '┼': up | down | left | right,
	'╭': down | right | round, '╮': down | left | round, '╰': up | right | round, '╯': up | left | round,
}

func isBox(r rune) bool { return boxes[r] != 0 || r >= '▁' && r <= '█' || r >= '░' && r <= '▓' }

func paintBox(img *image.RGBA, x, top int, r rune, paper, ink color.Color) {
	fill := func(c color.Color, x0, y0, x1, y1 int) {
		draw.Draw(img, image.Rect(x+x0, top+y0, x+x1, top+y1), image.NewUniform(c), image.Point{}, draw.Src)
	}
	const mx, my = pngWidth / 2, pngHeight / 2
	lines := boxes[r]
	switch {
	case r >= '░' && r <= '▓':
		fill(blend(paper, ink, float64(r-'░'+1)/4), 0, 0, pngWidth, pngHeight)
		return
	case lines == 0:
		fill(ink, 0, pngHeight-pngHeight*int(r-'▁'+1)/8, pngWidth, pngHeight)
		return
	case lines&round != 0:
		paintCorner(img, x, top, lines, paper, ink)
		return
	}
	if lines&up != 0 {
		fill(ink, mx, 0, mx+1, my+1)
	}
	if lines&down != 0 {
		fill(ink, mx, my, mx+1, pngHeight)
	}
	if lines&left != 0 {
		fill(ink, 0, my, mx+1, my+1)
	}
	if lines&right != 0 {
		fill(ink, mx, my, pngWidth, my+1)
	}
}

// paintCorner is a quarter of a circle between the middles of two edges, and a line to the farther.
func paintCorner(img *image.RGBA, x, top, lines int, paper, ink color.Color) {
	const radius = pngWidth / 2
	dx, dy := 1.0, 1.0
	if lines&left != 0 {
		dx = -1
	}
	if lines&up != 0 {
		dy = -1
	}
	cx, cy := float64(pngWidth)/2+0.5+dx*radius, float64(pngHeight)/2+0.5+dy*radius
	for py := range pngHeight {
		for px := range pngWidth {
			fx, fy := float64(px)+0.5, float64(py)+0.5
			share := 0.0
			switch inX, inY := (fx-cx)*dx < 0, (fy-cy)*dy < 0; {
			case inX && inY:
				share = 1 - math.Abs(math.Hypot(fx-cx, fy-cy)-radius)
			case inX: // beyond the arc, along the vertical leg
				share = 1 - math.Abs(fx-(cx-dx*radius))
			case inY:
				share = 1 - math.Abs(fy-(cy-dy*radius))
			}
			if share > 0.06 {
				img.Set(x+px, top+py, blend(paper, ink, min(1, share)))
			}
		}
	}
}

// encoded is the picture as a file, with a palette where it has few colours.
func encoded(t testing.TB, img image.Image) []byte {
	t.Helper()
	b := img.Bounds()
	index, palette := map[color.Color]uint8{}, color.Palette{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if c := img.At(x, y); len(palette) <= 256 {
				if _, ok := index[c]; !ok {
					index[c] = uint8(len(palette))
					palette = append(palette, c)
				}
			}
		}
	}
	out := img
	if len(palette) <= 256 {
		small := image.NewPaletted(b, palette)
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				small.SetColorIndex(x, y, index[img.At(x, y)])
			}
		}
		out = small
	}
	var file bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, out); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// samePicture compares pixels: files differ where compression does.
func samePicture(file []byte, want image.Image) bool {
	got, err := png.Decode(bytes.NewReader(file))
	if err != nil || got.Bounds() != want.Bounds() {
		return false
	}
	b := want.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			gr, gg, gb, _ := got.At(x, y).RGBA()
			wr, wg, wb, _ := want.At(x, y).RGBA()
			if gr != wr || gg != wg || gb != wb {
				return false
			}
		}
	}
	return true
}
