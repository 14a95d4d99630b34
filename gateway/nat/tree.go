package nat

import (
	"fmt"
	"strings"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// node is one chain of a tree: it covers the ports first..last of one protocol.
type node struct {
	proto       gateway.Protocol
	first, last int
	rules       []netfilter.Rule
}

func (n node) is(p gateway.Protocol, first int) bool { return n.proto == p && n.first == first }

// tree puts chains above chains until the top level fits into one, so that a packet meets at most
// 16 rules a level.
type tree struct {
	top        string                             // the chain that is jumped to
	infix      string                             // between our prefix and the ports: "" or "FWD-"
	head       []netfilter.Rule                   // come first in the top chain
	matchPorts func(proto, ports string) []string // matches a range of public ports
}

func (t tree) name(n node) string {
	return fmt.Sprintf("%s%s%s-%d-%d", netfilter.Prefix, t.infix, strings.ToUpper(string(n.proto)), n.first, n.last)
}

// chains returns the leaves, each of which covers size ports, and what goes above them.
func (t tree) chains(level []node, size int) []netfilter.Chain {
	chains := make([]netfilter.Chain, 0, len(level)+8)
	for {
		for _, n := range level {
			chains = append(chains, netfilter.Chain{Name: t.name(n), Policy: "-", Rules: n.rules})
		}
		size *= fanout
		if len(level) <= fanout || size > 1<<16 {
			break
		}
		level = t.parents(level, size)
	}
	top := netfilter.Chain{Name: t.top, Policy: "-", Rules: t.head}
	for _, n := range level {
		top.Rules = append(top.Rules, t.gotoRule(n))
	}
	return append(chains, top)
}

func (t tree) parents(level []node, size int) []node {
	var out []node
	for _, n := range level {
		first := n.first / size * size
		if len(out) == 0 || !out[len(out)-1].is(n.proto, first) {
			out = append(out, node{proto: n.proto, first: first, last: first + size - 1})
		}
		out[len(out)-1].rules = append(out[len(out)-1].rules, t.gotoRule(n))
	}
	return out
}

func (t tree) gotoRule(n node) netfilter.Rule {
	return rule(append(t.matchPorts(string(n.proto), portRange(n.first, n.last)), "-g", t.name(n))...)
}
