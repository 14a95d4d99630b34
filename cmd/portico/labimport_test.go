//go:build lab

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wikiScript is what the wiki of the de.NBI cloud has a gateway run at boot, with the interface found out,
// and without the addresses in $SKIP: other tests' instances, which this one is not to touch.
const wikiScript = `set -e
DEV=$(ip -o -4 route show default | sed 's/.* dev \([^ ]*\).*/\1/')
LOCALIP=$(ip -o -4 addr show dev "$DEV" | sed 's/.* inet \([0-9.]*\).*/\1/' | head -1)
LOCALNET=${LOCALIP%.*}
echo 1 >/proc/sys/net/ipv4/ip_forward
n=1
while [ $n -le 254 ]; do
  case " $SKIP " in *" $LOCALNET.$n "*) n=$((n+1)); continue ;; esac
  for s in 22:30000 80:31000 443:32000; do
    port=${s%:*}; base=${s#*:}
    iptables -t nat -A PREROUTING -i "$DEV" -p tcp -m tcp --dport $((base+n)) -j DNAT --to-destination $LOCALNET.$n:$port
    iptables -t nat -A POSTROUTING -d $LOCALNET.$n/32 -p tcp -m tcp --dport $port -j SNAT --to-source $LOCALIP
  done
  n=$((n+1))
done
mkdir -p /etc/iptables && iptables-save >/etc/iptables/rules.v4`

// TestLabImport takes over a gateway of a real OpenStack that the wiki's script has set up: 762 forwards,
// most of them to addresses that nobody has.
func TestLabImport(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := labHome(t)
	labImportSweep(l)       // what an interrupted run may have left
	defer labImportSweep(l) // not as a clean-up: those run without the context of the test
	l.openstack("security", "group", "create", "c-by-hand")
	for _, ports := range []string{"22", "80", "30001:32254"} {
		l.openstack("security", "group", "rule", "create", "--proto", "tcp", "--dst-port", ports, "c-by-hand")
	}
	l.vm = l.server("vm", "c-vm1", "--sg", "c-by-hand")
	l.gw = l.server("gateway", "c-gw")
	port := strings.Fields(l.openstack("port", "list", "--server", "c-gw", "-f", "value", "-c", "ID"))[0]
	l.openstack("port", "set", "--security-group", "c-by-hand", port)
	key := l.inside("c-gw", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
	if err := os.WriteFile(filepath.Join(l.home, ".ssh", "known_hosts"), []byte(l.gw.Floating[0]+" "+key), 0o600); err != nil {
		t.Fatal(err)
	}
	labByScript(t, l)
}

// labByScript sets the gateway up by the script, and imports that.
func labByScript(t *testing.T, l *lab) {
	t.Helper()
	l.inside("c-gw", "SKIP='"+strings.Join(labOthers(t, l), " ")+"'\n"+wikiScript)
	made := strings.Count(l.inside("c-gw", "iptables-save -t nat"), "-j DNAT")
	eventually(t, func() bool { return l.ssh(l.port(30000)).code == 0 })

	var found struct {
		ByHand byHandJSON `json:"by_hand"`
	}
	decode(t, l.run(nil, l.bin, "import", "--plan", "--json", "--gateway", "c-gw").out, &found)
	if f := found.ByHand; f.Rules != made || made < 600 || f.Companions != f.Rules || f.Scheme == nil || *f.Scheme != "per-service" || len(f.Odd) != 0 || len(f.Kept) != 1 || len(f.Forwards) != 3 {
		t.Errorf("found %d rules, %d companions, scheme %v, %d odd, kept in %q, %d forwards to VMs, %d to nobody", f.Rules, f.Companions, f.Scheme, len(f.Odd), f.Kept, len(f.Forwards), len(f.Vacant))
	}
	r := l.run(nil, l.bin, "import", "--yes", "--gateway", "c-gw")
	t.Logf("$ portico import --yes --gateway c-gw\n%s\n...\n%s(exit %d, %.1f s)", head(r.out, 12), r.err, r.code, r.took.Seconds())
	if r.code != 0 && r.code != 4 { // 4: nothing listens on some ports that the script publishes
		t.Fatalf("import: exit %d", r.code)
	}
	labImported(t, l, found.ByHand.Rules)
	l.must(l.oslab, "reboot", "c-gw")
	eventually(t, func() bool { return l.ssh(l.port(30000)).code == 0 })
	if r := l.portico(nil, "import", "--yes", "--gateway", "c-gw"); r.code != 0 || !strings.Contains(r.out, "No changes") {
		t.Errorf("after a reboot there is something to import: exit %d", r.code)
	}
	if r := l.portico(nil, "plan", "c-vm1", "--service", "ssh,http,https", "--exit-code", "--gateway", "c-gw"); r.code != 0 {
		t.Errorf("after a reboot there is something to do: exit %d", r.code)
	}
}

// labOthers lists the addresses of the project's instances that are not this test's.
func labOthers(t *testing.T, l *lab) (out []string) {
	t.Helper()
	var got struct{ Instances []instanceJSON }
	decode(t, l.run(nil, l.bin, "list", "--json", "--gateway", "c-gw").out, &got)
	for _, i := range got.Instances {
		if i.Name != "c-gw" && i.Name != "c-vm1" {
			for _, a := range i.Addresses {
				out = append(out, a.String())
			}
		}
	}
	return out
}

// labImported looks at what the import has left.
func labImported(t *testing.T, l *lab, found int) {
	t.Helper()
	if r := l.ssh(l.port(30000)); r.code != 0 || strings.TrimSpace(r.out) != "c-vm1" {
		t.Errorf("ssh does not reach the VM: %+v", r)
	}
	rules := l.inside("c-gw", "iptables-save -t nat")
	ours, theirs := strings.Count(rules, "portico v1 net=")+strings.Count(rules, "portico v1 vm="), 0
	for line := range strings.Lines(rules) {
		if strings.HasPrefix(line, "-A PREROUTING ") && strings.Contains(line, "DNAT") {
			theirs++
		}
	}
	t.Logf("on the gateway stand %d forwards of ours, and %d rules of the script's, to addresses that no VM can have", ours, theirs)
	if ours+theirs != found || theirs == 0 || theirs > 12 {
		t.Errorf("%d forwards of ours and %d rules by hand", ours, theirs)
	}
	var groups []map[string]any
	decode(t, l.openstack("security", "group", "rule", "list", "portico-c-gw", "-f", "json"), &groups)
	t.Logf("the group portico-c-gw has %d rules", len(groups))
}

// labImportSweep removes what the test makes.
func labImportSweep(l *lab) {
	for _, vm := range []string{"c-gw", "c-vm1"} {
		l.run(nil, l.oslab, "rm", vm)
	}
	for _, group := range []string{"portico-from-c-gw", "portico-c-gw", "c-by-hand"} {
		l.run(nil, l.oslab, "os", "security", "group", "delete", group)
	}
}

// head is the first lines of a text.
func head(text string, n int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[:min(n, len(lines))], "")
}
