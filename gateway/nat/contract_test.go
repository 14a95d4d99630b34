package nat

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
)

var equate = cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{}, netip.AddrPort{})

// rig is a gateway under test: emulated, or a real kernel in a network namespace.
type rig struct {
	run    gateway.Runner
	shell  func(t *testing.T, script string) string // as another operator on the same host
	reboot func(t *testing.T)                       // nil where it cannot be
	flow   func(t *testing.T)                       // makes the kernel know a UDP flow to 192.168.0.4:30011; nil likewise
}

// contract is what every gateway must do for this engine.
func contract(t *testing.T, newRig func(t *testing.T) rig) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, rig){
		"publish twice and withdraw":      contractPublish,
		"failure undoes everything":       contractUndo,
		"stale plan is refused":           contractStale,
		"foreign rules stay":              contractForeign,
		"subnets":                         contractSubnet,
		"ranges of ports":                 contractRanges,
		"drift is put right":              contractDrift,
		"many forwards make a tree":       contractTree,
		"survives a reboot":               contractReboot,
		"taken ports are refused":         contractTaken,
		"counters survive a new publish":  contractCounters,
		"changed udp flows are forgotten": contractUDP,
		"ours comes first when asked for": contractFirst,
		"prepared stays, retired goes":    contractPrepared,
		"what others rely on stays on":    contractRetireShared,
	} {
		t.Run(name, func(t *testing.T) { test(t, newRig(t)) })
	}
	for name, test := range driftContract {
		t.Run(name, func(t *testing.T) { test(t, newRig(t)) })
	}
}

func engineOn(r rig, p *project) *Engine {
	return &Engine{Gateway: testGateway, Runner: r.run, Groups: p, Ports: p, Inventory: p.inv}
}

func observe(t *testing.T, r rig, p *project) gateway.State {
	t.Helper()
	s, err := engineOn(r, p).Observe(context.Background())
	if err != nil {
		t.Fatalf("observe: %v", err)
	}
	return s
}

func planFor(t *testing.T, r rig, p *project, want []gateway.Forward) plan.Plan {
	t.Helper()
	pl, err := engineOn(r, p).Plan(context.Background(), want, observe(t, r, p))
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return pl
}

func apply(t *testing.T, r rig, p *project, want []gateway.Forward) plan.Plan {
	t.Helper()
	pl := planFor(t, r, p, want)
	if report := plan.Apply(context.Background(), pl, nil); !report.OK() {
		t.Fatalf("apply: %v (undo: %v)", report.Err, report.Undo)
	}
	if again := planFor(t, r, p, want); !again.Empty() {
		t.Fatalf("after apply there is still something to do: %v", again.Changes())
	}
	if got := observe(t, r, p).Forwards; !cmp.Equal(got, want, equate, cmpopts.EquateEmpty(), cmp.Comparer(gateway.Forward.Equal)) {
		t.Fatalf("forwards that stand: %v, want %v", got, want)
	}
	return pl
}

func contractPublish(t *testing.T, r rig) {
	p := newProject()
	clean := r.shell(t, "iptables-save")
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22), forward(vmID, "192.168.0.11", "http", 31011, 80, "198.51.100.0/24", "203.0.113.128/25")}
	apply(t, r, p, want)
	if got := strings.TrimSpace(r.shell(t, "cat /proc/sys/net/ipv4/ip_forward")); got != "1" {
		t.Errorf("ip_forward is %q", got)
	}
	if diff := cmp.Diff([]string{"default", "portico-gw-1"}, p.groupNames(t, "port-gw")); diff != "" {
		t.Error("groups of the gateway's port:", diff)
	}
	if diff := cmp.Diff([]string{"default", "portico-from-gw-1"}, p.groupNames(t, "port-vm")); diff != "" {
		t.Error("groups of the instance's port:", diff)
	}
	writes := p.writes
	apply(t, r, p, want)
	if p.writes != writes {
		t.Errorf("a second publish wrote %d times", p.writes-writes)
	}
	apply(t, r, p, nil)
	if got := r.shell(t, "iptables-save"); strings.Contains(got, netfilter.Prefix) {
		t.Errorf("chains are left:\n%s", got)
	}
	if got := r.shell(t, "for f in "+strings.Join(ourFiles, " ")+"; do if [ -e $f ]; then echo $f; fi; done"); got != "" {
		t.Errorf("files are left: %s", got)
	}
	if len(p.inv.SecurityGroups) != 1 {
		t.Errorf("groups are left: %v", p.inv.SecurityGroups)
	}
	sameForeign(t, clean, r.shell(t, "iptables-save"))
}

func contractUndo(t *testing.T, r rig) {
	before := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	after := append(before, forward(vm2ID, "192.168.0.12", "ssh", 30012, 22))
	for name, fail := range map[string]string{"first write": "create rule", "last write": "set groups of port-vm2"} {
		t.Run(name, func(t *testing.T) {
			p := newProject()
			apply(t, r, p, before)
			rules, groups := r.shell(t, "iptables-save"), p.inv.SecurityGroups
			pl := planFor(t, r, p, after)
			p.fail = func(op string) error {
				if op == fail {
					p.fail = nil
					return &cloud.Error{Op: op, Kind: cloud.Transient}
				}
				return nil
			}
			report := plan.Apply(context.Background(), pl, nil)
			if report.OK() || len(report.Left) > 0 {
				t.Fatalf("report: %v, left %v", report.Err, report.Left)
			}
			if got := r.shell(t, "iptables-save"); stripCounters(got) != stripCounters(rules) {
				t.Errorf("rules differ:\n%s", cmp.Diff(rules, got))
			}
			if diff := cmp.Diff(groups, p.inv.SecurityGroups, equate, cmpopts.IgnoreFields(cloud.SecurityGroup{}, "Revision")); diff != "" {
				t.Error("groups differ:", diff)
			}
			apply(t, r, p, nil)
		})
	}
}

func contractStale(t *testing.T, r rig) {
	p := newProject()
	pl := planFor(t, r, p, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)})
	r.shell(t, "iptables -w -t nat -A PREROUTING -p tcp --dport 9000 -j DNAT --to-destination 192.168.0.99:9000")
	report := plan.Apply(context.Background(), pl, nil)
	if cloud.KindOf(report.Err) != gateway.Stale || len(report.Left) > 0 {
		t.Fatalf("got %v (left %v), want Stale", report.Err, report.Left)
	}
	if got := r.shell(t, "iptables-save"); strings.Contains(got, netfilter.Prefix) {
		t.Errorf("a refused plan left chains:\n%s", got)
	}
	if len(p.inv.SecurityGroups) != 1 {
		t.Errorf("a refused plan left groups: %v", p.inv.SecurityGroups)
	}
}

func contractForeign(t *testing.T, r rig) {
	r.shell(t, `iptables -w -t nat -N DOCKER
iptables -w -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -w -t nat -A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
iptables -w -t nat -A POSTROUTING -s 172.17.0.0/16 -m comment --comment "it's \"docker\"" -j MASQUERADE
iptables -w -P FORWARD DROP
iptables -w -A FORWARD -s 172.17.0.0/16 -j ACCEPT`)
	p, before := newProject(), r.shell(t, "iptables-save")
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	apply(t, r, p, want)
	sameForeign(t, before, r.shell(t, "iptables-save"))
	apply(t, r, p, nil)
	if got := r.shell(t, "iptables-save"); stripCounters(got) != stripCounters(before) {
		t.Errorf("foreign rules are not byte-identical:\n%s", cmp.Diff(before, got))
	}
}

func contractDrift(t *testing.T, r rig) {
	p := newProject()
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22), forward(vm2ID, "192.168.0.12", "ssh", 30012, 22)}
	apply(t, r, p, want)
	r.shell(t, `iptables -w -t nat -A PORTICO-TCP-30000-30015 -p tcp -m tcp --dport 30013 -j DNAT --to-destination 192.168.0.13:22
iptables -w -D FORWARD -j PORTICO-FORWARD
iptables -w -t nat -F PORTICO-POSTROUTING`)
	if s := observe(t, r, p); len(s.Warnings) != 1 || s.Warnings[0].Title != DriftTitle {
		t.Errorf("drift is not told: %v", s.Warnings)
	}
	apply(t, r, p, want)
}

func contractTaken(t *testing.T, r rig) {
	r.shell(t, "iptables -w -t nat -A PREROUTING -p tcp -m multiport --dports 30011,30020:30022 -j DNAT --to-destination 192.168.0.99:22")
	p := newProject()
	state := observe(t, r, p)
	for _, port := range []uint16{30011, 30021} {
		_, err := engineOn(r, p).Plan(context.Background(), []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", port, 22)}, state)
		if cloud.KindOf(err) != gateway.Conflict {
			t.Errorf("port %d: got %v, want Conflict", port, err)
		}
	}
}

func contractTree(t *testing.T, r rig) {
	p := newProject()
	var want []gateway.Forward
	for i := range uint16(600) { // with gaps, so that runs make a tree as well
		want = append(want, forward(vmID, "192.168.0.11", "ssh", 30000+2*i, 22))
	}
	apply(t, r, p, want)
	rules, err := netfilter.Parse(r.shell(t, "iptables-save"))
	if err != nil {
		t.Fatal(err)
	}
	nat, _ := rules.Table(tableNAT)
	for _, c := range nat.Chains {
		if len(c.Rules) > fanout+1 {
			t.Errorf("chain %s has %d rules", c.Name, len(c.Rules))
		}
	}
	pl := apply(t, r, p, append(want[:300:300], want[301:]...))
	for _, c := range pl.Changes() {
		if c.ID == "persist" && !strings.HasPrefix(c.Shell[0], "sed ") {
			t.Errorf("the file for the next boot is written whole: %d lines", len(c.Shell))
		}
	}
	apply(t, r, p, want)
	apply(t, r, p, want[:3])
	apply(t, r, p, nil)
}

func contractReboot(t *testing.T, r rig) {
	if r.reboot == nil {
		t.Log("this gateway cannot be rebooted; the emulated one and the lab's can")
		return
	}
	p := newProject()
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	apply(t, r, p, want)
	r.reboot(t)
	if again := planFor(t, r, p, want); !again.Empty() {
		t.Errorf("after a reboot there is something to do: %v", again.Changes())
	}
}

func contractCounters(t *testing.T, r rig) {
	p := newProject()
	one := forward(vmID, "192.168.0.11", "ssh", 30011, 22)
	apply(t, r, p, []gateway.Forward{one})
	r.shell(t, `iptables-save -c -t nat | sed -e 's/^\[[0-9]*:[0-9]*\] -A PORTICO-TCP-30000-30015/[7:420] -A PORTICO-TCP-30000-30015/' | iptables-restore -c`)
	apply(t, r, p, []gateway.Forward{one, forward(vm2ID, "192.168.0.12", "ssh", 30012, 22)})
	rules, err := netfilter.Parse(r.shell(t, "iptables-save -c -t nat"))
	if err != nil {
		t.Fatal(err)
	}
	nat, _ := rules.Table(tableNAT)
	leaf, _ := nat.Chain("PORTICO-TCP-30000-30015")
	if len(leaf.Rules) != 2 || leaf.Rules[0].Packets < 7 || leaf.Rules[1].Packets >= 7 {
		t.Errorf("the counters are gone: %v", leaf.Rules)
	}
}

func contractUDP(t *testing.T, r rig) {
	p := newProject()
	mosh := forward(vmID, "192.168.0.11", "mosh", 30011, 30011)
	mosh.Service.Protocol = gateway.UDP
	pl := apply(t, r, p, []gateway.Forward{mosh})
	var typed []string
	for _, c := range pl.Changes() {
		typed = append(typed, c.Shell...)
	}
	if want := "conntrack -D -p udp --orig-dst 192.168.0.4 --orig-port-dst 30011"; !slices.Contains(typed, want) {
		t.Errorf("the plan does not say %q: %q", want, typed)
	}
	if r.flow != nil {
		r.flow(t)
		apply(t, r, p, nil)
		if left := r.shell(t, "conntrack -L -p udp 2>/dev/null || true"); strings.Contains(left, "dport=30011") {
			t.Errorf("the flow is still known: %s", left)
		}
	}
}

// sameForeign compares what is not ours, without counters.
func sameForeign(t *testing.T, before, after string) {
	t.Helper()
	b, err := netfilter.Parse(before)
	if err != nil {
		t.Fatal(err)
	}
	a, err := netfilter.Parse(after)
	if err != nil {
		t.Fatal(err)
	}
	rules := func(r netfilter.Ruleset) string {
		var out []string
		for line := range strings.Lines(r.Foreign().Format(false)) {
			if strings.HasPrefix(line, "-A") {
				out = append(out, line)
			}
		}
		return strings.Join(out, "")
	}
	if diff := cmp.Diff(rules(b), rules(a)); diff != "" {
		t.Error("foreign rules changed:", diff)
	}
}

func stripCounters(save string) string {
	var out strings.Builder
	for line := range strings.Lines(save) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if i := strings.LastIndex(line, " ["); strings.HasPrefix(line, ":") && i > 0 {
			line = line[:i] + "\n"
		}
		out.WriteString(line)
	}
	return out.String()
}
