package scheme

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

// FuzzFormula: whatever stands in a configuration file as a formula is refused with one clean
// line, or gives every address a port within the bounds, or none with one clean line.
func FuzzFormula(f *testing.F) {
	for _, s := range builtin {
		for _, r := range s.Services {
			f.Add(r.Formula, uint32(0xc0a8000b), 24)
		}
	}
	for _, text := range []string{
		"n < 100 and not (n == 7) ? 30000+n : 40000 - -n", "1/0 + n%0", "9223372036854775807 + 9223372036854775807*n", "2 ** 9999",
		"((((((((((n))))))))))", "sum(1..1000000000)", "n; n", "let a = n; a", "$env", `"\x1b[31m" + n`, "n ?? 1", "n | abs()", "0x1F << 3", "1e300*1e300", "nil", "{n: 1}", " \u033c0",
	} {
		f.Add(text, uint32(0x0a0000ff), 16)
	}
	f.Fuzz(func(t *testing.T, text string, addr uint32, bits int) {
		s, err := New(Config{Name: "own", Services: []ServiceConfig{{Service: "ssh", Port: 22, Formula: text}}})
		if err != nil {
			invalidLine(t, err)
			return
		}
		subnet := netip.PrefixFrom(address(addr), 24+(bits&7))
		first, last := hosts(subnet)
		for n := uint64(first); n <= uint64(last); n++ {
			e, err := s.Entry(subnet, address(uint32(n)), s.Services[0].Service)
			if err != nil {
				invalidLine(t, err)
				continue
			}
			if e.Port < MinPort {
				t.Fatalf("%q gives %s port %d", text, e.Addr, e.Port)
			}
		}
		for _, p := range s.Check(subnet, nil, NodePorts) {
			if p.Count < 1 || p.Detail == "" || p.Detail != cloud.Clean(p.Detail) {
				t.Fatalf("%q on %s: %+v", text, subnet, p)
			}
		}
		checkBothWays(t, s, subnet)
	})
}

// fataler is what testing and rapid have in common.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// checkBothWays: every line of the table is found again by its port, and by nothing else where
// the check finds no fault.
func checkBothWays(t fataler, s *Scheme, subnet netip.Prefix) {
	t.Helper()
	table, err := s.Table(subnet)
	if err != nil {
		t.Fatal(err)
	}
	clean := len(s.Check(subnet, nil)) == 0
	at := map[public][]Match{}
	for _, e := range table {
		key := public{e.Service.Protocol, e.Port}
		at[key] = append(at[key], Match{e.Addr, e.Service})
	}
	asked := 0
	for key, want := range at {
		if asked++; asked > 16 { // one answer computes the whole table again
			break
		}
		got, err := s.Reverse(subnet, key.port, key.protocol)
		if err != nil || !slices.Equal(got, want) || clean && len(got) != 1 {
			t.Fatalf("%s leads back to %v, want %v, %v (clean: %v)", key, got, want, err, clean)
		}
	}
}

func invalidLine(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); cloud.KindOf(err) != gateway.Invalid || text != cloud.Clean(text) || strings.Contains(text, "\n") {
		t.Fatalf("error %q of kind %v", text, cloud.KindOf(err))
	}
}
