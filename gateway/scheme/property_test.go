package scheme

import (
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"portico/gateway"
)

// anyFormula draws formulas, sensible ones most of the time. They do not divide: what "/" gives is
// no whole number to expr, which then refuses "%" of it; nor do they take "%" of a constant 0,
// which it refuses as well.
func anyFormula() *rapid.Generator[string] {
	variable := rapid.SampledFrom([]string{"n", "x", "y", "oct1", "oct2", "oct3", "oct4"})
	number := rapid.Map(rapid.IntRange(1, 300), func(n int) string { return fmt.Sprint(n) })
	var term func(depth int) *rapid.Generator[string]
	term = func(depth int) *rapid.Generator[string] {
		if depth == 0 {
			return rapid.OneOf(variable, number)
		}
		deeper := term(depth - 1)
		return rapid.OneOf(variable, number, rapid.Custom(func(t *rapid.T) string {
			op := rapid.SampledFrom([]string{"+", "-", "*", "%"}).Draw(t, "op")
			right := deeper
			if op == "%" {
				right = rapid.OneOf(variable, number)
			}
			return "(" + deeper.Draw(t, "left") + " " + op + " " + right.Draw(t, "right") + ")"
		}), rapid.Custom(func(t *rapid.T) string {
			return "(" + deeper.Draw(t, "if") + " < " + deeper.Draw(t, "limit") + " ? " + deeper.Draw(t, "then") + " : " + deeper.Draw(t, "else") + ")"
		}))
	}
	return rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%d + %d*n", rapid.IntRange(1024, 60000).Draw(t, "base"), rapid.IntRange(1, 8).Draw(t, "step"))
		}),
		rapid.Custom(func(t *rapid.T) string { return "30000 + " + term(2).Draw(t, "term") }),
		term(3),
	).Filter(func(s string) bool { return len(s) <= maxFormula })
}

// Own schemes run backwards as the built-in ones do, on every subnet of up to 256 addresses.
func TestReverseOfOwnSchemes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{Name: "own"}
		for i := range rapid.IntRange(1, 4).Draw(t, "services") {
			svc := ServiceConfig{Service: fmt.Sprintf("s%d", i), Formula: anyFormula().Draw(t, "formula")}
			svc.Protocol = rapid.SampledFrom([]string{"", "tcp", "udp"}).Draw(t, "protocol")
			if svc.SamePort = rapid.Bool().Draw(t, "same port"); !svc.SamePort {
				svc.Port = rapid.Uint16Min(1).Draw(t, "port")
			}
			c.Services = append(c.Services, svc)
		}
		s, err := New(c)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		subnet := netip.PrefixFrom(address(rapid.Uint32().Draw(t, "addr")), rapid.IntRange(24, 32).Draw(t, "bits"))
		checkBothWays(t, s, subnet)
	})
}

// A range gives no port twice, none that is reserved, and none outside of it; and by the
// forwards that then stand, each port leads back to the endpoint that asked.
func TestRangeBothWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint16Range(MinPort, MaxPort-100).Draw(t, "first")
		s := &Scheme{Name: "range", Range: Range{first, first + rapid.Uint16Range(60, 100).Draw(t, "more")}}
		var reserved []gateway.Reserved
		taken := map[public]string{}
		for _, p := range rapid.SliceOfN(rapid.Uint16Range(first, first+100), 0, 20).Draw(t, "reserved") {
			r := gateway.Reserved{Protocol: rapid.SampledFrom([]gateway.Protocol{gateway.TCP, gateway.UDP}).Draw(t, "protocol"), Port: p, By: "daemon"}
			reserved, taken[public{r.Protocol, p}] = append(reserved, r), r.By
		}
		var want []Endpoint
		for _, host := range rapid.SliceOfNDistinct(rapid.IntRange(1, 254), 1, 20, rapid.ID).Draw(t, "hosts") {
			for _, svc := range rapid.SliceOfNDistinct(rapid.SampledFrom([]gateway.Service{ssh, http, mosh}), 1, 2, rapid.ID).Draw(t, "services") {
				want = append(want, Endpoint{address(0xc0a80000 + uint32(host)), svc})
			}
		}
		got, err := s.Assign(lan, want, nil, reserved)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range got {
			at := public{e.Service.Protocol, e.Port}
			if by, ok := taken[at]; ok || !s.Range.Contains(e.Port) || e.Addr != want[i].Addr || e.Service.Name != want[i].Service.Name {
				t.Fatalf("%+v got %s, which %s has, of %s", want[i], at, by, s.Range)
			}
			taken[at] = fmt.Sprintf("%s of %s", e.Service.Name, e.Addr)
		}
	})
}
