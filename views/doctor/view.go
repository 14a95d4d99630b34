package doctor

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"portico/cloud"
	"portico/gateway/doctor"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

const (
	narrow = 60 // below this width a hop's name and what was found share one column
	roomy  = 14 // from this height there are blank lines
	least  = 8  // lines that the ladder keeps, whatever else there is to say
)

// View draws the ladder between its heading and what is to be done.
func (s *Screen) View(f views.Frame) string {
	if f.Width < 4 || f.Height < 1 {
		return widget.Lines("", f.Width, f.Height)
	}
	inner := f.Width - 2
	head := s.heading(inner, f)
	foot := s.foot(inner, f, max(0, f.Height-len(head)-least))
	s.height = max(1, f.Height-len(head)-len(foot))
	lines := s.ladder(inner, f)
	s.clamp(len(lines))
	out := append(head, lines[s.top:min(len(lines), s.top+s.height)]...)
	for len(out) < f.Height-len(foot) {
		out = append(out, "")
	}
	return widget.Lines(" "+strings.Join(append(out, foot...), "\n "), f.Width, f.Height)
}

// clamp keeps the page within its ends and, while following, as much of the hop under the cursor in
// sight as fits, from its first line.
func (s *Screen) clamp(n int) {
	if s.follow && s.cursor+1 < len(s.starts) {
		from, to := s.starts[s.cursor], s.starts[s.cursor+1]
		s.top = min(max(s.top, to-s.height), from)
	}
	s.top = max(0, min(s.top, n-s.height))
}

// heading is what is looked at, and the verdict: on one line where both fit.
func (s *Screen) heading(width int, f views.Frame) []string {
	st := f.Styles
	left := widget.Spans{{Text: "Doctor  ", Style: st.Title}, {Text: strings.ReplaceAll(clean(s.asked.Title), "->", "→"), Style: st.Text}}
	right := s.verdict(f)
	if took := (widget.Span{Text: "  " + views.Latency(s.took()), Style: st.Dim}); s.took() > 0 && left.Width()+2+right.Width()+widget.Width(took.Text) <= width {
		right = append(right, took)
	}
	var out []string
	if room := width - right.Width() - 2; left.Width() <= room {
		out = []string{left.Fit(room+2, false).Render(st, false) + right.Render(st, false)}
	} else {
		out = []string{left.Cut(width).Render(st, false), right.Cut(width).Render(st, false)}
	}
	if f.Height >= roomy {
		out = append(out, "")
	}
	return out
}

func (s *Screen) took() time.Duration {
	if s.found == nil {
		return 0
	}
	return s.found.Took.Round(100 * time.Millisecond)
}

// verdict is the answer in a few words.
func (s *Screen) verdict(f views.Frame) widget.Spans {
	st := f.Styles
	switch {
	case s.err != nil:
		return widget.Spans{{Text: "✗ ", Style: st.Bad}, {Text: "nothing could be diagnosed", Style: st.Strong}}
	case s.found == nil:
		done := 0
		for _, h := range s.hops {
			if h.Verdict != "" {
				done++
			}
		}
		text := "looking"
		if len(s.hops) > 0 {
			text = fmt.Sprintf("looking, %d of %d hops", done, len(s.hops))
		}
		return widget.Spans{{Text: spinner(f.Now) + " ", Style: st.Accent}, {Text: text, Style: st.Text}}
	}
	mark, ink := glyph(s.found.Verdict, st)
	words, _, _ := strings.Cut(clean(s.found.Summary), ": ")
	return widget.Spans{{Text: mark + " ", Style: ink}, {Text: words, Style: st.Strong}}
}

func spinner(now time.Time) string {
	frames := []string{"◐", "◓", "◑", "◒"}
	return frames[int(now.UnixMilli()/100%int64(len(frames))+int64(len(frames)))%len(frames)]
}

func glyph(v doctor.Verdict, st *themes.Styles) (string, lipgloss.Style) {
	switch v {
	case doctor.OK:
		return "✓", st.Good
	case doctor.Degraded:
		return "⚠", st.Warn
	case doctor.Blocked:
		return "✗", st.Bad
	case doctor.Unknown:
		return "?", st.Warn
	}
	return "…", st.Dim
}

func clean(s string) string { return cloud.Clean(s) }
