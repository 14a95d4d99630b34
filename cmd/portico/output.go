package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"

	"portico/cloud"
	"portico/gateway"
)

// printJSON writes one value, indented, as all commands do with --json.
func (a *app) printJSON(v any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		a.wrote(err)
		return nil
	}
	_, err := a.out.Write(escapeJSON(text.Bytes()))
	a.wrote(err)
	return nil
}

// escapeJSON writes as \uXXXX whatever a terminal would not show as it is. Names are clean already;
// this holds for every string there is, and changes no value.
func escapeJSON(text []byte) []byte {
	if !bytes.ContainsFunc(text, risky) {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for _, r := range string(text) {
		if !risky(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			out = fmt.Appendf(out, "\\u%04x", unit)
		}
	}
	return out
}

// risky reports whether a character of JSON text, whose only control is the line feed between
// values, is one that is no text.
func risky(r rune) bool { return r != '\n' && !cloud.IsText(r) }

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
func (a *app) print(format string, args ...any) { a.wrote(a.say(a.out, format, args...)) }

// note writes to standard error: progress and remarks that are not the answer.
func (a *app) note(format string, args ...any) { _ = a.say(a.err, format, args...) }

func (a *app) say(w io.Writer, format string, args ...any) error {
	if a.flags.plain {
		return fprint(w, "%s", spoken(fmt.Sprintf(format, args...)))
	}
	return fprint(w, format, args...)
}

func fprint(w interface{ Write([]byte) (int, error) }, format string, args ...any) error {
	_, err := io.WriteString(colorprofile.NewWriter(w, os.Environ()), clean(fmt.Sprintf(format, args...)))
	return err
}

// style is an escape sequence that sets colours and such (SGR), the only one that commands print.
var style = regexp.MustCompile(`\x1b\[[0-9;:]*m`)

// clean is [cloud.Clean] for text of several lines that has our own styles in it. What comes from
// outside was cleaned where it came in; this is for what nobody thought of.
func clean(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, ended := strings.CutSuffix(line, "\n")
		at := 0
		for _, m := range style.FindAllStringIndex(body, -1) {
			b.WriteString(cloud.Clean(body[at:m[0]]) + body[m[0]:m[1]])
			at = m[1]
		}
		b.WriteString(cloud.Clean(body[at:]))
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// warning is one remark: what, and the detail if there is one.
func warning(title, detail string) string {
	text := "! " + title
	if detail = cloud.Clean(detail); detail == "" {
		return styleWarn.Render(text)
	}
	return styleWarn.Render(text+":") + " " + styleDim.Render(detail)
}
