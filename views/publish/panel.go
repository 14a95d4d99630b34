package publish

import (
	"fmt"

	"portico/cloud"
	"portico/gateway/plan"
	"portico/themes"
	"portico/views/preview"
	"portico/views/widget"
)

// panel draws what the form would change, in exactly height lines. What matters most comes
// first: what is wrong, the counts, the warnings; then the forwards, the targets and the quotas,
// as far as there is room.
func (s *Screen) panel(width, height int, st *themes.Styles) []string {
	if height <= 0 || width <= 0 {
		return nil
	}
	lines := s.panelLines(width, height, st)
	if len(lines) > height {
		lines = lines[:height]
	}
	for len(lines) < height {
		lines = append(lines, "")
	}
	return lines
}

func (s *Screen) panelLines(width, height int, st *themes.Styles) []string {
	switch {
	case s.problem != nil:
		return preview.Note("no preview yet", s.problem.Error(), width, st)
	case s.planErr != nil:
		return append(preview.Problem(s.cause(), width, st), s.unpublishable(width, st)...)
	case s.answered == 0:
		return []string{widget.Paint(st.Dim, "planning…")}
	}
	top := s.top(width, st)
	items := s.proposal.Items
	inSight := items[:min(len(items), height)] // a whole subnet has hundreds, and this is drawn at every key
	head, rows := preview.Forwards(inSight, width, st)
	return arrange(top, head, rows, len(items)-len(rows), s.bottom(width, st), height, st)
}

// top is the counts and the warnings, each of them whole.
func (s *Screen) top(width int, st *themes.Styles) []string {
	top := s.summary(width, st)
	for _, w := range s.proposal.Plan.Warnings {
		if w.Title != openTitle || s.from != fromAnywhere { // the form says so itself
			top = append(top, preview.Note(w.Title, w.Detail, width, st)...)
		}
	}
	return top
}

func (s *Screen) summary(width int, st *themes.Styles) []string {
	if s.proposal.Plan.Empty() {
		line := widget.Spans{{Text: "✓ ", Style: st.Good}, {Text: "no changes", Style: st.Strong}, {Text: ": all of this already stands", Style: st.Text}}
		return []string{line.Cut(width).Render(st, false)}
	}
	left := widget.Spans{{Text: s.proposal.Plan.Summary(), Style: st.Strong}}
	right := preview.Untouched(s.proposal.Plan.Warnings, st)
	if left.Width()+2+right.Width() > width {
		right = nil // the counts come first; the preview says it again
	}
	return []string{preview.HeadingWith(left, right, width, st)}
}

const quotaOf = "quota of "

func (s *Screen) bottom(width int, st *themes.Styles) []string {
	if s.proposal.Plan.Empty() {
		return nil
	}
	list := sumUp(s.proposal.Plan.Changes())
	names := 0
	for _, t := range list {
		names = max(names, widget.Width(t.name))
	}
	for _, q := range s.proposal.Quota {
		if q.Before != q.After {
			names = max(names, widget.Width(quotaOf+q.Name))
		}
	}
	names = min(names, max(12, width*3/5))
	out := make([]string, 0, len(list)+len(s.proposal.Quota))
	for _, t := range list {
		out = append(out, t.line(names, st).Cut(width).Render(st, false))
	}
	for _, q := range s.proposal.Quota {
		if q.Before != q.After {
			line := widget.Spans{{Text: widget.Fit(quotaOf+q.Name, names) + "  ", Style: st.Dim}, {Text: fmt.Sprintf("%d → %d %s", q.Before, q.After, preview.Limit(q)), Style: preview.QuotaInk(q, st)}}
			out = append(out, line.Cut(width).Render(st, false))
		}
	}
	return out
}

// arrange fits the parts into height lines; hidden is how many forwards there are beyond rows. The forwards give way to the targets down to a few
// rows; after that the targets are cut.
func arrange(top []string, head string, rows []string, hidden int, bottom []string, height int, st *themes.Styles) []string {
	const fewRows = 3
	out := append([]string(nil), top...)
	room := height - len(top)
	blanks := 0
	if room >= 1+len(rows)+hidden+len(bottom)+2 {
		blanks = 2
	}
	table := min(len(rows), max(fewRows, room-1-len(bottom)))
	if len(bottom) > 1 && room-1-table < 2 {
		table = min(len(rows), room-1) // a single line would say nothing of the targets
	}
	if room < 3 || len(rows) == 0 {
		return out
	}
	table = max(1, min(table, room-1))
	if blanks > 0 {
		out = append(out, "")
	}
	out = append(out, head)
	out = append(out, cut(rows, hidden, table, "more forwards", st)...)
	if blanks > 0 {
		out = append(out, "")
	}
	return append(out, cut(bottom, 0, max(0, height-len(out)), "more; enter shows them all", st)...)
}

// cut keeps the first lines and says how many more there are, with the hidden ones.
func cut(lines []string, hidden, height int, what string, st *themes.Styles) []string {
	if len(lines)+hidden <= height {
		return lines
	}
	if height <= 0 {
		return nil
	}
	more := fmt.Sprintf("… %d %s", len(lines)+hidden-height+1, what)
	return append(append([]string(nil), lines[:height-1]...), widget.Paint(st.Dim, more))
}

// target sums up the changes of one place.
type target struct {
	name  string
	first plan.Change
	by    map[plan.Action]int
	total int
	also  int // further places with the same single change
}

// sumUp groups changes by target, and targets that get the same single change into one.
func sumUp(changes []plan.Change) []*target {
	var out []*target
	byName, byTitle := map[string]*target{}, map[string]*target{}
	several := map[string]int{}
	for _, c := range changes {
		several[c.Target]++
	}
	for _, c := range changes {
		title := string(rune(c.Action)) + c.Title
		if t := byTitle[title]; t != nil && several[c.Target] == 1 {
			t.also++
			continue
		}
		t := byName[c.Target]
		if t == nil {
			t = &target{name: cloud.Clean(c.Target), first: c, by: map[plan.Action]int{}}
			byName[c.Target] = t
			out = append(out, t)
		}
		if several[c.Target] == 1 {
			byTitle[title] = t
		}
		t.by[c.Action]++
		t.total++
	}
	for _, t := range out {
		if t.also > 0 {
			t.name = fmt.Sprintf("%s and %d more", t.name, t.also)
		}
	}
	return out
}

// line is what happens at one place, or, where several things do, how many.
func (t *target) line(names int, st *themes.Styles) widget.Spans {
	out := widget.Spans{{Text: widget.Fit(t.name, names) + "  ", Style: st.Text}}
	if t.total == 1 {
		return append(out, widget.Span{Text: string(rune(t.first.Action)) + " ", Style: preview.Ink(t.first.Action, st)}, widget.Span{Text: cloud.Clean(t.first.Title), Style: st.Dim})
	}
	for _, a := range []plan.Action{plan.Create, plan.Update, plan.Delete} {
		if n := t.by[a]; n > 0 {
			out = append(out, widget.Span{Text: fmt.Sprintf("%c %d  ", a, n), Style: preview.Ink(a, st)})
		}
	}
	return out
}
