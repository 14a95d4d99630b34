package netfilter

import (
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// Layout is all that is ours in one table: whole chains, and the jump from each built-in chain
// to its own. Without chains and jumps nothing of ours is to stand.
//
// Of what is not ours it speaks only where it takes over or gives back: Gone are rules of which
// none that says the same is to stand in its chain, Back are rules that are to stand there again.
type Layout struct {
	Table  string
	Chains []Chain
	Jumps  []Jump
	Gone   []Placed
	Back   []Placed
}

// Placed is a rule in a chain that is not ours. Index is its place there, from 1; it is used to
// put the rule back.
type Placed struct {
	Chain string
	Index int
	Rule  Rule
}

// Jump is the plain rule "-A From -j To".
type Jump struct{ From, To string }

// String is the line for iptables-restore that puts the rule back at its place, with its counters.
func (p Placed) String() string {
	return edit{chain: p.Chain, rule: p.Rule, index: p.Index, insert: true}.String()
}

// Standing lists, for each rule of gone, every rule that says the same in its chain: with its place
// and its counters, in order. It is what a [Layout]'s Back needs to undo its Gone.
func Standing(t Table, gone []Placed) []Placed {
	unwanted := map[string]bool{}
	for _, p := range gone {
		unwanted[placedLine(p)] = true
	}
	if len(unwanted) == 0 {
		return nil
	}
	var out []Placed
	for _, c := range t.Chains {
		if Owned(c.Name) {
			continue
		}
		for i, r := range c.Rules {
			if !r.entersOurs() && unwanted[placedLine(Placed{Chain: c.Name, Rule: r})] {
				out = append(out, Placed{Chain: c.Name, Index: i + 1, Rule: r})
			}
		}
	}
	return out
}

func canonicalRule(r Rule) Rule {
	r.Args = Canonical(r.Args)
	return r
}

func (j Jump) rule() Rule { return Rule{Args: []string{"-j", j.To}} }

// equalRules reports whether two rules say the same; counters do not count.
func equalRules(a, b Rule) bool {
	return slices.Equal(a.Args, b.Args) || slices.Equal(Canonical(a.Args), Canonical(b.Args))
}

// canonicalChain is the chain as iptables-save would give it back.
func canonicalChain(c Chain) Chain {
	c.Policy = "-"
	rules := make([]Rule, len(c.Rules))
	for i, r := range c.Rules {
		r.Args = Canonical(r.Args)
		rules[i] = r
	}
	c.Rules = rules
	return c
}

// keepCounters gives each rule of want the counters of the rule of have that says the same.
// Both are canonical.
func keepCounters(want, have Chain) Chain {
	known := make(map[string][]Rule, len(have.Rules))
	for _, r := range have.Rules {
		known[r.String()] = append(known[r.String()], r)
	}
	rules := slices.Clone(want.Rules)
	for i, r := range rules {
		if same := known[r.String()]; len(same) > 0 {
			rules[i].Packets, rules[i].Bytes = same[0].Packets, same[0].Bytes
			known[r.String()] = same[1:]
		}
	}
	want.Rules = rules
	return want
}

// lineDiff lists the "-A CHAIN ..." lines that only one of two versions of a chain has, in order.
// A rule that moved is in both lists.
func lineDiff(have, want Chain) (added, removed []string) {
	old, wanted := strings.Join(lines(have), ""), strings.Join(lines(want), "")
	if old == "" || wanted == "" {
		return splitLines(wanted), splitLines(old)
	}
	for _, e := range udiff.Lines(old, wanted) {
		removed = append(removed, splitLines(old[e.Start:e.End])...)
		added = append(added, splitLines(e.New)...)
	}
	return added, removed
}

func lines(c Chain) []string {
	out := make([]string, len(c.Rules))
	for i, r := range c.Rules {
		out[i] = appendLine(c.Name, r) + "\n"
	}
	return out
}

func splitLines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		out = append(out, strings.TrimSuffix(line, "\n"))
	}
	return out
}

// appendLine is the rule as a line without counters. A newline, which would start a new rule,
// becomes a space.
func appendLine(chain string, r Rule) string { return string(appendRule(nil, chain, r)) }

// appendRule appends that line.
func appendRule(b []byte, chain string, r Rule) []byte {
	b = append(append(b, "-A "...), chain...)
	if len(r.Args) == 0 {
		return b
	}
	b = append(b, ' ')
	start := len(b)
	b = r.appendTo(b)
	for i := start; i < len(b); i++ {
		if b[i] == '\n' {
			b[i] = ' '
		}
	}
	return b
}

func oneLine(r Rule) string { return strings.ReplaceAll(r.String(), "\n", " ") }
