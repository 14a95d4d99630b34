//go:build kernel && linux

package nat

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/measure"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
)

// bootLoop is the loop of the boot scripts that gateways have been made with: six calls for each address.
const bootLoop = `LOCALNET=192.168.0 LOCALIP=192.168.0.4
for n in $(seq 1 "$1"); do
	SSH_PORT=$((30000+$n)) HTTP_PORT=$((31000+$n)) HTTPS_PORT=$((32000+$n))
	iptables -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport ${SSH_PORT} -j DNAT --to-destination ${LOCALNET}.${n}:22
	iptables -t nat -A POSTROUTING -d ${LOCALNET}.${n}/32 -p tcp -m tcp --dport 22 -j SNAT --to-source ${LOCALIP}
	iptables -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport ${HTTP_PORT} -j DNAT --to-destination ${LOCALNET}.${n}:80
	iptables -t nat -A POSTROUTING -d ${LOCALNET}.${n}/32 -p tcp -m tcp --dport 80 -j SNAT --to-source ${LOCALIP}
	iptables -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport ${HTTPS_PORT} -j DNAT --to-destination ${LOCALNET}.${n}:443
	iptables -t nat -A POSTROUTING -d ${LOCALNET}.${n}/32 -p tcp -m tcp --dport 443 -j SNAT --to-source ${LOCALIP}
done`

// TestLoadCost measures how long many forwards take to get into a real kernel: typed one by one as the
// boot scripts do, restored at once as rules alone, and applied by this engine, which tries them first,
// insists on what it has seen, keeps them for the next boot, and is asked to prove that nothing is
// left to do. Then one among them goes and comes back.
func TestLoadCost(t *testing.T) {
	addresses, sizes := 10, []int{762}
	if measure.All() {
		addresses, sizes = 254, []int{762, 10000, 40000}
	}
	table := &measure.Table{
		Title: "Getting forwards into the kernel", How: "iptables on a real kernel, in a network namespace",
		Head: []string{"how", "forwards", "rules sent", "time", "one more", "rules sent for it"},
	}
	ns := newNamespace(t)
	start := time.Now()
	ns.shellWith(t, bootLoop, "", fmt.Sprint(addresses))
	table.Add(fmt.Sprintf("the boot script: %d calls of iptables", 6*addresses), 3*addresses, "-", time.Since(start), "-", "-")
	for _, n := range sizes {
		ns := newNamespace(t)
		text := linearRules(testGateway, costForwards(n))
		start := time.Now()
		ns.shellWith(t, "iptables-restore", text)
		table.Add("the same rules by one iptables-restore", n, measure.Bytes(len(text)), time.Since(start), "-", "-")
	}
	for _, n := range sizes {
		addOurs(t, table, n)
	}
	table.Print()
}

// addOurs applies n forwards by plan, then takes one away and puts it back.
func addOurs(t *testing.T, table *measure.Table, n int) {
	ns, p := newNamespace(t), newProject()
	p.inv.Quotas.SecurityGroupRules = cloud.Limit{}
	r := rig{run: ns, shell: ns.shell}
	all := costForwards(n)
	whole, sent := applyTimed(t, r, p, all)
	applyTimed(t, r, p, slices.Delete(slices.Clone(all), n/2, n/2+1))
	one, little := applyTimed(t, r, p, all)
	table.Add("Portico, with trial, files and fingerprints", n, measure.Bytes(sent), whole, one, measure.Bytes(little))
	if again := planFor(t, r, p, all); !again.Empty() {
		t.Errorf("after that there is still something to do: %v", again.Summary())
	}
	if little > sent/10 {
		t.Errorf("%d of %d bytes are sent for one forward", little, sent)
	}
	reached(t, ns, n)
}

// applyTimed applies and returns how long the host's steps took, and how many bytes they sent.
func applyTimed(t *testing.T, r rig, p *project, want []gateway.Forward) (took time.Duration, sent int) {
	t.Helper()
	pl := planFor(t, r, p, want)
	for _, c := range pl.Changes() {
		if c.Host != "" {
			for _, line := range c.Shell {
				sent += len(line) + 1
			}
		}
	}
	report := plan.Apply(context.Background(), pl, func(e plan.Event) {
		if e.Change.Host != "" && e.State == plan.Done {
			took += e.Elapsed
		}
	})
	if !report.OK() {
		t.Fatal(report.Err)
	}
	return took, sent
}

// reached asks the kernel itself whether the first and the last forward stand.
func reached(t *testing.T, ns *namespace, n int) {
	t.Helper()
	rules, err := netfilter.Parse(ns.shell(t, "iptables-save -t nat"))
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range []int{20000, 20000 + n - 1} {
		v := rules.Trace(netfilter.Packet{
			In: "ens3", Proto: "tcp", Src: netip.MustParseAddrPort("198.51.100.7:40000"), Dst: netip.AddrPortFrom(testGateway.FixedIP, uint16(port)),
			Local: func(a netip.Addr) bool { return a == testGateway.FixedIP },
		})
		if !v.DNATed {
			t.Errorf("port %d leads nowhere: %v", port, v)
		}
	}
}

func (n *namespace) shellWith(t *testing.T, script, stdin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "nsenter", append([]string{"-t", n.pid, "-n", "-m", "--", "sh", "-ec", script, "sh"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %.300s", err, out)
	}
}
