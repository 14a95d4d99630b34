package main

import (
	"encoding/json"
	"fmt"
	"os"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"

	"portico/cloud"
	"portico/gateway"
)

// printJSON writes one value, indented, as all commands do with --json.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	a.wrote(e.Encode(v))
	return nil
}

// wrote remembers the first failure to write the answer: an answer that is cut off is none.
func (a *app) wrote(err error) {
	if a.broken == nil && err != nil {
		a.broken = &gateway.Error{Op: "write the output", Kind: gateway.Internal, Err: err, Next: "look at where the output goes: a full disk, a closed pipe"}
	}
}

var (
	styleHead = lipgloss.NewStyle().Faint(true)
	styleGood = lipgloss.NewStyle().Foreground(lipgloss.Green)
	styleWarn = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	styleBad  = lipgloss.NewStyle().Foreground(lipgloss.Red)
	styleDim  = lipgloss.NewStyle().Faint(true)
	styleBold = lipgloss.NewStyle().Bold(true)
)

// print writes to standard output, with colours as the terminal has them.
func (a *app) print(format string, args ...any) { a.wrote(fprint(a.out, format, args...)) }

// note writes to standard error: progress and remarks that are not the answer.
func (a *app) note(format string, args ...any) { _ = fprint(a.err, format, args...) }

func fprint(w interface{ Write([]byte) (int, error) }, format string, args ...any) error {
	_, err := fmt.Fprintf(colorprofile.NewWriter(w, os.Environ()), format, args...)
	return err
}

// warning is one remark: what, and the detail if there is one.
func warning(title, detail string) string {
	text := "! " + title
	if detail = cloud.Clean(detail); detail == "" {
		return styleWarn.Render(text)
	}
	return styleWarn.Render(text+":") + " " + styleDim.Render(detail)
}
