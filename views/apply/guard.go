package apply

import (
	"slices"
	"time"

	"charm.land/lipgloss/v2"

	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// waits reports whether somebody else's change must end first.
func (s *Screen) waits() bool { return s.Running() && s.guard.Phase == publish.Waiting }

// protection is the line that says what keeps the gateway safe just now; none when there is nothing
// left to say.
type protection []struct {
	text string
	ink  func(*themes.Styles) lipgloss.Style
}

func (p protection) paint(width int, st *themes.Styles) string {
	var out widget.Spans
	for _, x := range p {
		out = append(out, widget.Span{Text: x.text, Style: x.ink(st)})
	}
	return out.Cut(width).Render(st, false)
}

func dim(st *themes.Styles) lipgloss.Style    { return st.Dim }
func text(st *themes.Styles) lipgloss.Style   { return st.Text }
func good(st *themes.Styles) lipgloss.Style   { return st.Good }
func warn(st *themes.Styles) lipgloss.Style   { return st.Warn }
func urgent(st *themes.Styles) lipgloss.Style { return st.Warn.Bold(true) }

// protection says what protects the operator: who must end first, until when the gateway takes
// everything back by itself, or that it stands for good. While the console is heard it is calm.
func (s *Screen) protection(now time.Time, width int) protection {
	g := s.guard
	left := views.Countdown(g.Until.Sub(now))
	say := func(short, more string) string {
		if width >= 76 {
			return more
		}
		return short
	}
	if s.alone && g.Phase != publish.Asking {
		return s.standsAlone(width)
	}
	switch g.Phase {
	case publish.Waiting:
		if s.finished {
			return nil
		}
		since := g.Since.In(now.Location()).Format(time.TimeOnly)
		return protection{{"◐ ", warn}, {g.By, text}, {say(" since "+since+"; esc stops", " has been changing the gateway since "+since+"; esc stops waiting"), dim}}
	case publish.Armed, publish.Checking, publish.Testing:
		return s.armed(left, width, say)
	case publish.Asking:
		return protection{{"! ", urgent}, {say("not confirmed: taken back in ", "not confirmed: everything is taken back by itself in "), warn}, {left, urgent}}
	case publish.TakingBack:
		if s.finished {
			return nil
		}
		return protection{{"● ", good}, {say("armed: the gateway helps itself", "rollback armed: what cannot be undone from here, the gateway takes back"), dim}}
	case publish.Healing:
		return s.healing(g.Until.In(now.Location()).Format(time.TimeOnly), say)
	case publish.Confirmed:
		return protection{{"● ", good}, {"confirmed: ", good}, {say("it stands for good", "it stands for good, and the rollback is disarmed"), dim}}
	case publish.Unguarded, publish.Building:
	}
	return s.unarmed(width)
}

// healing is about a gateway that puts its part back without the console, by the time at; say chooses
// the shorter words where there is little room.
func (s *Screen) healing(at string, say func(short, more string) string) protection {
	if s.finished && !slices.ContainsFunc(s.report.Left, func(c plan.Change) bool { return c.Host != "" }) {
		return protection{{"● ", good}, {say("it has put itself back", "the gateway has put its own part back by itself"), dim}}
	}
	return protection{{"! ", warn}, {say("it puts itself back at ", "the gateway puts its own part back by itself, at the latest at "), warn}, {at, urgent}}
}

// standsAlone is about a plan that no gateway has a part in.
func (s *Screen) standsAlone(width int) protection {
	if s.guard.Phase == publish.Confirmed {
		return protection{{"● ", good}, {"confirmed: ", good}, {"it stands for good", dim}}
	}
	return s.unarmed(width)
}

// armed is about a gateway that takes everything back when it hears nothing for as long as is left.
func (s *Screen) armed(left string, width int, say func(short, more string) string) protection {
	if s.finished {
		return nil
	}
	armed := say("armed: taken back in ", "rollback armed: the gateway undoes this in ")
	if width >= 90 {
		armed = "rollback armed: the gateway takes this back by itself in "
	}
	return protection{{"● ", good}, {armed, dim}, {left, text}, {say(" if silent", " unless it hears from here"), dim}}
}
