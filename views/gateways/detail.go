package gateways

import (
	"fmt"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// detail is what is known of a gateway in at most height lines; when not all of it fits, the last
// line says so.
func (s *Screen) detail(r row, f views.Frame, width, height int) string {
	lines := append([]string{widget.Paint(f.Styles.Title, widget.Truncate(r.Name, width)), ""}, s.about(r, f, width)...)
	lines = append(lines, s.drifted(r, f.Styles, width)...)
	if len(lines) > height && height > 0 {
		lines = append(lines[:height-1:height-1], widget.Paint(f.Styles.Accent, "▼ enter shows all"))
	}
	return widget.Lines(strings.Join(lines, "\n"), width, height)
}

func indent(block string) string { return " " + strings.ReplaceAll(block, "\n", "\n ") }

// about is who is changing the gateway, what it took back, why it does not answer, and its facts.
func (s *Screen) about(r row, f views.Frame, width int) []string {
	st := f.Styles
	var out []string
	if r.err != nil {
		out = append(out, preview.Problem(r.err, width, st)...)
	}
	if !r.chosen {
		return append(out, prose("", "not in use; --gateway or 'gateway:' in the configuration file chooses it", width, st)...)
	}
	if r.state == nil {
		return out
	}
	if a := r.state.Armed; a != nil {
		left := a.Left - f.Now.Sub(s.snapshot.GatewayAt)
		out = append(out, preview.Note(cloud.Clean(a.By)+" has been changing it since "+clock(a.At, f.Now), "the gateway takes it back in "+views.Countdown(left)+" unless it hears from them", width, st)...)
	}
	for _, b := range r.state.RolledBack {
		out = append(out, tookBack(b, f, width)...)
	}
	if len(out) > 0 {
		out = append(out, "")
	}
	if m := s.measured(r, st, width); len(m) > 0 {
		out = append(out, m...)
	}
	for i, x := range r.state.Facts {
		label := ""
		if i == 0 {
			label = "facts"
		}
		style := st.Text
		if !x.OK {
			style = st.Warn
		}
		out = append(out, widget.Spans{{Text: widget.Fit(label, 7), Style: st.Dim}, {Text: x.Name + " ", Style: st.Dim}, {Text: x.Value, Style: style}}.Cut(width).Render(st, false))
	}
	if s.found.Rules > 0 {
		out = append(out, prose("others ", s.byHand(), width, st)...)
	}
	return out
}

// byHand says in words what was made by hand, as a whole.
func (s *Screen) byHand() string {
	f := s.found
	text := fmt.Sprintf("%s by hand: %s", preview.Count(f.Rules, "rule"), f.Text())
	if n := len(f.Vacant); n > 0 {
		text += fmt.Sprintf("; %s to addresses that no VM has", preview.Count(n, "forward"))
	}
	return text
}

// tookBack tells of one change that the gateway took back by itself.
func tookBack(b gateway.RolledBack, f views.Frame, width int) []string {
	title := fmt.Sprintf("it took back %s's change of %s at %s", cloud.Clean(b.By), views.When(b.At, f.Now, false), clock(b.Back, f.Now))
	next := "what it has left in the cloud, R puts right"
	if !b.Whole {
		next = "not all of its own part could be put back; R puts it right, and what is left in the cloud"
	}
	return preview.Note(title, cloud.Clean(b.Why)+"; "+next, width, f.Styles)
}

// drifted lists what has drifted, by kind, each line as iptables says it.
func (s *Screen) drifted(r row, st *themes.Styles, width int) []string {
	if r.state == nil {
		return nil
	}
	var out []string
	for _, kind := range kinds {
		n := 0
		for _, d := range r.state.Drift {
			if section(d) != kind {
				continue
			}
			if n++; n == 1 {
				ink := st.Dim
				if kind == reused {
					ink = st.Bad
				}
				out = append(out, "", widget.Paint(ink, widget.Truncate(kind.heading, width)))
			}
			out = append(out, widget.Paint(st.Text, widget.Truncate("  "+full(d), width)))
			if m := means(d, s.snapshot.Snapshot); m != "" {
				out = append(out, widget.Paint(st.Dim, widget.Truncate("    "+m, width)))
			}
		}
	}
	if len(out) == 0 {
		out = append(out, "", widget.Paint(st.Dim, widget.Truncate("no drift: what stands is as plans left it", width)))
	}
	return out
}

// group is one kind of drift as it is shown.
type group struct{ word, heading string }

// The kinds in the order in which they are shown.
var (
	missing    = group{"missing", "missing: forwards need it; R makes it again"}
	strange    = group{"strange", "strange: no plan made it; R removes it"}
	canAdopt   = group{"by hand", "made by hand, and can be adopted with A"}
	cannot     = group{"foreign", "made by hand, and stays as it is"}
	reused     = group{"✗ reused", "✗ reused: another VM has the address by now; = withdraws it, or leads it to its VM"}
	gone       = group{"gone", "gone: leads to nobody; = withdraws it, or leads it to its VM"}
	kinds      = []group{reused, gone, missing, strange, canAdopt, cannot}
	kindsOrder = map[group]int{reused: 0, gone: 1, missing: 2, strange: 3, canAdopt: 4, cannot: 5}
)

func section(d gateway.Drift) group {
	switch {
	case d.Kind == gateway.Reused:
		return reused
	case d.Kind == gateway.Gone:
		return gone
	case d.Kind == gateway.Missing:
		return missing
	case d.Kind == gateway.Strange:
		return strange
	case d.Forward != nil:
		return canAdopt
	}
	return cannot
}

// bare is what has drifted, in one line.
func bare(d gateway.Drift) string { return cloud.Clean(strings.TrimPrefix(d.Line, "-A ")) }

// full is what has drifted with its place, where the line itself does not say it.
func full(d gateway.Drift) string {
	if d.Kind == gateway.Missing && !strings.HasPrefix(d.Line, "-A ") {
		return cloud.Clean(d.Where) + ": " + bare(d)
	}
	return bare(d)
}

// means says what a rule made by hand amounts to, or why it cannot be adopted.
func means(d gateway.Drift, s publish.Snapshot) string {
	switch d.Kind {
	case gateway.Reused, gateway.Gone:
		return cloud.Clean(d.Why)
	case gateway.Missing, gateway.Strange:
		return ""
	case gateway.Foreign:
	}
	if f := d.Forward; f != nil {
		out := fmt.Sprintf("%s of %s, %s %s -> %s", f.Service.Name, publish.InstanceName(s.Inventory, f.Instance), f.Service.Protocol, f.PublicText(), f.PrivateText())
		if d.Note != "" {
			out += "; " + d.Note
		}
		return cloud.Clean(out)
	}
	return cloud.Clean(d.Why)
}

// prose is a sentence on as many lines as it needs.
func prose(label, text string, width int, st *themes.Styles) []string {
	var out []string
	for _, l := range preview.Prose(text, width-widget.Width(label)) {
		out = append(out, widget.Spans{{Text: label, Style: st.Dim}, {Text: l, Style: st.Text}}.Render(st, false))
		label = strings.Repeat(" ", widget.Width(label))
	}
	return out
}
