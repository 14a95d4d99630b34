package history

import (
	"fmt"
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
	id string // of the record; "" when the list is shown
	widget.Scroll

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
	from, to := p.Fit(p.doc.Len(), f.Height-len(lines)-1)
	lines = append(lines, p.doc.Draw(from, to-from, st)...)
	for len(lines) < f.Height-1 {
		lines = append(lines, "")
	}
	lines = append(lines, p.foot(to, st))
	return widget.Lines(" "+strings.Join(lines, "\n "), f.Width, f.Height)
}

func (p *page) foot(last int, st *themes.Styles) string {
	if p.Whole {
		return ""
	}
	line := widget.Spans{{Text: fmt.Sprintf("%d-%d of %d", p.Top+1, last, p.doc.Len()), Style: st.Dim}}
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
	switch {
	case key.Matches(msg, s.keys.Close):
		s.page = page{}
	case s.page.Press(s.list.Keys.TableKeys, msg):
	default:
		return s.act(msg)
	}
	return nil
}
