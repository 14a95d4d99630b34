package nat

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

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
// means nothing of ours stands.
func layouts(gw gateway.Gateway, forwards []gateway.Forward) (nat, filter netfilter.Layout) {
	nat, filter = netfilter.Layout{Table: tableNAT}, netfilter.Layout{Table: tableFilter}
	if len(forwards) == 0 {
		return nat, filter
	}
	sorted := slices.Clone(forwards)
	gateway.SortForwards(sorted)
	nat.Chains = append(nat.Chains, treeChains(gw, sorted)...)
	nat.Chains = append(nat.Chains, chain(chainOutput, rule("-j", chainPrerouting)))
	ours := dnatedByUs(gw, sorted)
	if !gw.NoSNAT {
		snat := slices.Concat(ours, comment("portico v1 snat"), []string{"-j", "SNAT", "--to-source", gw.FixedIP.String()})
		nat.Chains = append(nat.Chains, chain(chainPostrouting, rule(snat...)))
		nat.Jumps = append(nat.Jumps, netfilter.Jump{From: "POSTROUTING", To: chainPostrouting})
	}
	nat.Jumps = append(nat.Jumps, netfilter.Jump{From: "PREROUTING", To: chainPrerouting}, netfilter.Jump{From: "OUTPUT", To: chainOutput})
	accept := slices.Concat(ours, comment("portico v1 forward"), []string{"-j", "ACCEPT"})
	filter.Chains = []netfilter.Chain{chain(chainForward, rule(accept...))}
	filter.Jumps = []netfilter.Jump{{From: "FORWARD", To: chainForward}}
	return nat, filter
}

// dnatedByUs matches both directions of connections that came for one of our public ports and
// were sent on. It is bounded by our ports so that a container's published port on the same
// gateway keeps its own ways.
func dnatedByUs(gw gateway.Gateway, sorted []gateway.Forward) []string {
	low, high := uint16(65535), uint16(0)
	for _, f := range sorted {
		low, high = min(low, f.Public.Port()), max(high, f.Public.Port())
	}
	return []string{
		"-m", "conntrack", "--ctstate", "DNAT",
		"--ctorigdst", gw.FixedIP.String(), "--ctorigdstport", portRange(int(low), int(high)),
	}
}

// node is one chain of the tree: it covers the ports first..last of one protocol.
type node struct {
	proto       gateway.Protocol
	first, last int
	rules       []netfilter.Rule
}

func (n node) name() string {
	return fmt.Sprintf("%s%s-%d-%d", netfilter.Prefix, strings.ToUpper(string(n.proto)), n.first, n.last)
}

// treeChains hangs the DNAT rules in leaves of 16 ports and inner chains above them until the
// top level fits into one chain.
func treeChains(gw gateway.Gateway, sorted []gateway.Forward) []netfilter.Chain {
	level := leaves(gw, sorted)
	chains := make([]netfilter.Chain, 0, len(level)+8)
	for size := fanout * fanout; ; size *= fanout {
		for _, n := range level {
			chains = append(chains, netfilter.Chain{Name: n.name(), Policy: "-", Rules: n.rules})
		}
		if len(level) <= fanout || size > 1<<16 {
			break
		}
		level = parents(level, size)
	}
	top := netfilter.Chain{Name: chainPrerouting, Policy: "-"}
	for _, n := range level {
		top.Rules = append(top.Rules, gotoRule(n))
	}
	return append(chains, top)
}

func leaves(gw gateway.Gateway, sorted []gateway.Forward) []node {
	var out []node
	for _, f := range sorted {
		first := int(f.Public.Port()) / fanout * fanout
		if len(out) == 0 || out[len(out)-1].first != first || out[len(out)-1].proto != f.Service.Protocol {
			out = append(out, node{proto: f.Service.Protocol, first: first, last: first + fanout - 1})
		}
		leaf := &out[len(out)-1]
		leaf.rules = append(leaf.rules, forwardRules(gw, f)...)
	}
	return out
}

func parents(level []node, size int) []node {
	var out []node
	for _, n := range level {
		first := n.first / size * size
		if len(out) == 0 || out[len(out)-1].first != first || out[len(out)-1].proto != n.proto {
			out = append(out, node{proto: n.proto, first: first, last: first + size - 1})
		}
		out[len(out)-1].rules = append(out[len(out)-1].rules, gotoRule(n))
	}
	return out
}

func gotoRule(n node) netfilter.Rule {
	p := string(n.proto)
	return rule("-p", p, "-m", p, "--dport", portRange(n.first, n.last), "-g", n.name())
}

// forwardRules is the forward as iptables says it: one rule, or one for each source.
func forwardRules(gw gateway.Gateway, f gateway.Forward) []netfilter.Rule {
	sources := gateway.SortPrefixes(f.Sources)
	if len(sources) == 0 {
		sources = []netip.Prefix{{}}
	}
	var out []netfilter.Rule
	for _, s := range sources {
		var args []string
		if s.IsValid() && s.Bits() > 0 {
			args = append(args, "-s", s.String())
		}
		p := string(f.Service.Protocol)
		args = append(args, "-d", netip.PrefixFrom(gw.FixedIP, 32).String(), "-p", p, "-m", p, "--dport", strconv.Itoa(int(f.Public.Port())))
		args = append(args, comment(fmt.Sprintf("portico v1 vm=%s svc=%s", f.Instance, f.Service.Name))...)
		args = append(args, "-j", "DNAT", "--to-destination", f.Private.String())
		out = append(out, rule(args...))
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
