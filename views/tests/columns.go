package tests

import (
	"cmp"
	"fmt"

	"charm.land/lipgloss/v2"

	"portico/gateway"
	"portico/gateway/probe"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// columnHere is the column that the list is sorted by to begin with: trouble first.
const columnHere = 2

func (s *Screen) columns() []widget.Column[row] {
	return []widget.Column[row]{
		{Title: "INSTANCE", Min: 10, Max: 28, Text: func(r row) string { return r.name }},
		{
			Title: "SERVICE", Also: "port", Compare: func(a, b row) int { return a.Public.Compare(b.Public) },
			Text: func(r row) string { return s.service(r, plain).Text() },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans { return s.service(r, st) },
		},
		{
			Title: "HERE", Min: 11, Want: 15, Compare: byTrouble,
			Text: func(r row) string { w, _ := hereWord(r, plain); return w },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				w, style := hereWord(r, st)
				return widget.Spans{{Text: w, Style: style}}
			},
		},
		{
			Title: "CHANGED", Min: 11, Want: 13, Priority: 2, Down: true, Compare: func(a, b row) int { return a.here.since().Compare(b.here.since()) },
			Text: func(r row) string { return s.lasting(r) },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				return widget.Spans{{Text: s.lasting(r), Style: st.Dim}}
			},
		},
		{
			Title: "LATENCY", Min: 8, Want: 20, Grow: true, Priority: 3, Down: true,
			Compare: func(a, b row) int { return cmp.Compare(a.here.last.Latency, b.here.last.Latency) },
			Text:    func(r row) string { return latency(r) },
			Cell: func(r row, st *themes.Styles, width int) widget.Spans {
				return widget.Sparkline(r.here.beats(), st, width)
			},
		},
		{
			Title: "GATEWAY", Min: 11, Want: 13, Priority: 1,
			Text: func(r row) string { w, _ := gatewayWord(r, plain); return w },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				w, style := gatewayWord(r, st)
				return widget.Spans{{Text: w, Style: style}}
			},
		},
		{
			Title: "UP", Want: 5, Right: true, Priority: 4, Compare: byUptime,
			Text: func(r row) string { return uptime(r) },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				style := st.Dim
				if n, ok := r.here.uptime(); ok && n < 100 {
					style = st.Warn
				}
				return widget.Spans{{Text: uptime(r), Style: style}}
			},
		},
	}
}

// plain are the styles for text that is only searched.
var plain = &themes.Styles{}

// service is what is published and where: "ssh 30011", with the address where there is room.
func (s *Screen) service(r row, st *themes.Styles) widget.Spans {
	name := r.Service.Name
	if r.Service.Protocol == gateway.UDP {
		name += " udp"
	}
	out := widget.Spans{{Text: widget.Truncate(name, 16) + " ", Style: st.Dim}}
	if s.roomy {
		out = append(out, widget.Span{Text: r.Public.Addr().String() + ":", Style: st.Faint})
	}
	return append(out, widget.Span{Text: r.PublicPorts(), Style: st.Text})
}

// hereWord is the last result from here: "✓ 12 ms", "✗ timed out".
func hereWord(r row, st *themes.Styles) (string, lipgloss.Style) {
	switch {
	case r.running:
		return "…", st.Dim
	case r.state != "" && !r.here.known():
		return "○ " + r.state, st.Warn
	case !r.here.known():
		return "", st.Dim
	}
	return views.OutcomeWord(r.here.last, st, false)
}

// gatewayWord is the last result of the gateway. It is asked only where that tells something, and
// what it said before all was well again is no news.
func gatewayWord(r row, st *themes.Styles) (string, lipgloss.Style) {
	if !r.gw.known() || r.here.last.Outcome == probe.OK && r.gw.last.At.Before(r.here.since()) {
		return "", st.Dim
	}
	return views.OutcomeWord(r.gw.last, st, false)
}

func (s *Screen) lasting(r row) string {
	if !r.here.known() {
		return ""
	}
	return lasting(r.here.last.Outcome, r.here.since(), s.now)
}

func latency(r row) string {
	if r.here.last.Outcome != probe.OK {
		return ""
	}
	return views.Latency(r.here.last.Latency)
}

func uptime(r row) string {
	n, ok := r.here.uptime()
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d%%", n)
}

// The ranks, worst first.
const (
	rankBad     = iota
	rankShaky   // it answers, and has not always done so
	rankOff     // its instance does not run
	rankUnknown // the test could not tell
	rankNever   // there was no test
	rankGood
	ranks
)

func (t *track) rank() int {
	switch {
	case !t.here.known():
		return rankNever
	case bad(t.here.last.Outcome):
		return rankBad
	case t.here.shaky():
		return rankShaky
	case t.here.last.Outcome == probe.OK:
		return rankGood
	}
	return rankUnknown
}

// standing is the rank of a row: what does not run is known without a test.
func (r row) standing() int {
	if r.state != "" && r.rank() != rankGood {
		return rankOff
	}
	return r.rank()
}

// count is how many rows there are of each rank.
func (s *Screen) count() [ranks]int {
	if s.counted {
		return s.counts
	}
	s.counts, s.counted = [ranks]int{}, true
	for _, r := range s.list.InOrder() {
		s.counts[r.standing()]++
	}
	return s.counts
}

// byTrouble puts trouble first. Latencies do not count: rows would never stand still.
func byTrouble(a, b row) int {
	return cmp.Or(cmp.Compare(a.standing(), b.standing()), widget.Natural(a.name, b.name), a.Public.Compare(b.Public))
}

func byUptime(a, b row) int {
	x, _ := a.here.uptime()
	y, _ := b.here.uptime()
	return cmp.Compare(x, y)
}
