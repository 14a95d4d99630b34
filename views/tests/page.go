package tests

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"portico/gateway/probe"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// page is one forward on the whole screen: which side is broken, and what was seen of both.
type page struct {
	id string // of the forward; "" when the list is shown
	widget.Scroll
}

// besideFrom is the width from which both sides have room beside each other.
const besideFrom = 72

func (s *Screen) viewPage(r row, f views.Frame) string {
	width := f.Width - 2
	if width < 8 {
		return widget.Lines("", f.Width, f.Height)
	}
	st := f.Styles
	head := widget.Spans{{Text: r.name, Style: st.Title}, {Text: "  " + r.Service.Name + "  ", Style: st.Dim}, {Text: r.Public.String(), Style: st.Strong}, {Text: " → " + r.Private.String(), Style: st.Dim}}
	if s.paused {
		head = append(widget.Spans{{Text: "paused  ", Style: st.Warn}}, head...)
	}
	lines := []string{head.Cut(width).Render(st, false)}
	if f.Height >= 12 {
		lines = append(lines, "")
	}
	body := s.body(r, f, width)
	from, to := s.page.Fit(len(body), f.Height-len(lines)-1)
	for _, l := range body[from:to] {
		lines = append(lines, l.Cut(width).Render(st, false))
	}
	for len(lines) < f.Height-1 {
		lines = append(lines, "")
	}
	foot := widget.Spans{}
	if !s.page.Whole {
		foot = append(foot, widget.Span{Text: fmt.Sprintf("%d-%d of %d", from+1, to, len(body)), Style: st.Dim})
		if to < len(body) {
			foot = append(foot, widget.Span{Text: " ▼", Style: st.Accent})
		}
	}
	lines = append(lines, foot.Render(st, false))
	return widget.Lines(" "+strings.Join(lines, "\n "), f.Width, f.Height)
}

// body is all lines below the heading.
func (s *Screen) body(r row, f views.Frame, width int) []widget.Spans {
	st := f.Styles
	out := s.verdict(r, st, width)
	out = append(out, widget.Spans{})
	half := width
	if width >= besideFrom {
		half = (width - 4) / 2
	}
	here, gw := side("FROM HERE", &r.here, f, half), side("FROM THE GATEWAY", &r.gw, f, half)
	if r.state != "" {
		here = slices.Insert(here, 1, widget.Spans{{Text: "○ the instance is " + r.state + ": it is not tested by itself", Style: st.Warn}})
	}
	out = append(out, beside(here, gw, width)...)
	if r.here.known() || r.gw.known() {
		out = append(out, widget.Spans{}, widget.Spans{{Text: widget.SparkLegend, Style: st.Faint}})
	}
	if changes := changes(r, f); len(changes) > 0 {
		out = append(out, widget.Spans{}, widget.Spans{{Text: "CHANGES", Style: st.Column}})
		out = append(out, changes...)
	}
	if last := beside(results("here", &r.here, f), results("gateway", &r.gw, f), width); len(last) > 0 {
		out = append(out, widget.Spans{}, widget.Spans{{Text: "LAST TESTS", Style: st.Column}})
		out = append(out, last...)
	}
	return out
}

// verdict says which side is broken.
func (s *Screen) verdict(r row, st *themes.Styles, width int) []widget.Spans {
	var here, gw probe.Outcome
	if r.here.known() {
		here = r.here.last.Outcome
	}
	if r.gw.known() {
		gw = r.gw.last.Outcome
	}
	glyph, style := "?", st.Dim
	switch {
	case here == probe.OK:
		glyph, style = "✓", st.Good
	case bad(here) || bad(gw):
		glyph, style = "✗", st.Bad
	case here == "":
		glyph = "·"
	}
	what, advice := Verdict(here, gw, s.snapshot.Snapshot.Gateway.NoSNAT)
	var out []widget.Spans
	add := func(text string, text1 lipgloss.Style, lead widget.Span) {
		for _, l := range widget.Wrap(text, width-2) {
			out = append(out, widget.Spans{lead, {Text: l, Style: text1}})
			lead = widget.Span{Text: "  "}
		}
	}
	add(what, st.Strong, widget.Span{Text: glyph + " ", Style: style})
	if advice != "" {
		add(advice, st.Dim, widget.Span{Text: "  "})
	}
	if here != "" && here != probe.OK && gw == probe.Unknown && r.gw.last.Detail != "" {
		add(r.gw.last.Detail, st.Dim, widget.Span{Text: "  "})
	}
	return out
}

// side is what is known of one end.
func side(title string, r *record, f views.Frame, width int) []widget.Spans {
	st := f.Styles
	out := []widget.Spans{{{Text: title, Style: st.Column}}}
	if !r.known() {
		return append(out, widget.Spans{{Text: "not asked yet", Style: st.Dim}})
	}
	word, style := views.OutcomeWord(r.last, st, false)
	now := widget.Spans{{Text: word, Style: style}, {Text: "  " + Lasting(r.last.Outcome, r.since(), f.Now), Style: st.Text}}
	if r.last.Outcome != probe.OK {
		glyph, _, _ := strings.Cut(word, " ")
		now = widget.Spans{{Text: glyph + " ", Style: style}, {Text: Lasting(r.last.Outcome, r.since(), f.Now), Style: st.Text}}
	}
	out = append(out, now)
	for _, l := range widget.Wrap(r.last.Detail, width) {
		out = append(out, widget.Spans{{Text: l, Style: st.Dim}})
	}
	out = append(out, widget.Sparkline(r.beats(), st, min(width, len(r.results))))
	if percent, ok := r.uptime(); ok {
		out = append(out, widget.Spans{{Text: fmt.Sprintf("up %d%%", percent), Style: st.Text}, {Text: " of " + tests(len(r.results)) + " in " + Span(f.Now.Sub(r.results[0].at)), Style: st.Dim}})
	}
	return out
}

func tests(n int) string {
	if n == 1 {
		return "1 test"
	}
	return fmt.Sprintf("%d tests", n)
}

// beside puts two lists next to each other, or below each other where there is no room.
func beside(a, b []widget.Spans, width int) []widget.Spans {
	if width < besideFrom {
		if len(a) > 0 && len(b) > 0 {
			a = append(a, widget.Spans{})
		}
		return append(a, b...)
	}
	half := (width - 4) / 2
	out := make([]widget.Spans, max(len(a), len(b)))
	for i := range out {
		if i < len(a) {
			out[i] = a[i]
		}
		out[i] = append(out[i].Fit(half, false), widget.Span{Text: "    "})
		if i < len(b) {
			out[i] = append(out[i], b[i].Cut(half)...)
		}
	}
	return out
}

// changes is the timeline of both ends, newest first.
func changes(r row, f views.Frame) []widget.Spans {
	type event struct {
		change
		from string
	}
	var all []event
	for _, c := range r.here.changes {
		all = append(all, event{c, "here     "})
	}
	for _, c := range r.gw.changes {
		all = append(all, event{c, "gateway  "})
	}
	slices.SortStableFunc(all, func(a, b event) int { return b.at.Compare(a.at) })
	st := f.Styles
	out := make([]widget.Spans, 0, len(all))
	for _, e := range all {
		glyph, style := sign(e.outcome, st)
		out = append(out, widget.Spans{
			{Text: moment(e.at, f.Now) + "  " + e.from, Style: st.Dim}, {Text: glyph + " ", Style: style},
			{Text: widget.Fit(Outcome(e.outcome), 13), Style: st.Text}, {Text: "  " + e.detail, Style: st.Dim},
		})
	}
	return out
}

// results is the tests of one end, newest first.
func results(title string, r *record, f views.Frame) []widget.Spans {
	if !r.known() {
		return nil
	}
	out := make([]widget.Spans, 0, len(r.results)+1)
	out = append(out, widget.Spans{{Text: title, Style: f.Styles.Dim}})
	for _, x := range slices.Backward(r.results) {
		word, style := views.OutcomeWord(probe.Result{Outcome: x.outcome, Latency: x.latency}, f.Styles, false)
		out = append(out, widget.Spans{{Text: moment(x.at, f.Now) + "  ", Style: f.Styles.Dim}, {Text: word, Style: style}})
	}
	return out
}

func sign(o probe.Outcome, st *themes.Styles) (string, lipgloss.Style) {
	switch {
	case o == probe.OK:
		return "✓", st.Good
	case bad(o):
		return "✗", st.Bad
	}
	return "?", st.Dim
}

// moment is a time of day, with the day where that is not today.
func moment(at, now time.Time) string {
	at = at.In(now.Location())
	if at.Year() != now.Year() || at.YearDay() != now.YearDay() {
		return at.Format("_2 Jan 15:04:05")
	}
	return at.Format("15:04:05")
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
