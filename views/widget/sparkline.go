package widget

import (
	"strings"
	"time"

	"portico/themes"
)

// Beat is one point of a sparkline: how long an answer took, that there was none, or that it is not
// known.
type Beat struct {
	Latency time.Duration // of an answer
	Failed  bool          // there was none
	Unknown bool          // nobody can tell
}

// bars are the heights of a sparkline, and scale the latencies from which each is drawn. The scale is
// the same for all lines and at all times, so that two lines can be compared and none jumps when a
// value comes or goes.
var (
	bars  = []rune("▁▂▃▄▅▆▇█")
	scale = []time.Duration{
		2 * time.Millisecond, 5 * time.Millisecond, 12 * time.Millisecond, 30 * time.Millisecond,
		80 * time.Millisecond, 250 * time.Millisecond, time.Second,
	}
)

// SparkLegend says what the bars mean.
const SparkLegend = "▂ under 5 ms  ▄ 12-30 ms  ▆ 80-250 ms  █ over 1 s  · no answer"

// Sparkline draws the newest points at the right end of width cells: a bar for each answer, a gap
// with a dot in it for each failure, a blank for what is not known.
func Sparkline(points []Beat, st *themes.Styles, width int) Spans {
	if width <= 0 {
		return nil
	}
	points = points[max(0, len(points)-width):]
	out := Spans{{Text: spaces(width - len(points))}}
	for from := 0; from < len(points); {
		to := from + 1
		for to < len(points) && points[to].Failed == points[from].Failed && points[to].Unknown == points[from].Unknown {
			to++
		}
		out = append(out, stretch(points[from:to], st))
		from = to
	}
	return out
}

// stretch draws points of one kind: spans are drawn one by one, and there are many sparklines.
func stretch(points []Beat, st *themes.Styles) Span {
	switch {
	case points[0].Failed:
		return Span{Text: strings.Repeat("·", len(points)), Style: st.Bad}
	case points[0].Unknown:
		return Span{Text: spaces(len(points))}
	}
	text := make([]rune, len(points))
	for i, p := range points {
		text[i] = bar(p.Latency)
	}
	return Span{Text: string(text), Style: st.Accent}
}

func bar(latency time.Duration) rune {
	for i, least := range scale {
		if latency < least {
			return bars[i]
		}
	}
	return bars[len(bars)-1]
}
