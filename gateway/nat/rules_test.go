package nat

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// standingRules is a ruleset in which these forwards stand.
func standingRules(gw gateway.Gateway, forwards []gateway.Forward) netfilter.Ruleset {
	nat, filter := layouts(gw, forwards)
	table := func(l netfilter.Layout, builtin ...string) netfilter.Table {
		t := netfilter.Table{Name: l.Table}
		for _, b := range builtin {
			c := netfilter.Chain{Name: b, Policy: "ACCEPT"}
			for _, j := range l.Jumps {
				if j.From == b {
					c.Rules = append(c.Rules, rule("-j", j.To))
				}
			}
			t.Chains = append(t.Chains, c)
		}
		t.Chains = append(t.Chains, l.Chains...)
		return t
	}
	return netfilter.Ruleset{Tables: []netfilter.Table{
		table(nat, "PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"), table(filter, "INPUT", "FORWARD", "OUTPUT"),
	}}
}

func drawForwards(t *rapid.T) []gateway.Forward {
	ports := rapid.SliceOfNDistinct(rapid.Uint16Range(1024, 65535), 0, 60, rapid.ID[uint16]).Draw(t, "ports")
	out := make([]gateway.Forward, 0, len(ports))
	slices.Sort(ports)
	for i, p := range ports {
		f := forward(vmID, fmt.Sprintf("192.168.0.%d", 10+p%200), rapid.SampledFrom([]string{"ssh", "http", "a-b-1"}).Draw(t, "service"), p, 1+p%1000)
		if rapid.Bool().Draw(t, "udp") {
			f.Service.Protocol = gateway.UDP
		}
		if rapid.Bool().Draw(t, "range") { // up to the next one
			room := 65536 - int(p)
			if i+1 < len(ports) {
				room = int(ports[i+1] - p)
			}
			if rapid.Bool().Draw(t, "same") {
				f.Private = netip.AddrPortFrom(f.Private.Addr(), p)
				f.Service.Port = p
			}
			f.Service = f.Service.WithPorts(rapid.IntRange(1, min(room, 60)).Draw(t, "width"))
		}
		for range rapid.IntRange(0, 3).Draw(t, "sources") {
			f.Sources = append(f.Sources, netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, rapid.Byte().Draw(t, "octet"), 0}), 24))
		}
		f.Sources = gateway.SortPrefixes(f.Sources)
		out = append(out, f)
	}
	gateway.SortForwards(out)
	return out
}

// What is rendered is read back as the same forwards, also through the text of iptables-save.
func TestForwardsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawForwards(t)
		rules, err := netfilter.Parse(standingRules(testGateway, want).Format(true))
		if err != nil {
			t.Fatal(err)
		}
		got := readForwards(testGateway, rules)
		if !slices.EqualFunc(got, want, gateway.Forward.Equal) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// A packet to any public port ends at its instance, from where it may come, with the gateway's
// address; a packet to any other port is left alone.
func TestPacketsArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forwards := drawForwards(t)
		rules := standingRules(testGateway, forwards)
		for i, c := range rules.Tables[1].Chains {
			if c.Name == "FORWARD" {
				rules.Tables[1].Chains[i].Policy = "DROP"
			}
		}
		local := map[netip.Addr]bool{testGateway.FixedIP: true}
		for _, f := range forwards {
			src := netip.MustParseAddrPort("203.0.113.77:40000")
			if len(f.Sources) > 0 {
				src = netip.AddrPortFrom(f.Sources[0].Addr().Next(), 40000)
			}
			for _, k := range f.Keys() {
				v := rules.Trace(netfilter.Packet{
					Proto: string(f.Service.Protocol), Src: src, Dst: netip.AddrPortFrom(testGateway.FixedIP, k.Public.Port()),
					Local: func(a netip.Addr) bool { return local[a] },
				})
				one, _ := f.At(k)
				if v.Outcome != netfilter.Forwarded || v.Dst != one.Private || v.Src.Addr() != testGateway.FixedIP {
					t.Fatalf("%v at %v: %+v", f, k, v)
				}
			}
		}
	})
}

// What others send on is theirs: neither accepted nor given another source by us, wherever their
// port lies among ours.
func TestForeignForwardsKeepTheirWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forwards := drawForwards(t)
		port := rapid.Uint16Range(1024, 65535).Draw(t, "foreign port")
		for _, f := range forwards {
			if _, ours := f.At(gateway.Key{Protocol: gateway.TCP, Public: netip.AddrPortFrom(f.Public.Addr(), port)}); ours {
				t.Skip("that one is ours")
			}
		}
		rules := standingRules(testGateway, forwards)
		for i := range rules.Tables {
			for j := range rules.Tables[i].Chains {
				c := &rules.Tables[i].Chains[j]
				switch {
				case rules.Tables[i].Name == "nat" && c.Name == "PREROUTING":
					c.Rules = append(c.Rules, rule("-p", "tcp", "-m", "tcp", "--dport", fmt.Sprint(port), "-j", "DNAT", "--to-destination", "172.17.0.2:80"))
				case c.Name == "FORWARD":
					c.Policy = "DROP"
				}
			}
		}
		src := netip.MustParseAddrPort("203.0.113.77:40000")
		v := rules.Trace(netfilter.Packet{
			Proto: "tcp", Src: src, Dst: netip.AddrPortFrom(testGateway.FixedIP, port),
			Local: func(a netip.Addr) bool { return a == testGateway.FixedIP },
		})
		if v.Outcome != netfilter.Dropped || v.Src != src {
			t.Fatalf("port %d: %+v", port, v)
		}
	})
}

func TestTreeIsFlat(t *testing.T) {
	for _, n := range []int{1, 16, 17, 762, 40000} {
		var forwards []gateway.Forward
		for i := range n {
			forwards = append(forwards, forward(vmID, "192.168.0.11", "ssh", uint16(1024+i), 22))
		}
		nat, filter := layouts(testGateway, forwards)
		for _, c := range append(nat.Chains, filter.Chains...) {
			if len(c.Rules) > fanout+1 || len(c.Name) > 28 {
				t.Errorf("%d forwards: chain %s has %d rules", n, c.Name, len(c.Rules))
			}
		}
	}
}

func TestRulesAsTyped(t *testing.T) {
	nat, filter := layouts(testGateway, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22, "198.51.100.0/24")})
	var got []string
	for _, l := range []netfilter.Layout{nat, filter} {
		for _, c := range l.Chains {
			for _, r := range c.Rules {
				got = append(got, l.Table+": -A "+c.Name+" "+r.String())
			}
		}
	}
	want := []string{
		`nat: -A PORTICO-TCP-30000-30015 -s 198.51.100.0/24 -d 192.168.0.4/32 -p tcp -m tcp --dport 30011 -m comment --comment "portico v1 vm=` + vmID + ` svc=ssh" -j DNAT --to-destination 192.168.0.11:22`,
		`nat: -A PORTICO-PREROUTING -p tcp -m tcp --dport 30000:30015 -g PORTICO-TCP-30000-30015`,
		`nat: -A PORTICO-OUTPUT -j PORTICO-PREROUTING`,
		`nat: -A PORTICO-POSTROUTING -p tcp -m conntrack --ctstate DNAT --ctorigdst 192.168.0.4 --ctorigdstport 30011 -m comment --comment "portico v1 snat" -j SNAT --to-source 192.168.0.4`,
		`filter: -A PORTICO-FORWARD -p tcp -m conntrack --ctstate DNAT --ctorigdst 192.168.0.4 --ctorigdstport 30011 -m comment --comment "portico v1 forward" -j ACCEPT`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	keep := testGateway
	keep.NoSNAT = true
	nat, _ = layouts(keep, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)})
	if text := fmt.Sprint(nat); strings.Contains(text, "SNAT") || strings.Contains(text, chainPostrouting) {
		t.Errorf("no_snat still renders SNAT: %s", text)
	}
}

func TestHostileForwardsAreRefused(t *testing.T) {
	e := &Engine{Gateway: testGateway, Inventory: newProject().inv}
	good := forward(vmID, "192.168.0.11", "ssh", 30011, 22)
	for name, spoil := range map[string]func(*gateway.Forward){
		"service with newline": func(f *gateway.Forward) { f.Service.Name = "ssh\n-A INPUT -j ACCEPT" },
		"instance no UUID":     func(f *gateway.Forward) { f.Instance = `x" -j ACCEPT` },
		"protocol":             func(f *gateway.Forward) { f.Service.Protocol = "tcp -j ACCEPT" },
		"low port":             func(f *gateway.Forward) { f.Public = netip.AddrPortFrom(f.Public.Addr(), 22) },
		"IPv6":                 func(f *gateway.Forward) { f.Private = netip.MustParseAddrPort("[2001:db8::1]:22") },
		"IPv6 source":          func(f *gateway.Forward) { f.Sources = []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")} },
	} {
		f := good
		spoil(&f)
		if _, err := e.Plan(context.Background(), []gateway.Forward{f}, gateway.State{Native: hosts{{observed: &observed{}}}}); err == nil {
			t.Errorf("%s: was planned", name)
		}
	}
	if _, err := e.Plan(context.Background(), []gateway.Forward{good}, gateway.State{Native: hosts{{observed: &observed{}}}}); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// What is rendered for the next boot is what iptables-save would give back, word by word: it is
// compared with that as text.
func TestRendersCanonical(t *testing.T) {
	forwards := append(many(300), forward(vmID, "192.168.0.11", "http", 31011, 80, "198.51.100.7/24", "203.0.113.128/25"))
	nat, filter := layouts(testGateway, forwards)
	for _, l := range []netfilter.Layout{nat, filter} {
		if diff := cmp.Diff(netfilter.Diff(netfilter.Ruleset{}, netfilter.Layout{Table: l.Table, Chains: l.Chains}).Restore, l.Declare()); diff != "" {
			t.Errorf("%s: %s", l.Table, diff)
		}
	}
}
