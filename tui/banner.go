package tui

import (
	"fmt"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/views"
	"portico/views/widget"
)

// banner says what is wrong, why, and what to do: of what the operator asked for, of the cloud, of
// the gateway, whichever comes first. It is nil when nothing is.
func (r *Root) banner() []string {
	switch {
	case r.notice.err != nil && r.now.Before(r.notice.until):
		return r.explain(r.notice.err, views.Explain(r.notice.err), "")
	case r.cloud.err != nil:
		x := views.Explain(r.cloud.err)
		if cloud.KindOf(r.cloud.err) == cloud.Auth {
			x.What = "the cloud refused the credentials"
		}
		return r.explain(r.cloud.err, x, r.again(&r.cloud))
	case r.gw.err != nil && !r.guided():
		return r.explain(r.gw.err, views.Explain(r.gw.err), r.again(&r.gw))
	}
	if back := r.offer(); back != nil {
		return back
	}
	return r.offerSync()
}

// offer says, on the tabs, that the gateway took something back by itself, and where to see it and
// clean up what it has left. It is one line, and nothing happens unless the operator wants it.
func (r *Root) offer() []string {
	back, here := r.rolledBack(), r.nav.current == views.Gateways
	if len(back) == 0 || r.apply.running() || !r.nav.top() || here && r.height >= detailHeight {
		return nil
	}
	last := back[len(back)-1]
	what := fmt.Sprintf("the gateway took back %s's change of %s", cloud.Clean(last.By), last.At.In(r.now.Location()).Format("15:04"))
	if n := len(back) - 1; n > 0 {
		what += fmt.Sprintf(" and %d more", n)
	}
	tab, repair := r.o.Keys.Of("gateways"), r.o.Keys.Of("repair")
	long, short := "  press "+tab+" to see it, "+repair+" there to clean up", "; press "+tab
	if here {
		long, short = "  "+repair+" to clean up", "; "+repair
	}
	st := r.styles
	var line widget.Spans
	for _, say := range [][2]string{{what, long}, {what, short}, {"the gateway took a change back", short}, {"it took a change back", short}} {
		line = widget.Spans{{Text: " ⚠ ", Style: st.Warn}, {Text: say[0], Style: st.Text}, {Text: say[1], Style: st.Dim}}
		if line.Width() <= r.width {
			break
		}
	}
	return []string{line.Cut(r.width).Render(st, false)}
}

// detailHeight is the height from which the gateways' screen tells in full what was taken back.
const detailHeight = 22

// again says when a source is asked next.
func (r *Root) again(s *source) string {
	switch {
	case s.busy:
		return "trying again…"
	case s.stopped && cloud.KindOf(s.err) == cloud.HostKey:
		return "press " + r.o.Keys.Of("refresh") + " to be asked again"
	case s.stopped:
		return "press " + r.o.Keys.Of("refresh") + " to try again"
	}
	left := s.ended.Add(s.wait).Sub(r.now)
	if left < time.Second {
		return "trying again…"
	}
	return fmt.Sprintf("again in %d s", int(left.Seconds()))
}

// explain takes one line in a low terminal, else as many as the words need, within reason.
func (r *Root) explain(err error, x cloud.Explanation, again string) []string {
	st := r.styles
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
	switch {
	case strings.HasPrefix(again, "press"): // it waits for that key
		next = again + "; " + next
	case again != "" && widget.Width(next+again)+4 <= inner:
		next += "  (" + again + ")"
	}
	line := func(lead string, s widget.Span) string {
		return widget.Spans{{Text: " " + lead + " ", Style: style}, s}.Cut(r.width).Render(st, false)
	}
	whole := widget.Spans{{Text: what, Style: st.Text}, {Text: "  " + next, Style: st.Dim}}
	if whole.Width() <= inner {
		return []string{append(widget.Spans{{Text: " " + glyph + " ", Style: style}}, whole...).Render(st, false)}
	}
	// What goes wrong in the background must not push a form out of sight.
	if again != "" && len(r.nav.stack) > 0 && r.height < tallHeight {
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
	if r.height < roomyHeight {
		return out
	}
	return append(out, line(" ", widget.Span{Text: next, Style: st.Dim}))
}
