package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/views"
	historyview "portico/views/history"
)

// In plain mode all is said in words, line by line, for a screen reader or a terminal that can do
// nothing else: no colours, no signs, no columns.

// speakPlainly settles whether all is said plainly: by the flag or the file. What is wrong with the
// file is told by who needs it.
func (a *app) speakPlainly() error {
	if c, err := a.loadConfig(); err == nil && c.Plain {
		a.flags.plain = true
	}
	if !a.flags.plain {
		return nil
	}
	return noColor("true")
}

// plainWords stand for the signs that commands print. What is left of an ornament is nothing.
var plainWords = strings.NewReplacer(
	"✓ ", "ok: ", "✓", "ok", "✗ ", "failed: ", "✗", "failed", "⚠ ", "warning: ", "⚠", "warning", "⟳ ", "again: ",
	"● ", "", "○ ", "", "◐ ", "", "▸ ", "", "• ", "", " · ", ", ", "·", "", "…", "...", "→", "to", "←", "from", "↑", "up", "↓", "down", "▲", "up", "▼", "down", " -> ", " to ",
)

// ornaments are lines, boxes and blocks.
var ornaments = regexp.MustCompile(`[\x{2500}-\x{25ff}]`)

// judged is a line that tells how something stands: its columns are of no use to who listens.
// doubted begins one of which that is not known.
var (
	judged  = regexp.MustCompile(`(?m)^(ok|failed|warning|unknown): .*$`)
	doubted = regexp.MustCompile(`(?m)^\? `)
	spaced  = regexp.MustCompile(` {2,}`)
)

// warned is how [warning] begins.
var warned = strings.TrimSuffix(styleWarn.Render("! "), "\x1b[m")

// spoken is a text as plain mode prints it.
func spoken(text string) string {
	text = ansi.Strip(strings.ReplaceAll(text, warned, "warning: "))
	text = doubted.ReplaceAllString(text, "unknown: ")
	text = ornaments.ReplaceAllString(plainWords.Replace(text), "")
	return judged.ReplaceAllStringFunc(text, func(line string) string { return spaced.ReplaceAllString(line, " ") })
}

// speech is a table as lines: what the first column has, then each other cell after its heading.
func speech(headings []string, rows [][]string) string {
	var b strings.Builder
	for _, row := range rows {
		var rest []string
		for i, cell := range row[1:] {
			cell = strings.ReplaceAll(strings.TrimSpace(ansi.Strip(cell)), "  ", ", ")
			if heading := plainHeading(headings[i+1]); cell != "" && heading != "" {
				rest = append(rest, heading+" "+cell)
			}
		}
		b.WriteString(strings.TrimSpace(ansi.Strip(row[0])))
		if len(rest) > 0 {
			b.WriteString(": " + strings.Join(rest, ", "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func plainHeading(heading string) string {
	return strings.ReplaceAll(strings.ToLower(heading), "ip", "IP")
}

// word is what stands for a sign in plain mode.
func (a *app) word(sign, plain string) string {
	if a.flags.plain {
		return plain
	}
	return sign
}

// sign is the mark of what a plan does, a word in plain mode.
func (a *app) sign(x plan.Action) string {
	if !a.flags.plain {
		return action(x)
	}
	switch x {
	case plan.Create:
		return "add:"
	case plan.Update:
		return "change:"
	case plan.Delete:
		return "remove:"
	}
	return "as it is:"
}

// lineSign is the mark of a line of before or after.
func (a *app) lineSign(x plan.Action) string {
	switch {
	case !a.flags.plain:
		return string(x) + " "
	case x == plan.Delete:
		return "old: "
	}
	return "new: "
}

// changeCounts is what a record has changed, by numbers.
func (a *app) changeCounts(r history.Record) string {
	if !a.flags.plain {
		return historyview.Summary(r)
	}
	count := map[plan.Action]int{}
	for _, c := range r.Changes {
		count[c.Action]++
	}
	return fmt.Sprintf("%d added and %d changed and %d removed", count[plan.Create], count[plan.Update], count[plan.Delete])
}

// itemSign is the same for a forward of a plan.
func (a *app) itemSign(x plan.Action) string {
	if a.flags.plain {
		return strings.TrimSuffix(a.sign(x), ":")
	}
	return actionWord(x)
}

// outcome is how a test ended, for a table.
func (a *app) outcome(r probe.Result) string {
	if !a.flags.plain {
		return outcome(r)
	}
	switch r.Outcome {
	case probe.OK:
		return "answers in " + views.Latency(r.Latency)
	case probe.Timeout:
		return "timed out"
	case probe.Refused, probe.Wrong:
		return string(r.Outcome)
	case probe.Unknown:
	}
	return "unknown"
}
