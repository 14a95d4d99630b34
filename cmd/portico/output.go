package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"

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

// seconds is a duration as people read it.
func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// note writes to standard error: progress and remarks that are not the answer.
func (a *app) note(format string, args ...any) { _ = fprint(a.err, format, args...) }

func fprint(w interface{ Write([]byte) (int, error) }, format string, args ...any) error {
	_, err := fmt.Fprintf(colorprofile.NewWriter(w, os.Environ()), format, args...)
	return err
}
