package nat

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// The tables and the chains of ours that built-in chains jump to.
const (
	tableNAT    = "nat"
	tableFilter = "filter"

	chainPrerouting  = netfilter.Prefix + "PREROUTING"
	chainOutput      = netfilter.Prefix + "OUTPUT"
	chainPostrouting = netfilter.Prefix + "POSTROUTING"
	chainForward     = netfilter.Prefix + "FORWARD"
)

// fanout is how many ports a leaf chain covers and how many rules an inner chain holds at most:
// a new connection then meets at most 16 rules a level, however many forwards there are.
const fanout = 16

// layouts renders forwards as what is to stand in the nat and the filter table. No forwards
// means nothing of ours stands, but for the covers.
func layouts(gw gateway.Gateway, forwards []gateway.Forward, covers ...gateway.Cover) (nat, filter netfilter.Layout) {
	nat, filter = netfilter.Layout{Table: tableNAT}, netfilter.Layout{Table: tableFilter}
	if len(forwards) > 0 {
		nat, filter = chains(gw, forwards)
	}
	nat.Chains = append(nat.Chains, coverChains(covers)...)
	return nat, filter
}

// chains renders forwards as our chains and the jumps to them, which may be empty.
func chains(gw gateway.Gateway, forwards []gateway.Forward) (nat, filter netfilter.Layout) {
	nat, filter = netfilter.Layout{Table: tableNAT}, netfilter.Layout{Table: tableFilter}
	sorted := slices.Clone(forwards)
	gateway.SortForwards(sorted)
	nat.Chains = append(nat.Chains, treeChains(gw, sorted)...)
	nat.Chains = append(nat.Chains, chain(chainOutput, rule("-j", chainPrerouting)))
	if !gw.NoSNAT {
		snat := append(comment("portico v1 snat"), "-j", "SNAT", "--to-source", gw.FixedIP.String())
		nat.Chains = append(nat.Chains, dnatedChains(gw, sorted, chainPostrouting, snat)...)
		nat.Jumps = append(nat.Jumps, netfilter.Jump{From: "POSTROUTING", To: chainPostrouting})
	}
	nat.Jumps = append(nat.Jumps, netfilter.Jump{From: "PREROUTING", To: chainPrerouting}, netfilter.Jump{From: "OUTPUT", To: chainOutput})
	filter.Chains = dnatedChains(gw, sorted, chainForward, append(comment("portico v1 forward"), "-j", "ACCEPT"))
	filter.Jumps = []netfilter.Jump{{From: "FORWARD", To: chainForward}}
	return nat, filter
}

// treeChains hangs the DNAT rules in leaves of 16 ports.
func treeChains(gw gateway.Gateway, sorted []gateway.Forward) []netfilter.Chain {
	return tree{top: chainPrerouting, matchPorts: func(p, ports string) []string { return []string{"-p", p, "-m", p, "--dport", ports} }}.chains(leaves(gw, sorted), fanout)
}

func leaves(gw gateway.Gateway, sorted []gateway.Forward) []node {
	var out []node
	for _, f := range sorted {
		sources := gateway.SortPrefixes(f.Sources)
		if len(sources) == 0 {
			sources = []netip.Prefix{{}}
		}
		for _, s := range spans(f) {
			first := s.first / fanout * fanout
			if len(out) == 0 || !out[len(out)-1].is(f.Service.Protocol, first) {
				out = append(out, node{proto: f.Service.Protocol, first: first, last: first + fanout - 1})
			}
			leaf := &out[len(out)-1]
			leaf.rules = append(leaf.rules, pieceRules(gw, f, s, sources)...)
		}
	}
	return out
}

func rule(args ...string) netfilter.Rule { return netfilter.Rule{Args: args} }

func comment(text string) []string { return []string{"-m", "comment", "--comment", text} }

func chain(name string, rules ...netfilter.Rule) netfilter.Chain {
	return netfilter.Chain{Name: name, Policy: "-", Rules: rules}
}

func portRange(first, last int) string {
	if first == last {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d:%d", first, last)
}
