package nat

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/door"
	"portico/gateway/emulator"
	"portico/gateway/plan"
)

// A second operator publishes between this one's plan and its apply: the plan is refused, and
// undoing what it had begun takes nothing of the other's away.
func TestUndoLeavesOthersWork(t *testing.T) {
	r, _ := emulated(t, emulator.Config{})
	p := newProject()
	one := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	both := append(one, forward(vm2ID, "192.168.0.12", "ssh", 30012, 22))
	apply(t, r, p, one)
	mine := planFor(t, r, p, append(one, forward(vm2ID, "192.168.0.12", "http", 31012, 80)))
	apply(t, r, p, both)
	report := plan.Apply(context.Background(), mine, nil)
	if cloud.KindOf(report.Err) != gateway.Stale || len(report.Left) > 0 {
		t.Fatalf("got %v, left %v", report.Err, report.Left)
	}
	state := observe(t, r, p)
	if !slices.EqualFunc(state.Forwards, both, gateway.Forward.Equal) {
		t.Errorf("the other's forwards are gone: %v", state.Forwards)
	}
	if again := planFor(t, r, p, both); !again.Empty() {
		t.Errorf("the other's doors are gone: %v", again.Changes())
	}
}

// An answer that was lost is not a change that did not happen.
func TestLostAnswersAreUndone(t *testing.T) {
	for _, op := range []string{"create group", "create rule"} {
		t.Run(op, func(t *testing.T) {
			r, _ := emulated(t, emulator.Config{})
			p := newProject()
			pl := planFor(t, r, p, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)})
			p.lose = op
			report := plan.Apply(context.Background(), pl, nil)
			if report.OK() || len(report.Left) > 0 {
				t.Fatalf("got %v, left %v", report.Err, report.Left)
			}
			if len(p.inv.SecurityGroups) != 1 {
				t.Errorf("left behind: %v", p.inv.SecurityGroups)
			}
		})
	}
}

// Rules that others have put into our groups, or that point to them, outlive our own.
func TestForeignGroupRules(t *testing.T) {
	r, _ := emulated(t, emulator.Config{})
	p := newProject()
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	apply(t, r, p, want)
	var public string
	for _, g := range p.inv.SecurityGroups {
		if g.Name == "portico-gw-1" {
			public = g.ID
		}
	}
	foreign := cloud.SecurityGroupRule{ID: "r-foreign", GroupID: public, Direction: "ingress", EtherType: "IPv4", Protocol: "tcp", PortMin: 443, PortMax: 443, RemotePrefix: door.Anywhere}
	p.editGroup(public, func(g *cloud.SecurityGroup) { g.Rules = append(slices.Clone(g.Rules), foreign) })
	pl := apply(t, r, p, nil)
	if !slices.ContainsFunc(pl.Warnings, func(w plan.Warning) bool { return strings.Contains(w.Title, "stays") }) {
		t.Errorf("nobody is told that the group stays: %v", pl.Warnings)
	}
	left, _ := p.inv.Group(public)
	if !slices.Contains(left.Rules, foreign) || !slices.Contains(p.groupNames(t, "port-gw"), "portico-gw-1") {
		t.Errorf("the foreign rule is gone or has no effect: %v", left)
	}
	if again := planFor(t, r, p, nil); !again.Empty() {
		t.Errorf("there is always something to do: %v", again.Changes())
	}

	// One that lets in what we want is as good as ours: Neutron takes no second one like it.
	foreign.PortMin, foreign.PortMax = 30011, 30011
	p.editGroup(public, func(g *cloud.SecurityGroup) { g.Rules = []cloud.SecurityGroupRule{foreign} })
	for _, c := range planFor(t, r, p, want).Changes() {
		if strings.Contains(c.Title, "30011") && c.Target == "security group portico-gw-1" {
			t.Errorf("a rule that stands is made again: %v", c)
		}
	}
}

func TestAnywhereIsAnywhere(t *testing.T) {
	r, _ := emulated(t, emulator.Config{})
	p := newProject()
	plain := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	for name, sources := range map[string][]string{"said": {"0.0.0.0/0"}, "with another": {"0.0.0.0/0", "10.0.0.0/8"}} {
		f := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22, sources...)}
		if !f[0].Equal(plain[0]) {
			t.Errorf("%s: not the same as anywhere", name)
		}
		pl := apply(t, r, p, f)
		if !slices.ContainsFunc(pl.Warnings, func(w plan.Warning) bool { return strings.Contains(w.Title, "internet") }) {
			t.Errorf("%s: no warning: %v", name, pl.Warnings)
		}
		if w := observe(t, r, p).Warnings; len(w) > 0 {
			t.Errorf("%s: drift right after apply: %v", name, w)
		}
		apply(t, r, p, nil)
	}
}

// A gateway with two floating IPs: what stands for the other one is not taken away.
func TestOtherAddressOfTheGateway(t *testing.T) {
	r, _ := emulated(t, emulator.Config{})
	p := newProject()
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	apply(t, r, p, want)
	e := engineOn(r, p)
	e.Gateway.FixedIP = e.Gateway.FixedIP.Next()
	state, err := e.Observe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	state.Native.(hosts)[0].links["eth1"] = []netip.Addr{e.Gateway.FixedIP}
	for _, w := range [][]gateway.Forward{nil, want} {
		if _, err := e.Plan(context.Background(), w, state); cloud.KindOf(err) != gateway.Conflict || !strings.Contains(err.Error(), "another of its addresses") {
			t.Errorf("got %v, want Conflict", err)
		}
	}
}

// A machine that has not the gateway's address is another one, to which a configuration leads that was
// written for a gateway of the same name: nothing is planned there.
func TestAnotherMachine(t *testing.T) {
	r, _ := emulated(t, emulator.Config{})
	e := engineOn(r, newProject())
	e.Gateway.FixedIP = e.Gateway.FixedIP.Next()
	state, err := e.Observe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Plan(context.Background(), []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}, state)
	if cloud.KindOf(err) != gateway.Conflict || !strings.Contains(err.Error(), "it is another one") {
		t.Errorf("got %v, want Conflict", err)
	}
	state.Native.(hosts)[0].links = nil // a machine that does not tell is believed
	if _, err = e.Plan(context.Background(), []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}, state); err != nil {
		t.Error(err)
	}
}

// Rules that cannot be read are not rules that are not there.
func TestUnreadableRules(t *testing.T) {
	r, gw := emulated(t, emulator.Config{})
	p := newProject()
	apply(t, r, p, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)})
	gw.Fail(emulator.Fault{Program: "iptables-save -c", Times: -1, Exit: 1, Stderr: "table `nat' is incompatible, use 'nft' tool."})
	if _, err := engineOn(r, p).Observe(context.Background()); err == nil || !strings.Contains(err.Error(), "incompatible") {
		t.Errorf("got %v", err)
	}
}

func TestForeignChainsReserve(t *testing.T) {
	r, gw := emulated(t, emulator.Config{})
	if err := gw.AddForeignRules("*nat\n:KUBE-NODEPORTS - [0:0]\n:KUBE-EXT-ABC - [0:0]\n-A PREROUTING -j KUBE-NODEPORTS\n-A KUBE-NODEPORTS -p tcp -m tcp --dport 30011 -j KUBE-EXT-ABC\nCOMMIT\n"); err != nil {
		t.Fatal(err)
	}
	p := newProject()
	_, err := engineOn(r, p).Plan(context.Background(), []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}, observe(t, r, p))
	if cloud.KindOf(err) != gateway.Conflict {
		t.Errorf("a NodePort is taken over: %v", err)
	}
}

// Undoing brings files and unit back to exactly what they were.
func TestPersistUndo(t *testing.T) {
	r, gw := emulated(t, emulator.Config{})
	p := newProject()
	one := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	apply(t, r, p, one)
	for _, spoil := range []string{"systemctl disable " + unitName, "rm " + pathUnit, "rm " + pathRules} {
		r.shell(t, spoil)
		before := filesOf(t, r)
		pl := planFor(t, r, p, append(one, forward(vm2ID, "192.168.0.12", "ssh", 30012, 22)))
		gw.Fail(emulator.Fault{Program: "systemctl daemon-reload", Exit: 1})
		if report := plan.Apply(context.Background(), pl, nil); report.OK() || len(report.Left) > 0 {
			t.Fatalf("%s: %v, left %v", spoil, report.Err, report.Left)
		}
		if diff := cmp.Diff(before, filesOf(t, r)); diff != "" {
			t.Errorf("%s: %s", spoil, diff)
		}
		apply(t, r, p, one)
	}
}

func filesOf(t *testing.T, r rig) string {
	t.Helper()
	return r.shell(t, "for f in "+strings.Join(ourFiles, " ")+"; do echo $f; if [ -e $f ]; then cat $f; fi; done; systemctl is-enabled "+unitName+" || true")
}

// errLost is what a caller sees of a write whose answer never came.
var errLost = errors.New("connection reset by peer")

// A plan opens no door but those of the instances it is about; what others closed is told.
func TestOtherDoorsStayClosed(t *testing.T) {
	r, _ := emulated(t, emulator.Config{})
	p := newProject()
	both := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22), forward(vm2ID, "192.168.0.12", "ssh", 30012, 22)}
	apply(t, r, p, both)
	if err := p.SetPortGroups(context.Background(), "port-vm2", []string{"sg-default"}, mustPort(t, p, "port-vm2").Revision); err != nil {
		t.Fatal(err)
	}
	state := observe(t, r, p)
	if !slices.ContainsFunc(state.Warnings, func(w plan.Warning) bool { return w.Title == "the door of vm2 is closed" }) {
		t.Errorf("nobody is told: %v", state.Warnings)
	}
	for _, tt := range []struct {
		named string
		empty bool
	}{{vmID, true}, {vm2ID, false}} {
		e := engineOn(r, p)
		e.Named = map[string]bool{tt.named: true}
		pl, err := e.Plan(context.Background(), both, state)
		if err != nil || pl.Empty() != tt.empty {
			t.Errorf("for %s: %v, %v", tt.named, pl.Changes(), err)
		}
	}
}

// A port can be closed when the quota is full, although its range must be split for it.
func TestWithdrawAtFullQuota(t *testing.T) {
	r, _ := emulated(t, emulator.Config{})
	p := newProject()
	all := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22), forward(vm2ID, "192.168.0.12", "ssh", 30012, 22)}
	apply(t, r, p, all)
	used := 0
	for _, g := range p.inv.SecurityGroups {
		used += len(g.Rules)
	}
	p.inv.Quotas.SecurityGroupRules = cloud.Limit{Used: used, Max: used, Known: true}
	apply(t, r, p, all[:1])
}

func mustPort(t *testing.T, p *project, id string) cloud.Port {
	t.Helper()
	port, err := p.Port(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
