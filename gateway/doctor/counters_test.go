package doctor

import (
	"fmt"
	"net/netip"
	"testing"

	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/probe"
)

// A rule counts for the forward that it carries, whatever its comment says.
func TestCounts(t *testing.T) {
	rules, err := netfilter.Parse(`*nat
:PREROUTING ACCEPT [0:0]
:PORTICO-P0 - [0:0]
[3:180] -A PORTICO-P0 -p tcp -m tcp --dport 30011 -m comment --comment "x --dport 30012 -p udp" -j DNAT --to-destination 192.168.0.11:22
[4:240] -A PORTICO-P0 -p udp -m udp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
[5:300] -A PORTICO-P0 -p tcp -m tcp --dport 30012 -j DNAT --to-destination 192.168.0.12:22
[6:360] -A PREROUTING -d 192.168.0.4/32 -p tcp -m tcp --dport 30012 -j DNAT --to-destination 192.168.0.12:22
[7:420] -A PREROUTING -p tcp -m tcp --dport 30013 -j REDIRECT --to-ports 22
COMMIT
`)
	if err != nil {
		t.Fatal(err)
	}
	got := readCounts(rules)
	for i, want := range map[byte]uint64{11: 3, 12: 11} {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 168, 0, i}), 22)
		f := gateway.Forward{
			Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}, Private: to,
			Public: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), 30000+uint16(i)),
		}
		if n := got[countedOf(f)]; n != want {
			t.Errorf("%s has counted %d, want %d", f, n, want)
		}
	}
	if len(got) != 3 {
		t.Errorf("%d forwards have counted: %v", len(got), got)
	}
}

// Whose packets a rule counted is told by the connections that the kernel tracks, as far as all of them
// were printed.
func TestHitsOfOthers(t *testing.T) {
	fwd := gateway.Forward{Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}, Private: netip.MustParseAddrPort("192.168.0.11:22"), Public: netip.MustParseAddrPort("203.0.113.10:30011")}
	key := countedOf(fwd)
	for _, c := range []struct {
		others, mine int
		hits         uint64
		known        bool
	}{{0, 1, 9, true}, {3, 1, 9, true}, {3, 0, 0, true}, {flowsShown, 0, 0, false}} {
		h := &hostFacts{after: &netfilter.Ruleset{}, counts: [2]counts{{key: 1}, {key: 10}}, me: netip.MustParseAddr("198.51.100.7")}
		for i := range c.others + c.mine {
			src := "198.51.100.7"
			if i < c.others {
				src = fmt.Sprint("198.51.100.", 100+i)
			}
			h.conntrack = append(h.conntrack, "tcp 6 119 SYN_SENT src="+src+" dst=192.168.0.4 sport=4000 dport=30011 [UNREPLIED]")
		}
		f := &facts{fwd: fwd, host: h, live: live{here: &probe.Result{Outcome: probe.Timeout}}}
		if n, known := f.hits(); n != c.hits || known != c.known {
			t.Errorf("%d of others, %d of ours: %d, known %t", c.others, c.mine, n, known)
		}
	}
}

// A diagnosis must not be what shuts everybody out: sshd counts denied logins by address, which is the
// gateway's.
func TestFewUsersAreTried(t *testing.T) {
	for _, c := range []struct{ denied, named, want string }{
		{"debian", "", "[ubuntu]"}, {"ubuntu", "", "[debian]"}, {"root", "almalinux", "[almalinux]"}, {"almalinux", "almalinux", "[debian]"}, {"", "", "[debian]"},
	} {
		if got := fmt.Sprint(otherUsers(c.denied, c.named)); got != c.want {
			t.Errorf("%q was denied, %q is named: %s is tried, want %s", c.denied, c.named, got, c.want)
		}
	}
}
