//go:build lab

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLabUserData boots a machine of its own with Portico's user data, from the real metadata service:
// it comes up as a gateway, carries a forward over a reboot, and is retired without a trace. Then a plain
// VM is prepared as one.
func TestLabUserData(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := labHome(t)
	names := []string{"d-gw", "d-vm"}
	remove := func() {
		for _, name := range names {
			l.run(nil, l.oslab, "rm", name)
		}
		for _, g := range []string{"portico-from-d-gw", "portico-d-gw", "portico-from-d-vm", "portico-d-vm"} {
			l.run(nil, l.oslab, "os", "security", "group", "delete", g)
		}
	}
	remove() // what an interrupted run may have left
	defer remove()
	groups := l.ownGroups()

	boot := filepath.Join(l.home, "boot.sh")
	if err := os.WriteFile(boot, []byte(l.must(l.bin, "gateway", "user-data", "--name", "d-gw", "--subnet", "lan", "--service", "ssh")), 0o600); err != nil {
		t.Fatal(err)
	}
	l.openstack("server", "create", "--image", "debian-12", "--flavor", "m1.tiny", "--network", "lan", "--key-name", "lab", "--security-group", "default",
		"--security-group", "ssh", "--user-data", boot, "--wait", "d-gw")
	l.vm = l.server("vm", "d-vm")
	l.must(l.oslab, "sync", "-a")
	eventually(t, func() bool {
		return strings.Contains(l.run(nil, l.oslab, "in", "d-gw", "cat", "/var/log/portico-boot.log").out, "this machine is a gateway")
	})
	t.Log(l.inside("d-gw", "stat -c '%a %U %n' /var/log/portico-boot.log; cat /var/log/portico-boot.log; iptables-save | grep -c 'svc=ssh'"))
	labFirstBoot(t, l)
	labRetire(t, l, groups)
	labPrepare(t, l, groups)
}

// labFirstBoot: what booted is a gateway on which nothing is to do but to open the doors, which no boot
// script can.
func labFirstBoot(t *testing.T, l *lab) {
	t.Helper()
	if r := l.portico(nil, "gateway", "prepare", "d-gw", "--floating-ip", "new", "--yes"); r.code != 0 || strings.Contains(r.out, "iptables") || strings.Contains(r.out, "d-gw files") {
		t.Fatalf("preparing what has prepared itself: exit %d", r.code)
	}
	l.gw = l.server("vm", "d-gw")
	if r := l.portico(nil, "--gateway", "d-gw", "sync", "--yes"); r.code != 0 || strings.Contains(r.out, "d-gw iptables") {
		t.Fatalf("opening the doors: exit %d", r.code)
	}
	if r := l.ssh(l.port(30000)); r.code != 0 || strings.TrimSpace(r.out) != "d-vm" {
		t.Fatalf("ssh does not reach the VM: %+v", r)
	}
	if r := l.portico(nil, "--gateway", "d-gw", "gateways"); r.code != 0 || !strings.Contains(r.out, "ready") {
		t.Errorf("the gateway is not ready: exit %d", r.code)
	}
	l.openstack("server", "reboot", "--wait", "d-gw")
	eventually(t, func() bool { return l.ssh(l.port(30000)).code == 0 })
	if r := l.portico(nil, "--gateway", "d-gw", "gateways"); r.code != 0 || !strings.Contains(r.out, "  ready") {
		t.Error("drifted by a reboot")
	}
}

// labRetire: nothing of Portico's is left on the machine, nor in the cloud.
func labRetire(t *testing.T, l *lab, groups string) {
	t.Helper()
	address := l.gw.Floating[0]
	if r := l.portico(nil, "gateway", "retire", "d-gw", "--release", "--confirm", address, "--yes"); r.code != 0 {
		t.Fatalf("retire: exit %d", r.code)
	}
	nothingLeft(t, l, "d-gw", groups)
	if all := l.openstack("floating", "ip", "list", "-f", "value", "-c", "Floating IP Address"); strings.Contains(all, address) {
		t.Errorf("%s is still the project's", address)
	}
}

func nothingLeft(t *testing.T, l *lab, vm, groups string) {
	t.Helper()
	left := l.inside(vm, "iptables-save | grep PORTICO; ls -d /etc/portico /etc/systemd/system/portico* /etc/systemd/system/*/portico* /etc/sysctl.d/*portico* 2>/dev/null; cat /proc/sys/net/ipv4/ip_forward")
	if strings.TrimSpace(left) != "0" {
		t.Errorf("left on %s:\n%s", vm, left)
	}
	if now := l.ownGroups(); now != groups {
		t.Errorf("security groups: %s, were %s", now, groups)
	}
}

// labPrepare turns a plain VM into a gateway that stays one over a reboot, and back.
func labPrepare(t *testing.T, l *lab, groups string) {
	t.Helper()
	prepare := []string{"gateway", "prepare", "d-vm", "--floating-ip", "new", "--yes"}
	if r := l.portico(nil, prepare...); r.code != 1 || !strings.Contains(r.err, "none of its security groups lets ssh in") {
		t.Errorf("a VM that nobody could reach: exit %d", r.code)
	}
	l.openstack("server", "add", "security", "group", "d-vm", "ssh")
	if r := l.portico(nil, prepare...); r.code != 0 {
		t.Fatalf("prepare: exit %d", r.code)
	}
	vm := l.server("vm", "d-vm")
	l.openstack("server", "reboot", "--wait", "d-vm")
	eventually(t, func() bool {
		out := strings.Join(strings.Fields(l.portico(nil, "--gateway", "d-vm", "gateways").out), " ")
		return strings.Contains(out, vm.Fixed[0]+" ready")
	})
	if rules := l.inside("d-vm", "iptables-save"); !strings.Contains(rules, "-A PREROUTING -j PORTICO-PREROUTING") {
		t.Errorf("the chains do not stand after a reboot:\n%s", rules)
	}
	if r := l.portico(nil, "gateway", "retire", "d-vm", "--release", "--confirm", vm.Floating[0], "--yes"); r.code != 0 {
		t.Fatalf("retire: exit %d", r.code)
	}
	nothingLeft(t, l, "d-vm", groups)
}

// ownGroups are the project's security groups of this test.
func (l *lab) ownGroups() string {
	l.t.Helper()
	var out []string
	for name := range strings.Lines(l.openstack("security", "group", "list", "-f", "value", "-c", "Name", "--sort-column", "Name")) {
		if strings.Contains(name, "-d-") {
			out = append(out, strings.TrimSpace(name))
		}
	}
	return strings.Join(out, " ")
}
