package nat

import (
	"net/netip"
	"slices"

	"portico/gateway/netfilter"
)

// anybody are addresses for documentation (RFC 5737): a client from anywhere.
var anybody = netip.MustParseAddr("198.51.100.1")

// blockers are the rules of PREROUTING that may decide over packets for any port, in order, and
// the chains they lead to. Our rules come first in PREROUTING: a forward may be taken over only
// when what stands before its rule lets its packets pass.
type blockers struct {
	chains  []netfilter.Chain // of nat, but for PREROUTING
	rules   []netfilter.Placed
	sources []netip.Addr // whom some of them name
	own     netip.Addr
	holder  string // the interface that has it
}

func (r *foreignReader) newBlockers() *blockers {
	b := &blockers{own: r.e.Gateway.FixedIP, holder: r.seen.holder(r.e.Gateway.FixedIP)}
	for _, c := range r.table.Chains {
		if c.Name != "PREROUTING" {
			b.chains = append(b.chains, c)
			continue
		}
		for i, rule := range c.Rules {
			w := words(rule.Args)
			// What is for one port is compared port by port.
			if w["-j"] == "DNAT" && len(dports(w)) > 0 || w["-j"] == "LOG" {
				continue
			}
			b.rules = append(b.rules, netfilter.Placed{Chain: c.Name, Index: i + 1, Rule: rule})
			if p, err := netip.ParsePrefix(w["-s"]); err == nil {
				b.sources = append(b.sources, p.Addr())
			}
		}
	}
	return b
}

// let reports whether a packet for the rule gets past what stands before it, and ends where the
// rule says.
func (b *blockers) let(f *foreignRule) bool {
	chain := netfilter.Chain{Name: "PREROUTING", Policy: "ACCEPT"}
	for _, p := range b.rules {
		if p.Index < f.placed.Index {
			chain.Rules = append(chain.Rules, p.Rule)
		}
	}
	if len(chain.Rules) == 0 {
		return true
	}
	chain.Rules = append(chain.Rules, f.placed.Rule)
	nat := netfilter.Ruleset{Tables: []netfilter.Table{{Name: tableNAT, Chains: append([]netfilter.Chain{chain}, b.chains...)}}}
	from := append([]netip.Addr{anybody}, b.sources...)
	if s := f.dnat.source; s.IsValid() {
		from = slices.DeleteFunc(append([]netip.Addr{s.Addr()}, b.sources...), func(a netip.Addr) bool { return !s.Contains(a) })
	}
	for _, a := range from {
		v := nat.Trace(netfilter.Packet{
			In: b.holder, Proto: string(f.dnat.proto), Src: netip.AddrPortFrom(a, 40000), Dst: netip.AddrPortFrom(b.own, f.dnat.port),
			Local: func(a netip.Addr) bool { return a == b.own },
		})
		if !v.DNATed || v.Dst != f.dnat.to {
			return false
		}
	}
	return true
}
