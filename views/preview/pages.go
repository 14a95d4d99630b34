package preview

import (
	"fmt"
	"strings"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views/widget"
)

// page is one way of looking at a proposal.
type page int

const (
	pageChanges page = iota
	pageRules
	pageShell
	pageOpenStack
)

// pages describes them, in their order.
var pages = [...]struct {
	name, what string       // what: as one says what was copied
	form       publish.Form // "" for the changes
	end        string       // of a file that holds it
	none       string       // what is shown when there is nothing
}{
	pageChanges:   {name: "Changes", what: "the changes", end: ".txt"},
	pageRules:     {name: "Rules", what: "what iptables-restore gets", form: publish.RulesForm, end: ".rules", none: "no rules of the gateway change"},
	pageShell:     {name: "Shell", what: "the script", form: publish.ShellForm, end: ".sh", none: "nothing is to be done"},
	pageOpenStack: {name: "OpenStack", what: "the openstack commands", form: publish.OpenStackForm, end: ".sh", none: "nothing changes in the cloud"},
}

// textOf is a page as plain text, as it is copied and written to a file.
func textOf(p publish.Proposal, at page) string {
	if at != pageChanges {
		return shown(p.Text(pages[at].form))
	}
	var b strings.Builder
	for _, w := range p.Plan.Warnings {
		fmt.Fprintf(&b, "! %s\n", cloud.Clean(strings.TrimSpace(w.Title+"  "+w.Detail)))
	}
	for _, it := range p.Items {
		fmt.Fprintf(&b, "%s %s of %s, from %s\n", signText(it.Action), it.Forward, cloud.Clean(it.Instance), Sources(it.Forward))
	}
	b.WriteString(DiffOf(p.Plan.Changes()))
	for _, q := range p.Quota {
		fmt.Fprintf(&b, "%s: %d -> %d (%s)\n", q.Name, q.Before, q.After, Limit(q))
	}
	return b.String()
}

// shown is text as it is seen: each line clean, with the tabs of files that a command writes.
func shown(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = ShellLine(l)
	}
	return strings.Join(lines, "\n")
}

// layoutText is a page of a form's text. Remarks are dim.
func layoutText(p publish.Proposal, at page, width int) *Document {
	d := NewDocument(width)
	text := strings.TrimSuffix(textOf(p, at), "\n")
	if text == "" {
		d.Text("", dim, pages[at].none, dim)
		return d
	}
	for l := range strings.SplitSeq(text, "\n") {
		pen := plain
		if strings.HasPrefix(l, "# ") {
			d.Blank()
			pen = dim
		}
		d.Text("", plain, l, pen)
	}
	return d
}

// fileName is what a page's file is called unless the operator says otherwise.
func fileName(p publish.Proposal, at page) string {
	id := p.Plan.ID
	if id == "" {
		id = "plan"
	}
	word := ""
	if at == pageOpenStack {
		word = "-openstack"
	}
	return "portico-" + id + word + pages[at].end
}

// tabs names the pages, and the counts of changes, which are what one looks for first.
func (s *Screen) tabs(width int, st *themes.Styles) string {
	var left widget.Spans
	gap := "   "
	for narrow := range 2 {
		left = nil
		if narrow == 1 {
			gap = " "
		}
		for i, p := range pages {
			ink := st.Tab
			if page(i) == s.at {
				ink = st.TabActive
			}
			if i > 0 {
				left = append(left, widget.Span{Text: gap})
			}
			left = append(left, widget.Span{Text: p.name, Style: ink})
		}
		if left.Width() <= width {
			break
		}
	}
	return HeadingWith(left, widget.Spans{{Text: s.proposal.Plan.Summary(), Style: st.Strong}}, width, st)
}
