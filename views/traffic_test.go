package views_test

import (
	"net/netip"
	"testing"
	"time"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
)

func TestTrafficOfTwoReadings(t *testing.T) {
	start := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	key := func(port uint16) gateway.Key {
		return gateway.Key{Protocol: gateway.TCP, Public: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), port)}
	}
	gw := gateway.Gateway{Name: "gw-1"}
	msg := func(gw gateway.Gateway, after time.Duration, total, connections, packets uint64) views.SnapshotMsg {
		alone := gateway.ForwardTraffic{Connections: connections, Counter: gateway.Counter{Packets: packets, Bytes: 100 * packets}, Sharing: 1}
		shared := gateway.ForwardTraffic{Counter: gateway.Counter{Packets: total}, Sharing: 2}
		return views.SnapshotMsg{GatewayAt: start.Add(after), Snapshot: publish.Snapshot{Gateway: gw, State: &gateway.State{Traffic: gateway.Traffic{
			Total: gateway.Counter{Packets: total, Bytes: 1000 * total}, Forwards: map[gateway.Key]gateway.ForwardTraffic{key(1): alone, key(2): shared},
		}}}}
	}
	var tr views.Traffic
	check := func(what string, rate string, used time.Time) {
		t.Helper()
		_, r, _ := tr.Total()
		f, _ := tr.Of(key(1))
		if shared, _ := tr.Of(key(2)); !shared.Used.IsZero() {
			t.Errorf("%s: others' packets count as use", what)
		}
		if r.PerSecond() != rate || !f.Used.Equal(used) {
			t.Errorf("%s: %q, used %v; want %q, %v", what, r.PerSecond(), f.Used, rate, used)
		}
	}
	if _, _, known := tr.Total(); known {
		t.Error("known before it was read")
	}
	tr.Take(msg(gw, 0, 10, 3, 30))
	check("one reading says no rate", "", time.Time{})
	if tr.Take(msg(gw, 0, 99, 9, 99)) {
		t.Error("the same reading twice")
	}
	tr.Take(msg(gw, 5*time.Second, 20, 3, 30))
	check("others are used", "2.0 kB/s", time.Time{})
	tr.Take(msg(gw, 10*time.Second, 20, 4, 30))
	check("a connection", "0", start.Add(10*time.Second))
	tr.Take(msg(gw, 15*time.Second, 20, 4, 35))
	check("packets of an old one", "0", start.Add(15*time.Second))
	tr.Test(views.ProbeStartMsg{Keys: []gateway.Key{key(1)}})
	tr.Take(msg(gw, 16*time.Second, 20, 5, 40))
	check("the console's own test is no use", "0", start.Add(15*time.Second))
	tr.Test(views.ProbeMsg{Key: key(1)})
	tr.Take(msg(gw, 17*time.Second, 20, 9, 50))
	check("others beside it are", "0", start.Add(17*time.Second))
	tr.Take(msg(gw, 20*time.Second, 5, 9, 50))
	check("counted anew", "1.7 kB/s", start.Add(17*time.Second))
	tr.Take(views.SnapshotMsg{GatewayAt: start.Add(20 * time.Second), Snapshot: publish.Snapshot{Gateway: gateway.Gateway{Name: "gw-2"}}})
	if _, ok := tr.Of(key(1)); ok {
		t.Error("what another gateway has counted is kept")
	}
}

func TestAmounts(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 840: "840 B", 999.4: "999 B", 999.6: "1.0 kB", 1234: "1.2 kB", 9960: "10 kB", 35e6: "35 MB", 999.6e15: "1000 PB"} {
		if got := views.Bytes(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 7: "7", 999: "999", 1234: "1.2k", 35_000_000: "35M"} {
		if got := views.Amount(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{-time.Second: "now", 9 * time.Second: "now", 59 * time.Second: "59 s", 61 * time.Second: "1 min", 47 * time.Hour: "47 h", 72 * time.Hour: "3 d"} {
		if got := views.Ago(now.Add(-ago), now); got != want {
			t.Errorf("%v: %q, want %q", ago, got, want)
		}
	}
}
