package subnet

import (
	"errors"
	"fmt"
	"strings"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

var (
	errNoService = errors.New("no service is chosen")
	errNoSource  = errors.New("it is neither an address nor a network")
)

// labels is the column of the rows' names.
const labels = 10

// View draws the form, and below it what it would open.
func (s *Screen) View(f views.Frame) string {
	if f.Width < 4 || f.Height < 1 {
		return widget.Lines("", f.Width, f.Height)
	}
	st, inner := f.Styles, f.Width-2
	head := preview.Heading("Publish", []string{"a whole subnet"}, s.snapshot.Gateway, inner, st)
	form := s.form(inner, st)
	below := s.outcome(inner, st)
	room := f.Height - 2 - len(form)
	if room < 4 { // a low terminal: the rows around the focus
		most := max(1, f.Height-2-min(4, len(below)))
		top := max(0, min(s.focus-most/2, len(form)-most))
		form = form[top:min(len(form), top+most)]
		room = f.Height - 2 - len(form)
	}
	below = below[:max(0, min(len(below), room))]
	rule := widget.Paint(st.Border, strings.Repeat("─", inner))
	return widget.Lines(" "+strings.Join(append(append([]string{head}, form...), append([]string{rule}, below...)...), "\n "), f.Width, f.Height)
}

func (s *Screen) form(width int, st *themes.Styles) []string {
	var out []string
	line := func(label, text string) {
		pointer, style := "  ", st.Text
		if len(out) == s.focus {
			pointer, style = "▸ ", st.Selected
		}
		out = append(out, widget.Spans{
			{Text: pointer, Style: st.Accent}, {Text: fmt.Sprintf("%-*s", labels, label), Style: st.Dim}, {Text: text, Style: style},
		}.Cut(width).Render(st, false))
	}
	line("subnet", s.subnetText())
	what := "every address that can hold a VM: later ones are reachable, too"
	if s.existing {
		what = "only the VMs that are there; sync keeps them in step"
	}
	line("what", what)
	for i, c := range s.services {
		box, label := "[ ] ", ""
		if c.on {
			box = "[x] "
		}
		if i == 0 {
			label = "services"
		}
		line(label, box+cloud.Clean(c.service.String()))
	}
	name := "as it is, else the default"
	if s.scheme > 0 {
		name = s.schemes[s.scheme-1].Name + "  " + s.schemes[s.scheme-1].Title
	}
	line("scheme", name)
	from := s.from.Value()
	if from == "" && !s.Typing() {
		from = "as it is, else anywhere"
	}
	line("from", from)
	if s.Typing() {
		out[len(out)-1] = widget.Paint(st.Accent, "▸ ") + widget.Paint(st.Dim, fmt.Sprintf("%-*s", labels, "from")) + s.from.View(st, max(1, width-labels-2), true)
	}
	return out
}

func (s *Screen) subnetText() string {
	at := s.at()
	if at < 0 {
		return "this project has none for IPv4"
	}
	n := s.subnets[at]
	text := n.CIDR.String()
	if n.Name != "" {
		text = cloud.Clean(n.Name) + "  " + text
	}
	return fmt.Sprintf("%s  (%d of %d)", text, at+1, len(s.subnets))
}

// outcome is what the form would open, or why it cannot.
func (s *Screen) outcome(width int, st *themes.Styles) []string {
	switch {
	case s.answered != s.seq || s.seq == 0:
		return []string{widget.Paint(st.Dim, "planning…")}
	case s.err != nil:
		x := views.Explain(s.err)
		var out []string
		for _, l := range widget.Wrap(x.What+": "+x.Why, width-2) {
			out = append(out, widget.Paint(st.Bad, l))
		}
		for _, l := range widget.Wrap(x.Next, width-2) {
			out = append(out, widget.Paint(st.Dim, l))
		}
		return out
	}
	var out []string
	for _, w := range s.proposal.Plan.Warnings {
		for _, l := range widget.Wrap(w.Title+": "+w.Detail, width-2) {
			out = append(out, widget.Paint(st.Warn, l))
		}
	}
	out = append(out, widget.Paint(st.Text, s.proposal.Plan.Summary()))
	shown, folds := publish.Folded(s.proposal.Items)
	for _, f := range folds {
		out = append(out, widget.Paint(st.Text, widget.Truncate(fmt.Sprintf("%s  %s -> %s  %s  %s", sign(byte(f.Action)), f.Public(), f.Private(), f.First.Service.Name, f.Who()), width)))
	}
	for _, i := range shown {
		out = append(out, widget.Paint(st.Text, widget.Truncate(fmt.Sprintf("%s  %s -> %s  %s  %s", sign(byte(i.Action)), i.Forward.PublicText(), i.Forward.PrivateText(), i.Forward.Service.Name, cloud.Clean(i.Instance)), width)))
	}
	return out
}

// sign is what happens to a forward; what stands is "=".
func sign(action byte) string {
	if action == 0 {
		return "="
	}
	return string(action)
}
