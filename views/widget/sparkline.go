package widget

import (
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
const SparkLegend = "▁ under 2 ms  ▃ 5-12 ms  ▅ 30-80 ms  ▇ 0.25-1 s  · no answer"

// Sparkline draws the newest points at the right end of width cells: a bar for each answer, a gap
// with a dot in it for each failure, a blank for what is not known.
func Sparkline(points []Beat, st *themes.Styles, width int) Spans {
	if width <= 0 {
		return nil
	}
	points = points[max(0, len(points)-width):]
	out := Spans{{Text: spaces(width - len(points))}}
	for _, p := range points {
		next := Span{Text: string(bar(p.Latency)), Style: st.Accent}
		switch {
		case p.Failed:
			next = Span{Text: "·", Style: st.Bad}
		case p.Unknown:
			next = Span{Text: " "}
		}
		out = append(out, next)
	}
	return out
}

func bar(latency time.Duration) rune {
	for i, least := range scale {
		if latency < least {
			return bars[i]
		}
	}
	return bars[len(bars)-1]
}
