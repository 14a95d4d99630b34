package kernel

import (
	"cmp"
	"slices"
	"sync"

	"portico/gateway/netfilter"
)

// Version is what iptables -V prints after its name.
const Version = "v1.8.9 (nf_tables)"

// tableNames are the tables in the order in which iptables-save prints them, builtin their
// chains. A table comes into being with the first change to it.
var (
	tableNames = []string{"mangle", "raw", "filter", "nat"}
	builtin    = map[string][]string{
		"mangle": {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"},
		"raw":    {"PREROUTING", "OUTPUT"},
		"filter": {"INPUT", "FORWARD", "OUTPUT"},
		"nat":    {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"},
	}
)

// Kernel holds the state that a reboot clears. All methods may be called from any goroutine.
type Kernel struct {
	mu       sync.Mutex
	tables   map[string]table
	shared   *netfilter.Ruleset // of tables, for reading; nil after a change
	sysctl   map[string]string
	onChange func()
}

// New is a freshly booted kernel.
func New() *Kernel {
	return &Kernel{tables: map[string]table{}, sysctl: bootSysctl()}
}

// OnChange has f called after every change of rules or sysctls, without locks held.
func (k *Kernel) OnChange(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.onChange = f
}

func (k *Kernel) changed() {
	k.mu.Lock()
	f := k.onChange
	k.mu.Unlock()
	if f != nil {
		f()
	}
}

// Boot clears everything, as turning the machine off and on does.
func (k *Kernel) Boot() {
	k.mu.Lock()
	k.tables, k.sysctl, k.shared = map[string]table{}, bootSysctl(), nil
	k.mu.Unlock()
	k.changed()
}

// table is one table: its chains by name. Built-in ones are always there.
type table map[string]*netfilter.Chain

func newTable(name string) table {
	t := table{}
	for _, c := range builtin[name] {
		t[c] = &netfilter.Chain{Name: c, Policy: "ACCEPT"}
	}
	return t
}

// copy shares the rules of each chain with the original, but not their list: appending to,
// inserting into or cutting a list makes a new one.
func (t table) copy() table {
	out := make(table, len(t))
	for name, c := range t {
		chain := *c
		chain.Rules = slices.Clip(c.Rules)
		out[name] = &chain
	}
	return out
}

// export is the table as others see it: built-in chains in their order, then the others by name.
func (t table) export(name string) netfilter.Table {
	out := netfilter.Table{Name: name, Chains: make([]netfilter.Chain, 0, len(t))}
	for _, c := range t {
		chain := *c
		chain.Rules = slices.Clone(c.Rules)
		out.Chains = append(out.Chains, chain)
	}
	order := builtin[name]
	rank := func(c netfilter.Chain) int {
		if i := slices.Index(order, c.Name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(out.Chains, func(a, b netfilter.Chain) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// Ruleset is a copy of all rules as they stand.
func (k *Kernel) Ruleset() netfilter.Ruleset {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ruleset("")
}

// ruleset is a copy of one table, or of all that exist for "". The words of its rules are shared:
// [Kernel.Trace] knows a rule by them.
func (k *Kernel) ruleset(only string) netfilter.Ruleset {
	var out netfilter.Ruleset
	for _, name := range tableNames {
		if t, ok := k.tables[name]; ok && (only == "" || only == name) {
			out.Tables = append(out.Tables, t.export(name))
		}
	}
	return out
}

// Save is what iptables-save prints, without its comments. A table asked for by name that does
// not exist yet comes into being; an unknown one is not ok.
func (k *Kernel) Save(only string, counters bool) (text string, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if only != "" {
		if builtin[only] == nil {
			return "", false
		}
		k.table(only)
	}
	return k.ruleset(only).Format(counters), true
}

// table returns an existing table or makes it.
func (k *Kernel) table(name string) table {
	if k.tables[name] == nil {
		k.tables[name], k.shared = newTable(name), nil
	}
	return k.tables[name]
}

// Trace follows a packet with the tracer of package netfilter. If count is set, the rules and
// policies it met count it, as a packet of size bytes.
func (k *Kernel) Trace(p netfilter.Packet, count bool, size uint64) netfilter.Verdict {
	k.mu.Lock()
	defer k.mu.Unlock()
	v := k.view().Trace(p)
	if !count {
		return v
	}
	for _, h := range v.Hops {
		c := k.tables[h.Table][h.Chain]
		if c == nil || len(h.Rule.Args) == 0 {
			continue
		}
		for i := range c.Rules {
			if r := &c.Rules[i]; len(r.Args) > 0 && &r.Args[0] == &h.Rule.Args[0] {
				r.Packets++
				r.Bytes += size
				break
			}
		}
	}
	return v
}

// view is the rules without a copy, for reading under the lock.
func (k *Kernel) view() netfilter.Ruleset {
	if k.shared != nil {
		return *k.shared
	}
	k.shared = &netfilter.Ruleset{}
	for name, t := range k.tables {
		table := netfilter.Table{Name: name, Chains: make([]netfilter.Chain, 0, len(t))}
		for _, c := range t {
			table.Chains = append(table.Chains, *c)
		}
		k.shared.Tables = append(k.shared.Tables, table)
	}
	return *k.shared
}
