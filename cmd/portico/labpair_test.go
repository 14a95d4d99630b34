//go:build lab

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLabPair makes two VMs one gateway on a real OpenStack, pulls the plug of the active one, and the
// other way back: each time a new ssh goes through by itself. What is changed while one is down is made
// the same afterwards, and nothing is left at the end.
func TestLabPair(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := labHome(t)
	labPairSweep(l)       // what an interrupted run may have left
	defer labPairSweep(l) // not at Cleanup: the test's context has ended by then
	l.openstack("security", "group", "create", "f-closed")
	l.vm = l.server("vm", "f-vm", "--sg", "f-closed")
	l.server("gateway", "f-gw1")
	l.server("gateway", "f-gw2")
	shared := strings.TrimSpace(l.openstack("floating", "ip", "create", "public", "--description", "f-pair", "-f", "value", "-c", "floating_ip_address"))
	l.gw = labVM{Name: "f-pair", Floating: []string{shared}}
	before := l.pairState()

	make := []string{"gateway", "pair", "f-pair", "--members", "f-gw1,f-gw2", "--floating-ip", shared}
	if r := l.portico(nil, append(make, "--yes", "--read-only")...); r.code != 1 || !strings.Contains(r.err, "only looks") {
		t.Errorf("a pair was made read-only: exit %d", r.code)
	}
	if got := l.pairState(); got != before {
		t.Fatalf("read-only has changed something:\n%s\n%s", before, got)
	}
	if r := l.portico(nil, append(make, "--yes")...); r.code != 0 {
		t.Fatalf("pair: exit %d", r.code)
	}
	if r := l.portico(nil, make...); r.code != 0 || !strings.Contains(r.out, "No changes") {
		t.Errorf("the same pair again: exit %d", r.code)
	}
	if r := l.portico(nil, "publish", "f-vm", "--gateway", "f-pair", "--yes"); r.code != 0 {
		t.Fatalf("publish: exit %d", r.code)
	}
	labPairSame(t, l)
	labPairTakesOver(t, l)
	labPairHeals(t, l)

	if r := l.portico(nil, "gateway", "unpair", "f-pair", "--yes"); r.code != 1 || !strings.Contains(r.err, "forwards come in by it") {
		t.Errorf("a pair that carries forwards was ended: exit %d", r.code)
	}
	for _, args := range [][]string{{"withdraw", "f-vm", "--gateway", "f-pair", "--yes"}, {"gateway", "unpair", "f-pair", "--yes"}} {
		if r := l.portico(nil, args...); r.code != 0 {
			t.Fatalf("%v: exit %d", args, r.code)
		}
	}
	if got := l.pairState(); got != before {
		t.Errorf("something is left, or something of others has changed:\n%s\n%s", before, got)
	}
}

// labPairTakesOver pulls the plug of the active host. The pair then refuses changes, but for those that are
// said to be for one host, and makes the other the same when it is back.
func labPairTakesOver(t *testing.T, l *lab) {
	t.Helper()
	if a := labPairActive(l); a != "f-gw1" {
		t.Fatalf("active is %q", a)
	}
	labPairSwitch(t, l, "f-gw1 loses power", func() { l.must(l.oslab, "halt", "f-gw1") })
	if a := labPairActive(l); a != "f-gw2" {
		t.Errorf("after the fail-over %q is active", a)
	}
	http := []string{"publish", "f-vm", "--service", "http", "--gateway", "f-pair", "--yes"}
	if r := l.portico(nil, http...); r.code != 4 || !strings.Contains(r.err, "--degraded") {
		t.Errorf("a publish on half a pair: exit %d", r.code)
	}
	if r := l.portico(nil, append(http, "--degraded")...); r.code != 0 {
		t.Errorf("a publish that is said to be for one host: exit %d", r.code)
	}
	l.must(l.oslab, "boot", "f-gw1")
	eventually(t, func() bool { return l.ssh(l.port(30000)).code == 0 && labPairWhole(l) })
	if a := labPairActive(l); a != "f-gw2" {
		t.Errorf("the host that came back has taken the address: %q is active", a)
	}
	if r := l.portico(nil, "repair", "--gateway", "f-pair", "--yes"); r.code != 0 || !strings.Contains(r.out, "f-gw1 iptables nat") {
		t.Errorf("repair: exit %d", r.code)
	}
	labPairSame(t, l)
}

// labPairHeals: a host that could not forward any more gives the address away by itself, and repair mends it.
func labPairHeals(t *testing.T, l *lab) {
	t.Helper()
	labPairSwitch(t, l, "f-gw2 loses its rules", func() { l.inside("f-gw2", "iptables -t nat -D PREROUTING -j PORTICO-PREROUTING") })
	if a := labPairActive(l); a != "f-gw1" {
		t.Errorf("%q is active", a)
	}
	if r := l.portico(nil, "repair", "--gateway", "f-pair", "--yes"); r.code != 0 {
		t.Errorf("repair: exit %d", r.code)
	}
	labPairSame(t, l)
	if r := l.portico(nil, "plan", "f-vm", "--service", "ssh,http", "--gateway", "f-pair", "--exit-code"); r.code != 0 {
		t.Errorf("there is something to do: exit %d", r.code)
	}
}

// labPairSwitch makes something happen to the active host, and measures how long new ssh connections fail.
func labPairSwitch(t *testing.T, l *lab, what string, happen func()) {
	t.Helper()
	if !l.quickSSH() {
		t.Fatalf("%s: ssh did not work before", what)
	}
	from := labPairActive(l)
	happen()
	start := time.Now()
	var failed, good int
	var first time.Duration
	for time.Since(start) < 30*time.Second && (good == 0 || labPairActive(l) == from) {
		if !l.quickSSH() {
			failed, good = failed+1, 0
			continue
		}
		if good++; good == 1 {
			first = time.Since(start)
		}
	}
	if good == 0 || labPairActive(l) == from {
		t.Fatalf("%s: the other host has not taken over within 30 s", what)
	}
	t.Logf("%s: ssh through %s:%d works again after %.1f s (%d tries failed)", what, l.gw.Floating[0], l.port(30000), first.Seconds(), failed)
}

// quickSSH tries to log in to the VM through the pair, with little patience.
func (l *lab) quickSSH() bool {
	ctx, cancel := context.WithTimeout(l.t.Context(), 5*time.Second)
	defer cancel()
	//nolint:gosec // the words are the test's own
	cmd := exec.CommandContext(ctx, "ssh", "-o", "ConnectTimeout=1", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "LogLevel=ERROR", "-i", filepath.Join(l.home, ".ssh", "id_ed25519"), "-p", fmt.Sprint(l.port(30000)), os.Getenv("OSLAB_VM_USER")+"@"+l.gw.Floating[0], "hostname")
	out, err := cmd.Output()
	return err == nil && strings.TrimSpace(string(out)) == "f-vm"
}

// labPairActive is the host that holds the shared address, as the hosts themselves say.
func labPairActive(l *lab) string {
	addr := strings.TrimSpace(l.openstack("port", "show", "portico-pair-f-pair", "-f", "value", "-c", "fixed_ips"))
	_, addr, _ = strings.Cut(addr, "'ip_address': '")
	addr, _, _ = strings.Cut(addr, "'")
	var out []string
	for _, host := range []string{"f-gw1", "f-gw2"} {
		if r := l.run(nil, l.oslab, "in", host, "ip", "-o", "-4", "addr", "show"); r.code == 0 && strings.Contains(r.out, " "+addr+"/32 ") {
			out = append(out, host)
		}
	}
	return strings.Join(out, " and ")
}

// labPairWhole reports whether both hosts answer and share the address.
func labPairWhole(l *lab) bool {
	var got struct{ Gateways []gatewayJSON }
	r := l.portico(nil, "gateways", "--gateway", "f-pair", "--json")
	decode(l.t, r.out, &got)
	for _, g := range got.Gateways {
		if g.Name != "f-pair" || len(g.Members) != 2 {
			continue
		}
		for _, m := range g.Members {
			if m.Running == nil || !*m.Running {
				return false
			}
		}
		return true
	}
	return false
}

// labPairSame: both hosts have the same rules of Portico's.
func labPairSame(t *testing.T, l *lab) {
	t.Helper()
	var rules [2]string
	for i, host := range []string{"f-gw1", "f-gw2"} {
		for line := range strings.Lines(plainRules(l.inside(host, "iptables-save"))) {
			if strings.Contains(line, "PORTICO") {
				rules[i] += line
			}
		}
	}
	if rules[0] != rules[1] || rules[0] == "" {
		t.Errorf("the hosts differ:\n%s\n%s", rules[0], rules[1])
	}
}

// pairState is everything of the test's own machines that making and ending a pair may touch.
func (l *lab) pairState() string {
	l.t.Helper()
	var out strings.Builder
	for line := range strings.Lines(l.openstack("security", "group", "list", "-f", "value", "-c", "Name", "--sort-column", "Name")) {
		if strings.Contains(line, "f-pair") {
			out.WriteString(line)
		}
	}
	for _, host := range []string{"f-gw1", "f-gw2", "f-vm"} {
		id := strings.Fields(l.openstack("port", "list", "--server", host, "-f", "value", "-c", "ID"))[0]
		out.WriteString(l.openstack("port", "show", id, "-f", "value", "-c", "allowed_address_pairs", "-c", "security_group_ids", "-c", "fixed_ips"))
		out.WriteString(plainRules(l.inside(host, "iptables-save")))
		out.WriteString(l.inside(host, "ip -o -4 addr show | awk '{print $2, $4}'; find /etc/portico /etc/sysctl.d /etc/systemd/system /etc/keepalived -type f -o -type l 2>/dev/null | sort"))
	}
	return out.String()
}

func labPairSweep(l *lab) {
	for _, vm := range []string{"f-gw1", "f-gw2", "f-vm"} {
		l.run(nil, l.oslab, "rm", vm)
	}
	for line := range strings.Lines(l.run(nil, l.oslab, "os", "floating", "ip", "list", "--long", "-f", "value", "-c", "ID", "-c", "Description").out) {
		if f := strings.Fields(line); len(f) == 2 && f[1] == "f-pair" {
			l.run(nil, l.oslab, "os", "floating", "ip", "delete", f[0])
		}
	}
	for line := range strings.Lines(l.run(nil, l.oslab, "os", "port", "list", "-f", "value", "-c", "ID", "-c", "Name").out) {
		if f := strings.Fields(line); len(f) == 2 && f[1] == "portico-pair-f-pair" {
			l.run(nil, l.oslab, "os", "port", "delete", f[0])
		}
	}
	for line := range strings.Lines(l.run(nil, l.oslab, "os", "security", "group", "list", "-f", "value", "-c", "ID", "-c", "Name").out) {
		if f := strings.Fields(line); len(f) == 2 && (strings.HasSuffix(f[1], "-f-pair") || f[1] == "f-closed") {
			l.run(nil, l.oslab, "os", "security", "group", "delete", f[0])
		}
	}
}
