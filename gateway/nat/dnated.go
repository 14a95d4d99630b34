package nat

import (
	"slices"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// runBlock is how many ports a leaf of the tree of runs covers: between them, 16 runs at most.
const runBlock = 2 * fanout

// dnatedChains does something with the connections that came for one of our public ports and
// were sent on, in both directions: one rule for each run of neighbouring ports, so that the
// published port of a container on the same gateway keeps its own ways. A few runs stand in one
// chain; many hang in a tree, because FORWARD sees every packet.
func dnatedChains(gw gateway.Gateway, sorted []gateway.Forward, top string, then []string) []netfilter.Chain {
	match := func(p, ports string) []string {
		return []string{"-p", p, "-m", "conntrack", "--ctstate", "DNAT", "--ctorigdst", gw.FixedIP.String(), "--ctorigdstport", ports}
	}
	runs := portRuns(sorted, 1<<16)
	if len(runs) <= fanout {
		c := netfilter.Chain{Name: top, Policy: "-"}
		for _, r := range runs {
			c.Rules = append(c.Rules, rule(append(match(string(r.proto), portRange(r.first, r.last)), then...)...))
		}
		return []netfilter.Chain{c}
	}
	var leaves []node
	for _, r := range portRuns(sorted, runBlock) {
		first := r.first / runBlock * runBlock
		if len(leaves) == 0 || !leaves[len(leaves)-1].is(r.proto, first) {
			leaves = append(leaves, node{proto: r.proto, first: first, last: first + runBlock - 1})
		}
		leaf := &leaves[len(leaves)-1]
		leaf.rules = append(leaf.rules, rule(append(match(string(r.proto), portRange(r.first, r.last)), then...)...))
	}
	infix := map[string]string{chainForward: "FWD-", chainPostrouting: "SRC-"}[top]
	others := rule("-m", "conntrack", "!", "--ctstate", "DNAT", "-j", "RETURN")
	return tree{top: top, infix: infix, head: []netfilter.Rule{others}, matchPorts: match}.chains(leaves, runBlock)
}

// portRuns joins neighbouring public ports of one protocol; a run does not cross a block.
func portRuns(sorted []gateway.Forward, block int) []node {
	byPort := slices.Clone(sorted)
	gateway.SortForwards(byPort)
	var out []node
	for _, f := range byPort {
		for p, end := int(f.Public.Port()), int(f.PublicLast()); p <= end; {
			upTo := min(end, p/block*block+block-1)
			last := len(out) - 1
			if last >= 0 && out[last].proto == f.Service.Protocol && p/block == out[last].first/block && p <= out[last].last+1 {
				out[last].last = max(out[last].last, upTo)
			} else {
				out = append(out, node{proto: f.Service.Protocol, first: p, last: upTo})
			}
			p = upTo + 1
		}
	}
	return out
}
