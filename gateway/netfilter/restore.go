package netfilter

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// builtinChains are the chains each table comes with.
var builtinChains = map[string][]string{
	"raw":      {"PREROUTING", "OUTPUT"},
	"mangle":   {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"},
	"nat":      {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"},
	"filter":   {"INPUT", "FORWARD", "OUTPUT"},
	"security": {"INPUT", "FORWARD", "OUTPUT"},
}

// emptyTable is a table as it is before anybody has made a rule.
func emptyTable(name string) Table {
	t := Table{Name: name}
	for _, c := range builtinChains[name] {
		t.Chains = append(t.Chains, Chain{Name: c, Policy: "ACCEPT"})
	}
	return t
}

// targets are the targets that are not chains, of those that are known to be on every host.
var targets = []string{"ACCEPT", "DROP", "RETURN", "QUEUE", "REJECT", "DNAT", "SNAT", "MASQUERADE", "REDIRECT"}

// Restore is what iptables-restore --noflush --counters makes of a ruleset: the model that
// [Diff]'s patches are checked against, and that stands in for a kernel where there is none. It
// returns a new ruleset, with rules in canonical form, or refuses as the program does: a chain
// that is missing, a rule to delete that does not stand, a chain deleted while it holds rules or
// is referred to. Errors are of kind Invalid and name the line. Unlike the program, which
// commits table by table, it takes all of the input or nothing.
func (r Ruleset) Restore(input string) (Ruleset, error) {
	m := model{out: Ruleset{Tables: slices.Clone(r.Tables)}}
	number := 0
	for line := range strings.Lines(input) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := m.line(line); err != nil {
			return Ruleset{}, &gateway.Error{
				Op: "restore rules,", Target: fmt.Sprintf("line %d (%.120s)", number, cloud.Clean(line)), Kind: gateway.Invalid, Err: errors.New(cloud.Clean(err.Error())),
			}
		}
	}
	if m.table != nil {
		return Ruleset{}, &gateway.Error{Op: "restore rules of table", Target: m.table.Name, Kind: gateway.Invalid, Err: errors.New("COMMIT expected at the end")}
	}
	return m.out, nil
}

// model is a ruleset while restore input changes it.
type model struct {
	out   Ruleset
	table *Table
	index map[string]int // its chains by name
}

func (m *model) line(line string) error {
	switch {
	case line[0] == '*':
		return m.open(line[1:])
	case m.table == nil:
		return errors.New("this stands outside of a table")
	case line == "COMMIT":
		m.table = nil
		return nil
	case line[0] == ':':
		return m.declare(strings.Fields(line[1:]))
	}
	var rule Rule
	if line[0] == '[' {
		head, rest, _ := strings.Cut(line, " ")
		var err error
		if rule.Packets, rule.Bytes, err = counters(head); err != nil {
			return err
		}
		line = rest
	}
	words, err := splitWords(line)
	if err != nil {
		return err
	}
	if len(words) < 2 {
		return errors.New("a command and a chain were expected")
	}
	return m.command(words[0], words[1], words[2:], rule)
}

// open starts a table, which is made if it is not there.
func (m *model) open(name string) error {
	if m.table != nil {
		return fmt.Errorf("table %s has no COMMIT", m.table.Name)
	}
	i := slices.IndexFunc(m.out.Tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		if _, ok := builtinChains[name]; !ok {
			return errors.New("there is no such table")
		}
		m.out.Tables = append(m.out.Tables, emptyTable(name))
		i = len(m.out.Tables) - 1
	}
	m.table = &m.out.Tables[i]
	m.table.Chains = slices.Clone(m.table.Chains)
	for i := range m.table.Chains {
		m.table.Chains[i].Rules = slices.Clone(m.table.Chains[i].Rules)
	}
	m.reindex()
	return nil
}

func (m *model) reindex() {
	m.index = make(map[string]int, len(m.table.Chains))
	for i, c := range m.table.Chains {
		m.index[c.Name] = i
	}
}

// declare makes a user's chain or empties it; of a built-in one it sets the policy.
func (m *model) declare(words []string) error {
	if len(words) < 2 {
		return errors.New("a policy was expected")
	}
	i, ok := m.index[words[0]]
	switch {
	case !ok:
		if len(words[0]) > 28 {
			return errors.New("a chain's name has 28 characters at most")
		}
		m.index[words[0]] = len(m.table.Chains)
		m.table.Chains = append(m.table.Chains, Chain{Name: words[0], Policy: "-"})
	case m.table.Chains[i].Policy == "-":
		m.table.Chains[i].Rules = nil
	case words[1] != "-":
		m.table.Chains[i].Policy = words[1]
	}
	return nil
}

func (m *model) command(name, chain string, words []string, rule Rule) error {
	i, ok := m.index[chain]
	if !ok {
		return errors.New("no chain by that name")
	}
	c := &m.table.Chains[i]
	switch name {
	case "-F":
		c.Rules = nil
		return nil
	case "-X":
		return m.drop(c)
	case "-D":
		return m.remove(c, words)
	case "-A", "-I":
		return m.insert(c, name, words, rule)
	}
	return fmt.Errorf("the command %s is not known", name)
}

func (m *model) insert(c *Chain, name string, words []string, rule Rule) error {
	at := len(c.Rules)
	if name == "-I" {
		at = 0
		if n, rest, ok := leadingNumber(words); ok {
			at, words = n-1, rest
		}
		if at < 0 || at > len(c.Rules) {
			return errors.New("index of insertion too big")
		}
	}
	rule.Args = Canonical(words)
	target, _ := rule.Target()
	_, isChain := m.index[target]
	if target != "" && !isChain && !slices.Contains(targets, target) && !harmless[target] {
		return fmt.Errorf("no chain or target by the name %s", target)
	}
	c.Rules = slices.Insert(c.Rules, at, rule)
	return nil
}

// remove deletes a rule by its number or the first with these words.
func (m *model) remove(c *Chain, words []string) error {
	if n, rest, ok := leadingNumber(words); ok && len(rest) == 0 {
		if n < 1 || n > len(c.Rules) {
			return errors.New("index of deletion too big")
		}
		c.Rules = slices.Delete(c.Rules, n-1, n)
		return nil
	}
	want := Rule{Args: Canonical(words)}
	i := slices.IndexFunc(c.Rules, func(r Rule) bool { return equalRules(r, want) })
	if i < 0 {
		return errors.New("bad rule: it does not stand in that chain")
	}
	c.Rules = slices.Delete(c.Rules, i, i+1)
	return nil
}

func leadingNumber(words []string) (n int, rest []string, ok bool) {
	if len(words) == 0 {
		return 0, words, false
	}
	n, err := strconv.Atoi(words[0])
	return n, words[1:], err == nil
}

func (m *model) drop(c *Chain) error {
	name := c.Name
	if c.Policy != "-" {
		return errors.New("a built-in chain cannot be deleted")
	}
	if len(c.Rules) > 0 {
		return errors.New("the chain is not empty")
	}
	for _, other := range m.table.Chains {
		for _, r := range other.Rules {
			if target, _ := r.Target(); target == name {
				return fmt.Errorf("the chain is referred to by chain %s", other.Name)
			}
		}
	}
	i := m.index[name]
	m.table.Chains = slices.Delete(m.table.Chains, i, i+1)
	m.reindex()
	return nil
}
