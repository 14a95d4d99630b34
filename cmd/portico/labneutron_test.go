//go:build lab

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/gateway/publish"
)

// labForwarding is a gateway, a VM and a free floating IP of the test's own.
type labForwarding struct {
	*lab
	fip, fipID string
	port       string // the VM's
}

// TestLabNeutron publishes by Neutron's port forwarding, moves that to a gateway and back, and provokes
// each refusal of a real Neutron beside the words by which Portico foresees it.
func TestLabNeutron(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := newLabForwarding(t)
	defer l.remove()
	before := l.doors()
	for _, s := range []struct {
		name string
		run  func(*testing.T, *labForwarding)
	}{
		{"published, used, moved and moved back", labMove},
		{"refusals", labRefusals},
		{"adopted and withdrawn", labAdoptForwarding},
	} {
		if !t.Run(s.name, func(t *testing.T) { in, base := *l, *l.lab; base.t = t; in.lab = &base; s.run(t, &in) }) {
			break
		}
	}
	l.portico(nil, "withdraw", "a-vm1", "--gateway", "a-gw", "--yes")
	if after := l.doors(); after != before {
		t.Errorf("withdrawn, the security groups are not as before:\n%s\n%s", before, after)
	}
}

func newLabForwarding(t *testing.T) *labForwarding {
	t.Helper()
	l := &labForwarding{lab: labHome(t)}
	l.vm, l.gw = l.server("vm", "a-vm1", "--sg", "default"), l.server("gateway", "a-gw")
	key := l.inside("a-gw", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
	if err := os.WriteFile(filepath.Join(l.home, ".ssh", "known_hosts"), []byte(l.gw.Floating[0]+" "+key), 0o600); err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(l.openstack("floating", "ip", "create", "public", "--description", "a test of Portico's", "-f", "value", "-c", "floating_ip_address", "-c", "id"))
	l.fip, l.fipID = words[0], words[1]
	if !strings.HasPrefix(l.fip, "203.") {
		l.fip, l.fipID = words[1], words[0]
	}
	l.port = strings.TrimSpace(l.openstack("port", "list", "--server", l.vm.ID, "-f", "value", "-c", "ID"))
	return l
}

// remove takes away what the test has made in the lab. It runs before the test's own context ends.
func (l *labForwarding) remove() {
	for _, vm := range []string{"a-vm1", "a-gw"} {
		l.run(nil, l.oslab, "rm", vm)
	}
	l.run(nil, l.oslab, "os", "floating", "ip", "delete", l.fipID)
}

// doors are the security groups that this test's forwards can make: other tests have theirs.
func (l *labForwarding) doors() string {
	l.t.Helper()
	var out []string
	for line := range strings.Lines(l.openstack("security", "group", "list", "-f", "value", "-c", "Name", "--sort-column", "Name")) {
		if strings.HasPrefix(line, "portico-neutron") || strings.Contains(line, "a-gw") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// client logs in at an address and says from where that comes, as the VM sees it.
func (l *labForwarding) client(addr string, port int) string {
	l.t.Helper()
	r := l.run(nil, "ssh", "-o", "ConnectTimeout=5", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
		"-i", filepath.Join(l.home, ".ssh", "id_ed25519"), "-p", fmt.Sprint(port), os.Getenv("OSLAB_VM_USER")+"@"+addr, `echo $(hostname) ${SSH_CLIENT%% *}`)
	l.t.Logf("$ ssh -p %d %s 'echo $(hostname) ${SSH_CLIENT%%%% *}'\n%s%s(exit %d)", port, addr, r.out, r.err, r.code)
	return strings.TrimSpace(r.out)
}

func (l *labForwarding) publishBy(args ...string) changeJSON {
	l.t.Helper()
	r := l.portico(nil, append([]string{"publish", "a-vm1", "--gateway", "a-gw", "--yes", "--json"}, args...)...)
	if r.code != 0 {
		l.t.Fatalf("publish %q: exit %d", args, r.code)
	}
	var out changeJSON
	decode(l.t, r.out, &out)
	return out
}

func labMove(t *testing.T, l *labForwarding) {
	port := l.lab.port(30000)
	l.portico(nil, "plan", "a-vm1", "--gateway", "a-gw", "--engine", "neutron", "--via", l.fip, "--format", "openstack")
	l.publishBy("--engine", "neutron", "--via", l.fip)
	if got := l.client(l.fip, port); got != "a-vm1 203.0.113.1" {
		t.Errorf("by neutron the VM sees %q", got)
	}
	l.portico(nil, "forwards", "--gateway", "a-gw")
	for _, args := range [][]string{{"test", "a-vm1"}, {"doctor", "a-vm1"}, {"ssh", "a-vm1", "--print"}} {
		if r := l.portico(nil, append(args, "--gateway", "a-gw")...); r.code != 0 || args[0] != "test" && !strings.Contains(r.out, l.fip) {
			t.Errorf("%q: exit %d", args, r.code)
		}
	}
	moved := l.publishBy("--engine", "nat")
	first, last := moved.Plan.Changes[0], moved.Plan.Changes[len(moved.Plan.Changes)-1]
	if first.Action != '+' || last.Action != '-' {
		t.Errorf("old before new: %s ... %s", first.Title, last.Title)
	}
	if got := l.client(l.gw.Floating[0], port); got != "a-vm1 "+l.gw.Fixed[0] {
		t.Errorf("by the gateway the VM sees %q", got)
	}
	if r := l.portico(nil, "forwards", "--gateway", "a-gw"); strings.Contains(r.out, "neutron") {
		t.Error("the forwarding of neutron's is still there")
	}
	l.publishBy("--engine", "neutron", "--via", l.fip)
	if got := l.client(l.fip, port); got != "a-vm1 203.0.113.1" {
		t.Errorf("back at neutron the VM sees %q", got)
	}
	if r := l.portico(nil, "plan", "a-vm1", "--gateway", "a-gw", "--exit-code"); r.code != 0 {
		t.Errorf("as it stands there is still something to do: exit %d", r.code)
	}
	l.portico(nil, "withdraw", "a-vm1", "--gateway", "a-gw", "--yes")
}

// raw asks Neutron by OpenStack's own client for what it refuses, and prints its words.
func (l *labForwarding) raw(words string, args ...string) {
	l.t.Helper()
	r := l.run(nil, l.oslab, append([]string{"os"}, args...)...)
	said := strings.TrimSpace(r.out + r.err)
	l.t.Logf("neutron says: %s", said)
	if r.code == 0 || !strings.Contains(said, words) {
		l.t.Errorf("openstack %q: exit %d, and not %q", args, r.code, words)
	}
}

// foresees plans what Neutron would refuse, which must say why.
func (l *labForwarding) foresees(words string, args ...string) {
	l.t.Helper()
	r := l.portico(nil, append(args, "--gateway", "a-gw")...)
	if r.code == 0 || !strings.Contains(r.err, words) || !strings.Contains(r.err, "next:") {
		l.t.Errorf("portico %q: exit %d, and not %q", args, r.code, words)
	}
}

func (l *labForwarding) forwarding(fip, port, addr string, in, out int) []string {
	return []string{
		"floating", "ip", "port", "forwarding", "create", "--port", port, "--internal-ip-address", addr, "--internal-protocol-port", fmt.Sprint(in),
		"--external-protocol-port", fmt.Sprint(out), "--protocol", "tcp", fip,
	}
}

func labRefusals(t *testing.T, l *labForwarding) {
	ssh, addr := l.lab.port(30000), l.vm.Fixed[0]
	byNeutron := []string{"plan", "a-vm1", "--engine", "neutron", "--via", l.fip}

	// The floating IP is attached; and a VM has one of its own.
	l.foresees("is attached to a-gw", "plan", "a-vm1", "--engine", "neutron", "--via", l.gw.Floating[0])
	l.raw("already has a floating IP", l.forwarding(l.gw.Floating[0], l.port, addr, 22, ssh)...)
	gwPort := strings.TrimSpace(l.openstack("port", "list", "--server", l.gw.ID, "-f", "value", "-c", "ID"))
	l.foresees("it has a floating IP of its own", "plan", "a-gw", "--engine", "neutron", "--via", l.fip)
	l.raw("has a binding floating IP", l.forwarding(l.fip, gwPort, l.gw.Fixed[0], 22, ssh)...)

	// Somebody else's forwardings, from the same public port and to the same port of the VM.
	l.openstack(l.forwarding(l.fip, l.port, addr, 80, ssh)...)
	l.foresees("a forwarding made elsewhere", byNeutron...)
	l.raw("port collision", l.forwarding(l.fip, l.port, addr, 22, ssh)...)
	l.foresees("leads to this port of the VM already", "plan", "a-vm1", "--service", "http", "--port", "40080", "--engine", "neutron", "--via", l.fip)
	l.raw("port collision", l.forwarding(l.fip, l.port, addr, 80, 40080)...)

	// A floating IP that forwards can neither be attached nor released.
	l.foresees("port forwardings of Neutron's", "floatingip", "attach", l.fip, "a-vm1", "--yes")
	l.raw("in use by Port Forwarding", "floating", "ip", "set", "--port", l.port, l.fip)
	l.foresees("port forwardings of Neutron's", "floatingip", "release", l.fip, "--yes")
	l.raw("in use by Port Forwarding", "floating", "ip", "delete", l.fip)

	// An address that the VM does not have.
	l.raw("not suitable", l.forwarding(l.fip, l.port, "10.20.0.254", 22, 40022)...)
	labRouters(t, l)
}

// labRouters are a subnet without a router, then with another router than the one that forwards already.
func labRouters(t *testing.T, l *labForwarding) {
	l.openstack("network", "create", "a-lone")
	l.openstack("subnet", "create", "--network", "a-lone", "--subnet-range", "10.77.0.0/24", "a-lone")
	defer func() {
		l.run(nil, l.oslab, "os", "server", "delete", "--wait", "fill-a-lone")
		l.run(nil, l.oslab, "os", "router", "remove", "subnet", "a-router", "a-lone")
		l.run(nil, l.oslab, "os", "router", "delete", "a-router")
		l.run(nil, l.oslab, "os", "network", "delete", "a-lone")
	}()
	l.openstack("server", "create", "--image", "debian-12", "--flavor", "m1.tiny", "--network", "a-lone", "--wait", "fill-a-lone")
	words := strings.Fields(l.openstack("port", "list", "--network", "a-lone", "--server", "fill-a-lone", "-f", "value", "-c", "ID"))
	addr := l.openstack("port", "show", words[0], "-f", "json", "-c", "fixed_ips")
	var port struct {
		FixedIPs []struct {
			Addr string `json:"ip_address"`
		} `json:"fixed_ips"`
	}
	decode(t, addr, &port)
	lone := []string{"plan", "fill-a-lone", "--engine", "neutron", "--via", l.fip, "--port", "40022"}
	l.foresees("no router joins its subnet a-lone to public", lone...)
	l.raw("not reachable from subnet", l.forwarding(l.fip, words[0], port.FixedIPs[0].Addr, 22, 40022)...)
	l.openstack("router", "create", "--external-gateway", "public", "a-router")
	l.openstack("router", "add", "subnet", "a-router", "a-lone")
	l.foresees("is on router router with what it forwards already", lone...)
	l.raw("had been set on router", l.forwarding(l.fip, words[0], port.FixedIPs[0].Addr, 22, 40022)...)
}

func labAdoptForwarding(t *testing.T, l *labForwarding) {
	web := l.lab.port(30000) // where the refusals have left somebody else's
	if r := l.portico(nil, "forwards", "--gateway", "a-gw"); !strings.Contains(r.out, "let nobody in") {
		t.Error("a forwarding that leads nowhere is not told as such")
	}
	l.openstack("server", "add", "security", "group", "a-vm1", "web")
	if r := l.portico(nil, "adopt", fmt.Sprint(web), "--gateway", "a-gw", "--yes"); r.code != 0 {
		t.Errorf("adopt: exit %d", r.code)
	}
	var have struct{ Forwards []forwardJSON }
	decode(t, l.portico(nil, "forwards", "--json", "--gateway", "a-gw").out, &have)
	if len(have.Forwards) != 1 || have.Forwards[0].Engine != publish.NeutronEngine || have.Forwards[0].Service != "http" {
		t.Errorf("adopted: %+v", have.Forwards)
	}
	if r := l.portico(nil, "withdraw", "a-vm1", "--gateway", "a-gw", "--yes"); r.code != 0 {
		t.Errorf("withdraw: exit %d", r.code)
	}
	if left := l.openstack("floating", "ip", "port", "forwarding", "list", l.fip, "-f", "value"); strings.TrimSpace(left) != "" {
		t.Errorf("left: %s", left)
	}
}
