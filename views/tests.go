package views

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"portico/gateway"
	"portico/gateway/probe"
	"portico/themes"
)

// Tests remembers what probes have said about forwards. The zero value is ready to use.
type Tests struct {
	results map[gateway.Key]probe.Result
	running map[gateway.Key]bool
}

// Take notes a ProbeStartMsg or a ProbeMsg; others are none of its business, and it is false.
func (t *Tests) Take(msg tea.Msg) bool {
	switch msg := msg.(type) {
	case ProbeStartMsg:
		if t.running == nil {
			t.running = map[gateway.Key]bool{}
		}
		for _, k := range msg.Keys {
			t.running[k] = true
		}
	case ProbeMsg:
		if t.results == nil {
			t.results = map[gateway.Key]probe.Result{}
		}
		t.results[msg.Key] = msg.Result
		delete(t.running, msg.Key)
	default:
		return false
	}
	return true
}

// Of is the last result for a forward and whether a probe is under way; ok is false when it was never tested.
func (t *Tests) Of(k gateway.Key) (r probe.Result, ok, running bool) {
	r, ok = t.results[k]
	return r, ok, t.running[k]
}

// Word is a result in a few cells and the style for it: "✓ 12 ms", "✗ timed out", "…" while a
// probe is under way, "" when the forward was never tested. Brief leaves out what is good to know only.
func (t *Tests) Word(k gateway.Key, st *themes.Styles, brief bool) (string, lipgloss.Style) {
	r, ok, running := t.Of(k)
	switch {
	case running:
		return "…", st.Dim
	case !ok:
		return "", st.Dim
	}
	return OutcomeWord(r, st, brief)
}

// OutcomeWord is one result in a few cells and the style for it.
func OutcomeWord(r probe.Result, st *themes.Styles, brief bool) (string, lipgloss.Style) {
	switch r.Outcome {
	case probe.OK:
		if brief || r.Latency <= 0 {
			return "✓", st.Good
		}
		return "✓ " + Latency(r.Latency), st.Good
	case probe.Timeout:
		return "✗ timed out", st.Bad
	case probe.Refused, probe.Wrong:
		return "✗ " + string(r.Outcome), st.Bad
	case probe.Unknown:
	}
	return "? unknown", st.Dim
}

// Latency is a duration as one says it: "12 ms", "1.4 s".
func Latency(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
