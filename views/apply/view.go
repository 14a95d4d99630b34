package apply

import (
	"fmt"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// page is the lines below the heading, and which of them should be in sight.
type page struct {
	width int
	st    *themes.Styles
	now   time.Time
	lines []string
	focus int
}

func (p *page) add(lines ...string) { p.lines = append(p.lines, lines...) }

func (p *page) spans(s widget.Spans) { p.add(s.Cut(p.width).Render(p.st, false)) }

func (p *page) here() { p.focus = len(p.lines) - 1 }

// View draws how far the apply is.
func (s *Screen) View(f views.Frame) string {
	if f.Width < 4 || f.Height < 1 {
		return widget.Lines("", f.Width, f.Height)
	}
	if !s.started {
		return widget.Lines("\n "+widget.Paint(f.Styles.Dim, "nothing is being applied"), f.Width, f.Height)
	}
	s.tick(f.Now)
	inner := f.Width - 2
	head := s.head(inner, f)
	s.height = max(1, f.Height-len(head))
	p := s.page(inner, f, false)
	if len(p.lines) > s.height && s.finished {
		p = s.page(inner, f, true)
	}
	s.clamp(p)
	s.whole = len(p.lines) <= s.height
	last := min(len(p.lines), s.top+s.height)
	head[s.progressAt] = s.progress(inner, last < len(p.lines), f.Styles)
	return widget.Lines(" "+strings.Join(append(head, p.lines[s.top:last]...), "\n "), f.Width, f.Height)
}

// The height from which on there are blank lines, and the one below which what protects the gateway
// takes the place of what the apply is about.
const (
	roomy = 14
	low   = 8
)

// head is the lines above the page: what is done, how it stands, which is filled in when the page is
// known, and what protects the gateway.
func (s *Screen) head(width int, f views.Frame) []string {
	guard := s.protection(f.Now, width)
	s.progressAt = 1
	out := []string{s.heading(width, f), ""}
	if len(guard) > 0 && f.Height < low {
		s.progressAt, out = 0, out[1:]
	}
	if len(guard) > 0 {
		out = append(out, guard.paint(width, f.Styles))
	}
	if f.Height >= roomy {
		out = append(out, "")
	}
	return out
}

// tick takes the time of the frame: a step that was just started counts from the first frame it
// is in.
func (s *Screen) tick(now time.Time) {
	if s.clock.from.IsZero() {
		s.clock.from = now
	}
	if !s.finished || s.clock.to.IsZero() {
		s.clock.to = now
	}
	for _, list := range [][]step{s.steps, s.undo} {
		for i := range list {
			if list[i].busy() && list[i].since.IsZero() {
				list[i].since = now
			}
		}
	}
}

// clamp keeps the page within its ends and, while following, the focus in sight.
func (s *Screen) clamp(p page) {
	most := max(0, len(p.lines)-s.height)
	if s.follow {
		s.top = max(0, min(p.focus-s.height/2, most))
		if s.finished {
			s.top = max(0, min(most, max(p.focus-s.height+2, 0)))
		}
	}
	s.top = max(0, min(s.top, most))
}

func (s *Screen) heading(width int, f views.Frame) string {
	return preview.HeadingOf(s.proposal, width, f.Styles)
}

// progress is the one line that says how it stands; ▼ tells that there is more below.
func (s *Screen) progress(width int, more bool, st *themes.Styles) string {
	done := 0
	for _, x := range s.steps {
		if x.state == plan.Done {
			done++
		}
	}
	counts := fmt.Sprintf("%d of %d changes", done, len(s.steps))
	took := seconds(s.clock.to.Sub(s.clock.from))
	left := widget.Spans{{Text: "Applying  ", Style: st.Accent}, {Text: counts, Style: st.Text}}
	untouched, all := s.extent()
	switch {
	case s.finished && s.report.OK():
		left = widget.Spans{{Text: "✓ ", Style: st.Good}, {Text: s.success(), Style: st.Strong}}
	case s.finished:
		left = widget.Spans{{Text: "✗ ", Style: st.Bad}, {Text: s.verdict(), Style: st.Strong}}
	case len(s.undo) > 0 || s.guard.Phase == publish.TakingBack:
		why := "a step failed; what was done is taken back"
		if all {
			why = "it was not confirmed; what was done is taken back"
		}
		left = widget.Spans{{Text: "Undoing  ", Style: st.Warn}, {Text: why, Style: st.Text}}
	case s.waits():
		left = widget.Spans{{Text: "Waiting  ", Style: st.Warn}, {Text: "nothing was changed yet", Style: st.Text}}
	case s.guard.Phase == publish.Testing:
		left = widget.Spans{{Text: "Testing  ", Style: st.Accent}, {Text: "the new forwards, before they stand for good", Style: st.Text}}
	case s.guard.Phase == publish.Asking:
		left = widget.Spans{{Text: "Asking  ", Style: st.Warn}, {Text: "not all of the new forwards answer", Style: st.Text}}
	case untouched:
		left = widget.Spans{{Text: "Checking that ", Style: st.Accent}, {Text: "nothing has changed", Style: st.Text}}
	case all:
		left = widget.Spans{{Text: "Reading back  ", Style: st.Accent}, {Text: "what stands now, and connecting anew", Style: st.Text}}
	}
	right := widget.Spans{{Text: took, Style: st.Dim}}
	if more {
		right = append(right, widget.Span{Text: " ▼", Style: st.Accent})
	}
	return headline(left, right, width, st)
}

// headline says the left part in fewer words where it would be cut; then the time gives way.
func headline(left, right widget.Spans, width int, st *themes.Styles) string {
	fits := func() bool { return left.Width()+2+right.Width() <= width }
	if last := len(left) - 1; !fits() {
		left[last].Text = inShort(left[last].Text)
		if !fits() && len(right) > 1 {
			right = right[1:]
		} else if !fits() {
			right = nil
		}
	}
	return preview.HeadingWith(left, right, width, st)
}

// inShort is a headline without what is good to know only.
func inShort(text string) string {
	for long, short := range map[string]string{
		"nothing was changed yet": "nothing changed yet", "not all of the new forwards answer": "some do not answer",
		"Not confirmed; everything was undone": "Not confirmed; all was undone", "Done, but the result is not as planned": "Done, but not as planned", " of the changes could not be undone": " could not be undone",
	} {
		text = strings.Replace(text, long, short, 1)
	}
	for _, clause := range []string{": what", ", before", ", and connecting", "; what was done"} {
		text, _, _ = strings.Cut(text, clause)
	}
	return text
}

// extent reports whether no step has begun yet, and whether all are done: before the first step
// and after the last one the apply looks at what stands.
func (s *Screen) extent() (untouched, all bool) {
	untouched, all = true, true
	for _, x := range s.steps {
		untouched = untouched && x.state == plan.Pending
		all = all && x.state == plan.Done
	}
	return untouched, all
}

func (s *Screen) success() string {
	switch s.proposal.Request.Make {
	case publish.Prepare:
		return "Prepared, and checked: it stays a gateway, also over a reboot"
	case publish.Retire:
		return "Retired, and checked: nothing of Portico's stands there"
	}
	if s.proposal.Request.Withdraw {
		return "Withdrawn, and checked: what stands is what was planned"
	}
	return "Done, and checked: what stands is what was planned"
}

// verdict says in what state a failed apply has left things.
func (s *Screen) verdict() string {
	switch r := s.report; {
	case len(r.Left) > 0:
		return fmt.Sprintf("Failed, and %d of the changes could not be undone", len(r.Left))
	case len(r.Undone) > 0 && !s.reported():
		return "Not confirmed; everything was undone"
	case len(r.Undone) > 0:
		return "Failed; everything was undone"
	case len(r.Done) > 0:
		return "Done, but the result is not as planned"
	}
	return "Not done; nothing was changed"
}

// page lays out everything below the heading. Folded, what went well takes one line.
func (s *Screen) page(width int, f views.Frame, folded bool) page {
	p := page{width: width, st: f.Styles, now: f.Now}
	// A failure that no step reported, as a plan that was out of date, comes first.
	if s.finished && !s.report.OK() && !s.reported() {
		p.add(preview.Problem(s.report.Err, width, f.Styles)...)
		p.add("")
	}
	s.addSteps(&p, folded)
	s.addUndo(&p, folded)
	s.addLeft(&p)
	s.addTests(&p)
	s.addEntries(&p)
	s.addNotes(&p)
	if s.finished && !s.report.OK() && len(s.report.Left) == 0 {
		p.focus = 0 // why it failed is at the top
	}
	return p
}

// reported tells whether a step shows the error that ended the apply.
func (s *Screen) reported() bool {
	for _, x := range s.steps {
		if x.state == plan.Failed {
			return true
		}
	}
	return false
}

// seconds is a duration as people read it while they wait: "0.3 s", "12 s", "1 m 05 s".
func seconds(d time.Duration) string {
	switch {
	case d < 50*time.Millisecond:
		return "<0.1 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Truncate(time.Second).Seconds())
	}
	return fmt.Sprintf("%d m %02d s", int(d.Minutes()), int(d.Seconds())%60)
}

// spinner turns ten times a second.
func spinner(now time.Time) string {
	frames := []string{"◐", "◓", "◑", "◒"}
	return frames[int(now.UnixMilli()/100%int64(len(frames))+int64(len(frames)))%len(frames)]
}

func clean(s string) string { return cloud.Clean(s) }
