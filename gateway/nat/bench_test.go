package nat

import (
	"fmt"
	"testing"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// BenchmarkRuleset renders, parses and reads back all forwards of a gateway: 762 is the whole
// /24 with three services that the de.NBI script makes.
func BenchmarkRuleset(b *testing.B) {
	for _, n := range []int{762, 40000} {
		forwards := make([]gateway.Forward, n)
		for i := range forwards {
			forwards[i] = forward(vmID, fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), "ssh", uint16(20000+i), 22)
		}
		rules := standingRules(testGateway, forwards)
		text := rules.Format(true)
		b.Run(fmt.Sprintf("render/%d", n), func(b *testing.B) {
			for b.Loop() {
				nat, _ := layouts(testGateway, forwards)
				if netfilter.Diff(netfilter.Ruleset{}, nat).Empty() {
					b.Fatal("nothing was rendered")
				}
			}
		})
		b.Run(fmt.Sprintf("parse/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := netfilter.Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("read/%d", n), func(b *testing.B) {
			for b.Loop() {
				if got := readForwards(testGateway, rules); len(got) != n {
					b.Fatalf("%d forwards were read", len(got))
				}
			}
		})
	}
}
