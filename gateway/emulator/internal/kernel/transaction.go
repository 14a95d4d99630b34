package kernel

import (
	"slices"
	"strconv"
	"strings"

	"portico/gateway/netfilter"
)

// transaction is a series of changes to a copy of one table.
type transaction struct {
	name  string
	table table
	line  int      // of the input, for the commands under way
	said  *refusal // the first no of the kernel, which comes out at commit
	drop  bool     // the table is emptied and nothing follows: it ceases to be
}

func (k *Kernel) begin(name string, flush bool) *transaction {
	t := &transaction{name: name}
	if flush || k.tables[name] == nil {
		t.table = newTable(name)
	} else {
		t.table = k.tables[name].copy()
	}
	return t
}

// commit puts the copy in place, unless the kernel refuses some of it.
func (k *Kernel) commit(t *transaction) *refusal {
	if t.said == nil {
		t.said = t.validate()
	}
	if t.said != nil {
		return t.said
	}
	k.shared = nil
	if t.drop {
		delete(k.tables, t.name)
		return nil
	}
	k.tables[t.name] = t.table
	return nil
}

func (t *transaction) deny(call, errno, what string) {
	if t.said == nil {
		t.said = denied(call, errno, what)
		t.said.line = t.line
	}
}

// operation is one command with its words read, to be carried out at commit.
type operation struct {
	op, chain string
	policy    string // -P and ":CHAIN policy"
	number    int    // of the rule, from 1
	numbered  bool   // it was given
	rule      netfilter.Rule
	line      int
}

// declareOp is ":CHAIN policy" of a restore.
const declareOp = ":"

// read takes the words of one "-A CHAIN ..." and the like apart; counters are those given
// before it. Only what is wrong with the words themselves is found here.
func (t *transaction) read(words []string, packets, bytes uint64) (operation, *refusal) {
	if len(words) == 0 {
		return operation{}, usage("no command specified")
	}
	o := operation{op: words[0], number: 1}
	rest := words[1:]
	if long, ok := longCommands[o.op]; ok {
		o.op = long
	}
	if !slices.Contains(commandNames, o.op) {
		if !strings.HasPrefix(o.op, "-") {
			return o, usage("Bad argument `%s'", o.op)
		}
		return o, usage("unknown option \"%s\"", o.op)
	}
	if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		o.chain, rest = rest[0], rest[1:]
	}
	if o.chain == "" && !slices.Contains([]string{"-F", "-X", "-Z"}, o.op) {
		return o, usage("option \"%s\" requires an argument", o.op)
	}
	if r := checkName(o.chain); r != nil {
		return o, r
	}
	switch o.op {
	case "-N", "-F", "-X", "-Z":
		return o, nil
	case "-P":
		if len(rest) > 0 {
			o.policy = rest[0]
		}
		return o, nil
	}
	return t.readRule(o, rest, packets, bytes)
}

func (t *transaction) readRule(o operation, rest []string, packets, bytes uint64) (operation, *refusal) {
	if len(rest) > 0 && (o.op == "-I" || o.op == "-D") && !strings.HasPrefix(rest[0], "-") && rest[0] != "!" {
		n, err := strconv.Atoi(rest[0])
		if err != nil || n < 1 {
			return o, usage("Invalid rule number `%s'", rest[0])
		}
		o.number, o.numbered, rest = n, true, rest[1:]
	}
	args, r := parseRule(t.name, o.chain, rest)
	if len(args) == 0 {
		args = make([]string, 0, 1) // never nil: Trace knows a rule by where its words are
	}
	o.rule = netfilter.Rule{Args: args, Packets: packets, Bytes: bytes}
	return o, r
}

func checkName(chain string) *refusal {
	if len(chain) > 28 {
		return usage("chain name `%s' too long (must be under 29 chars)", chain)
	}
	if strings.HasPrefix(chain, "-") || strings.HasPrefix(chain, "!") {
		return usage("chain name not allowed to start with `%c'", chain[0])
	}
	if strings.ContainsAny(chain, " \t\n\v\f\r") {
		return usage("Invalid chain name `%s'", chain)
	}
	return nil
}

// do carries out one operation.
func (t *transaction) do(o operation) *refusal {
	t.line = o.line
	switch o.op {
	case declareOp:
		return t.declare(o)
	case "-N":
		return t.create(o.chain)
	case "-F", "-X", "-Z":
		return t.wide(o.op, o.chain)
	case "-P":
		return t.policy(o.chain, o.policy)
	}
	return t.edit(o)
}

var (
	commandNames = []string{"-A", "-I", "-D", "-C", "-N", "-F", "-X", "-Z", "-P"}
	longCommands = map[string]string{
		"--append": "-A", "--insert": "-I", "--delete": "-D", "--check": "-C", "--new-chain": "-N", "--flush": "-F",
		"--delete-chain": "-X", "--zero": "-Z", "--policy": "-P",
	}
)

func (t *transaction) create(chain string) *refusal {
	if t.table[chain] != nil {
		return sentence(chainExists)
	}
	t.table[chain] = &netfilter.Chain{Name: chain, Policy: "-"}
	return nil
}

// declare makes a new chain or empties one, or sets the policy of a built-in one.
func (t *transaction) declare(o operation) *refusal {
	if !slices.Contains(builtin[t.name], o.chain) {
		t.table[o.chain] = &netfilter.Chain{Name: o.chain, Policy: "-"}
		return nil
	}
	if o.policy == "-" {
		return nil
	}
	return t.policy(o.chain, o.policy)
}

func (t *transaction) policy(chain, policy string) *refusal {
	if !slices.Contains(builtin[t.name], chain) {
		return sentence(notBuiltin)
	}
	if policy != "ACCEPT" && policy != "DROP" {
		return sentence(badPolicy)
	}
	t.table[chain].Policy = policy
	return nil
}

// wide carries out -F, -X or -Z on one chain, or on all for "".
func (t *transaction) wide(op, chain string) *refusal {
	if chain != "" && t.table[chain] == nil {
		return sentence(noChain)
	}
	for name, c := range t.table {
		switch {
		case chain != "" && name != chain:
		case op == "-F":
			c.Rules = nil
		case op == "-Z":
			c.Rules = slices.Clone(c.Rules)
			for i := range c.Rules {
				c.Rules[i].Packets, c.Rules[i].Bytes = 0, 0
			}
		case slices.Contains(builtin[t.name], name):
			if chain != "" {
				t.deny("CHAIN_DEL", "Operation not supported", "chain "+name)
			}
		case len(c.Rules) > 0 || t.table.references(name) > 0:
			t.deny("CHAIN_DEL", busy, "chain "+name)
		default:
			delete(t.table, name)
		}
	}
	return nil
}

// references counts the rules that lead into a chain.
func (t table) references(chain string) int {
	n := 0
	for _, c := range t {
		for _, r := range c.Rules {
			if target, _ := r.Target(); target == chain {
				n++
			}
		}
	}
	return n
}

// edit carries out -A, -I, -D or -C.
func (t *transaction) edit(o operation) *refusal {
	c := t.table[o.chain]
	if o.op == "-D" && o.numbered {
		switch {
		case c == nil:
			return sentence(noChain)
		case o.number > len(c.Rules):
			return sentence(deleteIndex)
		}
		c.Rules = slices.Concat(c.Rules[:o.number-1], c.Rules[o.number:])
		return nil
	}
	if target, _ := o.rule.Target(); target != "" && targets[target] == nil && t.table[target] == nil {
		r := usage("Chain '%s' does not exist", target)
		r.line = atCommit
		return r
	}
	if c == nil {
		if o.op == "-D" || o.op == "-C" {
			return sentence(noRule)
		}
		return sentence(noChain)
	}
	return t.place(o.op, c, o.rule, o.number)
}

// atCommit marks a refusal that names the line of the COMMIT in place of its own.
const atCommit = -1

func (t *transaction) place(op string, c *netfilter.Chain, rule netfilter.Rule, number int) *refusal {
	switch op {
	case "-A":
		c.Rules = append(c.Rules, rule)
		t.checkTarget("RULE_APPEND", c.Name, rule)
	case "-I":
		if number > len(c.Rules)+1 {
			return sentence(insertIndex)
		}
		c.Rules = slices.Concat(c.Rules[:number-1], []netfilter.Rule{rule}, c.Rules[number-1:])
		t.checkTarget("RULE_INSERT", c.Name, rule)
	default:
		i := slices.IndexFunc(c.Rules, func(r netfilter.Rule) bool { return slices.Equal(r.Args, rule.Args) })
		if i < 0 {
			return sentence(noRule)
		}
		if op == "-D" {
			c.Rules = slices.Concat(c.Rules[:i], c.Rules[i+1:])
		}
	}
	return nil
}

// checkTarget is what the kernel verifies of a rule by itself: whether the table takes the target.
func (t *transaction) checkTarget(call, chain string, r netfilter.Rule) {
	target, _ := r.Target()
	if ext := targets[target]; ext != nil && ext.tables != nil && !slices.Contains(ext.tables, t.name) {
		t.deny(call, invalid, "rule in chain "+chain)
	}
}
