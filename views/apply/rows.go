package apply

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

const (
	timeWidth = 8  // the column of seconds
	narrow    = 60 // below this width a step has no column for its target
)

// addSteps draws the steps; a failed one has its error below it.
func (s *Screen) addSteps(p *page, folded bool) {
	targets := widthOf(s.steps, p.width)
	if folded {
		p.fold(s.steps, plan.Done, "done")
	}
	for _, x := range s.steps {
		if folded && x.state != plan.Failed {
			continue
		}
		p.spans(stepRow(p, x, targets))
		if x.busy() || x.state == plan.Done && !s.finished {
			p.here()
		}
		if x.state == plan.Failed {
			p.problem(x.err)
			p.here()
		}
	}
}

// fold says in one line how many steps are in a state.
func (p *page) fold(steps []step, state plan.State, word string) {
	n := 0
	for _, x := range steps {
		if x.state == state {
			n++
		}
	}
	if n > 0 {
		sign, ink := glyph(p, state)
		p.spans(widget.Spans{{Text: sign + " ", Style: ink}, {Text: preview.Count(n, "change") + " " + word, Style: p.st.Dim}})
	}
}

// problem draws an error below its step.
func (p *page) problem(err error) {
	for _, l := range preview.Problem(err, p.width-2, p.st) {
		p.add("  " + l)
	}
}

// widthOf is the column of targets: as wide as the widest, up to nearly half of the line.
func widthOf(steps []step, width int) int {
	w := 0
	for _, x := range steps {
		w = max(w, widget.Width(clean(x.change.Target)))
	}
	return min(w, max(10, width*9/20))
}

func stepRow(p *page, x step, targets int) widget.Spans {
	glyph, ink := glyph(p, x.state)
	text, context := p.st.Text, p.st.Dim
	title := x.change.Title
	if x.busy() && x.note != "" {
		title += ": " + x.note
	}
	if x.state == plan.Pending {
		text = p.st.Dim
	}
	took := ""
	switch {
	case x.busy():
		took = seconds(p.now.Sub(x.since))
	case x.state != plan.Pending:
		took = seconds(x.elapsed)
	}
	if p.width < narrow {
		text := widget.Span{Text: widget.Fit(clean(title+", "+x.change.Target), p.width-2-timeWidth), Style: text}
		return widget.Spans{{Text: glyph + " ", Style: ink}, text, {Text: widget.FitLeft(took, timeWidth), Style: context}}
	}
	room := p.width - 2 - targets - 2 - timeWidth
	return widget.Spans{
		{Text: glyph + " ", Style: ink},
		{Text: widget.Fit(clean(x.change.Target), targets) + "  ", Style: context},
		{Text: widget.Fit(clean(title), max(0, room)), Style: text},
		{Text: widget.FitLeft(took, timeWidth), Style: context},
	}
}

func glyph(p *page, state plan.State) (string, lipgloss.Style) {
	switch state {
	case plan.Pending:
		return "·", p.st.Faint
	case plan.Running:
		return spinner(p.now), p.st.Accent
	case plan.Undoing:
		return spinner(p.now), p.st.Warn
	case plan.Done:
		return "✓", p.st.Good
	case plan.Undone:
		return "✓", p.st.Dim
	case plan.Failed, plan.Left:
		return "✗", p.st.Bad
	}
	return "?", p.st.Warn
}

// section starts a part with its heading.
func (p *page) section(title string, ink lipgloss.Style) {
	if len(p.lines) > 0 {
		p.add("")
	}
	p.spans(widget.Spans{{Text: title, Style: ink}})
}

func (s *Screen) addUndo(p *page, folded bool) {
	if len(s.undo) == 0 {
		return
	}
	p.section("undo, newest first", p.st.Dim)
	if folded {
		p.fold(s.undo, plan.Undone, "undone")
	}
	targets := widthOf(s.undo, p.width)
	for _, x := range s.undo {
		if folded && x.state == plan.Undone {
			continue
		}
		p.spans(stepRow(p, x, targets))
		p.here()
		if x.state == plan.Left {
			p.problem(x.err)
		}
	}
}

// addLeft lists what could not be undone, with the commands that take it back by hand.
func (s *Screen) addLeft(p *page) {
	if !s.finished || len(s.report.Left) == 0 {
		return
	}
	p.section("still to be cleaned up by hand", p.st.Bad)
	p.add(preview.Note("these commands take back what may still stand", "", p.width, p.st)...)
	for _, c := range s.report.Left {
		p.spans(widget.Spans{{Text: string(rune(c.Action)) + " ", Style: preview.Ink(c.Action, p.st)}, {Text: clean(c.Target + ": " + c.Title), Style: p.st.Text}})
		for _, l := range c.Cleanup {
			for _, w := range preview.Wrap(preview.ShellLine(l), p.width-4) {
				p.add("    " + widget.Paint(p.st.Strong, w))
			}
		}
	}
	p.here()
}

func (s *Screen) addTests(p *page) {
	if len(s.tests) == 0 {
		return
	}
	p.section("", p.st.Dim)
	p.lines[len(p.lines)-1] = s.testsHeading(p)
	public, service, name, words := 0, 0, 0, len("timed out")
	for _, t := range s.tests {
		_, _, word := outcome(p, t.result.Outcome)
		words = max(words, widget.Width(word))
		public = max(public, widget.Width(t.forward.PublicText()))
		service = max(service, widget.Width(t.forward.Service.Name))
		name = max(name, widget.Width(t.instance))
	}
	name = min(name, max(8, p.width/4))
	for _, t := range s.tests {
		sign, ink, word := outcome(p, t.result.Outcome)
		latency := ""
		if t.result.Latency > 0 {
			latency = views.Latency(t.result.Latency)
		}
		line := widget.Spans{
			{Text: sign + " ", Style: ink},
			{Text: widget.Fit(t.forward.PublicText(), public) + "  ", Style: p.st.Text},
			{Text: widget.Fit(t.forward.Service.Name, service) + "  ", Style: p.st.Text},
		}
		if p.width >= narrow {
			line = append(line, widget.Span{Text: widget.Fit(t.instance, name) + "  ", Style: p.st.Dim})
		}
		p.spans(append(line,
			widget.Span{Text: widget.Pad(word, words), Style: ink},
			widget.Span{Text: widget.FitLeft(latency, 8) + "  ", Style: p.st.Text},
			widget.Span{Text: clean(t.result.Detail), Style: p.st.Dim},
		))
		p.here()
	}
}

// testsHeading says how many of the forwards answer so far.
func (s *Screen) testsHeading(p *page) string {
	good, open := 0, 0
	for _, t := range s.tests {
		switch t.result.Outcome {
		case probe.OK:
			good++
		case "":
			open++
		case probe.Refused, probe.Timeout, probe.Wrong, probe.Unknown:
		}
	}
	ink := p.st.Good
	switch {
	case open > 0:
		ink = p.st.Dim
	case good < len(s.tests):
		ink = p.st.Warn
	}
	title := "tests, from here through the gateway"
	if s.guard.Phase == publish.Testing && !s.finished && open+good < len(s.tests) {
		title = "tests, tried again for up to 20 s: a door may open late"
	}
	if s.finished && len(s.report.Undone) > 0 {
		title, ink = "tests, before it was taken back", p.st.Dim
	}
	right := widget.Spans{{Text: fmt.Sprintf("%d of %d answer", good, len(s.tests)), Style: ink}}
	if widget.Width(title)+2+right.Width() > p.width {
		title, _, _ = strings.Cut(title, ",")
	}
	return preview.HeadingWith(widget.Spans{{Text: title, Style: p.st.Dim}}, right, p.width, p.st)
}

// outcome is a test's glyph, colour and word. What could not be told is neither good nor bad.
func outcome(p *page, o probe.Outcome) (string, lipgloss.Style, string) {
	switch o {
	case "":
		return spinner(p.now), p.st.Accent, "testing"
	case probe.OK:
		return "✓", p.st.Good, "answers"
	case probe.Refused:
		return "✗", p.st.Bad, "refused"
	case probe.Timeout:
		return "✗", p.st.Bad, "timed out"
	case probe.Wrong:
		return "!", p.st.Warn, "wrong service"
	case probe.Unknown:
		return "?", p.st.Warn, "unknown"
	}
	return "?", p.st.Warn, clean(string(o))
}

// addEntries draws the ways in, each command alone on its line so that it can be selected whole.
func (s *Screen) addEntries(p *page) {
	if !s.finished || !s.report.OK() {
		return
	}
	if len(s.entries) == 0 {
		if s.proposal.Request.Withdraw {
			p.add("")
			for _, l := range preview.Prose("the public ports are closed; connections that stood may last until they end", p.width) {
				p.spans(widget.Spans{{Text: l, Style: p.st.Dim}})
			}
			p.here()
		}
		return
	}
	p.section("get in with", p.st.Dim)
	several := false
	for _, e := range s.entries {
		several = several || e.instance != s.entries[0].instance
	}
	for i, e := range s.entries {
		if several && (i == 0 || s.entries[i-1].instance != e.instance) {
			p.spans(widget.Spans{{Text: "  " + e.instance, Style: p.st.Dim}})
		}
		s.addEntry(p, i, e)
	}
}

// addNotes says what else to know.
func (s *Screen) addNotes(p *page) {
	for i, n := range s.notes {
		if i == 0 && len(p.lines) > 0 {
			p.add("")
		}
		p.add(preview.Note(clean(n), "", p.width, p.st)...)
	}
}

func (s *Screen) addEntry(p *page, i int, e entry) {
	mark, ink := "  ", p.st.Text
	if e.ssh {
		ink = p.st.Strong
	}
	if i == s.chosen {
		mark, ink = "▸ ", p.st.Accent.Bold(true)
	}
	for _, l := range preview.Wrap(e.text, p.width-2) {
		p.spans(widget.Spans{{Text: mark, Style: p.st.Accent}, {Text: l, Style: ink}})
		mark = "  "
	}
	if i == s.chosen {
		p.here()
	}
}
