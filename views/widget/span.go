package widget

import (
	"strings"

	"charm.land/lipgloss/v2"

	"portico/themes"
)

// Span is a piece of text with one style.
type Span struct {
	Text  string
	Style lipgloss.Style
}

// Spans make one line.
type Spans []Span

// Width is the number of cells the line takes.
func (s Spans) Width() int {
	w := 0
	for _, p := range s {
		w += Width(p.Text)
	}
	return w
}

// Text is the line without styles.
func (s Spans) Text() string {
	var b strings.Builder
	for _, p := range s {
		b.WriteString(p.Text)
	}
	return b.String()
}

// Cut shortens the line to at most width cells, ending it with an ellipsis when something was cut.
func (s Spans) Cut(width int) Spans {
	if s.Width() <= width {
		return s
	}
	out := make(Spans, 0, len(s))
	for _, p := range s {
		w := Width(p.Text)
		if w < width {
			out = append(out, p)
			width -= w
			continue
		}
		// What follows is cut in any case, so this piece ends with the ellipsis even when it fits.
		return append(out, Span{cutShort(p.Text, width), p.Style})
	}
	return out
}

func cutShort(text string, width int) string {
	if width <= 0 {
		return ""
	}
	return Truncate(text+Ellipsis, width)
}

// Fit makes the line exactly width cells wide, the padding on the right or, for numbers, on the left.
func (s Spans) Fit(width int, right bool) Spans {
	s = s.Cut(width)
	pad := Span{Text: spaces(width - s.Width())}
	switch {
	case pad.Text == "":
		return s
	case right:
		return append(Spans{pad}, s...)
	}
	return append(s[:len(s):len(s)], pad)
}

// Render draws the line; on the selected row it has that row's background.
func (s Spans) Render(st *themes.Styles, selected bool) string {
	var b strings.Builder
	for _, p := range s {
		switch {
		case selected:
			b.WriteString(Paint(st.On(p.Style), p.Text))
		case p.blank():
			b.WriteString(p.Text)
		default:
			b.WriteString(Paint(p.Style, p.Text))
		}
	}
	return b.String()
}

// blank reports whether p is padding: spaces that no style is seen on.
func (p Span) blank() bool {
	return strings.HasPrefix(blank, p.Text) && p.Style.GetBackground() == noColour && !p.Style.GetReverse() && !p.Style.GetUnderline() && !p.Style.GetStrikethrough()
}

var noColour = lipgloss.NewStyle().GetBackground()

// Paint renders one line of text. It is [lipgloss.Style.Render] without what only blocks need, and
// several times as fast for text that has no look of its own.
func Paint(style lipgloss.Style, text string) string {
	if text == "" {
		return ""
	}
	style = style.Inline(true)
	if style.GetUnderline() || style.GetStrikethrough() {
		// These would be drawn rune by rune, which takes flags and letters with marks apart.
		before, after, _ := strings.Cut(style.Render("x"), "x")
		return before + text + after
	}
	return style.Render(text)
}
