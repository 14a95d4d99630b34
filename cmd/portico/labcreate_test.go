//go:build lab

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLabCreate makes a gateway from nothing with one command on a real OpenStack, reaches a VM through it
// before and after a reboot, and sees that one that cannot be built leaves nothing.
func TestLabCreate(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := labHome(t)
	labCreateSweep(l)       // what an interrupted run may have left
	defer labCreateSweep(l) // by then a clean-up of the test could run no command any more
	l.openstack("security", "group", "create", "g-closed")
	l.vm = l.server("vm", "g-vm", "--sg", "g-closed")
	before := l.labCreated()
	labCreatePlan(t, l, before)
	labCreateFails(t, l, before)

	r := l.portico(nil, "gateway", "create", "g-gw", "--floating-ip", "new", "--user-data", "script", "--yes")
	if r.code != 0 || !strings.Contains(r.err, "verified by the cloud (console log)") {
		t.Fatalf("create: exit %d", r.code)
	}
	labCreateVerified(t, l)
	if r := l.portico(nil, "publish", "g-vm", "--gateway", "g-gw", "--yes"); r.code != 0 {
		t.Fatalf("publish: exit %d", r.code)
	}
	if r := l.ssh(l.port(30000)); r.code != 0 || strings.TrimSpace(r.out) != "g-vm" {
		t.Errorf("ssh does not reach the VM: %+v", r)
	}
	l.openstack("server", "reboot", "--wait", "g-gw")
	eventually(t, func() bool { return l.ssh(l.port(30000)).code == 0 })
	if r := l.portico(nil, "plan", "g-vm", "--gateway", "g-gw", "--exit-code"); r.code != 0 {
		t.Errorf("after a reboot there is something to do: exit %d", r.code)
	}
	if r := l.portico(nil, "gateway", "create", "g-gw", "--yes"); r.code != 1 || !strings.Contains(r.err, "called so already") {
		t.Errorf("a second one of the same name: exit %d", r.code)
	}
	if r := l.portico(nil, "withdraw", "g-vm", "--gateway", "g-gw", "--yes"); r.code != 0 {
		t.Errorf("withdraw: exit %d", r.code)
	}
}

// labCreatePlan: the preview names what it has chosen, and changes nothing.
func labCreatePlan(t *testing.T, l *lab, before []string) {
	t.Helper()
	var planned struct {
		planJSON
		Choices []choiceJSON `json:"choices"`
	}
	decode(t, l.portico(nil, "gateway", "create", "g-gw", "--plan", "--json").out, &planned)
	for _, c := range planned.Choices {
		t.Logf("%s: %s (%s), because %s", c.Field, c.Name, c.Detail, c.Why)
	}
	if len(planned.Choices) != 6 || len(planned.Changes) < 7 || planned.Empty {
		t.Errorf("planned %+v", planned)
	}
	if now := l.labCreated(); !slices.Equal(before, now) {
		t.Errorf("planning has made something:\n%q\n%q", before, now)
	}
}

// labCreateFails: a flavor that no host has room for. Nova takes the order, and the instance ends in ERROR.
func labCreateFails(t *testing.T, l *lab, before []string) {
	t.Helper()
	l.run([]string{"OS_CLOUD=admin"}, l.oslab, "os", "flavor", "delete", "g-huge")
	l.admin("flavor", "create", "g-huge", "--vcpus", "6000", "--ram", "1024", "--disk", "1")
	defer l.admin("flavor", "delete", "g-huge")
	r := l.portico(nil, "gateway", "create", "g-gw", "--flavor", "g-huge", "--floating-ip", "new", "--user-data", "script", "--yes")
	if r.code != 1 || !strings.Contains(r.err, "No valid host") {
		t.Errorf("a gateway that no host has room for: exit %d", r.code)
	}
	if now := l.labCreated(); !slices.Equal(before, now) {
		t.Errorf("it has left something:\n%q\n%q", before, now)
	}
}

// labCreateVerified: known_hosts has the machine's own key, and the machine is prepared.
func labCreateVerified(t *testing.T, l *lab) {
	t.Helper()
	var servers []struct{ Name, Networks any }
	decode(t, l.openstack("server", "list", "--name", "^g-gw$", "-f", "json"), &servers)
	var list struct{ Gateways []gatewayJSON }
	decode(t, l.portico(nil, "gateways", "--gateway", "g-gw", "--json").out, &list)
	for _, g := range list.Gateways {
		if g.Name == "g-gw" {
			l.gw = labVM{Name: g.Name, ID: g.InstanceID, Fixed: []string{g.FixedIP.String()}, Floating: []string{g.FloatingIP.String()}}
			if g.Reachable == nil || !*g.Reachable {
				t.Errorf("the new gateway is not reached: %+v", g)
			}
		}
	}
	if l.gw.Name == "" {
		t.Fatalf("the new gateway is not listed: %+v, %v", list, servers)
	}
	key := strings.Fields(l.inside("g-gw", "cat /etc/ssh/ssh_host_ed25519_key.pub"))[1]
	known, _ := os.ReadFile(filepath.Join(l.home, ".ssh", "known_hosts"))
	if !strings.Contains(string(known), " ssh-ed25519 "+key) {
		t.Errorf("known_hosts does not have the machine's key:\n%s", known)
	}
	if got := strings.TrimSpace(l.inside("g-gw", "cat /proc/sys/net/ipv4/ip_forward; ls /etc/portico/gateway")); got != "1\n/etc/portico/gateway" {
		t.Errorf("its first boot has not made it a gateway: %q", got)
	}
}

// labCreated lists what of the lab is of this test's gateway, and all that has no owner.
func (l *lab) labCreated() []string {
	var out []string
	for kind, args := range map[string][]string{
		"server": {"server", "list", "-f", "value", "-c", "Name"}, "port": {"port", "list", "-f", "value", "-c", "Name"},
		"group": {"security", "group", "list", "-f", "value", "-c", "Name"}, "address": {"floating", "ip", "list", "--long", "-f", "value", "-c", "Description"},
	} {
		for line := range strings.Lines(l.openstack(args...)) {
			if line = strings.TrimSpace(line); strings.Contains(line, "g-gw") {
				out = append(out, fmt.Sprintf("%s %s", kind, line))
			}
		}
	}
	slices.Sort(out)
	return out
}

// labCreateSweep removes what this test makes.
func labCreateSweep(l *lab) {
	l.run(nil, l.oslab, "rm", "g-gw")
	l.run(nil, l.oslab, "rm", "g-vm")
	for line := range strings.Lines(l.run(nil, l.oslab, "os", "port", "list", "-f", "value", "-c", "ID", "-c", "Name").out) {
		if f := strings.Fields(line); len(f) == 2 && f[1] == "g-gw" {
			l.run(nil, l.oslab, "os", "port", "delete", f[0])
		}
	}
	for line := range strings.Lines(l.run(nil, l.oslab, "os", "security", "group", "list", "-f", "value", "-c", "ID", "-c", "Name").out) {
		if f := strings.Fields(line); len(f) == 2 && (strings.HasSuffix(f[1], "-g-gw") || f[1] == "g-closed") {
			l.run(nil, l.oslab, "os", "security", "group", "delete", f[0])
		}
	}
}
