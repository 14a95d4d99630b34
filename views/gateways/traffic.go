package gateways

import (
	"fmt"

	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// The widths of the bar of ports, in the list and in the detail.
const (
	shortBar = 8
	longBar  = 20
)

// ports is how many of the scheme's public ports are in use.
func (s *Screen) ports(r row) string {
	if c, ok := s.capacity(r); ok {
		return fmt.Sprintf("%d of %d", c.Used, c.Total)
	}
	return ""
}

func (s *Screen) portsCell(r row, st *themes.Styles, width int) widget.Spans {
	c, ok := s.capacity(r)
	if !ok {
		return nil
	}
	text := s.ports(r)
	out := widget.Spans{{Text: text, Style: st.Text}}
	if width >= widget.Width(text)+shortBar+1 {
		out = append(widget.Spans{{Text: widget.Bar(c.Used, c.Total, shortBar) + " ", Style: fillStyle(c.Used, c.Total, st.Dim, st.Warn)}}, out...)
	}
	return out
}

// rate is what comes through the gateway in use at present.
func (s *Screen) rate(r row) string {
	if !r.chosen || r.state == nil {
		return ""
	}
	_, rate, _ := s.traffic.Total()
	return rate.PerSecond()
}

// measured is what has come through, and how many ports are taken.
func (s *Screen) measured(r row, st *themes.Styles, width int) []string {
	var out []string
	say := func(label string, spans ...widget.Span) {
		line := append(widget.Spans{{Text: widget.Fit(label, 7), Style: st.Dim}}, spans...)
		out = append(out, line.Cut(width).Render(st, false))
	}
	if total, rate, ok := s.traffic.Total(); ok && r.chosen {
		text := fmt.Sprintf("%s in %s packets", views.Bytes(float64(total.Bytes)), views.Amount(total.Packets))
		spans := []widget.Span{{Text: text, Style: st.Text}}
		if rate.Known {
			spans = append(spans, widget.Span{Text: ", now ", Style: st.Dim}, widget.Span{Text: rate.PerSecond(), Style: st.Text})
		}
		say("data", spans...)
	}
	if c, ok := s.capacity(r); ok {
		spans := []widget.Span{{Text: s.ports(r), Style: st.Text}, {Text: " by " + c.Scheme, Style: st.Dim}}
		if bar := widget.Bar(c.Used, c.Total, longBar) + "  "; width >= 7+longBar+2+len(s.ports(r))+4+len(c.Scheme) {
			spans = append([]widget.Span{{Text: bar, Style: fillStyle(c.Used, c.Total, st.Accent, st.Warn)}}, spans...)
		}
		say("ports", spans...)
	}
	return out
}
