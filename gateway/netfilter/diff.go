package netfilter

import (
	"slices"
	"strconv"
	"strings"
)

// Patch is what turns our part of a table into a [Layout], and back.
type Patch struct {
	Table string
	// Added and Removed are lines "-A CHAIN words", and "-I CHAIN N words" for jumps, for people.
	Added, Removed []string
	// Restore and Undo are input for iptables-restore --noflush --counters; "" if there is
	// nothing to do. Undo brings back what Diff was given, rule by rule and in its order.
	Restore, Undo string
}

// Empty reports whether nothing is to be done.
func (p Patch) Empty() bool { return p.Restore == "" }

// Diff turns have's own part of the table into want. It touches nothing else: foreign rules are
// neither named nor numbered in what it returns, but for those that want takes over or gives back.
//
// Chains of ours that are new or differ are declared again, which under --noflush empties just
// these; rules that stay in a chain keep their counters. Jumps that are missing are inserted
// first in their chain; of several equal ones, one stays. Jumps and chains no longer wanted go,
// in the order that leaves no chain referred to when it is deleted.
func Diff(have Ruleset, want Layout) Patch {
	table, _ := have.Table(want.Table)
	forth, back := transaction{table: want.Table}, transaction{table: want.Table}
	patch := Patch{Table: want.Table}

	old := map[string]Chain{}
	for _, c := range table.Chains {
		if Owned(c.Name) {
			old[c.Name] = c
		}
	}
	wanted := map[string]bool{}
	for _, c := range want.Chains {
		wanted[c.Name] = true
		before, stands := old[c.Name]
		if stands && slices.EqualFunc(c.Rules, before.Rules, equalRules) {
			continue
		}
		c = canonicalChain(c)
		canonical := canonicalChain(before)
		added, removed := lineDiff(canonical, c)
		patch.Added, patch.Removed = append(patch.Added, added...), append(patch.Removed, removed...)
		if stands {
			forth.declare(keepCounters(c, canonical))
			back.declare(before)
		} else {
			forth.declare(c)
			back.remove(c.Name)
		}
	}
	for _, c := range table.Chains {
		if Owned(c.Name) && !wanted[c.Name] {
			_, removed := lineDiff(canonicalChain(c), Chain{})
			patch.Removed = append(patch.Removed, removed...)
			forth.remove(c.Name)
			back.declare(c)
		}
	}
	for _, e := range foreignEdits(table, want) {
		line := appendLine(e.chain, e.rule)
		if e.insert {
			patch.Added = append(patch.Added, strings.Replace(line, "-A "+e.chain, "-I "+e.chain+" "+strconv.Itoa(e.index), 1))
		} else {
			patch.Removed = append(patch.Removed, line)
		}
		forth.edits = append(forth.edits, e)
		back.edits = append(back.edits, e.reverse())
	}
	slices.Reverse(back.edits)
	patch.Restore, patch.Undo = forth.String(), back.String()
	return patch
}

// Declare is input for iptables-restore --noflush that makes the layout's chains, whatever stands in
// them, and leaves its jumps to the caller; "" of a layout without chains. Rules are written as they
// are: in the canonical form, for text that is compared.
func (l Layout) Declare() string {
	t := transaction{table: l.Table, chains: l.Chains}
	return t.String()
}

// edit inserts one rule into a foreign chain, or takes one out: a jump of ours, or a rule that is
// taken over or given back. index is its position there at that moment, from 1.
type edit struct {
	chain  string
	rule   Rule
	index  int
	insert bool
}

func (e edit) reverse() edit {
	e.insert = !e.insert
	return e
}

// foreignEdits lists what makes the rules that lead from foreign chains into ours exactly those
// wanted, takes out the rules that are to be gone, and puts back those that are to be back.
// Deletions name the rule by its words, which takes the first that says so: of equal jumps the
// last one stays.
func foreignEdits(table Table, want Layout) []edit {
	gone := map[string]bool{}
	for _, p := range want.Gone {
		gone[placedLine(p)] = true
	}
	var edits []edit
	for _, c := range table.Chains {
		if Owned(c.Name) {
			continue
		}
		surplus := surplusJumps(c, want.Jumps)
		kept := make([]Rule, 0, len(c.Rules))
		for _, r := range c.Rules {
			key := r.String()
			surplusJump := r.entersOurs() && surplus[key] > 0
			if surplusJump {
				surplus[key]--
			}
			if surplusJump || !r.entersOurs() && len(gone) > 0 && gone[placedLine(Placed{Chain: c.Name, Rule: r})] {
				edits = append(edits, edit{chain: c.Name, rule: r, index: len(kept) + 1})
				continue
			}
			kept = append(kept, r)
		}
		edits = append(edits, backEdits(c.Name, kept, want.Back)...)
	}
	for i, j := range want.Jumps {
		from, _ := table.Chain(j.From)
		stands := slices.Contains(want.Jumps[:i], j) || slices.ContainsFunc(from.Rules, func(r Rule) bool { return slices.Equal(r.Args, j.rule().Args) })
		if !stands {
			edits = append(edits, edit{chain: j.From, rule: j.rule(), index: 1, insert: true})
		}
	}
	return edits
}

// backEdits inserts, at their places, the rules of a chain that are to be back and do not stand as
// often as they should.
func backEdits(chain string, rules []Rule, back []Placed) []edit {
	lacking := map[string]int{}
	var places []Placed
	for _, p := range back {
		if p.Chain == chain {
			lacking[placedLine(p)]++
			places = append(places, p)
		}
	}
	if len(places) == 0 {
		return nil
	}
	standing := make([]string, len(rules))
	for i, r := range rules {
		standing[i] = placedLine(Placed{Chain: chain, Rule: r})
		lacking[standing[i]]--
	}
	slices.SortStableFunc(places, func(a, b Placed) int { return a.Index - b.Index })
	var edits []edit
	for _, p := range places {
		line, at := placedLine(p), max(min(p.Index-1, len(standing)), 0)
		if lacking[line] <= 0 || at < len(standing) && standing[at] == line {
			continue
		}
		lacking[line]--
		standing = slices.Insert(standing, at, line)
		edits = append(edits, edit{chain: chain, rule: p.Rule, index: at + 1, insert: true})
	}
	return edits
}

// placedLine is what tells two foreign rules apart: the chain and the words.
func placedLine(p Placed) string { return appendLine(p.Chain, canonicalRule(p.Rule)) }

// surplusJumps counts, by its text, how often each rule into our chains stands too often.
func surplusJumps(c Chain, want []Jump) map[string]int {
	surplus := map[string]int{}
	for _, r := range c.Rules {
		if r.entersOurs() {
			surplus[r.String()]++
		}
	}
	for _, j := range want {
		if key := j.rule().String(); j.From == c.Name && surplus[key] > 0 {
			surplus[key]--
		}
	}
	return surplus
}

// transaction is one table's input for iptables-restore, in the order in which the kernel
// accepts it.
type transaction struct {
	table   string
	chains  []Chain  // new or changed: whole
	edits   []edit   // rules in foreign chains, in order
	removed []string // chains that go
}

func (t *transaction) declare(c Chain)    { t.chains = append(t.chains, c) }
func (t *transaction) remove(name string) { t.removed = append(t.removed, name) }

// lineSize is about what a forward's line takes, in bytes.
const lineSize = 240

func (t *transaction) String() string {
	if len(t.chains)+len(t.edits)+len(t.removed) == 0 {
		return ""
	}
	rules := 0
	for _, c := range t.chains {
		rules += len(c.Rules)
	}
	b := make([]byte, 0, 64*len(t.chains)+lineSize*rules+256)
	b = append(append(append(b, '*'), t.table...), '\n')
	for _, c := range t.chains {
		b = append(append(append(b, ':'), c.Name...), " - [0:0]\n"...)
	}
	for _, c := range t.chains {
		for _, r := range c.Rules {
			b = append(appendCounters(b, r.Packets, r.Bytes), ' ')
			b = append(appendRule(b, c.Name, r), '\n')
		}
	}
	for _, e := range t.edits {
		b = append(append(b, e.String()...), '\n')
	}
	for _, flag := range []string{"-F ", "-X "} {
		for _, name := range t.removed {
			b = append(append(append(b, flag...), name...), '\n')
		}
	}
	return string(append(b, "COMMIT\n"...))
}

// String is the line for iptables-restore. A rule that holds a newline cannot be named on one
// line and is deleted by its number.
func (e edit) String() string {
	switch {
	case e.insert:
		counters := string(appendCounters(nil, e.rule.Packets, e.rule.Bytes))
		return counters + " -I " + e.chain + " " + strconv.Itoa(e.index) + " " + oneLine(e.rule)
	case strings.Contains(e.rule.String(), "\n"):
		return "-D " + e.chain + " " + strconv.Itoa(e.index)
	}
	return "-D " + e.chain + " " + oneLine(e.rule)
}
