package views

import (
	"fmt"
	"net/netip"
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
	ends    map[gateway.Key]netip.AddrPort // where the forwards lead that stood when the gateway was last read
	read    time.Time                      // when that was
	taken   map[gateway.Key]time.Time      // read, when the last result came
}

// Keep forgets the results of forwards that are gone, or lead elsewhere by now. A result that came
// after the gateway was read stays until it is read again: the forward may just have been made.
func (t *Tests) Keep(msg SnapshotMsg) {
	if msg.Snapshot.State == nil || !msg.GatewayAt.After(t.read) {
		return
	}
	t.read = msg.GatewayAt
	was := t.ends
	t.ends = make(map[gateway.Key]netip.AddrPort, len(msg.Snapshot.State.Forwards))
	for _, f := range msg.Snapshot.Forwards() {
		k := f.Key()
		t.ends[k] = f.Private
		if old, ok := was[k]; ok && old != f.Private {
			delete(t.results, k)
		}
	}
	for k := range t.results {
		if _, stands := t.ends[k]; !stands && t.taken[k].Before(t.read) {
			delete(t.results, k)
			delete(t.taken, k)
		}
	}
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
		if t.taken == nil {
			t.taken = map[gateway.Key]time.Time{}
		}
		t.taken[msg.Key] = t.read
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
