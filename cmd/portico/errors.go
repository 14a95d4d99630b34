package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"charm.land/fang/v2"

	"portico/cloud"
	"portico/gateway"
)

// The exit codes, a contract with scripts.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitChanges     = 3 // plan --exit-code: the plan has changes
	exitUnreachable = 4
	exitPartial     = 5
)

// exitError carries an exit code that says all; nothing more is printed for it.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit %d", e.code) }

// exitCode is how the program ends after err.
func (a *app) exitCode(err error) int {
	var exit exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		return exit.code
	case !a.started:
		return exitUsage
	}
	switch cloud.KindOf(err) {
	case gateway.Invalid:
		return exitUsage
	case gateway.Unreachable:
		return exitUnreachable
	case gateway.Partial:
		return exitPartial
	default:
		return exitFailed
	}
}

// showError prints what happened, why, and what to do next, a line each.
func (a *app) showError(w io.Writer, _ fang.Styles, err error) {
	var exit exitError
	var typed *gateway.Error
	switch {
	case errors.As(err, &exit):
	case errors.Is(err, context.Canceled) && cloud.KindOf(err) != gateway.Partial:
		_, _ = fmt.Fprintln(w, "portico: interrupted")
	case errors.As(err, &typed):
		x := cloud.Explain(err)
		_, _ = fmt.Fprintf(w, "portico: %s\n  why:  %s\n%s  next: %s\n", x.What, x.Why, excerpt(err), x.Next)
	case !a.started:
		_, _ = fmt.Fprintf(w, "portico: %s\n  why:  the command line was not understood\n  next: portico --help\n", cloud.Clean(err.Error()))
	default:
		x := cloud.Explain(err)
		_, _ = fmt.Fprintf(w, "portico: %s\n  why:  %s\n  next: %s\n", x.What, x.Why, x.Next)
	}
}

// excerpt is the line of the file that an error is about, or "".
func excerpt(err error) string {
	var bad *configError
	if !errors.As(err, &bad) {
		return ""
	}
	text := ""
	for _, line := range bad.excerpt() {
		text += "        " + line + "\n"
	}
	return text
}
