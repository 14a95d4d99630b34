//go:build kernel && linux

package netfilter

import (
	"math/rand/v2"
	"testing"

	"github.com/coreos/go-iptables/iptables"
	"github.com/google/go-cmp/cmp"
)

// TestKernelTakingOver takes random rules made by hand over and gives them back, on a gateway that
// has Docker: the kernel must end where the model does, and then exactly where it began.
func TestKernelTakingOver(t *testing.T) {
	onKernels(t, func(t *testing.T, k kernel, oracle *iptables.IPTables) {
		choose := rand.New(rand.NewPCG(3, 8)).IntN
		for round := range 40 {
			if _, err := k.run(dumps(t)["docker.rules"], "restore", "--counters"); err != nil {
				t.Fatal(err)
			}
			start := k.state()
			hand := withByHand(start, choose(9), choose, choose)
			if _, err := k.run(hand.Format(true), "restore", "--counters"); err != nil {
				t.Fatal(err)
			}
			if choose(2) == 0 {
				k.restore(Diff(k.state(), treeOf(40)).Restore)
			}
			want := smallWant
			for _, line := range byHand {
				if choose(2) == 0 {
					want.Gone = append(want.Gone, placed(line))
				}
			}
			before, text := k.state(), k.rules()
			p := Diff(before, want)
			k.restore(p.Restore)
			after := k.state()
			if diff := cmp.Diff(without(before, want.Gone), foreignText(after)); diff != "" {
				t.Fatalf("round %d: foreign rules (-before +after):\n%s", round, diff)
			}
			if again := Diff(after, want); !again.Empty() {
				t.Fatalf("round %d: still to do:\n%s", round, again.Restore)
			}
			askOracle(t, oracle, "taken over", want)
			k.restore(p.Undo)
			if diff := cmp.Diff(text, k.rules()); diff != "" {
				t.Fatalf("round %d: after undo (-before +after):\n%s", round, diff)
			}
		}
	})
}
