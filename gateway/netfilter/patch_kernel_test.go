//go:build kernel && linux

package netfilter

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/coreos/go-iptables/iptables"
	"github.com/google/go-cmp/cmp"
)

// kernel is the packet filter of a network namespace of the test's own, by one of the two back
// ends of iptables.
type kernel struct {
	t       *testing.T
	backend string // "nft" or "legacy"
}

// onKernels runs a test on both back ends. It needs root, and fails without: these tests are
// asked for by their build tag.
func onKernels(t *testing.T, run func(t *testing.T, k kernel, oracle *iptables.IPTables)) {
	if os.Geteuid() != 0 {
		t.Fatal("tests on the real kernel need root")
	}
	for _, backend := range []string{"nft", "legacy"} {
		t.Run(backend, func(t *testing.T) {
			// The thread, and the programs started from it, are in the new namespace; it ends
			// with the test because it is never unlocked.
			runtime.LockOSThread()
			if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
				t.Fatalf("make a network namespace: %v", err)
			}
			path, err := exec.LookPath("iptables-" + backend)
			if err != nil {
				t.Fatal(err)
			}
			oracle, err := iptables.New(iptables.Path(path))
			if err != nil {
				t.Fatal(err)
			}
			run(t, kernel{t, backend}, oracle)
		})
	}
}

// run runs iptables-BACKEND-NAME and returns what it printed, and whether it succeeded.
func (k kernel) run(stdin, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(k.t.Context(), "iptables-"+k.backend+"-"+name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, errs.String())
	}
	return out.String(), nil
}

func (k kernel) save(args ...string) string {
	k.t.Helper()
	text, err := k.run("", "save", args...)
	if err != nil {
		k.t.Fatal(err)
	}
	return text
}

// state is what stands, with counters.
func (k kernel) state() Ruleset { return mustParse(k.t, k.save("-c")) }

// restore proves that --test accepts the input and changes nothing, and then restores it.
func (k kernel) restore(input string) {
	k.t.Helper()
	before := withoutComments(k.save("-c"))
	for _, args := range [][]string{{"--noflush", "--counters", "--test"}, {"--noflush", "--counters"}} {
		if after := withoutComments(k.save("-c")); before != after {
			k.t.Fatalf("a test changed the rules (-before +after):\n%s", cmp.Diff(before, after))
		}
		if out, err := k.run(input, "restore", args...); err != nil {
			k.t.Fatalf("iptables-restore %v: %v%s\n%s", args, err, out, input)
		}
	}
}

// policyCounters are those at the end of a built-in chain's declaration, which the legacy back
// end sets to zero when anything in the table changes.
var policyCounters = regexp.MustCompile(`(?m)^(:.*) \[[0-9]+:[0-9]+\]$`)

// rules is what stands as text, with the counters of all rules but not of policies.
func (k kernel) rules() string {
	k.t.Helper()
	return policyCounters.ReplaceAllString(withoutComments(k.save("-c")), "$1")
}

func zeroPolicies(r Ruleset) Ruleset {
	r.Tables = slices.Clone(r.Tables)
	for i, t := range r.Tables {
		r.Tables[i].Chains = slices.Clone(t.Chains)
		for j := range t.Chains {
			r.Tables[i].Chains[j].Packets, r.Tables[i].Chains[j].Bytes = 0, 0
		}
	}
	return r
}

// foreignLines are the lines of what stands that have nothing to do with us, found without the
// code under test.
func (k kernel) foreignLines() string {
	var b strings.Builder
	for line := range strings.Lines(k.save()) {
		if line[0] != '#' && !strings.Contains(line, Prefix) {
			b.WriteString(line)
		}
	}
	return policyCounters.ReplaceAllString(b.String(), "$1")
}

func TestKernelGivesBackDumps(t *testing.T) {
	onKernels(t, func(t *testing.T, k kernel, _ *iptables.IPTables) {
		for name, text := range dumps(t) {
			text = strings.ReplaceAll(text, `--name ab c`, `--name ab`) // the program prints what it cannot read
			if out, err := k.run(text, "restore", "--counters"); err != nil {
				t.Fatalf("%s: %v%s", name, err, out)
			}
			saved := withoutComments(k.save("-c"))
			if diff := cmp.Diff(saved, k.state().Format(true)); diff != "" {
				t.Errorf("%s: Format(Parse(text)) (-text +got):\n%s", name, diff)
			}
		}
	})
}

func TestKernelCanonicalForms(t *testing.T) {
	onKernels(t, func(t *testing.T, k kernel, oracle *iptables.IPTables) {
		if err := oracle.NewChain("nat", "PORTICO-A"); err != nil {
			t.Fatal(err)
		}
		for _, c := range canonicalForms {
			if err := oracle.ClearChain("nat", "PORTICO-A"); err != nil {
				t.Fatal(err)
			}
			if err := oracle.Append("nat", "PORTICO-A", rule(c.in).Args...); err != nil {
				t.Fatalf("%s: %v", c.in, err)
			}
			table, _ := k.state().Table("nat")
			chain, _ := table.Chain("PORTICO-A")
			if got := chain.Rules[0]; got.String() != c.want || !slices.Equal(got.Args, Canonical(rule(c.in).Args)) {
				t.Errorf("%s\ngives back %s\nwant       %s", c.in, got, c.want)
			}
		}
	})
}

// TestKernelPatches walks through layouts, with damage in between, on a gateway that has Docker.
func TestKernelPatches(t *testing.T) {
	steps := []struct {
		name, damage string
		want         Layout
	}{
		{name: "first forwards", want: smallWant},
		{name: "no change", want: smallWant},
		{name: "a tree", want: treeOf(40)},
		{name: "a deeper tree", want: treeOf(300)},
		{name: "mend", want: treeOf(300), damage: "-I PREROUTING 1 -j PORTICO-PREROUTING\n-A PREROUTING -j PORTICO-PREROUTING\n-A DOCKER -m comment --comment \"it's 1\" -j PORTICO-PREROUTING\n" +
			"-F PORTICO-TCP-20016-20031\n[4:240] -A PORTICO-TCP-20000-20015 -j RETURN\n:PORTICO-X - [0:0]\n:PORTICO-Y - [0:0]\n-A PORTICO-X -j PORTICO-Y\n-A PORTICO-Y -j ACCEPT\n-A OUTPUT -g PORTICO-X\n"},
		{name: "fewer", want: treeOf(17)},
		{name: "nothing of ours", want: Layout{Table: "nat"}},
	}
	onKernels(t, func(t *testing.T, k kernel, oracle *iptables.IPTables) {
		if _, err := k.run(dumps(t)["docker.rules"], "restore", "--counters"); err != nil {
			t.Fatal(err)
		}
		for _, s := range steps {
			if s.damage != "" {
				k.restore("*nat\n" + s.damage + "COMMIT\n")
			}
			walkStep(t, k, oracle, s.name, s.want)
		}
	})
}

// walkStep patches forth, back and forth again, and looks at the kernel each time.
func walkStep(t *testing.T, k kernel, oracle *iptables.IPTables, name string, want Layout) {
	t.Helper()
	before, text, foreign := k.state(), k.rules(), k.foreignLines()
	p := Diff(before, want)
	if !p.Empty() {
		k.restore(p.Restore)
		k.restore(p.Undo)
		if diff := cmp.Diff(text, k.rules()); diff != "" {
			t.Errorf("%s: after undo (-before +after):\n%s", name, diff)
		}
		k.restore(p.Restore)
		model, err := before.Restore(p.Restore)
		if err != nil {
			t.Fatalf("%s: the model refuses what the kernel takes: %v", name, err)
		}
		if diff := cmp.Diff(byName(zeroPolicies(model)), byName(zeroPolicies(k.state()))); diff != "" {
			t.Errorf("%s: (-model +kernel):\n%s", name, diff)
		}
	}
	after := k.state()
	if again := Diff(after, want); !again.Empty() {
		t.Errorf("%s: still to do:\n%s", name, again.Restore)
	}
	if diff := cmp.Diff(foreign, k.foreignLines()); diff != "" {
		t.Errorf("%s: foreign lines (-before +after):\n%s", name, diff)
	}
	if diff := cmp.Diff(before.Foreign().Format(false), after.Foreign().Format(false)); diff != "" {
		t.Errorf("%s: foreign rules (-before +after):\n%s", name, diff)
	}
	askOracle(t, oracle, name, want)
}

// askOracle compares our part with what go-iptables lists.
func askOracle(t *testing.T, oracle *iptables.IPTables, name string, want Layout) {
	t.Helper()
	chains, err := oracle.ListChains(want.Table)
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{}
	for _, c := range want.Chains {
		wanted[c.Name] = true
		listed, err := oracle.List(want.Table, c.Name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lines := []string{"-N " + c.Name}
		for _, r := range c.Rules {
			lines = append(lines, appendLine(c.Name, Rule{Args: Canonical(r.Args)}))
		}
		if diff := cmp.Diff(lines, listed); diff != "" {
			t.Errorf("%s: chain %s (-want +listed):\n%s", name, c.Name, diff)
		}
	}
	for _, c := range chains {
		if Owned(c) != wanted[c] {
			t.Errorf("%s: chain %s stands: it is wanted: %v", name, c, wanted[c])
		}
	}
	for _, j := range want.Jumps {
		listed, err := oracle.List(want.Table, j.From)
		if err != nil {
			t.Fatal(err)
		}
		line := appendLine(j.From, j.rule())
		if n := len(slices.DeleteFunc(listed, func(l string) bool { return l != line })); n != 1 {
			t.Errorf("%s: %q stands %d times", name, line, n)
		}
	}
}

// TestKernelPatchIsAtomic: of a patch that fails at its end, nothing is done.
func TestKernelPatchIsAtomic(t *testing.T) {
	onKernels(t, func(t *testing.T, k kernel, _ *iptables.IPTables) {
		if _, err := k.run(dumps(t)["docker.rules"], "restore", "--counters"); err != nil {
			t.Fatal(err)
		}
		before := withoutComments(k.save("-c"))
		broken := strings.Replace(Diff(k.state(), treeOf(40)).Restore, "COMMIT\n", "-A PREROUTING -j PORTICO-MISSING\nCOMMIT\n", 1)
		if out, err := k.run(broken, "restore", "--noflush", "--counters"); err == nil {
			t.Fatalf("iptables-restore took a jump into a chain that is not there: %s", out)
		}
		if diff := cmp.Diff(before, withoutComments(k.save("-c"))); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
}

func TestKernelFingerprint(t *testing.T) {
	onKernels(t, func(t *testing.T, k kernel, _ *iptables.IPTables) {
		for _, rules := range []string{"", dumps(t)["docker.rules"], dumps(t)["kube.rules"]} {
			if _, err := k.run(rules, "restore", "--counters"); err != nil {
				t.Fatal(err)
			}
			pipeline := fmt.Sprintf(`iptables-%s-save -t nat | sed -e '/^#/d' -e 's/ \[[0-9]*:[0-9]*\]$//' | sha256sum`, k.backend)
			out, err := exec.CommandContext(t.Context(), "sh", "-c", pipeline).Output()
			if err != nil {
				t.Fatal(err)
			}
			want, _, _ := strings.Cut(string(out), " ")
			if got := Fingerprint(k.save("-t", "nat"), "nat"); got != want {
				t.Errorf("of the table's text: %s, the pipeline says %s", got, want)
			}
			if got := Fingerprint(k.save(), "nat"); got != want {
				t.Errorf("of the whole text: %s, the pipeline says %s", got, want)
			}
			if got := k.state().Fingerprint("nat"); got != want {
				t.Errorf("of the ruleset: %s, the pipeline says %s", got, want)
			}
		}
	})
}
