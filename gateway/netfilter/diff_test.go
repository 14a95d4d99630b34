package netfilter

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// apply restores input on a ruleset that must take it.
func apply(t interface {
	Helper()
	Fatalf(string, ...any)
}, have Ruleset, input string) Ruleset {
	t.Helper()
	got, err := have.Restore(input)
	if err != nil {
		t.Fatalf("%v\non\n%s\nrestoring\n%s", err, have.Format(true), input)
	}
	return got
}

const foreignNat = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
[7:420] -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
[0:0] -A DOCKER -i docker0 -j RETURN
COMMIT
`

var smallWant = Layout{
	Table: "nat",
	Chains: []Chain{
		chainOf("PORTICO-PREROUTING", "-p tcp -m tcp --dport 30000:30015 -g PORTICO-TCP-30000-30015"),
		chainOf("PORTICO-TCP-30000-30015", "-d 10.0.0.5 -p tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22"),
	},
	Jumps: []Jump{{"PREROUTING", "PORTICO-PREROUTING"}},
}

func TestDiffFromNothing(t *testing.T) {
	p := Diff(mustParse(t, foreignNat), smallWant)
	want := Patch{
		Table: "nat",
		Added: []string{
			"-A PORTICO-PREROUTING -p tcp -m tcp --dport 30000:30015 -g PORTICO-TCP-30000-30015",
			"-A PORTICO-TCP-30000-30015 -d 10.0.0.5/32 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22",
			"-I PREROUTING 1 -j PORTICO-PREROUTING",
		},
		Restore: `*nat
:PORTICO-PREROUTING - [0:0]
:PORTICO-TCP-30000-30015 - [0:0]
[0:0] -A PORTICO-PREROUTING -p tcp -m tcp --dport 30000:30015 -g PORTICO-TCP-30000-30015
[0:0] -A PORTICO-TCP-30000-30015 -d 10.0.0.5/32 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
[0:0] -I PREROUTING 1 -j PORTICO-PREROUTING
COMMIT
`,
		Undo: `*nat
-D PREROUTING -j PORTICO-PREROUTING
-F PORTICO-PREROUTING
-F PORTICO-TCP-30000-30015
-X PORTICO-PREROUTING
-X PORTICO-TCP-30000-30015
COMMIT
`,
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDiffKeepsCountersAndNamesOnlyWhatChanges(t *testing.T) {
	have := apply(t, mustParse(t, foreignNat), Diff(mustParse(t, foreignNat), smallWant).Restore)
	nat := &have.Tables[0]
	for i := range nat.Chains {
		for j := range nat.Chains[i].Rules {
			nat.Chains[i].Rules[j].Packets, nat.Chains[i].Rules[j].Bytes = 5, 300
		}
	}
	want := smallWant
	want.Chains = slices.Clone(want.Chains)
	leaf := want.Chains[1]
	leaf.Rules = append(slices.Clone(leaf.Rules), rule("-d 10.0.0.5 -p tcp --dport 30012 -j DNAT --to-destination 192.168.0.12:22"))
	want.Chains[1] = leaf
	p := Diff(have, want)
	const line = "-A PORTICO-TCP-30000-30015 -d 10.0.0.5/32 -p tcp -m tcp --dport 30012 -j DNAT --to-destination 192.168.0.12:22"
	if !slices.Equal(p.Added, []string{line}) || len(p.Removed) > 0 {
		t.Errorf("added %q, removed %q", p.Added, p.Removed)
	}
	const restore = `*nat
:PORTICO-TCP-30000-30015 - [0:0]
[5:300] -A PORTICO-TCP-30000-30015 -d 10.0.0.5/32 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
[0:0] ` + line + "\nCOMMIT\n"
	if diff := cmp.Diff(restore, p.Restore); diff != "" {
		t.Errorf("restore (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(have.Format(true), apply(t, apply(t, have, p.Restore), p.Undo).Format(true)); diff != "" {
		t.Errorf("after undo (-before +after):\n%s", diff)
	}
}

func TestDiffMendsJumps(t *testing.T) {
	clean := apply(t, mustParse(t, foreignNat), Diff(mustParse(t, foreignNat), smallWant).Restore)
	cases := []struct {
		name, damage string
		removed      []string
		added        []string
	}{
		{name: "as wanted", damage: ""},
		{name: "not first", damage: "-I PREROUTING 1 -p udp -j ACCEPT\n"},
		{name: "missing", damage: "-D PREROUTING 1\n", added: []string{"-I PREROUTING 1 -j PORTICO-PREROUTING"}},
		{name: "twice", damage: "-A PREROUTING -j PORTICO-PREROUTING\n", removed: []string{"-A PREROUTING -j PORTICO-PREROUTING"}},
		{name: "elsewhere", damage: "-A DOCKER -j PORTICO-PREROUTING\n", removed: []string{"-A DOCKER -j PORTICO-PREROUTING"}},
		{name: "narrowed", damage: "-D PREROUTING 1\n-A PREROUTING -s 10.0.0.0/8 -j PORTICO-PREROUTING\n",
			removed: []string{"-A PREROUTING -s 10.0.0.0/8 -j PORTICO-PREROUTING"}, added: []string{"-I PREROUTING 1 -j PORTICO-PREROUTING"}},
		{name: "goto", damage: "-A OUTPUT -g PORTICO-TCP-30000-30015\n", removed: []string{"-A OUTPUT -g PORTICO-TCP-30000-30015"}},
		{name: "strange chain of ours", damage: ":PORTICO-OLD - [0:0]\n-A PORTICO-OLD -j ACCEPT\n-A OUTPUT -j PORTICO-OLD\n",
			removed: []string{"-A PORTICO-OLD -j ACCEPT", "-A OUTPUT -j PORTICO-OLD"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			have := apply(t, clean, "*nat\n"+c.damage+"COMMIT\n")
			p := Diff(have, smallWant)
			if !slices.Equal(p.Removed, c.removed) || !slices.Equal(p.Added, c.added) || p.Empty() != (len(c.added)+len(c.removed) == 0) {
				t.Errorf("removed %q, added %q, restore %q", p.Removed, p.Added, p.Restore)
			}
			if p.Empty() {
				return
			}
			mended := apply(t, have, p.Restore)
			if again := Diff(mended, smallWant); !again.Empty() {
				t.Errorf("still to do:\n%s", again.Restore)
			}
			if diff := cmp.Diff(have.Format(true), apply(t, mended, p.Undo).Format(true)); diff != "" && c.name != "strange chain of ours" {
				t.Errorf("after undo (-before +after):\n%s", diff)
			}
		})
	}
}

// A newline in a comment must not become a line of its own in what is restored.
func TestDiffWithNewlineInComment(t *testing.T) {
	have := apply(t, mustParse(t, foreignNat), Diff(mustParse(t, foreignNat), smallWant).Restore)
	evil := Rule{Args: []string{"-m", "comment", "--comment", "a\n-F PREROUTING", "-j", "PORTICO-PREROUTING"}}
	pre := &have.Tables[0].Chains[0]
	pre.Rules = append(pre.Rules, evil)
	have.Tables[0].Chains[5].Rules = append(have.Tables[0].Chains[5].Rules, evil)
	p := Diff(have, Layout{Table: "nat"})
	for _, text := range []string{p.Restore, p.Undo} {
		if strings.Contains(text, "\n-F PREROUTING") {
			t.Errorf("the comment became a command:\n%s", text)
		}
	}
	if diff := cmp.Diff(have.Foreign(), apply(t, have, p.Restore)); diff != "" {
		t.Errorf("(-foreign +after):\n%s", diff)
	}
}

// anyHave draws a table with foreign rules and our part in whatever state: right, damaged,
// missing, or with chains of some other layout.
func anyHave(t *rapid.T, want Layout) Ruleset {
	have := mustRestore(t, Ruleset{}, foreignNat)
	if rapid.Bool().Draw(t, "ours stands") {
		have = mustRestore(t, have, Diff(have, want).Restore)
	}
	for range rapid.IntRange(0, 6).Draw(t, "damages") {
		nat, _ := have.Table("nat")
		names := make([]string, len(nat.Chains))
		for i, c := range nat.Chains {
			names[i] = c.Name
		}
		chain := rapid.SampledFrom(names).Draw(t, "chain")
		target := rapid.SampledFrom(append(names[4:], "ACCEPT")).Draw(t, "target")
		port := rapid.IntRange(1, 4).Draw(t, "port")
		c, _ := nat.Chain(chain)
		damage := rapid.SampledFrom([]string{
			fmt.Sprintf("[%d:60] -A %s -p tcp -m tcp --dport %d -j %s", port, chain, port, target),
			fmt.Sprintf("-I %s -j %s", chain, target),
			fmt.Sprintf("-I %s %d -p udp -g %s", chain, len(c.Rules)+1, names[len(names)-1]),
			fmt.Sprintf("-D %s 1", chain),
			"-F " + chain,
			fmt.Sprintf(":PORTICO-OLD%d - [0:0]", port),
			fmt.Sprintf(":MINE%d - [0:0]", port),
		}).Draw(t, "damage")
		if damaged, err := have.Restore("*nat\n" + damage + "\nCOMMIT\n"); err == nil {
			have = damaged
		}
	}
	return have
}

func mustRestore(t *rapid.T, have Ruleset, input string) Ruleset { return apply(t, have, input) }

// TestDiffProperties: whatever stands, applying the patch gives exactly what is wanted, leaves
// nothing to do, leaves foreign rules as they were, and can be undone.
func TestDiffProperties(t *testing.T) {
	layouts := []Layout{{Table: "nat"}, smallWant, treeOf(40), treeOf(300)}
	rapid.Check(t, func(t *rapid.T) {
		have := anyHave(t, rapid.SampledFrom(layouts).Draw(t, "stood"))
		want := rapid.SampledFrom(layouts).Draw(t, "want")
		p := Diff(have, want)
		after := have
		if !p.Empty() {
			after = apply(t, have, p.Restore)
		}
		if diff := cmp.Diff(sortedLayout(want), ownPart(after, "nat")); diff != "" {
			t.Fatalf("ours (-want +got):\n%s\nhave\n%s\nrestore\n%s", diff, have.Format(true), p.Restore)
		}
		if again := Diff(after, want); !again.Empty() || len(again.Added)+len(again.Removed) > 0 {
			t.Fatalf("still to do:\n%s", again.Restore)
		}
		if diff := cmp.Diff(have.Foreign().Format(true), after.Foreign().Format(true)); diff != "" {
			t.Fatalf("foreign rules (-before +after):\n%s", diff)
		}
		if p.Empty() {
			return
		}
		undone := apply(t, after, p.Undo)
		if diff := cmp.Diff(byName(have), byName(undone)); diff != "" {
			t.Fatalf("after undo (-before +after):\n%s", diff)
		}
	})
}

// byName is a ruleset's text with chains in order of their names: deleting a chain and making it
// again moves it, which means nothing.
func byName(r Ruleset) string {
	r.Tables = slices.Clone(r.Tables)
	for i, t := range r.Tables {
		t.Chains = slices.Clone(t.Chains)
		slices.SortStableFunc(t.Chains, func(a, b Chain) int { return strings.Compare(a.Name, b.Name) })
		r.Tables[i] = t
	}
	return r.Format(true)
}
