package history

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"portico/cloud"
	"portico/gateway/history"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// detail is the pane beside the list: the record without the lines of its changes.
func (s *Screen) detail(r row, f views.Frame, width int) string {
	st := f.Styles
	room := width - len("gateway") - 2
	var facts []widget.Fact
	for _, x := range s.facts(r, f) {
		for i, l := range preview.Prose(x.text, room) {
			name, value := x.name, widget.Spans{{Text: l, Style: x.pen(st)}}
			if i > 0 {
				name = ""
			} else if x.name == "result" {
				value = s.result(r, st)
			}
			facts = append(facts, widget.Fact{Name: name, Value: value})
		}
	}
	facts = append(facts, widget.Fact{})
	for i, c := range r.Changes {
		name := ""
		if i == 0 {
			name = "changes"
		}
		facts = append(facts, widget.Fact{Name: name, Value: widget.Spans{{Text: string(rune(c.Action)) + " ", Style: preview.Ink(c.Action, st)}, {Text: c.Title, Style: st.Dim}}})
	}
	return widget.Pane(st, r.Title, facts, width, f.Height)
}

// fact is one thing that is known of a record.
type fact struct {
	name, text string
	pen        preview.Pen
}

func text(st *themes.Styles) lipgloss.Style { return st.Text }
func dim(st *themes.Styles) lipgloss.Style  { return st.Dim }
func warn(st *themes.Styles) lipgloss.Style { return st.Warn }

// facts are what a record says beside its changes, most needed first.
func (s *Screen) facts(r row, f views.Frame) []fact {
	out := []fact{{"result", Word(r.Result, false), func(st *themes.Styles) lipgloss.Style { _, _, style := mark(r.Result, st); return style }}}
	add := func(name, value string, pen preview.Pen) {
		if value != "" {
			out = append(out, fact{name, value, pen})
		}
	}
	add("", Meaning(r.Result), dim)
	add("why", r.Error, text)
	for i, l := range r.Left {
		name := ""
		if i == 0 {
			name = "left"
		}
		add(name, l, warn)
	}
	when, took, _ := strings.Cut(Period(r, f.Now), tookWord)
	add("when", when, text)
	add("took", took, text)
	add("by", r.By, text)
	add("gateway", r.Gateway, text)
	add("project", r.Project, text)
	return out
}

const tookWord = ", took "

// Period is when an apply began, in now's time zone, and how long it took where that is known:
// "2026-11-21 12:22:11 UTC, took 2.1 s".
func Period(r history.Record, now time.Time) string {
	out := r.At.In(now.Location()).Format("2006-01-02 15:04:05 MST")
	if took := r.Ended.Sub(r.At); !r.Ended.IsZero() && took >= 0 {
		out += tookWord + views.Latency(took)
	}
	return out
}

// Via says by which gateway a record was applied, to stand behind who did it: " via gw-1". It is
// empty where only the cloud was changed, as by the plans of floating IPs.
func Via(r history.Record) string {
	if r.Gateway == "" {
		return ""
	}
	return " via " + cloud.Clean(r.Gateway)
}

// Text is a record and its changes as plain text, for a message or a ticket: the form of
// 'portico history show'.
func Text(r history.Record, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s by %s%s: %s\n", cloud.Clean(r.Title), Period(r, now), cloud.Clean(r.By), Via(r), Word(r.Result, false))
	if r.Error != "" {
		fmt.Fprintf(&b, "why: %s\n", cloud.Clean(r.Error))
	}
	for _, l := range r.Left {
		fmt.Fprintf(&b, "left: %s\n", cloud.Clean(l))
	}
	b.WriteString("\n" + preview.DiffOf(r.Changes))
	return b.String()
}
