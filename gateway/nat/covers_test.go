package nat

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
)

const netID = "342613bf-2d27-41b3-9f6a-7251c1803af6"

var sshService = gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}

// Covers are read back as they were written, also through the text of iptables-save, and beside
// forwards of instances and of subnets.
func TestCoversAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forwards := drawForwards(t)
		for i := range forwards {
			if rapid.Bool().Draw(t, "of a subnet") {
				forwards[i].Instance, forwards[i].Subnet = "", netID
			}
		}
		c := gateway.Cover{
			Subnet: netID, Whole: rapid.Bool().Draw(t, "whole"), Scheme: rapid.SampledFrom([]string{"per-service", "a-b-1"}).Draw(t, "scheme"),
			Services: rapid.SampledFrom([][]gateway.Service{{sshService}, {sshService, {Name: "m-2", Protocol: gateway.UDP, Port: 60000}}, {{Name: "r", Protocol: gateway.UDP, Port: 60000, Last: 60010}, {Name: "s", Protocol: gateway.TCP, Last: 10}}}).Draw(t, "services"),
		}
		c.Formula = rapid.SampledFrom([]string{"", "40000 + n", "n < 100 && x != 3 ? 40000 + 2*n : 50000 + n % 7"}).Draw(t, "formula")
		for range rapid.IntRange(0, 3).Draw(t, "sources") {
			c.Sources = append(c.Sources, netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, rapid.Byte().Draw(t, "octet"), 0}), 24))
		}
		nat, _ := layouts(testGateway, forwards, c)
		text := netfilter.Ruleset{Tables: []netfilter.Table{{Name: "nat", Chains: nat.Chains}}}.Format(false)
		rules, err := netfilter.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got := coversIn(rules)
		if len(got) != 1 || !got[0].Equal(c) {
			t.Fatalf("wrote %+v, read %+v from\n%s", c, got, text)
		}
		back := readForwards(testGateway, rules)
		if !slices.EqualFunc(back, forwards, gateway.Forward.Equal) {
			t.Fatal(cmp.Diff(forwards, back, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })))
		}
	})
}

// Services of one subnet that are published to different people, or in different ways, stay apart: read
// as one, ssh would be opened to whom http is open to.
func TestCoversOfOneSubnetStayApart(t *testing.T) {
	http, web := gateway.Service{Name: "http", Protocol: gateway.TCP, Port: 80}, gateway.Service{Name: "web", Protocol: gateway.TCP, Port: 8080}
	few := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	want := []gateway.Cover{
		{Subnet: netID, Scheme: "per-service", Services: []gateway.Service{sshService}, Sources: few},
		{Subnet: netID, Scheme: "per-service", Services: []gateway.Service{http}},
		{Subnet: netID, Whole: true, Scheme: "next-free", Services: []gateway.Service{web}, Sources: few},
	}
	nat, _ := layouts(testGateway, nil, want...)
	got := coversIn(netfilter.Ruleset{Tables: []netfilter.Table{{Name: "nat", Chains: nat.Chains}}})
	if !slices.EqualFunc(got, want, gateway.Cover.Equal) {
		t.Errorf("wrote %+v, read %+v", want, got)
	}
}

// What is to go on a pair goes on each of its hosts.
func TestPairRemovesOnBothHosts(t *testing.T) {
	gone := map[gateway.Key]bool{{Protocol: gateway.TCP}: true}
	e := &Engine{Remove: gone, Members: []*Engine{{}, {}}}
	e.meanHosts(hosts{{observed: &observed{}}, {observed: &observed{}, member: 1}})
	for i, m := range e.Members {
		if len(m.Remove) != 1 {
			t.Errorf("host %d removes %v", i, m.Remove)
		}
	}
}

// What does not say exactly what a cover says is none.
func TestNoCovers(t *testing.T) {
	good := coverMark(gateway.Cover{Subnet: netID, Scheme: "per-service"}, sshService)
	if _, ok := readCover(map[string]string{"--comment": good}); !ok {
		t.Fatalf("%q is not read", good)
	}
	for _, bad := range []string{
		"", good + " ", strings.Replace(good, "existing", "some", 1), strings.Replace(good, netID, "x", 1), strings.Replace(good, "tcp/22", "tcp/0", 1),
		strings.Replace(good, "tcp/22", "tcp/70000", 1), strings.Replace(good, "per-service", "Per\x1b[31m", 1),
	} {
		if c, ok := readCover(map[string]string{"--comment": bad}); ok {
			t.Errorf("%q is read as %+v", bad, c)
		}
	}
	if _, ok := readCover(map[string]string{"--comment": good, "-s": "! 198.51.100.0/24"}); ok {
		t.Error("a negated source is read")
	}
}

// A subnet's forward is for whoever has the address: the door of the instance that has it now is
// opened, nobody else's, and the forward stays as it is when the instance goes.
func contractSubnet(t *testing.T, r rig) {
	p := newProject()
	p.inv.Subnets = []cloud.Subnet{{ID: netID, NetworkID: "net", CIDR: netip.MustParsePrefix("192.168.0.0/24")}}
	for i := range p.inv.Ports {
		p.inv.Ports[i].FixedIPs[0].SubnetID = netID
	}
	var want []gateway.Forward
	for i, a := range []string{"192.168.0.11", "192.168.0.12", "192.168.0.13"} {
		f := forward("", a, "ssh", 30011+uint16(i), 22)
		f.Subnet = netID
		want = append(want, f)
	}
	engineOn(r, p).settle(want)
	if want[0].Instance != vmID || want[1].Instance != vm2ID || want[2].Instance != "" {
		t.Fatalf("the addresses are of %q, %q, %q", want[0].Instance, want[1].Instance, want[2].Instance)
	}
	applyCovers(t, r, p, want, gateway.Cover{Subnet: netID, Whole: true, Services: []gateway.Service{sshService}, Scheme: "per-service"})
	look := func(when string, forwards int) gateway.State {
		t.Helper()
		s := observe(t, r, p)
		if len(s.Covers) != 1 || len(s.Forwards) != forwards || len(s.Drift) != 0 {
			t.Fatalf("%s: covers %+v, forwards %v, drift %+v", when, s.Covers, s.Forwards, s.Drift)
		}
		return s
	}
	look("published", 3)
	if r.reboot != nil {
		r.reboot(t)
	}
	p.inv.Instances = slices.DeleteFunc(slices.Clone(p.inv.Instances), func(i cloud.Instance) bool { return i.ID == vm2ID })
	p.inv.Ports = slices.DeleteFunc(slices.Clone(p.inv.Ports), func(p cloud.Port) bool { return p.DeviceID == vm2ID })
	if f := look("without its instance", 3).Forwards[1]; f.Instance != "" || f.Subnet != netID {
		t.Errorf("it is still of %+v", f)
	}
	apply(t, r, p, nil) // the cover stays
	look("without forwards", 0)
	applyCovers(t, r, p, nil)
	if got := r.shell(t, "iptables-save"); strings.Contains(got, "PORTICO") || len(p.inv.SecurityGroups) != 1 {
		t.Errorf("left: %s\ngroups %+v", got, p.inv.SecurityGroups)
	}
}

func applyCovers(t *testing.T, r rig, p *project, want []gateway.Forward, covers ...gateway.Cover) {
	t.Helper()
	for range 2 {
		e := engineOn(r, p)
		e.Covers = append([]gateway.Cover{}, covers...)
		pl, err := e.Plan(context.Background(), want, observe(t, r, p))
		if err != nil {
			t.Fatal(err)
		}
		if report := plan.Apply(context.Background(), pl, nil); !report.OK() {
			t.Fatalf("apply: %v (undo: %v)", report.Err, report.Undo)
		}
		if want != nil && len(p.inv.SecurityGroups) == 1 {
			t.Fatal("no doors were made")
		}
	}
}
