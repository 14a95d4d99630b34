package nat

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"net/netip"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// TestTraffic: connections are each forward's own, packets and bytes those of a run of ports.
func TestTraffic(t *testing.T) {
	fs := []gateway.Forward{
		forward(vmID, "192.168.0.11", "ssh", 30011, 22), forward(vmID, "192.168.0.11", "http", 31011, 80), forward(vmID, "192.168.0.12", "ssh", 30012, 22),
	}
	nat, filter := layouts(testGateway, fs)
	count := func(l netfilter.Layout) netfilter.Table {
		table := netfilter.Table{Name: l.Table}
		n := uint64(1)
		for _, c := range l.Chains {
			rules := make([]netfilter.Rule, len(c.Rules))
			for i, r := range c.Rules {
				r.Packets, r.Bytes = n, 100*n
				rules[i] = r
				n *= 2
			}
			c.Rules = rules
			table.Chains = append(table.Chains, c)
		}
		return table
	}
	got := readTraffic(testGateway, netfilter.Ruleset{Tables: []netfilter.Table{count(nat), count(filter)}}, fs)
	run, alone := gateway.Counter{Packets: 1, Bytes: 100}, gateway.Counter{Packets: 2, Bytes: 200}
	want := gateway.Traffic{Total: gateway.Counter{Packets: 3, Bytes: 300}, Forwards: map[gateway.Key]gateway.ForwardTraffic{
		fs[0].Key(): {Connections: 1, Counter: run, Sharing: 2}, fs[2].Key(): {Connections: 2, Counter: run, Sharing: 2}, fs[1].Key(): {Connections: 4, Counter: alone, Sharing: 1},
	}}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); d != "" {
		t.Error(d)
	}
	if got := readTraffic(testGateway, netfilter.Ruleset{}, fs[:1]); got.Forwards[fs[0].Key()] != (gateway.ForwardTraffic{}) || got.Total != (gateway.Counter{}) {
		t.Errorf("without rules: %+v", got)
	}
}

// TestConntrack: a table that is nearly full is a fault; one that cannot be read is not spoken of.
func TestConntrack(t *testing.T) {
	for section, want := range map[string][]gateway.Fact{
		"\n": nil, "12\n": nil, "x y": nil, "1\n0\n": nil,
		"120\n65536\n":   {{Name: "connections tracked", Value: "120 of 65536", OK: true}},
		"60000\n65536\n": {{Name: "connections tracked", Value: "60000 of 65536, nearly full: new connections are dropped when it is"}},
	} {
		if d := cmp.Diff(want, conntrackFact(section)); d != "" {
			t.Errorf("%q: %s", section, d)
		}
	}
}
