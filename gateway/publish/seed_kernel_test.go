//go:build kernel && linux

package publish

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/gateway/netfilter"
)

// A whole subnet's forwards lead where the seed's script for the same scheme leads, port by port, as the
// kernel tells it after both were run; but for the addresses that can hold no instance.
func TestSubnetIsTheSeedsOnKernel(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("needs root: namespaces are made")
	}
	for name, services := range map[string][]string{
		"per-service": {"ssh", "http", "https"}, "interleaved": {"ssh", "http", "https"}, "two-octet": {"ssh", "mosh"},
	} {
		t.Run(name, func(t *testing.T) {
			p := testPublisher(t)
			pr, err := p.Plan(context.Background(), subnetSnapshot(t, p, nil), Request{Subnets: []string{"lab-v4"}, Scheme: name, Services: services})
			if err != nil {
				t.Fatal(err)
			}
			ours := landings(t, restoreInto(t, pr))
			seed := landings(t, runSeed(t, name))
			left := map[string]int{}
			for at, where := range seed {
				ap := netip.MustParseAddrPort(where)
				switch n := ap.Addr().As4()[3]; n {
				case 1, 2, 4: // router, DHCP, the gateway itself
					left[ap.Addr().String()]++
					delete(seed, at)
				}
			}
			if diff := cmp.Diff(seed, ours); diff != "" {
				t.Errorf("- the script, + Portico:\n%s", diff)
			}
			if want := 251 * len(services); len(ours) != want || len(left) != 3 {
				t.Errorf("%d ports, want %d; left out: %v", len(ours), want, left)
			}
			t.Logf("%s: %d public ports lead where the script leads; left out, as no VM can be there: %v", name, len(ours), left)
		})
	}
}

// restoreInto gives the plan's rules to a kernel, and returns what iptables-save says then.
func restoreInto(t *testing.T, pr Proposal) string {
	t.Helper()
	var rules string
	for _, c := range pr.Plan.Changes() {
		if lines, ok := RestoreInput(c); ok && strings.HasSuffix(c.Target, "iptables nat") {
			rules = strings.Join(lines, "\n") + "\n"
		}
	}
	if rules == "" {
		t.Fatal("the plan restores no nat table")
	}
	return inNamespace(t, "iptables-restore --noflush && iptables-save -t nat", rules)
}

// runSeed runs a script, unchanged, with a metadata service that always answers with the gateway's address.
func runSeed(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	for program, text := range map[string]string{"curl": "echo 192.168.0.4", "nc": "exit 0"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script, err := filepath.Abs(filepath.Join("testdata", "seed", name+".sh"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err != nil {
		t.Fatal(err)
	}
	// The scripts call nc by its path.
	return inNamespace(t, fmt.Sprintf("cp %[1]s/nc /run/nc; [ ! -e /bin/nc ] || mount --bind /run/nc /bin/nc; PATH=%[1]s:$PATH bash %[2]s >&2; iptables-save -t nat", dir, script), "")
}

// inNamespace runs a shell line in a network and a mount namespace of its own.
func inNamespace(t *testing.T, line, stdin string) string {
	t.Helper()
	setUp := "mount --make-rprivate / && mount -t tmpfs tmpfs /var/log && mount -t tmpfs tmpfs /run && ip link set lo up && ip link add ens3 type veth peer name far && "
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "sh", "-c", setUp+line)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", line, err, errs.String())
	}
	return out.String()
}

// landings are where the DNAT rules of a nat table lead.
func landings(t *testing.T, saved string) map[string]string {
	t.Helper()
	rules, err := netfilter.Parse(saved)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	table, _ := rules.Table("nat")
	for _, c := range table.Chains {
		for _, r := range c.Rules {
			words := map[string]string{}
			for i := 0; i+1 < len(r.Args); i++ {
				words[r.Args[i]] = r.Args[i+1]
			}
			if words["-j"] != "DNAT" {
				continue
			}
			at := words["-p"] + "/" + words["--dport"]
			if was, twice := out[at]; twice {
				t.Errorf("%s leads to %s and to %s", at, was, words["--to-destination"])
			}
			out[at] = words["--to-destination"]
		}
	}
	return out
}
