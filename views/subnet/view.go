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
	errNoMe      = errors.New("the address that the gateway sees you come from is not known")
)

// labels is the column of the rows' names.
const labels = 10

// View draws the form, and below it what it would open, or the map of ports; both where there is room.
func (s *Screen) View(f views.Frame) string {
	if f.Width < 4 || f.Height < 1 {
		return widget.Lines("", f.Width, f.Height)
	}
	st, inner := f.Styles, f.Width-2
	head := preview.Heading("Publish", []string{"a whole subnet"}, s.snapshot.Gateway, inner, st)
	form, focus := s.form(inner, st)
	below := s.outcome(inner, st)
	room := f.Height - 2 - len(form)
	if room < 4 { // a low terminal: the rows around the focus
		most := max(1, f.Height-2-min(4, len(below)))
		top := max(0, min(focus-most/2, len(form)-most))
		form = form[top:min(len(form), top+most)]
		room = f.Height - 2 - len(form)
	}
	below = s.under(below, inner, room, st)
	rule := widget.Paint(st.Border, strings.Repeat("─", inner))
	return widget.Lines(" "+strings.Join(append(append([]string{head}, form...), append([]string{rule}, below...)...), "\n "), f.Width, f.Height)
}

// form draws the rows and tells on which line the focus is.
func (s *Screen) form(width int, st *themes.Styles) (out []string, focus int) {
	for n, r := range s.rows() {
		label, text := s.rowText(r)
		pointer, style := "  ", st.Text
		if n == s.focus {
			pointer, style, focus = "▸ ", st.Selected, len(out)
		}
		head := widget.Spans{{Text: pointer, Style: st.Accent}, {Text: fmt.Sprintf("%-*s", labels, label), Style: st.Dim}}
		if n == s.focus && s.Typing() {
			out = append(out, head.Cut(width).Render(st, false)+s.input().View(st, max(1, width-labels-2), true))
		} else {
			out = append(out, append(head, widget.Span{Text: text, Style: style}).Cut(width).Render(st, false))
		}
		for _, l := range s.notes(r, n == s.focus, width-labels-2, st) {
			out = append(out, strings.Repeat(" ", min(width, labels+2))+l)
		}
	}
	return out, focus
}

// rowText is a row's label and what it says.
func (s *Screen) rowText(r row) (label, text string) {
	switch r.kind {
	case rowSubnet:
		return "subnet", s.subnetText()
	case rowWhat:
		if s.existing {
			return "what", "only the VMs that are there; sync keeps them in step"
		}
		return "what", "every address that can hold a VM: later ones are reachable, too"
	case rowService:
		box := "[ ] "
		if s.services[r.service].on {
			box = "[x] "
		}
		if r.service == 0 {
			label = "services"
		}
		return label, box + cloud.Clean(s.services[r.service].service.String())
	case rowScheme:
		switch {
		case s.own():
			return "scheme", "a formula of your own"
		case s.scheme > 0:
			return "scheme", s.schemes[s.scheme-1].Name + "  " + s.schemes[s.scheme-1].Title
		}
		return "scheme", "as it is, else the default"
	case rowFormula:
		return "formula", orElse(s.formula.Text.Value(), s.formula.Text.Placeholder)
	case rowName:
		return "save as", orElse(s.formula.Name.Value(), s.formula.Name.Placeholder)
	case rowFrom:
	}
	return "from", orElse(s.from.Value(), "as it is, else anywhere")
}

func orElse(text, placeholder string) string {
	if text == "" {
		return placeholder
	}
	return text
}

// notes is what there is to say of a row, below it.
func (s *Screen) notes(r row, focused bool, width int, st *themes.Styles) []string {
	switch {
	case width < 1:
	case r.kind == rowFormula:
		return s.formula.Lines(width, st)
	case r.kind == rowName && focused:
		return []string{widget.Paint(st.Dim, widget.Truncate(s.formula.Name.Placeholder, width))}
	case r.kind == rowFrom && (focused || s.meant()):
		text := "anywhere, me, or networks as 198.51.100.0/24"
		switch {
		case s.me != nil && s.me.Err == nil:
			text = fmt.Sprintf("me is %s, as %s sees you; or %s", s.me.Addr, s.snapshot.Gateway.Name, text)
		case s.me != nil && s.meant():
			text = "me is not known: " + views.Explain(s.me.Err).Why
		}
		return []string{widget.Paint(st.Dim, widget.Truncate(text, width))}
	}
	return nil
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
