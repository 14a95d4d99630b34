package views

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/gateway"
)

// Traffic keeps what a gateway has counted, and what two readings of it say together: how much comes
// through at present, and when a forward was last used. The zero value is ready to use.
type Traffic struct {
	of      gateway.Gateway
	at      time.Time // of the last reading
	known   bool
	total   gateway.Counter
	rate    Rate
	forward map[gateway.Key]Flow
	tested  map[gateway.Key]uint64 // connections that this console's own tests may have made since the last reading
}

// Rate is what came through between the last two readings. Known is false before there were two.
type Rate struct {
	Packets, Bytes float64 // a second
	Known          bool
}

// Flow is what came through one forward.
type Flow struct {
	gateway.ForwardTraffic
	Rate Rate      // of all forwards that are counted together with it
	Used time.Time // when it was last seen that somebody had connected; zero: not since the console looks
}

// Test notes tests of this console's own: they count as connections, and are nobody's use. A test may be
// counted before it is told of or after.
func (t *Traffic) Test(msg tea.Msg) {
	if t.tested == nil {
		t.tested = map[gateway.Key]uint64{}
	}
	switch msg := msg.(type) {
	case ProbeStartMsg:
		for _, k := range msg.Keys {
			t.tested[k]++
		}
	case ProbeMsg:
		t.tested[msg.Key]++
	}
}

// Take notes what a snapshot has counted; it is false when that is nothing new. What was counted on
// another gateway is forgotten.
func (t *Traffic) Take(m SnapshotMsg) bool {
	s := m.Snapshot
	if s.State == nil || s.Gateway != t.of {
		t.of, t.known, t.at, t.rate, t.forward = s.Gateway, false, time.Time{}, Rate{}, nil
	}
	if s.State == nil || !m.GatewayAt.After(t.at) {
		return false
	}
	now, was, since := s.State.Traffic, t.forward, m.GatewayAt.Sub(t.at).Seconds()
	t.rate = Rate{}
	if t.known {
		t.rate = rate(t.total, now.Total, since)
	}
	t.forward = make(map[gateway.Key]Flow, len(now.Forwards))
	for k, f := range now.Forwards {
		flow := Flow{ForwardTraffic: f}
		if old, ok := was[k]; ok && t.known {
			flow.Used = old.Used
			if f.Sharing == old.Sharing {
				flow.Rate = rate(old.Counter, f.Counter, since)
			}
			if t.used(k, old, f) {
				flow.Used = m.GatewayAt
			}
		}
		t.forward[k] = flow
	}
	clear(t.tested)
	t.total, t.known, t.at = now.Total, now.Forwards != nil, m.GatewayAt
	return true
}

// used reports whether somebody else than this console's tests has used a forward between two readings.
func (t *Traffic) used(k gateway.Key, was Flow, now gateway.ForwardTraffic) bool {
	if own := t.tested[k]; own > 0 {
		return now.Connections > was.Connections+own
	}
	return now.Connections != was.Connections && now.Connections > 0 || now.Sharing == 1 && was.Sharing == 1 && now.Packets > was.Packets
}

// rate is what came in so many seconds. Rules that were made anew count from nothing again.
func rate(was, now gateway.Counter, seconds float64) Rate {
	if seconds <= 0 {
		return Rate{}
	}
	if now.Packets < was.Packets || now.Bytes < was.Bytes {
		was = gateway.Counter{}
	}
	return Rate{Packets: float64(now.Packets-was.Packets) / seconds, Bytes: float64(now.Bytes-was.Bytes) / seconds, Known: true}
}

// Total is what has come through the gateway in all, and does at present; false when it is not known.
func (t *Traffic) Total() (gateway.Counter, Rate, bool) { return t.total, t.rate, t.known }

// Of is what has come through a forward; false when it is not known.
func (t *Traffic) Of(k gateway.Key) (Flow, bool) {
	f, ok := t.forward[k]
	return f, ok && t.known
}

// Bytes is an amount of data as one says it: "0", "840 B", "1.2 kB", "35 MB".
func Bytes(n float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for n >= 999.5 && i < len(units)-1 {
		n, i = n/1000, i+1
	}
	switch {
	case n == 0:
		return "0"
	case i > 0 && n < 9.95:
		return fmt.Sprintf("%.1f %s", n, units[i])
	}
	return fmt.Sprintf("%.0f %s", n, units[i])
}

// Amount is a number as one says it where there is little room: "0", "840", "1.2k", "35M".
func Amount(n uint64) string {
	x, units, i := float64(n), []string{"", "k", "M", "G", "T"}, 0
	for x >= 999.5 && i < len(units)-1 {
		x, i = x/1000, i+1
	}
	if i > 0 && x < 9.95 {
		return fmt.Sprintf("%.1f%s", x, units[i])
	}
	return fmt.Sprintf("%.0f%s", x, units[i])
}

// PerSecond is a rate of data: "0", "1.2 kB/s"; "" when it is not known.
func (r Rate) PerSecond() string {
	switch {
	case !r.Known:
		return ""
	case r.Bytes < 0.5:
		return "0"
	}
	return Bytes(r.Bytes) + "/s"
}

// Ago is how long ago something was, in a few cells: "now", "40 s", "12 min", "3 h", "2 d".
func Ago(at, now time.Time) string {
	switch d := now.Sub(at); {
	case d < 10*time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	}
}
