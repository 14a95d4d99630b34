package publish

import (
	"fmt"

	"charm.land/lipgloss/v2"

	"portico/gateway/scheme"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// serviceLine is a checkbox with the private and the public port, and whether it answers.
func (s *Screen) serviceLine(i int, st *themes.Styles) widget.Spans {
	c := s.services[i]
	name := s.ink(s.focus == field{fieldService, i}, st)
	out := widget.Spans{checkbox(c.on, st), {Text: widget.Pad(c.service.Name, 6), Style: name}}
	sch, known := s.chosen()
	r, has := rule(sch, c.service)
	where := fmt.Sprintf("%s/%s", c.service.Protocol, c.service.PortText())
	if r.SamePort {
		where = string(c.service.Protocol)
	}
	out = append(out, widget.Span{Text: widget.Pad(where, 10), Style: st.Dim})
	to := widget.Span{}
	f, stands := s.standsAt(s.lone(), c.service)
	switch {
	case s.ownPorts:
	case stands && !s.schemeTouched && !s.ownFormula:
		to = widget.Span{Text: "= " + f.PublicPorts(), Style: st.Good}
	case !known || !sch.Range.IsZero():
	case has:
		to = widget.Span{Text: "→ " + port(sch, r, s.at), Style: st.Dim}
	case c.on:
		to = widget.Span{Text: "no port", Style: st.Warn}
	default:
		to = widget.Span{Text: "no port", Style: st.Faint}
	}
	to.Text = widget.Pad(to.Text, 7) + " "
	word, ink := s.answerWord(c.service, st)
	out = append(out, to, widget.Span{Text: word, Style: ink})
	if s.stands(c.service) {
		out = append(out, widget.Span{Text: "  published", Style: st.Good})
	}
	return out
}

// lone is the one instance, "" where there are several.
func (s *Screen) lone() string {
	if len(s.instances) != 1 {
		return ""
	}
	return s.instances[0]
}

// ownLines are the services that were typed, with whether they answer.
func (s *Screen) ownLines(width int, st *themes.Styles) []string {
	var out []string
	for _, svc := range s.typed() {
		word, ink := s.answerWord(svc, st)
		row := widget.Spans{{Text: "    " + widget.Pad(svc.Name, 7), Style: st.Text}, {Text: fmt.Sprintf(" %s/%s  ", svc.Protocol, svc.PortText()), Style: st.Dim}, {Text: word, Style: ink}}
		out = append(out, s.line("", field{kind: -1}, row, width, st))
	}
	return out
}

func (s *Screen) chosen() (scheme.Scheme, bool) {
	if s.ownFormula {
		if sch, err := s.formula.Scheme(); err == nil {
			return *sch, true
		}
		return scheme.Scheme{}, false
	}
	for _, sch := range s.schemes {
		if sch.Name == s.scheme {
			return sch, true
		}
	}
	return scheme.Scheme{}, false
}

func (s *Screen) schemeLine(i int, st *themes.Styles) widget.Spans {
	sch, names := s.schemes[i], 0
	for _, x := range s.schemes {
		names = max(names, widget.Width(x.Name))
	}
	on := sch.Name == s.scheme && s.byScheme()
	out := widget.Spans{radio(on, st), {Text: widget.Fit(sch.Name, min(names, 16)) + "  ", Style: s.ink(s.focus == field{fieldScheme, i}, st)}}
	if b, bad := s.blame[sch.Name]; bad {
		ink := st.Faint
		if on {
			ink = st.Bad
		}
		out = append(out, widget.Span{Text: "✗ " + b.short + "  ", Style: ink})
	}
	return append(out, widget.Span{Text: ports(sch, s.at), Style: st.Dim})
}

func (s *Screen) anywhereLine(st *themes.Styles) widget.Spans {
	out := widget.Spans{radio(s.from == fromAnywhere, st), {Text: "anywhere", Style: s.ink(s.focus.kind == fieldAnywhere, st)}}
	if s.from == fromAnywhere {
		out = append(out, widget.Span{Text: "  ! " + openTitle, Style: st.Warn})
	}
	return out
}

// openTitle is what the plan warns of too; the form says it where it is chosen.
const openTitle = "open to the whole internet"

func (s *Screen) meLine(st *themes.Styles) widget.Spans {
	out := widget.Spans{radio(s.from == fromMe, st), {Text: "me  ", Style: s.ink(s.focus.kind == fieldMe, st)}}
	switch me := s.survey.me; {
	case me == nil && s.survey.looking:
		return append(out, widget.Span{Text: "…", Style: st.Dim})
	case me == nil:
		return append(out, widget.Span{Text: "unknown until the gateway answers", Style: st.Faint})
	case me.Err != nil:
		return append(out, widget.Span{Text: "unknown: " + views.Explain(me.Err).Why, Style: st.Faint})
	default:
		return append(out, widget.Span{Text: me.Addr.String(), Style: st.Text}, widget.Span{Text: "  as " + s.snapshot.Gateway.Name + " sees you", Style: st.Dim})
	}
}

// note is what else there is to know of the field under the focus.
func (s *Screen) note() string {
	switch i := s.focus.index; s.focus.kind {
	case fieldService:
		svc, text := s.services[i].service, ""
		if sch, ok := s.chosen(); ok && sch.Range.IsZero() && !s.ownPorts {
			if _, has := rule(sch, svc); !has {
				text = schemeName(sch) + " has no port for it; "
			}
		}
		return text + s.evidence(svc)
	case fieldScheme:
		if b, bad := s.blame[s.schemes[i].Name]; bad {
			return s.schemes[i].Name + ": " + b.why
		}
		return s.schemes[i].Title
	case fieldMe:
		return "other networks on your way to a forward may show another address"
	case fieldEngine:
		e := s.engineWay()
		text := e.Why
		if e.Next != "" {
			text += "; " + e.Next
		}
		return text
	case fieldFormula:
		return "n is its number in the subnet; oct1 to oct4, x is oct4, y oct3"
	case fieldName:
		return "in the configuration file, for every console; without a name it holds for this plan alone"
	case fieldOwn, fieldPorts, fieldAnywhere, fieldOnly:
	}
	return ""
}

// noteLines is the note in exactly height lines.
func (s *Screen) noteLines(width, height int, st *themes.Styles) []string {
	lines := preview.Prose(s.note(), width)
	if len(lines) > height {
		lines = lines[:height]
		lines[height-1] = widget.Truncate(lines[height-1]+widget.Ellipsis, width)
	}
	out := make([]string, height)
	for i, l := range lines {
		out[i] = widget.Paint(st.Dim, l)
	}
	return out
}

func checkbox(on bool, st *themes.Styles) widget.Span {
	if on {
		return widget.Span{Text: "[x] ", Style: st.Accent}
	}
	return widget.Span{Text: "[ ] ", Style: st.Dim}
}

func radio(on bool, st *themes.Styles) widget.Span {
	if on {
		return widget.Span{Text: "(•) ", Style: st.Accent}
	}
	return widget.Span{Text: "( ) ", Style: st.Dim}
}

func (s *Screen) ink(active bool, st *themes.Styles) lipgloss.Style {
	if active {
		return st.Accent
	}
	return st.Text
}
