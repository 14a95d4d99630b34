// Package netfilter reads, writes, compares and follows iptables rules as text. It does no I/O:
// what it is given is what iptables-save printed, what it returns is what iptables-restore reads.
//
//	text --Parse--> Ruleset --Diff(want)--> Patch{Restore, Undo} --> iptables-restore --noflush
//	                   |--Foreign--> what is not ours and must stay as it is
//	                   '--Trace----> where a packet ends
//
// Ownership is in the name: chains that begin with [Prefix], and the rules elsewhere that jump
// into them, are ours. Nothing this package makes touches any other rule.
package netfilter

import (
	"slices"
	"strings"
)

// Prefix begins the name of every chain of ours.
const Prefix = "PORTICO-"

// Ruleset is what one iptables-save shows: tables in the order printed.
type Ruleset struct{ Tables []Table }

// Table is one table ("nat", "filter") with its chains in the order declared.
type Table struct {
	Name   string
	Chains []Chain
}

// Chain is a list of rules. Policy is "ACCEPT" or "DROP" for a built-in chain and "-" for a
// user's; the counters are those of the policy.
type Chain struct {
	Name, Policy   string
	Packets, Bytes uint64
	Rules          []Rule
}

// Rule is one rule: the words that follow "-A CHAIN", unquoted, and what it has matched.
type Rule struct {
	Args           []string
	Packets, Bytes uint64
}

// Owned reports whether a chain of this name is ours.
func Owned(chain string) bool { return strings.HasPrefix(chain, Prefix) }

// Table returns the table of that name.
func (r Ruleset) Table(name string) (Table, bool) {
	for _, t := range r.Tables {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}

// Chain returns the chain of that name.
func (t Table) Chain(name string) (Chain, bool) {
	for _, c := range t.Chains {
		if c.Name == name {
			return c, true
		}
	}
	return Chain{}, false
}

// Target is the chain or extension the rule sends a packet to, and whether by -g (goto), after
// which a packet that falls out of the chain does not come back here. It is "" for a rule that
// only counts.
func (r Rule) Target() (name string, goTo bool) {
	for i := 0; i+1 < len(r.Args); i++ {
		switch r.Args[i] {
		case "-j", "--jump":
			return r.Args[i+1], false
		case "-g", "--goto":
			return r.Args[i+1], true
		}
		i += arity(r.Args[i])
	}
	return "", false
}

// entersOurs reports whether a rule leads into a chain of ours.
func (r Rule) entersOurs() bool {
	target, _ := r.Target()
	return Owned(target)
}

// Foreign is the ruleset without our chains and without the rules that lead into them: what no
// change of ours may alter. Compare two by Format(false): traffic moves the counters, and the
// legacy back end resets those of a built-in chain's policy on any change to its table. Tables that then say nothing (built-in chains without rules, all
// accepting) are left out, because iptables makes such a table by itself on first use and never
// removes it again.
func (r Ruleset) Foreign() Ruleset {
	var out Ruleset
	for _, t := range r.Tables {
		kept := Table{Name: t.Name}
		for _, c := range t.Chains {
			if Owned(c.Name) {
				continue
			}
			c.Rules = slices.DeleteFunc(slices.Clone(c.Rules), Rule.entersOurs)
			kept.Chains = append(kept.Chains, c)
		}
		if slices.ContainsFunc(kept.Chains, saysSomething) {
			out.Tables = append(out.Tables, kept)
		}
	}
	return out
}

func saysSomething(c Chain) bool { return len(c.Rules) > 0 || c.Policy != "ACCEPT" }
