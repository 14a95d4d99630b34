package tui

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"portico/tui/effects"
	"portico/tui/effects/effectstest"
)

// hour is so many refreshes: one every five seconds.
const hour = 720

// refreshed is the console's heap after a sixth of so many refreshes and after all of them, in bytes.
// They come by its own clock and through its effects, while instances and forwards come and go.
func refreshed(t testing.TB, instances, times int) (early, late uint64) {
	t.Helper()
	b := effectstest.Many(instances)
	d := drive(t, b, 120, 40).start()
	all, forwards := b.Project.Instances, b.State.Forwards
	for n := range times {
		b.Change(func(b *effectstest.Backend) {
			b.Project.Instances = slices.Clone(all[:len(all)-n%7])
			b.Project.Instances[n%(len(all)/2)].Status = []string{"ERROR", "SHUTOFF", "BUILD"}[n%3]
			b.State.Forwards = slices.Clone(forwards[:len(forwards)-n%5])
		})
		d.now = d.now.Add(5 * time.Second)
		d.keys([]string{"1", "j", "3", "4", "5", "6"}[n%6])
		d.send(effects.TickMsg{Chain: d.root.chain})
		d.settle()
		if n == times/6 {
			early = heap()
		}
	}
	late = heap()
	if reads := b.Calls("Observe"); reads < times {
		t.Fatalf("the gateway was read %d times, want %d: this test measures nothing", reads, times)
	}
	runtime.KeepAlive(d)
	return early, late
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers let go of
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// grown says what is wrong when more is held at the end than is measured by chance.
func grown(early, late uint64) string {
	if allowed := early/33 + 512<<10; late > early+allowed {
		return fmt.Sprintf("%d bytes at the end, %d after a sixth of the time: more than %d have stayed", late, early, allowed)
	}
	return ""
}

func TestRefreshesLeaveNothing(t *testing.T) {
	if bad := grown(refreshed(t, 60, hour/4)); bad != "" {
		t.Error(bad)
	}
}

// BenchmarkAnHour5000 is an hour of refreshes of 5,000 instances, and what they leave on the heap; with -short
// a tenth of an hour.
func BenchmarkAnHour5000(b *testing.B) {
	times := hour
	if testing.Short() {
		times /= 10
	}
	for b.Loop() {
		early, late := refreshed(b, 5000, times)
		if bad := grown(early, late); bad != "" {
			b.Fatal(bad)
		}
		b.ReportMetric(float64(late)/(1<<20), "MiB-heap")
		b.ReportMetric(100*(float64(late)-float64(early))/float64(early), "%-growth")
	}
}
