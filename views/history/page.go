package history

import (
	"fmt"
	"math"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// page is one record on the whole screen: what is known of it, and its changes as a diff.
type page struct {
	id     string // of the record; "" when the list is shown
	top    int
	height int
	whole  bool // all of it was in sight when it was last drawn

	doc      *preview.Document // as it was last laid out
	docWidth int
}

func (s *Screen) viewPage(r row, f views.Frame) string {
	p, st, inner := &s.page, f.Styles, f.Width-2
	if inner < 4 {
		return widget.Lines("", f.Width, f.Height)
	}
	if p.doc == nil || p.docWidth != inner {
		p.doc, p.docWidth = s.layout(r, f, inner), inner
	}
	right := append(s.result(r, st), widget.Span{Text: "  " + views.When(r.At, f.Now, !s.roomy), Style: st.Dim})
	lines := []string{preview.HeadingWith(widget.Spans{{Text: r.Title, Style: st.Title}}, right, inner, st)}
	if f.Height >= 12 {
		lines = append(lines, "")
	}
	p.height = max(1, f.Height-len(lines)-1)
	p.whole = p.doc.Len() <= p.height
	p.top = max(0, min(p.top, p.doc.Len()-p.height))
	lines = append(lines, p.doc.Draw(p.top, p.height, st)...)
	for len(lines) < f.Height-1 {
		lines = append(lines, "")
	}
	lines = append(lines, p.foot(st))
	return widget.Lines(" "+strings.Join(lines, "\n "), f.Width, f.Height)
}

func (p *page) foot(st *themes.Styles) string {
	if p.whole {
		return ""
	}
	last := min(p.doc.Len(), p.top+p.height)
	line := widget.Spans{{Text: fmt.Sprintf("%d-%d of %d", p.top+1, last, p.doc.Len()), Style: st.Dim}}
	if last < p.doc.Len() {
		line = append(line, widget.Span{Text: " ▼", Style: st.Accent})
	}
	return line.Render(st, false)
}

func (s *Screen) layout(r row, f views.Frame, width int) *preview.Document {
	d := preview.NewDocument(width)
	names := len("gateway") + 2
	for _, x := range s.facts(r, f) {
		value, pen := x.text, x.pen
		if x.name == "result" {
			glyph, _, _ := mark(r.Result, f.Styles)
			value = glyph + " " + value
		}
		for i, l := range preview.Prose(value, max(8, width-names)) {
			if i > 0 {
				x.name = ""
			}
			d.Text(widget.Fit(x.name, names), dim, l, pen)
		}
	}
	if len(r.Changes) == 0 {
		d.Blank()
		d.Text("", dim, "no changes are recorded", dim)
		return d
	}
	d.Changes(r.Changes)
	return d
}

// pressPage handles a key on the page.
func (s *Screen) pressPage(msg tea.KeyPressMsg) views.Intent {
	p, k := &s.page, s.list.Keys
	switch {
	case key.Matches(msg, s.keys.Close):
		s.page = page{}
	case key.Matches(msg, k.Up):
		p.top--
	case key.Matches(msg, k.Down):
		p.top++
	case key.Matches(msg, k.PageUp):
		p.top -= p.height
	case key.Matches(msg, k.PageDown):
		p.top += p.height
	case key.Matches(msg, k.Home):
		p.top = 0
	case key.Matches(msg, k.End):
		p.top = math.MaxInt / 2
	default:
		return s.act(msg)
	}
	p.top = max(0, p.top)
	return nil
}
