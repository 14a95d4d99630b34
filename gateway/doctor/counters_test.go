package doctor

import (
	"net/netip"
	"testing"

	"portico/gateway"
	"portico/gateway/netfilter"
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
