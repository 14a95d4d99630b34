package doctor

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"portico/cloud"
)

// secrets are texts that a report must not carry, whoever wrote them into an error: tokens,
// passwords, and the user part of a URL.
var secrets = []struct {
	find *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?i)\b(password|passphrase|secret|token|x-auth-token|authorization)(["']?\s*[:=]\s*)\S+`), "$1$2[removed]"},
	{regexp.MustCompile(`\bgAAAAA[\w=-]{20,}`), "[removed]"}, // a Fernet token
	{regexp.MustCompile(`://[^/@\s]+@`), "://[removed]@"},
}

// scrub removes what nobody outside should read: secrets, and whose home directory this is.
func scrub(s string) string {
	for _, x := range secrets {
		s = x.find.ReplaceAllString(s, x.with)
	}
	if home, err := os.UserHomeDir(); err == nil && len(home) > 1 {
		s = strings.ReplaceAll(s, home, "~")
	}
	return s
}

var words = map[Verdict]string{OK: "ok", Degraded: "degraded", Blocked: "BLOCKED", Unknown: "unknown", "": "..."}

// Report is a diagnosis as text fit for a ticket: plain ASCII marks, no colours, no secrets, no local
// paths, every name from outside cleaned.
func Report(d Diagnosis) string {
	var b strings.Builder
	line := func(format string, args ...any) {
		for l := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
			b.WriteString(strings.TrimRight(scrub(cloud.Clean(l)), " ") + "\n")
		}
	}
	line("%s", d.Title)
	line("%s", d.Summary)
	line("diagnosed %s by portico doctor, in %.1f s\n", d.Started.UTC().Format("2006-01-02 15:04:05 UTC"), d.Took.Seconds())
	for _, h := range d.Hops {
		reportHop(h, line)
	}
	for _, l := range d.Later {
		line("%s", l.Text)
	}
	if f := d.Fix(); f != nil {
		reportFix(*f, line)
	}
	for _, n := range d.Notes {
		line("note: %s", n)
	}
	return b.String()
}

// reportHop writes one hop, with what is known of it where it is not well.
func reportHop(h Hop, line func(format string, args ...any)) {
	text := h.Text
	if h.Follows > 0 {
		text = fmt.Sprintf("follows from %d", h.Follows)
	}
	line("%2d  %-8s %s: %s", h.N, words[h.Verdict], h.Title, text)
	if h.Verdict == OK || h.Follows > 0 {
		return
	}
	for _, f := range h.Findings {
		if f.Text != h.Text {
			line("      %s: %s", words[f.Verdict], f.Text)
		}
		for _, e := range f.Evidence {
			line("      evidence: %s", e.Words)
			for l := range strings.Lines(e.Raw) {
				line("        %s", strings.TrimRight(l, "\n"))
			}
		}
		if f.Missing != "" {
			line("      missing: %s", f.Missing)
		}
	}
}

// reportFix writes what puts it right, or whom to tell what.
func reportFix(f Fix, line func(format string, args ...any)) {
	switch f.Kind {
	case FixSentence:
		line("\n%s: %s", f.Title, f.Sentence)
	case FixCommand:
		line("\nfix: %s: %s", f.Title, f.Command)
	case FixPlan:
		line("\nfix: %s", f.Title)
	}
}
