package netfilter

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mustParse is Parse for texts that are right.
func mustParse(t testing.TB, text string) Ruleset {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func rule(line string) Rule {
	words, err := splitWords(line)
	if err != nil {
		panic(err)
	}
	return Rule{Args: words}
}

func chainOf(name string, lines ...string) Chain {
	c := Chain{Name: name, Policy: "-"}
	for _, l := range lines {
		c.Rules = append(c.Rules, rule(l))
	}
	return c
}

// treeOf is the layout of n forwards as the nat engine hangs them: leaves of 16 ports, inner
// chains of 16 leaves, one chain at the top.
func treeOf(n int) Layout {
	const fan, first = 16, 20000
	want := Layout{Table: "nat", Jumps: []Jump{{"PREROUTING", "PORTICO-PREROUTING"}}}
	level := []Chain{}
	for p := first; p < first+n; p += fan {
		leaf := Chain{Name: fmt.Sprintf("PORTICO-TCP-%d-%d", p, p+fan-1), Policy: "-"}
		for q := p; q < min(p+fan, first+n); q++ {
			leaf.Rules = append(leaf.Rules, rule(fmt.Sprintf(
				`-d 10.0.0.5/32 -p tcp -m tcp --dport %d -m comment --comment "portico v1 vm=6f1de2a0-0000-4000-8000-%012x svc=ssh" -j DNAT --to-destination 192.168.%d.%d:22`,
				q, q, (q-first)/250, (q-first)%250+1)))
		}
		level = append(level, leaf)
	}
	want.Chains = level
	for size := fan * fan; len(level) > fan; size *= fan {
		var up []Chain
		for i := 0; i < len(level); i += fan {
			lo := first + i*size/fan
			c := Chain{Name: fmt.Sprintf("PORTICO-TCP-%d-%d", lo, lo+size-1), Policy: "-", Rules: gotos(level[i:min(i+fan, len(level))])}
			up = append(up, c)
		}
		want.Chains = append(want.Chains, up...)
		level = up
	}
	want.Chains = append(want.Chains, Chain{Name: "PORTICO-PREROUTING", Policy: "-", Rules: gotos(level)})
	return want
}

func gotos(chains []Chain) []Rule {
	var out []Rule
	for _, c := range chains {
		ports := strings.ReplaceAll(strings.TrimPrefix(c.Name, "PORTICO-TCP-"), "-", ":")
		out = append(out, rule("-p tcp -m tcp --dport "+ports+" -g "+c.Name))
	}
	return out
}

// ownPart is what is ours in a table, in an order that does not depend on the kernel's.
func ownPart(r Ruleset, table string) Layout {
	t, _ := r.Table(table)
	l := Layout{Table: table}
	for _, c := range t.Chains {
		if Owned(c.Name) {
			c = canonicalChain(c)
			for i := range c.Rules {
				c.Rules[i].Packets, c.Rules[i].Bytes = 0, 0
			}
			l.Chains = append(l.Chains, c)
			continue
		}
		for _, rule := range c.Rules {
			if rule.entersOurs() {
				l.Jumps = append(l.Jumps, Jump{c.Name, strings.TrimPrefix(rule.String(), "-j ")})
			}
		}
	}
	return sortedLayout(l)
}

func sortedLayout(l Layout) Layout {
	l.Chains, l.Jumps = slices.Clone(l.Chains), slices.Clone(l.Jumps)
	slices.SortFunc(l.Chains, func(a, b Chain) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(l.Jumps, func(a, b Jump) int { return strings.Compare(a.From+" "+a.To, b.From+" "+b.To) })
	for i, c := range l.Chains {
		l.Chains[i] = canonicalChain(c)
	}
	return l
}

func TestRestoreRefusesWhatTheProgramRefuses(t *testing.T) {
	have := mustParse(t, `*nat
:PREROUTING ACCEPT [0:0]
:PORTICO-A - [0:0]
-A PREROUTING -j PORTICO-A
COMMIT
`)
	cases := []struct{ name, input, err string }{
		{"missing chain", "*nat\n-A PORTICO-B -j ACCEPT\nCOMMIT\n", "line 2 (-A PORTICO-B -j ACCEPT): no chain"},
		{"missing target", "*nat\n-A PORTICO-A -j PORTICO-B\nCOMMIT\n", "no chain or target"},
		{"missing rule", "*nat\n-D PREROUTING -j ACCEPT\nCOMMIT\n", "bad rule"},
		{"number", "*nat\n-D PREROUTING 2\nCOMMIT\n", "index of deletion"},
		{"insertion", "*nat\n-I PREROUTING 3 -j ACCEPT\nCOMMIT\n", "index of insertion"},
		{"referred to", "*nat\n-X PORTICO-A\nCOMMIT\n", "referred to by chain PREROUTING"},
		{"not empty", "*nat\n-A PORTICO-A -j ACCEPT\n-D PREROUTING 1\n-X PORTICO-A\nCOMMIT\n", "not empty"},
		{"built-in", "*nat\n-F PREROUTING\n-X PREROUTING\nCOMMIT\n", "built-in"},
		{"long name", "*nat\n:PORTICO-12345678901234567890X - [0:0]\nCOMMIT\n", "28 characters"},
		{"no commit", "*nat\n:PORTICO-B - [0:0]\n", "COMMIT expected"},
		{"no table", "-F PREROUTING\n", "outside of a table"},
		{"unknown table", "*nut\nCOMMIT\n", "no such table"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := have.Format(true)
			_, err := have.Restore(c.input)
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("error is %v, want one with %q", err, c.err)
			}
			if diff := cmp.Diff(before, have.Format(true)); diff != "" {
				t.Errorf("the ruleset it was given has changed:\n%s", diff)
			}
		})
	}
}
