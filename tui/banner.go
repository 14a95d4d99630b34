package tui

import (
	"fmt"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/views/widget"
)

// banner says what is wrong, why, and what to do: of what the operator asked for, of the cloud, of
// the gateway, whichever comes first. It is nil when nothing is.
func (r *Root) banner() []string {
	switch {
	case r.notice.err != nil && r.now.Before(r.notice.until):
		return r.explain(r.notice.err, "")
	case r.cloud.err != nil:
		return r.explain(r.cloud.err, r.again(&r.cloud))
	case r.gw.err != nil:
		return r.explain(r.gw.err, r.again(&r.gw))
	}
	return nil
}

// again says when a source is asked next.
func (r *Root) again(s *source) string {
	if s.busy {
		return "trying again…"
	}
	left := s.ended.Add(s.wait).Sub(r.now)
	if left < time.Second {
		return "trying again…"
	}
	return fmt.Sprintf("again in %d s", int(left.Seconds()))
}

// explain takes one line in a low terminal, else as many as the words need, within reason.
func (r *Root) explain(err error, again string) []string {
	x, st := cloud.Explain(err), r.styles
	glyph, style := "✗", st.Bad
	if cloud.KindOf(err) == gateway.NotFound {
		glyph, style = "⚠", st.Warn
	}
	what := x.What
	if x.Why != "" {
		what += ": " + x.Why
	}
	inner := r.width - 4
	next := x.Next
	if again != "" && widget.Width(next+again)+4 <= inner {
		next += "  (" + again + ")"
	}
	line := func(lead string, s widget.Span) string {
		return widget.Spans{{Text: " " + lead + " ", Style: style}, s}.Cut(r.width).Render(st, false)
	}
	whole := widget.Spans{{Text: what, Style: st.Text}, {Text: "  " + next, Style: st.Dim}}
	if whole.Width() <= inner {
		return []string{append(widget.Spans{{Text: " " + glyph + " ", Style: style}}, whole...).Render(st, false)}
	}
	if r.height < roomyHeight {
		return []string{line(glyph, widget.Span{Text: what, Style: st.Text})}
	}
	most := 2
	if r.height >= roomyHeight+8 {
		most = 4 // what went wrong in the end is said last
	}
	lines := widget.Wrap(what, inner)
	if len(lines) > most {
		lines = append(lines[:most-1:most-1], widget.Truncate(lines[most-1]+widget.Ellipsis, inner))
	}
	var out []string
	for i, l := range lines {
		lead := " "
		if i == 0 {
			lead = glyph
		}
		out = append(out, line(lead, widget.Span{Text: l, Style: st.Text}))
	}
	return append(out, line(" ", widget.Span{Text: next, Style: st.Dim}))
}
