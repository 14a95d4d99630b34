package instances

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"portico/gateway"
	"portico/themes"
	"portico/views/widget"
)

// How much a cell says, each level less than the one before: all, no latencies, no words for what
// an address is, only whether a test went well, no names of services.
const (
	full = iota
	brief
	wordless
	briefest
	nameless
)

// reachableCell says as much as there is room for. Ports and failures are what one looks for: they
// go last, and a number is never cut.
func (s *Screen) reachableCell(r row, st *themes.Styles, width int) widget.Spans {
	for level := full; level <= nameless; level++ {
		if line := join(s.reachable(r, st, level)); line.Width() <= width {
			return line
		}
	}
	return s.whatFits(r, st, width)
}

// whatFits keeps whole parts, those that fail before others, and counts the rest.
func (s *Screen) whatFits(r row, st *themes.Styles, width int) widget.Spans {
	parts := s.reachable(r, st, nameless)
	slices.SortStableFunc(parts, func(a, b part) int { return b.weight - a.weight })
	for n := len(parts) - 1; n > 0; n-- {
		more := widget.Span{Text: fmt.Sprintf("  +%d", len(parts)-n), Style: st.Dim}
		if line := append(join(parts[:n]), more); line.Width() <= width {
			return line
		}
	}
	return parts[0].Spans
}

// part is one way to reach an instance; a failing one weighs more.
type part struct {
	widget.Spans
	weight int
}

func join(parts []part) widget.Spans {
	var out widget.Spans
	for i, p := range parts {
		if i > 0 {
			out = append(out, widget.Span{Text: "  "})
		}
		out = append(out, p.Spans...)
	}
	return out
}

// reachable is how one gets to an instance: through the gateway, one part for each service, or by
// an address of its own.
func (s *Screen) reachable(r row, st *themes.Styles, level int) []part {
	var out []part
	for _, a := range r.Public {
		p := widget.Spans{{Text: a.String(), Style: st.Text}}
		switch {
		case level >= wordless:
		case r.Gateway:
			p = append(p, widget.Span{Text: " gateway", Style: st.Accent})
		default:
			p = append(p, widget.Span{Text: " floating IP", Style: st.Accent})
		}
		out = append(out, part{Spans: p})
	}
	for _, f := range r.Forwards {
		out = append(out, s.forward(r, f, st, level))
	}
	if len(out) > 0 {
		return out
	}
	text, style := "…", st.Faint
	switch {
	case len(r.Private) == 0 && !s.snapshot.Snapshot.Inventory.Unknown("ports"):
		text = "no address"
	case s.gatewayKnown() || r.Gateway:
		text, style = "private", st.Dim
	case s.snapshot.GatewayErr != nil:
		text = "unknown"
	}
	return []part{{Spans: widget.Spans{{Text: text, Style: style}}}}
}

func (s *Screen) forward(r row, f gateway.Forward, st *themes.Styles, level int) part {
	p := part{weight: 1}
	if level < nameless {
		p.Spans = append(p.Spans, widget.Span{Text: f.Service.Name + " ", Style: st.Dim})
	}
	p.Spans = append(p.Spans, widget.Span{Text: f.PublicPorts(), Style: st.Strong})
	if word, style := s.testWord(r, f, st, level); word != "" {
		p.Spans = append(p.Spans, widget.Span{Text: " " + word, Style: style})
		if strings.HasPrefix(word, "✗") {
			p.weight = 2
		}
	}
	return p
}

// testWord is the last test of a forward; an instance that does not run cannot answer, which is no
// failure.
func (s *Screen) testWord(r row, f gateway.Forward, st *themes.Styles, level int) (string, lipgloss.Style) {
	if glyph, _ := status(r); glyph == "○" {
		return "off", st.Faint
	}
	word, style := s.tests.Word(f.Key(), st, level > full)
	if level >= briefest {
		word, _, _ = strings.Cut(word, " ")
	}
	return word, style
}
