package netfilter

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// byHand are rules as people make them: few, so that some stand twice.
var byHand = []string{
	`PREROUTING -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22`,
	`PREROUTING -p tcp -m tcp --dport 30012 -m comment --comment "it's mine" -j DNAT --to-destination 192.168.0.12:22`,
	`PREROUTING -p udp -m udp --dport 60001 -j DNAT --to-destination 192.168.0.11:60001`,
	`POSTROUTING -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4`,
	`POSTROUTING -s 10.8.0.0/24 -j MASQUERADE`,
}

// placed is a rule of byHand.
func placed(line string) Placed {
	chain, words, _ := strings.Cut(line, " ")
	return Placed{Chain: chain, Rule: rule(words)}
}

// withByHand adds rules of byHand at places that at chooses, with counters.
func withByHand(have Ruleset, n int, pick, at func(n int) int) Ruleset {
	for range n {
		p := placed(byHand[pick(len(byHand))])
		nat, _ := have.Table("nat")
		c, _ := nat.Chain(p.Chain)
		p.Index, p.Rule.Packets, p.Rule.Bytes = 1+at(len(c.Rules)+1), uint64(n), uint64(60*n) //nolint:gosec // small
		if more, err := have.Restore("*nat\n" + p.String() + "\nCOMMIT\n"); err == nil {
			have = more
		}
	}
	return have
}

// without is what is foreign in a ruleset but for rules that are taken over.
func without(r Ruleset, gone []Placed) string {
	var kept strings.Builder
	for line := range strings.Lines(r.Foreign().Format(false)) {
		if !slices.ContainsFunc(gone, func(p Placed) bool { return strings.TrimSpace(line) == placedLine(p) }) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func foreignText(r Ruleset) string { return r.Foreign().Format(false) }

// TestTakingOver: whatever stands, a layout that takes rules over leaves what it wants, none of
// those rules and all of the others; its undo brings every one back to its place, with counters.
func TestTakingOver(t *testing.T) {
	layouts := []Layout{{Table: "nat"}, smallWant, treeOf(40)}
	rapid.Check(t, func(t *rapid.T) {
		have := anyHave(t, rapid.SampledFrom(layouts).Draw(t, "stood"))
		draw := func(what string) func(int) int {
			return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, what) }
		}
		have = withByHand(have, rapid.IntRange(0, 8).Draw(t, "by hand"), draw("rule"), draw("place"))
		want := rapid.SampledFrom(layouts).Draw(t, "want")
		for _, line := range byHand {
			if rapid.Bool().Draw(t, "take "+line) {
				want.Gone = append(want.Gone, placed(line))
			}
		}
		p := Diff(have, want)
		after := have
		if !p.Empty() {
			after = apply(t, have, p.Restore)
		}
		if again := Diff(after, want); !again.Empty() || len(again.Added)+len(again.Removed) > 0 {
			t.Fatalf("still to do:\n%s", again.Restore)
		}
		if diff := cmp.Diff(without(have, want.Gone), foreignText(after)); diff != "" {
			t.Fatalf("foreign rules (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(sortedLayout(Layout{Table: "nat", Chains: want.Chains, Jumps: want.Jumps}), ownPart(after, "nat")); diff != "" {
			t.Fatalf("ours (-want +got):\n%s", diff)
		}
		if p.Empty() {
			return
		}
		if diff := cmp.Diff(byName(have), byName(apply(t, after, p.Undo))); diff != "" {
			t.Fatalf("after undo (-before +after):\n%s", diff)
		}
	})
}

// TestGivingBack: a layout that names what was taken gives it back to its place, without the patch
// that took it, and once only.
func TestGivingBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(what string) func(int) int {
			return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, what) }
		}
		have := withByHand(mustRestore(t, Ruleset{}, foreignNat), rapid.IntRange(0, 8).Draw(t, "by hand"), draw("rule"), draw("place"))
		want := smallWant
		for _, line := range byHand[:rapid.IntRange(1, len(byHand)).Draw(t, "taken")] {
			want.Gone = append(want.Gone, placed(line))
		}
		nat, _ := have.Table("nat")
		before := Layout{Table: "nat", Back: Standing(nat, want.Gone)}
		after := apply(t, have, Diff(have, want).Restore)
		back := apply(t, after, Diff(after, before).Restore)
		if diff := cmp.Diff(byName(have), byName(back)); diff != "" {
			t.Fatalf("(-before +after):\n%s", diff)
		}
		if again := Diff(back, before); !again.Empty() {
			t.Fatalf("given back twice:\n%s", again.Restore)
		}
	})
}

func ExamplePlaced_String() {
	p := placed(byHand[3])
	p.Index, p.Rule.Packets, p.Rule.Bytes = 2, 7, 420
	fmt.Println(p)
	// Output: [7:420] -I POSTROUTING 2 -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4
}
