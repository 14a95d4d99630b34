package instances_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/instances"
	"portico/views/viewtest"
)

// many is a snapshot of so many instances, read so many seconds after the start.
func many(n, seconds int) views.SnapshotMsg {
	p, at := viewtest.Many(n), viewtest.Start.Add(time.Duration(seconds)*time.Second)
	return views.SnapshotMsg{Snapshot: publish.Snapshot{Inventory: p.Inventory, Gateway: p.Gateway, State: &p.State}, CloudAt: at, GatewayAt: at}
}

// keyToFrame measures from each key to the frame that shows what it did.
func keyToFrame(b *testing.B, keys ...string) {
	b.Helper()
	var s views.Screen = instances.New(false)
	s, _ = s.Update(many(5000, 0))
	s, _ = s.Update(views.SizeMsg{Width: 120, Height: 37})
	f := views.Frame{Width: 120, Height: 37, Now: viewtest.Start.Add(time.Minute), Styles: themes.New(themes.Default(), true)}
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		for _, k := range keys {
			m := pressed(k)
			start := time.Now()
			s, _ = s.Update(m)
			s.View(f)
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs/key")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs/key")
}

// pressed is a key by its name.
func pressed(name string) tea.KeyPressMsg {
	codes := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "backspace": tea.KeyBackspace, "home": tea.KeyHome, "end": tea.KeyEnd}
	switch code, ok := codes[name]; {
	case ok:
		return tea.KeyPressMsg{Code: code}
	case name == "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	return tea.KeyPressMsg{Code: rune(name[0]), Text: name}
}

func BenchmarkScroll5000(b *testing.B) {
	keyToFrame(b, "j", "j", "j", "k", "pgdown", "pgdown", "pgup", "end", "k", "home")
}

func BenchmarkFilterTyping5000(b *testing.B) {
	keyToFrame(b, "/", "w", "o", "r", "k", "e", "r", "-", "0", "4", "2", "backspace", "backspace", "3", "enter", "j", "esc")
}

func BenchmarkMark5000(b *testing.B) {
	keyToFrame(b, "space", "A", "A", "V", "end", "home", "esc", "esc")
}

func BenchmarkSort5000(b *testing.B) { keyToFrame(b, ">", "S") }

func BenchmarkRefresh5000(b *testing.B) {
	var s views.Screen = instances.New(false)
	m := many(5000, 0)
	f := views.Frame{Width: 120, Height: 37, Now: viewtest.Start, Styles: themes.New(themes.Default(), true)}
	b.ReportAllocs()
	for b.Loop() {
		s, _ = s.Update(m)
		s.View(f)
	}
}

// TestMemoryStaysOverRefreshes: two thousand refreshes, in each of which instances come, go and
// change, with marks, a filter and another order, leave nothing behind.
func TestMemoryStaysOverRefreshes(t *testing.T) {
	const instanceCount, refreshes, bound = 100, 2000, 2 << 20
	var s views.Screen = instances.New(false)
	s, _ = s.Update(views.SizeMsg{Width: 120, Height: 37})
	st := themes.New(themes.Default(), true)
	refresh := func(n int) {
		m := many(instanceCount, n)
		is := m.Snapshot.Inventory.Instances
		is[n%len(is)].Status = []string{"ERROR", "SHUTOFF", "BUILD"}[n%3]
		is[(n+7)%len(is)] = cloud.Instance{ID: "id-" + m.CloudAt.String(), Name: m.CloudAt.String(), Status: "ACTIVE"}
		m.Snapshot.Inventory.Instances = is[:len(is)-n%11]
		s, _ = s.Update(m)
		for _, k := range []string{[]string{"j", "space", "A", ">", "S", "V", "/"}[n%7], "9", "enter", "pgdown"} {
			s, _ = s.Update(pressed(k))
		}
		if n%50 == 0 {
			s, _ = s.Update(pressed("esc"))
		}
		s.View(views.Frame{Width: 120, Height: 37, Now: m.CloudAt, Styles: st})
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for n := range refreshes / 10 {
		refresh(n)
	}
	before := heap()
	for n := refreshes / 10; n < refreshes; n++ {
		refresh(n)
	}
	if after := heap(); after > before+bound {
		t.Errorf("%d bytes after %d refreshes, %d after a tenth of them", after, refreshes, before)
	}
	runtime.KeepAlive(s)
}
