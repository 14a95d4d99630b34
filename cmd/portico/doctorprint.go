package main

import (
	"fmt"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway/doctor"
	"portico/views/widget"
)

// doctorJSON is what portico doctor prints with --json.
type doctorJSON struct {
	diagnosisJSON
	Fixed *fixedJSON     `json:"fixed,omitempty"` // with --fix: what was planned and done
	After *diagnosisJSON `json:"after,omitempty"` // with --fix: the diagnosis afterwards
}

type fixedJSON struct {
	Plan    planJSON   `json:"plan"`
	Applied bool       `json:"applied"`
	Error   *errorJSON `json:"error,omitempty"`
	Left    []string   `json:"left,omitempty"`  // what could not be undone
	Notes   []string   `json:"notes,omitempty"` // what else to know
}

// diagnosisJSON is one diagnosis. Broken is the number of the broken hop, null if none is.
type diagnosisJSON struct {
	Title    string         `json:"title"`
	Verdict  doctor.Verdict `json:"verdict"`
	Summary  string         `json:"summary"`
	Broken   *int           `json:"broken"`
	Cause    doctor.Cause   `json:"cause"` // of the broken hop; "" if none is
	Instance string         `json:"instance"`
	Gateway  string         `json:"gateway"`
	Service  string         `json:"service"`
	Public   string         `json:"public"`
	Private  string         `json:"private"`
	Hops     []doctor.Hop   `json:"hops"`
	Later    []doctor.Later `json:"later"`
	Fix      *doctor.Fix    `json:"fix"`
	Notes    []string       `json:"notes"`
	Seconds  float64        `json:"seconds"`
}

func newDiagnosisJSON(d doctor.Diagnosis) diagnosisJSON {
	out := diagnosisJSON{
		Title: d.Title, Verdict: d.Verdict, Summary: d.Summary, Instance: d.Instance, Gateway: d.Gateway, Service: d.Forward.Service.Name,
		Hops: d.Hops, Later: orEmpty(d.Later), Fix: d.Fix(), Notes: orEmpty(d.Notes), Seconds: d.Took.Round(10 * time.Millisecond).Seconds(),
	}
	if d.Forward.Public.IsValid() {
		out.Public = d.Forward.Public.String()
	}
	if d.Forward.Private.IsValid() {
		out.Private = d.Forward.Private.String()
	}
	if d.Broken >= 0 {
		n := d.Hops[d.Broken].N
		out.Broken = &n
		if len(d.Hops[d.Broken].Findings) > 0 {
			out.Cause = d.Hops[d.Broken].Findings[0].Cause
		}
	}
	return out
}

// verdictMarks are the hops' marks.
var verdictMarks = map[doctor.Verdict]string{doctor.OK: "✓", doctor.Degraded: "!", doctor.Blocked: "✗", doctor.Unknown: "?"}

func verdictText(v doctor.Verdict, text string) string {
	switch v {
	case doctor.OK:
		return styleGood.Render(text)
	case doctor.Blocked:
		return styleBad.Render(text)
	case doctor.Degraded:
		return styleWarn.Render(text)
	case doctor.Unknown:
	}
	return styleDim.Render(text)
}

// printDiagnosis draws the ladder, with the evidence of what is not well.
func (a *app) printDiagnosis(d doctor.Diagnosis, report bool) {
	if report {
		a.print("%s", doctor.Report(d))
		return
	}
	a.print("%s\n", styleBold.Render(d.Title))
	a.printWrapped("", "", d.Summary, func(l string) string { return verdictText(d.Verdict, l) })
	a.print("\n")
	for _, n := range d.Notes {
		a.print("%s\n", warning(n, ""))
	}
	wide := 0
	for _, h := range d.Hops {
		wide = max(wide, min(widget.Width(h.Title), maxTitle))
	}
	for i, h := range d.Hops {
		paint := plainly
		if h.Verdict == doctor.Unknown || h.Follows > 0 {
			paint = faintly
		}
		head := fmt.Sprintf("%s %2d  %s  ", verdictText(h.Verdict, verdictMarks[h.Verdict]), h.N, widget.Fit(h.Title, wide))
		a.printWrapped(head, strings.Repeat(" ", wide+8), h.Text, paint)
		if i == d.Broken {
			a.printFindings(h)
		}
	}
	a.print("\n")
	for _, l := range d.Later {
		a.print("%s\n", warning(l.Text, ""))
	}
	if fix := d.Fix(); fix != nil {
		a.printFix(*fix)
	}
	a.print("%s\n", styleDim.Render(fmt.Sprintf("looked for %.1f s; nothing was changed", d.Took.Seconds())))
}

// maxTitle is what a hop's name may take of a line: Nova's own may be 255 characters long.
const maxTitle = 28

func plainly(l string) string { return l }
func faintly(l string) string { return styleDim.Render(l) }

// printWrapped prints a text behind head, and further lines of it behind indent: on a terminal none is
// longer than that. What goes to a file is never cut.
func (a *app) printWrapped(head, indent, text string, paint func(string) string) {
	lines := []string{text}
	if width := a.width(); width > 0 {
		lines = widget.Wrap(text, max(width-widget.Width(indent), minColumn))
	}
	for i, l := range lines {
		if i > 0 {
			head = indent
		}
		a.print("%s%s\n", head, paint(l))
	}
}

// The indents of what belongs to a hop, and of what is raw there.
const (
	indentFinding = "       "
	indentRaw     = "         "
)

func (a *app) printFindings(h doctor.Hop) {
	for i, f := range h.Findings {
		if f.Verdict == doctor.OK {
			continue
		}
		if i > 0 {
			a.printWrapped(indentFinding, indentFinding, f.Text, func(l string) string { return verdictText(f.Verdict, l) })
		}
		for _, e := range f.Evidence {
			a.printWrapped(indentFinding, indentFinding, e.Words, plainly)
			for l := range strings.Lines(e.Raw) {
				a.printWrapped(indentRaw, indentRaw, cloud.Clean(strings.TrimRight(l, "\n")), faintly)
			}
		}
		if f.Missing != "" {
			a.printWrapped(indentFinding, indentFinding, "missing: "+f.Missing, plainly)
		}
	}
}

func (a *app) printFix(f doctor.Fix) {
	switch f.Kind {
	case doctor.FixPlan:
		a.print("%s %s %s\n", styleBold.Render("fix:"), f.Title, styleDim.Render("(again with --fix)"))
	case doctor.FixCommand:
		a.print("%s %s\n  %s\n", styleBold.Render("fix:"), f.Title, f.Command)
	case doctor.FixSentence:
		a.print("%s\n", styleBold.Render(f.Title+":"))
		a.printWrapped("  ", "  ", f.Sentence, plainly)
	}
}

// printDiagnoses is the table of all, worst first.
func (a *app) printDiagnoses(all []doctor.Diagnosis) {
	rows := make([][]string, 0, len(all))
	for _, d := range all {
		hop, why := "", d.Summary
		if d.Broken >= 0 {
			h := d.Hops[d.Broken]
			hop, why = fmt.Sprintf("%d of %d", h.N, len(d.Hops)), h.Title+": "+h.Text
		} else if d.Verdict == doctor.OK {
			why = ""
		}
		rows = append(rows, []string{verdictMarks[d.Verdict] + " " + string(d.Verdict), d.Forward.PublicText(), d.Instance, d.Forward.Service.Name, hop, why})
	}
	a.printTable([]string{"VERDICT", "PUBLIC", "INSTANCE", "SERVICE", "HOP", "WHY"}, rows)
}
