// Package formula is the field in which formulas of one's own are typed in place of a named scheme. What
// is wrong with one by itself is told at once; what it gives over the whole subnet when that has been
// computed; until then what was told before stays.
package formula

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// Form is how a formula is written.
const Form = "40000 + n, or ssh=40000+n; http=41000+n"

// Field is the text and what is known of it. Make one with [New].
type Field struct {
	Text widget.Input
	Name widget.Input // to save it by

	sch    *scheme.Scheme
	err    error // of the text by itself
	asked  string
	seq    int
	trial  publish.Trial
	tried  bool
	subnet netip.Prefix
}

// New returns an empty field.
func New() Field {
	return Field{Text: widget.NewInput(Form, false), Name: widget.NewInput("a name; ctrl+s saves the formula by it", false), err: errEmpty}
}

// Anew is an empty field in place of one: answers to what was asked before are stale.
func (f *Field) Anew() Field {
	out := New()
	out.seq = f.seq
	return out
}

var errEmpty = errors.New("type a formula, as " + Form)

// Read compiles what was typed, for these services and those of the catalogue.
func (f *Field) Read(services, catalogue []gateway.Service) {
	f.sch, f.err = nil, errEmpty
	text := strings.TrimSpace(f.Text.Value())
	if text == "" {
		return
	}
	all := slices.Clone(services)
	for _, c := range catalogue {
		if !slices.ContainsFunc(all, func(s gateway.Service) bool { return s.Name == c.Name }) {
			all = append(all, c)
		}
	}
	sch, err := scheme.Spoken(publish.OwnScheme, text, all)
	var at *scheme.FormulaError
	switch {
	case errors.As(err, &at) && at.At > 0:
		f.err = fmt.Errorf("%w: %s", at, marked(text, at.At))
		return
	case errors.As(err, &at):
		f.err = at
		return
	case err != nil:
		f.err = errors.New(views.Explain(err).Why)
		return
	}
	for _, s := range services {
		if !slices.ContainsFunc(sch.Services, func(r scheme.Rule) bool { return r.Service.Name == s.Name && r.Service.Protocol == s.Protocol }) {
			f.err = fmt.Errorf("there is no formula for %s: add %s=40000+n", s.Name, s.Name)
			return
		}
	}
	f.sch, f.err = sch, nil
}

// marked is the part of a text around a place, from 1, with ">>" before it.
func marked(text string, at int) string {
	const around = 16
	r := []rune(text)
	at = max(0, min(at-1, len(r)))
	from, to := max(0, at-around), min(len(r), at+around)
	return string(r[from:at]) + ">>" + string(r[at:to])
}

// Scheme is what was typed, or what is wrong with it by itself.
func (f *Field) Scheme() (*scheme.Scheme, error) { return f.sch, f.err }

// Ask asks what the formulas give in a subnet; nil where there is nothing to ask that was not asked before.
func (f *Field) Ask(subnet netip.Prefix) views.Intent {
	if f.err != nil || !subnet.IsValid() {
		f.asked, f.tried = "", false
		return nil
	}
	what := fmt.Sprint(subnet, f.sch.Services)
	if what == f.asked {
		return nil
	}
	f.tried = f.tried && f.subnet == subnet
	f.asked, f.subnet = what, subnet
	f.seq++
	return views.TryFormula{Seq: f.seq, Scheme: f.sch, Subnet: subnet}
}

// Take takes the answer to the last question.
func (f *Field) Take(m views.TriedMsg) {
	if m.Seq == f.seq && f.asked != "" {
		f.trial, f.tried = m.Trial, true
	}
}

// Save is the intent to save the formulas by the name that was typed, or to tell why that cannot be.
func (f *Field) Save() views.Intent {
	name := strings.TrimSpace(f.Name.Value())
	switch {
	case f.err != nil:
		return views.Tell{Text: "not saved: " + f.err.Error()}
	case name == "":
		return views.Tell{Text: "type a name to save it by, below the formula"}
	case f.tried && f.trial.Fatal():
		return views.Tell{Text: "not saved: some addresses of " + f.subnet.String() + " would not get their ports"}
	}
	c := f.sch.Config()
	c.Name = name
	return views.SaveScheme{Config: c}
}

// Lines tells what is known of the formula, in lines of at most width cells.
func (f *Field) Lines(width int, st *themes.Styles) []string {
	if width < 1 {
		return nil
	}
	switch {
	case errors.Is(f.err, errEmpty):
		return []string{widget.Paint(st.Dim, widget.Truncate(Form, width))}
	case f.err != nil:
		return said(st.Bad, "✗ "+f.err.Error(), width)
	case f.asked == "":
		return []string{widget.Paint(st.Dim, widget.Truncate("over which subnet is not known yet", width))}
	case !f.tried:
		return []string{widget.Paint(st.Dim, "…")}
	case f.trial.Err != nil:
		return said(st.Warn, "! "+views.Explain(f.trial.Err).Why, width)
	}
	var out []string
	for _, p := range f.trial.Problems {
		if p.Fatal() {
			out = append(out, said(st.Bad, fmt.Sprintf("✗ %s, %s: %s", p.Title, preview.Count(p.Count, "time"), p.Detail), width)...)
		}
	}
	var parts []string
	for i, b := range f.trial.Bounds[:min(len(f.trial.Bounds), len(f.trial.Scheme.Services))] {
		part := f.trial.Scheme.Services[i].Service.Name + " no port"
		if b.Count > 0 {
			part = fmt.Sprintf("%s %s", f.trial.Scheme.Services[i].Service.Name, gateway.PortText(b.Lowest, int(b.Upper)-int(b.Lowest)+1))
			if i == 0 {
				part += fmt.Sprintf(" for %s of %s", addresses(b.Count), f.subnet)
			}
		}
		parts = append(parts, part)
	}
	if len(out) == 0 {
		out = said(st.Good, "✓ "+strings.Join(parts, ", "), width)
	}
	for _, p := range f.trial.Problems {
		if !p.Fatal() {
			out = append(out, said(st.Warn, fmt.Sprintf("! %d %s", p.Count, p.Title), width)...)
		}
	}
	return out
}

func addresses(n int) string {
	if n == 1 {
		return "1 address"
	}
	return fmt.Sprintf("%d addresses", n)
}

// mostLines is how many lines one thing takes at most.
const mostLines = 3

func said(ink lipgloss.Style, text string, width int) []string {
	lines := widget.Wrap(text, width)
	if len(lines) > mostLines {
		lines = lines[:mostLines]
		lines[mostLines-1] = widget.Truncate(lines[mostLines-1]+widget.Ellipsis, width)
	}
	for i, l := range lines {
		lines[i] = widget.Paint(ink, l)
	}
	return lines
}
