package scheme

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portico/cloud"
	"portico/gateway"
)

func byName(t testing.TB, name string) *Scheme {
	t.Helper()
	s, err := Find(Builtin(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var lan = netip.MustParsePrefix("192.168.0.0/24")

// rules is a set of "tcp PUBLIC -> ADDRESS:PORT", as gateways in the field have them.
type rules map[string]bool

func (r rules) add(proto string, public int, addr string, port int) {
	r[fmt.Sprintf("%s %d -> %s:%d", proto, public, addr, port)] = true
}

// TestTablesAreThoseInTheField compares whole tables with the loops of the boot scripts they come
// from, as the scripts' code computes them.
func TestTablesAreThoseInTheField(t *testing.T) {
	perService, interleaved := rules{}, rules{}
	for n := 1; n <= 254; n++ {
		addr := fmt.Sprintf("192.168.0.%d", n)
		perService.add("tcp", 30000+n, addr, 22)
		perService.add("tcp", 31000+n, addr, 80)
		perService.add("tcp", 32000+n, addr, 443)
		interleaved.add("tcp", 30000+n*3, addr, 22)
		interleaved.add("tcp", 30001+n*3, addr, 80)
		interleaved.add("tcp", 30002+n*3, addr, 443)
	}
	twoOctet := rules{}
	for y := 4; y <= 5; y++ {
		for x := 0; x <= 255; x++ {
			if y == 4 && x == 0 || y == 5 && x == 255 {
				continue // the network's own and the broadcast address of the /23
			}
			addr := fmt.Sprintf("10.7.%d.%d", y, x)
			twoOctet.add("tcp", 30000+256*y+x, addr, 22)
			twoOctet.add("udp", 30000+256*y+x, addr, 30000+256*y+x)
		}
	}
	cases := []struct {
		scheme string
		subnet netip.Prefix
		want   rules
	}{
		{"per-service", lan, perService},
		{"interleaved", lan, interleaved},
		{"two-octet", netip.MustParsePrefix("10.7.4.0/23"), twoOctet},
	}
	for _, c := range cases {
		t.Run(c.scheme, func(t *testing.T) {
			s := byName(t, c.scheme)
			table, err := s.Table(c.subnet)
			if err != nil {
				t.Fatal(err)
			}
			got := rules{}
			for _, e := range table {
				got.add(string(e.Service.Protocol), int(e.Port), e.Addr.String(), int(e.Service.Port))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rules (-script +scheme):\n%s", diff)
			}
			if p := s.Check(c.subnet, nil); len(p) > 0 {
				t.Errorf("Check: %v", p)
			}
		})
	}
}

func TestPort(t *testing.T) {
	svc := func(name string) gateway.Service { return gateway.Service{Name: name, Protocol: gateway.TCP, Port: 22} }
	cases := []struct {
		name, scheme, subnet, addr string
		svc                        gateway.Service
		want                       uint16
		err                        string // part of the error; it is of kind Invalid
	}{
		{name: "default", scheme: "", subnet: "192.168.0.0/24", addr: "192.168.0.11", svc: svc("ssh"), want: 30011},
		{name: "n counts from the network", scheme: "per-service", subnet: "192.168.0.128/25", addr: "192.168.0.130", svc: svc("http"), want: 31002},
		{name: "host bits in the subnet", scheme: "per-service", subnet: "192.168.0.77/24", addr: "192.168.0.130", svc: svc("https"), want: 32130},
		{name: "a /31 has two hosts", scheme: "per-service", subnet: "10.0.0.0/31", addr: "10.0.0.0", svc: svc("ssh"), want: 30000},
		{name: "mapped address", scheme: "per-service", subnet: "192.168.0.0/24", addr: "::ffff:192.168.0.3", svc: svc("ssh"), want: 30003},
		{name: "unknown service", scheme: "per-service", subnet: "192.168.0.0/24", addr: "192.168.0.3", svc: svc("gopher"),
			err: "it has ssh (tcp), http (tcp), https (tcp)"},
		{name: "protocol counts", scheme: "two-octet", subnet: "192.168.0.0/24", addr: "192.168.0.3", svc: svc("mosh"), err: "mosh (udp)"},
		{name: "network address", scheme: "per-service", subnet: "192.168.0.0/24", addr: "192.168.0.0", svc: svc("ssh"), err: "not a host's"},
		{name: "broadcast address", scheme: "per-service", subnet: "192.168.0.0/24", addr: "192.168.0.255", svc: svc("ssh"), err: "not a host's"},
		{name: "other subnet", scheme: "per-service", subnet: "192.168.0.0/24", addr: "192.168.1.1", svc: svc("ssh"), err: "not in the subnet 192.168.0.0/24"},
		{name: "IPv6 address", scheme: "per-service", subnet: "192.168.0.0/24", addr: "2001:db8::1", svc: svc("ssh"), err: "IPv4"},
		{name: "IPv6 subnet", scheme: "per-service", subnet: "2001:db8::/64", addr: "2001:db8::1", svc: svc("ssh"), err: "IPv4"},
		{name: "too high", scheme: "two-octet", subnet: "10.0.200.0/24", addr: "10.0.200.9", svc: svc("ssh"), err: "gives 81209, which is outside"},
		{name: "no formula", scheme: "next-free", subnet: "10.0.200.0/24", addr: "10.0.200.9", svc: svc("ssh"), err: "no formulas"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := byName(t, c.scheme).Port(netip.MustParsePrefix(c.subnet), netip.MustParseAddr(c.addr), c.svc)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || cloud.KindOf(err) != gateway.Invalid {
					t.Fatalf("error is %v (%v), want Invalid with %q", err, cloud.KindOf(err), c.err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("port %d, %v; want %d", got, err, c.want)
			}
		})
	}
}

func TestPortWithoutAddressOrSubnet(t *testing.T) {
	s := byName(t, "")
	if _, err := s.Port(lan, netip.Addr{}, ssh); cloud.KindOf(err) != gateway.Invalid {
		t.Errorf("no address: %v", err)
	}
	if _, err := s.Port(netip.Prefix{}, netip.MustParseAddr("10.0.0.1"), ssh); cloud.KindOf(err) != gateway.Invalid {
		t.Errorf("no subnet: %v", err)
	}
}

func TestReverse(t *testing.T) {
	got, err := byName(t, "").Reverse(lan, 30117, gateway.TCP)
	if err != nil {
		t.Fatal(err)
	}
	want := []Match{{netip.MustParseAddr("192.168.0.117"), ssh}}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := byName(t, "").Reverse(lan, 30117, gateway.UDP); err != nil || len(got) > 0 {
		t.Errorf("udp: %v, %v", got, err)
	}
	if _, err := byName(t, "").Reverse(netip.MustParsePrefix("10.0.0.0/8"), 30117, gateway.TCP); cloud.KindOf(err) != gateway.Invalid {
		t.Errorf("a /8 is too large for a table, got %v", err)
	}
	if _, err := byName(t, "next-free").Reverse(lan, 30117, gateway.TCP); cloud.KindOf(err) != gateway.Invalid {
		t.Errorf("next-free cannot be reversed, got %v", err)
	}
}

// TestReverseOfPort: whatever port a scheme gives, that port leads back to the address and
// service; and to nothing else, where Check finds no fatal problem.
func TestReverseOfPort(t *testing.T) {
	schemes := Builtin()[:3]
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(schemes).Draw(t, "scheme")
		bits := rapid.IntRange(20, 32).Draw(t, "bits")
		subnet := netip.PrefixFrom(address(rapid.Uint32().Draw(t, "addr")), bits)
		first, last := hosts(subnet)
		addr := address(rapid.Uint32Range(first, last).Draw(t, "host"))
		rule := rapid.SampledFrom(s.Services).Draw(t, "service")
		e, err := s.Entry(subnet, addr, rule.Service)
		clean := len(s.Check(subnet, nil)) == 0
		if err != nil {
			if clean {
				t.Fatalf("Check finds nothing wrong with %s, but: %v", subnet, err)
			}
			return
		}
		matches, err := s.Reverse(subnet, e.Port, e.Service.Protocol)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, m := range matches {
			if m.Addr == addr && m.Service == e.Service {
				found++
			}
		}
		if found != 1 || clean && len(matches) != 1 {
			t.Fatalf("%s of %s has port %d, which leads back to %v (clean: %v)", rule.Service, addr, e.Port, matches, clean)
		}
	})
}

func BenchmarkPort(b *testing.B) {
	s, addr := byName(b, ""), netip.MustParseAddr("192.168.0.77")
	for b.Loop() {
		if _, err := s.Port(lan, addr, http); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTable(b *testing.B) {
	for _, subnet := range []string{"192.168.0.0/24", "10.20.0.0/16"} {
		b.Run(subnet[strings.Index(subnet, "/")+1:], func(b *testing.B) {
			s, p := byName(b, ""), netip.MustParsePrefix(subnet)
			for b.Loop() {
				if _, err := s.Table(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
