package preview

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"portico/cloud"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views/widget"
)

// Document is a page of lines, laid out for one width. Lines are drawn when they are in sight
// only: a plan for a whole subnet has thousands. The screen of past applies lays out its pages
// with it too, so that a change looks the same wherever it is shown.
type Document struct {
	width int
	lines []func(*themes.Styles) string
}

// NewDocument returns an empty page for lines of at most width cells.
func NewDocument(width int) *Document { return &Document{width: width} }

// Len is the number of lines.
func (d *Document) Len() int { return len(d.lines) }

// Draw draws at most height lines, from the one with index top on.
func (d *Document) Draw(top, height int, st *themes.Styles) []string {
	top = max(0, min(top, len(d.lines)))
	out := make([]string, 0, height)
	for _, draw := range d.lines[top:min(len(d.lines), top+height)] {
		out = append(out, draw(st))
	}
	return out
}

func (d *Document) add(draw func(*themes.Styles) string) { d.lines = append(d.lines, draw) }

// Blank adds an empty line, but not at the top.
func (d *Document) Blank() {
	if len(d.lines) > 0 {
		d.add(func(*themes.Styles) string { return "" })
	}
}

// Pen picks a style when a line is drawn, so that a change of theme needs no new layout.
type Pen func(*themes.Styles) lipgloss.Style

// Text adds a label and wrapped text behind it.
func (d *Document) Text(label string, labelPen Pen, text string, textPen Pen) {
	room := max(8, d.width-widget.Width(label))
	for i, l := range Wrap(text, room) {
		if i > 0 {
			label = strings.Repeat(" ", widget.Width(label))
		}
		lead := label
		d.add(func(st *themes.Styles) string {
			return widget.Spans{{Text: lead, Style: labelPen(st)}, {Text: l, Style: textPen(st)}}.Render(st, false)
		})
	}
}

// block adds lines that are made with the styles at hand; there are few of them.
func (d *Document) block(st *themes.Styles, lines func(*themes.Styles) []string) {
	for i := range lines(st) {
		d.add(func(st *themes.Styles) string {
			if all := lines(st); i < len(all) {
				return all[i]
			}
			return ""
		})
	}
}

func dim(st *themes.Styles) lipgloss.Style    { return st.Dim }
func plain(st *themes.Styles) lipgloss.Style  { return st.Text }
func strong(st *themes.Styles) lipgloss.Style { return st.Strong }
func add(st *themes.Styles) lipgloss.Style    { return st.Add }
func remove(st *themes.Styles) lipgloss.Style { return st.Remove }

func signInk(a plan.Action) Pen {
	return func(st *themes.Styles) lipgloss.Style {
		_, style := sign(a, st)
		return style
	}
}

// difference says what is different in a proposal from the one that it was made in place of.
func (d *Document) difference(was, now publish.Proposal, st *themes.Styles) {
	width := d.width
	d.block(st, func(st *themes.Styles) []string {
		return Note("the gateway has changed since; nothing was changed from here, and the plan was made anew", "", width, st)
	})
	added, gone := plan.Compare(was.Plan, now.Plan)
	for _, c := range added {
		d.Text("  now        ", add, cloud.Clean(c.Target+": "+c.Title), plain)
	}
	for _, c := range gone {
		d.Text("  no longer  ", remove, cloud.Clean(c.Target+": "+c.Title), dim)
	}
	if len(added)+len(gone) == 0 {
		d.Text("  ", dim, "it makes the same changes", dim)
	}
}

// layoutChanges is the page of what will be done: what is different since it was last shown, what to
// beware of, the forwards, every change
// in order, and what it takes of the quotas.
func layoutChanges(p publish.Proposal, was *publish.Proposal, width int, st *themes.Styles) *Document {
	d := NewDocument(width)
	if was != nil {
		d.difference(*was, p, st)
		if len(p.Plan.Warnings) > 0 {
			d.Blank()
		}
	}
	for _, w := range p.Plan.Warnings {
		d.block(st, func(st *themes.Styles) []string { return Note(w.Title, w.Detail, width, st) })
	}
	d.forwards(p)
	d.Changes(p.Plan.Changes())
	d.quota(p.Quota)
	return d
}

func (d *Document) forwards(p publish.Proposal) {
	if len(p.Items) == 0 || p.Request.Repair { // they only stay
		return
	}
	d.Blank()
	if p.Request.Withdraw {
		d.Text("", dim, closes(p.Items), remove)
	}
	shown, folds := publish.Folded(p.Items)
	if len(shown) > 0 {
		t := layoutForwards(shown, d.width)
		d.add(t.head)
		for i := range shown {
			d.add(func(st *themes.Styles) string { return t.row(i, st) })
		}
	}
	for _, f := range folds { // wider than the table's columns are, so that each has lines of its own
		text := fmt.Sprintf("%s%s%s  %s  %s  %s", f.Public(), arrow, f.Private(), f.First.Service.Name, f.Who(), Sources(f.First))
		d.Text(signText(f.Action)+" ", signInk(f.Action), cloud.Clean(text), plain)
	}
}

func closes(items []publish.Item) string { return "closes " + Count(closing(items), "public port") }

// Changes adds every change below its target. A line of before or after that only repeats the
// title is left out.
func (d *Document) Changes(changes []plan.Change) {
	target := ""
	for i, c := range changes {
		if i == 0 || c.Target != target {
			target = c.Target
			d.Blank()
			d.Text("", dim, cloud.Clean(target), strong)
		}
		symbol := string(rune(c.Action))
		d.Text("  "+symbol+" ", signInk(c.Action), cloud.Clean(c.Title), plain)
		d.ruleLines("-", c.Before, c, remove)
		d.ruleLines("+", c.After, c, add)
	}
}

// shownLines is how many lines of one change are shown of each kind; a whole subnet has hundreds, and the
// page of the rules has all of them.
const shownLines = 60

func (d *Document) ruleLines(symbol string, lines []string, c plan.Change, by Pen) {
	for _, l := range lines[:min(len(lines), shownLines)] {
		d.ruleLine(symbol, l, c, by)
	}
	if more := len(lines) - shownLines; more > 0 {
		d.Text("      ", dim, "and "+Count(more, "more line"), dim)
	}
}

func (d *Document) ruleLine(symbol, line string, c plan.Change, by Pen) {
	line = cloud.Clean(line)
	bare := strings.TrimPrefix(line, symbol+" ")
	if bare == cloud.Clean(c.Title) || strings.HasSuffix(cloud.Clean(c.Title), " "+bare) && len(c.Before)+len(c.After) == 1 {
		return
	}
	d.Text("      "+symbol+" ", by, bare, by)
}

// nearlyFull is the part of a quota from which on it is worth a second look.
const nearlyFull = 0.9

func (d *Document) quota(lines []publish.QuotaLine) {
	names, numbers := 0, 0
	for _, q := range lines {
		names, numbers = max(names, widget.Width(q.Name)), max(numbers, len(fmt.Sprint(max(q.Before, q.After))))
	}
	for i, q := range lines {
		label := "       "
		if i == 0 {
			d.Blank()
			label = "quota  "
		}
		by := func(st *themes.Styles) lipgloss.Style { return QuotaInk(q, st) }
		d.Text(label, dim, fmt.Sprintf("%s  %*d → %*d %s", widget.Fit(q.Name, names), numbers, q.Before, numbers, q.After, Limit(q)), by)
	}
}

// QuotaInk is the colour of a quota: one that is nearly used up is a warning.
func QuotaInk(q publish.QuotaLine, st *themes.Styles) lipgloss.Style {
	if q.Known && q.Max >= 0 && float64(q.After) > nearlyFull*float64(q.Max) {
		return st.Warn
	}
	return st.Dim
}

// Limit says what a quota allows: "of 100", "no limit", or that nobody would tell.
func Limit(q publish.QuotaLine) string {
	switch {
	case !q.Known:
		return "limit unknown"
	case q.Max < 0:
		return "no limit"
	}
	return fmt.Sprintf("of %d", q.Max)
}

// tab is what a tab in a file that a command writes looks like.
const tab = "    "

// ShellLine is a line of a change's commands as it is shown.
func ShellLine(l string) string { return cloud.Clean(strings.ReplaceAll(l, "\t", tab)) }

// CommandsOf is changes as commands, as they are copied.
func CommandsOf(changes []plan.Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "# %s: %s\n", cloud.Clean(c.Target), cloud.Clean(c.Title))
		for _, l := range c.Shell {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

// DiffOf is changes as plain text, in the form of 'portico plan'.
func DiffOf(changes []plan.Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%c %s: %s\n", c.Action, cloud.Clean(c.Target), cloud.Clean(c.Title))
		for _, l := range c.Before {
			fmt.Fprintf(&b, "    - %s\n", cloud.Clean(l))
		}
		for _, l := range c.After {
			fmt.Fprintf(&b, "    + %s\n", cloud.Clean(l))
		}
	}
	return b.String()
}

// Count is a number of things in words: "1 change", "2 changes".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
