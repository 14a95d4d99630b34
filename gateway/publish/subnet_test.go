package publish

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

const subnetID = "00000000-0000-4000-8000-0000000000aa"

// subnetSnapshot is the test project with a router and a DHCP server in its subnet, and what stands there.
func subnetSnapshot(t *testing.T, p *Publisher, covers []gateway.Cover, forwards ...gateway.Forward) Snapshot {
	t.Helper()
	s := snapshotWith(t, p, nil)
	s.Inventory.Subnets = []cloud.Subnet{{
		ID: subnetID, Name: "lab-v4", NetworkID: "net", CIDR: netip.MustParsePrefix("192.168.0.0/24"), GatewayIP: netip.MustParseAddr("192.168.0.1"),
	}}
	for i := range s.Inventory.Ports {
		s.Inventory.Ports[i].FixedIPs[0].SubnetID = subnetID
	}
	s.Inventory.Ports = append(s.Inventory.Ports, cloud.Port{
		ID: "dhcp", DeviceID: "dhcp1", DeviceOwner: "network:dhcp", NetworkID: "net", FixedIPs: []cloud.FixedIP{{SubnetID: subnetID, Addr: netip.MustParseAddr("192.168.0.2")}},
	})
	state := *s.State
	state.Forwards, state.Covers, state.Drift, state.Warnings = forwards, covers, nil, nil
	s.State = &state
	return s
}

func cover(whole bool, services ...string) gateway.Cover {
	c := gateway.Cover{Subnet: subnetID, Whole: whole, Scheme: "per-service"}
	for _, s := range Services() {
		if slices.Contains(services, s.Name) {
			c.Services = append(c.Services, s)
		}
	}
	return c
}

func subnetForward(addr, name string, port uint16) gateway.Forward {
	f := testForward("", addr, name, port)
	f.Subnet = subnetID
	return f
}

// wholeForwards is what the wiki's scheme gives each address of the test subnet for ssh.
func wholeForwards() []gateway.Forward {
	var out []gateway.Forward
	for n := 3; n <= 254; n++ {
		if n != 4 {
			out = append(out, subnetForward(fmt.Sprintf("192.168.0.%d:22", n), "ssh", uint16(30000+n)))
		}
	}
	return out
}

// A subnet published whole has the forwards that the scheme gives, for each address that can hold an
// instance and for no other; once they stand nothing is left to do.
func TestPublishSubnetWhole(t *testing.T) {
	p := testPublisher(t)
	s := subnetSnapshot(t, p, nil)
	for _, name := range []string{"lab-v4", "192.168.0.0/24", subnetID, "lab-net"} {
		pr, err := p.Plan(context.Background(), s, Request{Subnets: []string{name}, KeepPorts: true, KeepSources: true})
		if err != nil {
			t.Fatal(name, err)
		}
		if want := wholeForwards(); !slices.EqualFunc(pr.want, want, gateway.Forward.Equal) {
			t.Fatal(name, cmp.Diff(forwardTexts(want), forwardTexts(pr.want)))
		}
		if len(pr.covers) != 1 || !pr.covers[0].Equal(cover(true, "ssh")) {
			t.Errorf("covers %+v", pr.covers)
		}
		if got := len(Held(pr.Made())); got != 4 {
			t.Errorf("%d forwards are to be tested, want those of the 4 instances", got)
		}
	}
	s = subnetSnapshot(t, p, []gateway.Cover{cover(true, "ssh")}, wholeForwards()...)
	pr, err := p.Plan(context.Background(), s, Request{Subnets: []string{"lab-v4"}, KeepPorts: true, KeepSources: true})
	if err != nil {
		t.Fatal(err)
	}
	if made := pr.Made(); len(made) != 0 || !slices.EqualFunc(pr.want, wholeForwards(), gateway.Forward.Equal) {
		t.Errorf("published twice, %v is made", made)
	}
	warned := slices.ContainsFunc(pr.Plan.Warnings, func(w plan.Warning) bool {
		return strings.Contains(w.Title, "ssh of 251 addresses to anybody") && strings.Contains(w.Detail, "192.168.0.1 (router), 192.168.0.2 (DHCP), 192.168.0.4 (gateway gw-1)")
	})
	if !warned {
		t.Errorf("warnings: %+v", pr.Plan.Warnings)
	}
}

func forwardTexts(fs []gateway.Forward) []string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = fmt.Sprint(f, " ", f.Owner(), " ", f.Sources)
	}
	return out
}

// changedItems tells those items of a proposal that change something, sorted: "+30011>11 alpha".
func changedItems(pr Proposal) []string {
	var out []string
	for _, i := range pr.Items {
		if i.Action != 0 {
			out = append(out, fmt.Sprintf("%c%d>%d %s", i.Action, i.Forward.Public.Port(), i.Forward.Private.Addr().As4()[3], i.Instance))
		}
	}
	slices.Sort(out)
	return out
}

// checkWanted sees that no two forwards are on one port and, after a sync, that none leads to where its owner is not.
func checkWanted(t *testing.T, pr Proposal, s Snapshot) {
	t.Helper()
	where := whereaboutsOf(s.Inventory)
	for n, f := range pr.want {
		if n > 0 && f.Meets(pr.want[n-1]) {
			t.Errorf("%s and %s", pr.want[n-1], f)
		}
		if pr.Request.Sync && where.astray(f) {
			t.Errorf("%s still leads astray", f)
		}
	}
}

// What a subnet's forwards become when the project or the request changes.
func TestSubnetChanges(t *testing.T) {
	whole := []gateway.Cover{cover(true, "ssh")}
	existing := []gateway.Cover{cover(false, "ssh")}
	alpha := testForward(alphaID, "192.168.0.11:22", "ssh", 30011)
	all := []gateway.Forward{alpha, testForward(betaID, "192.168.0.12:22", "ssh", 30012), testForward(twinID, "192.168.0.13:22", "ssh", 30013), testForward(twin2ID, "192.168.0.14:22", "ssh", 30014)}
	tests := map[string]struct {
		covers  []gateway.Cover
		stands  []gateway.Forward
		req     Request
		items   []string // of those that change
		step    string
		covers2 int
	}{
		"existing": {nil, nil, Request{Subnets: []string{"lab-v4"}, Existing: true},
			[]string{"+30011>11 alpha", "+30012>12 beta", "+30013>13 twin", "+30014>14 twin"}, "", 1},
		"existing, some stand elsewhere and stay": {nil, []gateway.Forward{testForward(alphaID, "192.168.0.11:22", "ssh", 40000)}, Request{Subnets: []string{"lab-v4"}, Existing: true, KeepPorts: true},
			[]string{"+30012>12 beta", "+30013>13 twin", "+30014>14 twin"}, "", 1},
		"sync, all in step":                    {existing, all, Request{Sync: true}, nil, "", 1},
		"sync, nothing is published by a rule": {nil, all[:1], Request{Sync: true}, nil, "", 0},
		"sync, one is new":                     {existing, all[:3], Request{Sync: true}, []string{"+30014>14 twin"}, "1 new VM", 1},
		"sync, one is gone": {existing, append(slices.Clone(all), testForward(goneID, "192.168.0.99:22", "ssh", 30099)), Request{Sync: true},
			[]string{"-30099>99 " + goneID}, "1 forward to nobody", 1},
		"sync, one is gone and its address another's": {existing, append([]gateway.Forward{testForward(goneID, "192.168.0.11:22", "ssh", 30011)}, all[1:]...), Request{Sync: true},
			[]string{"-30011>11 " + goneID, "+30011>11 alpha"}, "1 new VM, 1 forward to the wrong VM", 1},
		"sync, one has another address": {existing, append([]gateway.Forward{testForward(alphaID, "192.168.0.98:22", "ssh", 30098)}, all[1:]...), Request{Sync: true},
			[]string{"-30098>98 alpha", "+30011>11 alpha"}, "1 VM moved", 1},
		"sync, two have changed places": {nil, []gateway.Forward{testForward(alphaID, "192.168.0.12:22", "ssh", 30012), testForward(betaID, "192.168.0.11:22", "ssh", 30011)}, Request{Sync: true},
			[]string{"~30012>11 alpha", "~30011>12 beta"}, "2 forwards to the wrong VM", 0},
		"sync, an unpublished subnet's":           {nil, []gateway.Forward{testForward(alphaID, "192.168.0.98:22", "ssh", 41000)}, Request{Sync: true}, []string{"~41000>11 alpha"}, "1 VM moved", 0},
		"sync of another subnet":                  {existing, all[:3], Request{Sync: true, Subnets: []string{subnetID}}, []string{"+30014>14 twin"}, "1 new VM", 1},
		"withdraw whole":                          {whole, wholeForwards()[:3], Request{Subnets: []string{"lab-v4"}, Withdraw: true}, []string{"-30003>3 subnet lab-v4", "-30005>5 subnet lab-v4", "-30006>6 subnet lab-v4"}, "", 0},
		"withdraw existing":                       {existing, all, Request{Subnets: []string{"lab-v4"}, Withdraw: true}, []string{"-30011>11 alpha", "-30012>12 beta", "-30013>13 twin", "-30014>14 twin"}, "", 0},
		"withdraw of a service that is not of it": {existing, all[:1], Request{Subnets: []string{"lab-v4"}, Withdraw: true, Services: []string{"ssh"}}, []string{"-30011>11 alpha"}, "", 0},
		"an instance gets its own in place of its subnet's": {whole, wholeForwards(), Request{Instances: []string{"alpha"}, KeepPorts: true, Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}},
			[]string{"~30011>11 alpha"}, "", 1},
		"an instance has what its subnet has": {whole, wholeForwards(), Request{Instances: []string{"alpha"}, KeepPorts: true, KeepSources: true}, nil, "", 1},
		"whole keeps an instance's own":       {whole, append(slices.DeleteFunc(wholeForwards(), func(f gateway.Forward) bool { return f.Public.Port() == 30011 }), alpha), Request{Sync: true}, nil, "4 VMs with their doors shut", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := testPublisher(t)
			pr, err := p.Plan(context.Background(), subnetSnapshot(t, p, tt.covers, tt.stands...), tt.req)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(tt.items)
			if diff := cmp.Diff(tt.items, changedItems(pr)); diff != "" {
				t.Error(diff)
			}
			if step := pr.InStep.String(); step != tt.step && !strings.Contains(step, "doors") {
				t.Errorf("step %q, want %q", step, tt.step)
			}
			covers := pr.covers
			if covers == nil {
				covers = tt.covers
			}
			if len(covers) != tt.covers2 {
				t.Errorf("covers %+v", covers)
			}
			checkWanted(t, pr, subnetSnapshot(t, p, nil))
		})
	}
}

// Two networks may have one CIDR: what is withdrawn or brought in step is the named one's alone.
func TestSubnetsOfOneCIDR(t *testing.T) {
	p := testPublisher(t)
	alpha, beta := testForward(alphaID, "192.168.0.11:22", "ssh", 30011), testForward(betaID, "192.168.0.12:22", "ssh", 30012)
	s := subnetSnapshot(t, p, []gateway.Cover{cover(false, "ssh")}, alpha, beta)
	twin := s.Inventory.Subnets[0]
	twin.ID, twin.Name, twin.NetworkID = "twin-subnet", "twin-v4", "twin-net"
	s.Inventory.Subnets = append(s.Inventory.Subnets, twin)
	for i := range s.Inventory.Ports {
		if s.Inventory.Ports[i].DeviceID == betaID {
			s.Inventory.Ports[i].FixedIPs[0].SubnetID = twin.ID
		}
	}
	pr, err := p.Plan(context.Background(), s, Request{Subnets: []string{"lab-v4"}, Withdraw: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"-30011>11 alpha"}, changedItems(pr)); diff != "" {
		t.Error(diff)
	}
	if _, err := p.Plan(context.Background(), s, Request{Subnets: []string{"192.168.0.0/24"}, Withdraw: true}); err == nil || !strings.Contains(err.Error(), "2 subnets are called so") {
		t.Errorf("a CIDR of two subnets: %v", err)
	}
}

// A scheme whose ports are others' is refused before anything, with all of them and what would fit.
func TestSubnetRefused(t *testing.T) {
	p := testPublisher(t)
	s := subnetSnapshot(t, p, nil, testForward(alphaID, "192.168.0.11:80", "http", 30040))
	s.State.Reserved = append(s.State.Reserved, gateway.Reserved{Protocol: gateway.TCP, Port: 30020, By: "nginx"}, gateway.Reserved{Protocol: gateway.TCP, Port: 30021, By: "nginx"})
	_, err := p.Plan(context.Background(), s, Request{Subnets: []string{"lab-v4"}})
	x := cloud.Explain(err)
	if cloud.KindOf(err) != gateway.Conflict || !strings.Contains(x.Why, "3 of 251 forwards") || !strings.Contains(x.Why, "tcp 30020-30021: nginx has this port") ||
		!strings.Contains(x.Why, "tcp 30040: http of 192.168.0.11 has this port") || !strings.Contains(x.Next, "--scheme next-free") {
		t.Errorf("%s\n%s\n%s", x.What, x.Why, x.Next)
	}
	for name, req := range map[string]Request{
		"no such subnet": {Subnets: []string{"nowhere"}},
		"VMs, too":       {Subnets: []string{"lab-v4"}, Instances: []string{"alpha"}},
		"own ports":      {Subnets: []string{"lab-v4"}, Ports: []uint16{40000}},
		"not published":  {Subnets: []string{"lab-v4"}, Withdraw: true},
	} {
		if _, err := p.Plan(context.Background(), s, req); err == nil {
			t.Error(name, "is not refused")
		}
	}
}

// Forwards whose instance is gone or elsewhere are drift; where another instance has the address, it is
// dangerous.
func TestAstray(t *testing.T) {
	p := testPublisher(t)
	s := Settle(subnetSnapshot(t, p, nil,
		testForward(alphaID, "192.168.0.11:22", "ssh", 30011), testForward(goneID, "192.168.0.12:22", "ssh", 30012), testForward(goneID, "192.168.0.99:22", "ssh", 30099),
		testForward(twinID, "192.168.0.14:22", "ssh", 30014), subnetForward("192.168.0.13:22", "ssh", 30013), subnetForward("192.168.0.50:22", "ssh", 30050)))
	got := map[uint16]gateway.DriftKind{}
	for _, d := range Astray(*s.State) {
		got[d.Forward.Public.Port()] = d.Kind
	}
	if diff := cmp.Diff(map[uint16]gateway.DriftKind{30012: gateway.Reused, 30014: gateway.Reused, 30099: gateway.Gone}, got); diff != "" {
		t.Error(diff)
	}
	if f := s.State.Forwards[4]; f.Instance != twinID {
		t.Errorf("%s is of %q", f, f.Instance)
	}
	if Drifted(*s.State) {
		t.Error("that is not for repair")
	}
	if again := Settle(s); len(again.State.Drift) != len(s.State.Drift) {
		t.Errorf("settled twice: %+v", again.State.Drift)
	}
}
