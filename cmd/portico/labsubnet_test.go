//go:build lab

package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/gateway"
)

// TestLabSubnet publishes a /24 whole on a real OpenStack, makes a VM there and keeps the forwards in step
// with what comes, goes and changes places. It has a network of its own: nobody else's VMs are opened.
func TestLabSubnet(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := labHome(t)
	labSubnetSweep(l) // what an interrupted run may have left
	t.Cleanup(func() { labSubnetSweep(l) })
	l.openstack("network", "create", "b-lan")
	l.openstack("subnet", "create", "b-lan-v4", "--network", "b-lan", "--subnet-range", "10.77.0.0/24")
	l.openstack("router", "add", "subnet", "router", "b-lan-v4")
	l.openstack("security", "group", "create", "b-closed")
	l.gw = l.server("vm", "b-gw", "--net", "b-lan", "--sg", "default,ssh", "--fip")
	one := l.server("vm", "b-vm1", "--net", "b-lan", "--sg", "b-closed")
	before := l.stateOf("b-gw")

	labSubnetWhole(t, l, one)
	labSubnetExisting(t, l)
	l.must(l.oslab, "rm", "b-vm2")
	if diff := cmp.Diff(before, l.stateOf("b-gw"), cmp.AllowUnexported(labState{})); diff != "" {
		t.Error("something is left, or something foreign has changed:", diff)
	}
}

// labSubnetWhole: every address that can hold a VM has its forwards, as the wiki's script gives them; a VM
// that is made later is reachable after a sync.
func labSubnetWhole(t *testing.T, l *lab, one labVM) {
	stages, r := publishStaged(t, l)
	if r.code != 0 && r.code != 4 { // nothing of it speaks https
		t.Fatalf("publish: exit %d\n%s", r.code, r.out)
	}
	labSubnetSet(t, l)
	labSubnetCost(t, l, stages)
	l.reaches(one, "b-vm1")
	two := l.server("vm", "b-vm2", "--net", "b-lan", "--sg", "b-closed", "--ip", "10.77.0.200")
	if l.vm = two; l.ssh(l.port(30000)).code == 0 {
		t.Error("the new VM's door is open already")
	}
	if r := l.sync("sync", "--yes"); r.code != 0 && r.code != 4 {
		t.Fatalf("sync: exit %d", r.code)
	}
	l.reaches(two, "b-vm2")
	if r := l.sync("sync", "--yes"); r.code != 0 || !strings.Contains(r.out, "No changes") {
		t.Errorf("a second sync: exit %d", r.code)
	}
	l.must(l.oslab, "reboot", "b-gw")
	eventually(t, func() bool { return l.ssh(l.port(30000)).code == 0 })
	if r := l.sync("withdraw", "--subnet", "b-lan", "--yes"); r.code != 0 {
		t.Fatalf("withdraw: exit %d", r.code)
	}
	if l.ssh(l.port(30000)).code == 0 {
		t.Error("after withdrawing, ssh still works")
	}
}

// labSubnetSet compares the forwards that stand, as the gateway's own iptables-save tells them, with the
// formula of the wiki's script.
func labSubnetSet(t *testing.T, l *lab) {
	t.Helper()
	var have struct{ Forwards []forwardJSON }
	decode(t, l.run(nil, l.bin, "--gateway", "b-gw", "forwards", "--json").out, &have)
	got := map[uint16]netip.AddrPort{}
	for _, f := range have.Forwards {
		got[f.Public.Port()] = f.Private
	}
	var ports []struct {
		IPs []struct {
			Address string `json:"ip_address"`
		} `json:"Fixed IP Addresses"`
		Owner string `json:"Device Owner"`
	}
	decode(t, l.openstack("port", "list", "--network", "b-lan", "--long", "-f", "json"), &ports)
	var taken []string
	for _, p := range ports {
		if !strings.HasPrefix(p.Owner, "compute:") || p.IPs[0].Address == l.gw.Fixed[0] {
			taken = append(taken, p.IPs[0].Address)
		}
	}
	want := map[uint16]netip.AddrPort{}
	for n := 1; n <= 254; n++ {
		addr := netip.AddrFrom4([4]byte{10, 77, 0, byte(n)})
		if slices.Contains(taken, addr.String()) {
			continue
		}
		for base, port := range map[int]uint16{30000: 22, 31000: 80, 32000: 443} {
			want[uint16(base+n)] = netip.AddrPortFrom(addr, port)
		}
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Error("the ports are not the script's:", diff)
	}
	rules := strings.Count(l.inside("b-gw", "iptables-save -t nat"), "-j DNAT")
	t.Logf("%d forwards of 10.77.0.0/24, %d DNAT rules on the gateway; left out: %s", len(got), rules, strings.Join(taken, ", "))
}

// labSubnetExisting: with the VMs that there are, an address that another VM gets is drift, and no forward
// leads there after a sync.
func labSubnetExisting(t *testing.T, l *lab) {
	if r := l.sync("publish", "--subnet", "b-lan", "--existing", "--yes"); r.code != 0 {
		t.Fatalf("publish: exit %d", r.code)
	}
	l.must(l.oslab, "rm", "b-vm2")
	two := l.server("vm", "b-vm2", "--net", "b-lan", "--sg", "b-closed", "--ip", "10.77.0.200")
	r := l.sync("forwards", "--json")
	var have struct{ Drift []driftJSON }
	decode(t, r.out, &have)
	if !slices.ContainsFunc(have.Drift, func(d driftJSON) bool { return d.Kind == gateway.Reused && d.Forward != nil }) {
		t.Errorf("the new VM has the address of one that is gone, and that is no drift: %+v", have.Drift)
	}
	if r := l.sync("sync", "--yes"); r.code != 0 {
		t.Fatalf("sync: exit %d", r.code)
	}
	l.reaches(two, "b-vm2")
	decode(t, l.sync("forwards", "--json").out, &have)
	if len(have.Drift) != 0 {
		t.Errorf("drift after a sync: %+v", have.Drift)
	}
	if r := l.sync("withdraw", "--subnet", "10.77.0.0/24", "--yes"); r.code != 0 {
		t.Fatalf("withdraw: exit %d", r.code)
	}
}

// sync runs the program on the test's own gateway.
func (l *lab) sync(args ...string) result {
	l.t.Helper()
	return l.portico(nil, append([]string{"--gateway", "b-gw"}, args...)...)
}

func (l *lab) reaches(vm labVM, name string) {
	l.t.Helper()
	l.vm = vm
	if r := l.ssh(l.port(30000)); r.code != 0 || strings.TrimSpace(r.out) != name {
		l.t.Errorf("ssh does not reach %s: %+v", name, r)
	}
}

// stateOf is the state of a gateway with another name than that of the standing tests, without what others
// do meanwhile.
func (l *lab) stateOf(gw string) labState {
	l.t.Helper()
	return labState{
		rules:      plainRules(l.inside(gw, "iptables-save")),
		groups:     fmt.Sprint(strings.Contains(l.openstack("security", "group", "list", "-f", "value", "-c", "Name"), gw)),
		portGroups: l.openstack("port", "list", "--network", "b-lan", "--long", "-f", "json", "-c", "ID", "-c", "Security Groups", "--sort-column", "ID"),
		files:      l.inside(gw, "find /etc/portico /etc/sysctl.d /etc/systemd/system -type f -o -type l 2>/dev/null | sort"),
	}
}

// labSubnetSweep removes all that the test makes; also at its end, when the test's own context is over.
func labSubnetSweep(l *lab) {
	remove := func(args ...string) {
		cmd := exec.Command(l.oslab, args...)
		cmd.Env = l.env
		_ = cmd.Run() // what is not there needs no removing
	}
	for _, name := range []string{"b-vm1", "b-vm2", "b-gw"} {
		remove("rm", name)
	}
	remove("os", "router", "remove", "subnet", "router", "b-lan-v4")
	remove("os", "network", "delete", "b-lan")
	for _, group := range []string{"b-closed", "portico-from-b-gw", "portico-b-gw"} {
		remove("os", "security", "group", "delete", group)
	}
}
