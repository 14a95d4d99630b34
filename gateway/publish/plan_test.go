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

const (
	gwID    = "00000000-0000-4000-8000-000000000004"
	alphaID = "00000000-0000-4000-8000-000000000011"
	betaID  = "00000000-0000-4000-8000-000000000012"
	twinID  = "00000000-0000-4000-8000-000000000013"
	twin2ID = "00000000-0000-4000-8000-000000000014"
	bareID  = "00000000-0000-4000-8000-000000000015"
	goneID  = "00000000-0000-4000-8000-000000000099"
)

// testInventory is a project with a gateway, four instances on its network and one without.
func testInventory() cloud.Inventory {
	inv := cloud.Inventory{
		Networks: []cloud.Network{{ID: "net", Name: "lab-net"}},
		Subnets:  []cloud.Subnet{{ID: "sub", NetworkID: "net", CIDR: netip.MustParsePrefix("192.168.0.0/24")}},
		FloatingIPs: []cloud.FloatingIP{
			{ID: "fip1", Address: netip.MustParseAddr("203.0.113.10"), PortID: "p4", FixedIP: netip.MustParseAddr("192.168.0.4")},
			{ID: "fip2", Address: netip.MustParseAddr("203.0.113.11")},
		},
		SecurityGroups: []cloud.SecurityGroup{{ID: "sg", Name: "default"}},
	}
	for id, name := range map[string]string{gwID: "gw-1", alphaID: "alpha", betaID: "beta", twinID: "twin", twin2ID: "twin", bareID: "bare"} {
		inv.Instances = append(inv.Instances, cloud.Instance{ID: id, Name: name, Status: "ACTIVE"})
		var n int
		_, _ = fmt.Sscanf(id[len(id)-2:], "%d", &n)
		if id == bareID {
			continue
		}
		inv.Ports = append(inv.Ports, cloud.Port{
			ID: fmt.Sprintf("p%d", n), DeviceID: id, DeviceOwner: "compute:nova", NetworkID: "net", PortSecurity: true, Groups: []string{"sg"},
			FixedIPs: []cloud.FixedIP{{SubnetID: "sub", Addr: netip.MustParseAddr(fmt.Sprintf("192.168.0.%d", n))}},
		})
	}
	return inv
}

// idle is a gateway on which nothing stands and nothing may be run.
type idle struct{ t *testing.T }

func (i idle) Connect(context.Context, gateway.Gateway, func(context.Context) Login) (gateway.Runner, error) {
	return i, nil
}

func (i idle) Run(context.Context, gateway.Command) (gateway.Result, error) {
	i.t.Error("planning ran a command on the gateway")
	return gateway.Result{}, nil
}

func testPublisher(t *testing.T) *Publisher {
	return New(nil, nil, nil, idle{t}, Options{})
}

func TestRequests(t *testing.T) {
	standing := []gateway.Forward{
		testForward(alphaID, "192.168.0.11:22", "ssh", 30011),
		testForward(goneID, "192.168.0.12:22", "ssh", 30012),
	}
	tests := map[string]struct {
		req   Request
		items []string
		kind  gateway.Kind
		says  string
	}{
		"new":               {req: Request{Instances: []string{"beta"}, Services: []string{"http"}}, items: []string{"+ beta http 31012"}},
		"stands already":    {req: Request{Instances: []string{"alpha"}}, items: []string{"= alpha ssh 30011"}},
		"by ID":             {req: Request{Instances: []string{alphaID}, Services: []string{"ssh", "https"}}, items: []string{"= alpha ssh 30011", "+ alpha https 32011"}},
		"other scheme":      {req: Request{Instances: []string{"alpha"}, Scheme: "interleaved"}, items: []string{"- alpha ssh 30011", "+ alpha ssh 30033"}},
		"other sources":     {req: Request{Instances: []string{"alpha"}, Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}, items: []string{"~ alpha ssh 30011"}},
		"port of one gone":  {req: Request{Instances: []string{"beta"}}, items: []string{"- " + goneID + " ssh 30012", "+ beta ssh 30012"}},
		"own service":       {req: Request{Instances: []string{"beta"}, Services: []string{"jupyter=tcp/8888"}, Scheme: "next-free"}, items: []string{"+ beta jupyter 20000"}},
		"named twice":       {req: Request{Instances: []string{"beta", betaID}, Services: []string{"http"}}, items: []string{"+ beta http 31012"}},
		"withdraw":          {req: Request{Instances: []string{"alpha"}, Withdraw: true}, items: []string{"- alpha ssh 30011"}},
		"withdraw nothing":  {req: Request{Instances: []string{"alpha"}, Services: []string{"http"}, Withdraw: true}},
		"withdraw one gone": {req: Request{Instances: []string{goneID}, Withdraw: true}, items: []string{"- " + goneID + " ssh 30012"}},
		"nobody":            {req: Request{}, kind: gateway.Invalid, says: "no instance was named"},
		"unknown":           {req: Request{Instances: []string{"alp"}}, kind: gateway.NotFound, says: "similar: alpha"},
		"ambiguous":         {req: Request{Instances: []string{"twin"}}, kind: gateway.Invalid, says: "2 instances"},
		"no address":        {req: Request{Instances: []string{"bare"}}, kind: gateway.Invalid, says: "no fixed IPv4"},
		"the gateway":       {req: Request{Instances: []string{"gw-1"}}, kind: gateway.Invalid, says: "gateway itself"},
		"unknown service":   {req: Request{Instances: []string{"beta"}, Services: []string{"gopher"}}, kind: gateway.Invalid, says: "no service"},
		"bad service":       {req: Request{Instances: []string{"beta"}, Services: []string{"x=sctp/9"}}, kind: gateway.Invalid, says: "neither tcp nor udp"},
		"hostile service":   {req: Request{Instances: []string{"beta"}, Services: []string{"a\nb=tcp/9"}, Scheme: "next-free"}, kind: gateway.Invalid, says: "name"},
		"unknown scheme":    {req: Request{Instances: []string{"beta"}, Scheme: "mine"}, kind: gateway.NotFound, says: "per-service"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := testPublisher(t)
			p.groups, p.ports = nil, nil
			s := snapshotWith(t, p, standing)
			got, err := p.Plan(context.Background(), s, tt.req)
			if tt.says != "" {
				x := cloud.Explain(err)
				if cloud.KindOf(err) != tt.kind || !strings.Contains(x.What+x.Why+x.Next, tt.says) {
					t.Fatalf("got %v of kind %v, want %v and a word about %q", err, cloud.KindOf(err), tt.kind, tt.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var items []string
			for _, i := range got.Items {
				action := "="
				if i.Action != 0 {
					action = string(i.Action)
				}
				items = append(items, fmt.Sprintf("%s %s %s %d", action, i.Instance, i.Forward.Service.Name, i.Forward.Public.Port()))
			}
			if diff := cmp.Diff(tt.items, items); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func testForward(id, private, name string, port uint16) gateway.Forward {
	ap := netip.MustParseAddrPort(private)
	return gateway.Forward{
		Instance: id, Service: gateway.Service{Name: name, Protocol: gateway.TCP, Port: ap.Port()}, Engine: "nat",
		Public: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), port), Private: ap,
	}
}

// snapshotWith is a gateway on which these forwards stand, as an observation would bring it.
func snapshotWith(t *testing.T, p *Publisher, forwards []gateway.Forward) Snapshot {
	t.Helper()
	inv := testInventory()
	gw, err := p.FindGateway(inv)
	if err != nil {
		t.Fatal(err)
	}
	engine := p.newEngine(gw, saved(forwards), inv)
	state, err := engine.Observe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Forwards) != len(forwards) {
		t.Fatalf("%d forwards were read back, want %d", len(state.Forwards), len(forwards))
	}
	return Snapshot{Inventory: inv, Gateway: gw, State: &state}
}

// saved answers an observation with rules that carry the forwards.
type saved []gateway.Forward

func (s saved) Run(context.Context, gateway.Command) (gateway.Result, error) {
	var b strings.Builder
	b.WriteString("\n@@portico rules\n*nat\n:PREROUTING ACCEPT [0:0]\n:PORTICO-TCP-30000-30015 - [0:0]\n")
	for _, f := range s {
		fmt.Fprintf(&b, "-A PORTICO-TCP-30000-30015 -d 192.168.0.4/32 -p tcp -m tcp --dport %d -m comment --comment \"portico v1 vm=%s svc=%s\" -j DNAT --to-destination %s\n",
			f.Public.Port(), f.Instance, f.Service.Name, f.Private)
	}
	b.WriteString("COMMIT\n\n@@portico saved\n0 0\n\n@@portico listening\ntcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:((\"sshd\",pid=1,fd=3))\n\n@@portico end\n")
	return gateway.Result{Stdout: []byte(b.String())}, nil
}

func TestFindGateway(t *testing.T) {
	two := testInventory()
	two.FloatingIPs[1].PortID, two.FloatingIPs[1].FixedIP = "p11", netip.MustParseAddr("192.168.0.11")
	marked := two
	marked.SecurityGroups = append([]cloud.SecurityGroup{{ID: "sgp", Name: "portico-alpha", Description: "portico v1 gateway=" + alphaID + " role=public"}}, two.SecurityGroups...)
	marked.Ports = append([]cloud.Port{}, two.Ports...)
	for i := range marked.Ports {
		if marked.Ports[i].ID == "p11" {
			marked.Ports[i].Groups = []string{"sg", "sgp"}
		}
	}
	none := testInventory()
	none.FloatingIPs = nil
	tests := map[string]struct {
		inv  cloud.Inventory
		want string
		name string
		kind gateway.Kind
	}{
		"the only one":   {inv: testInventory(), name: "gw-1"},
		"by name":        {inv: two, want: "alpha", name: "alpha"},
		"by address":     {inv: two, want: "203.0.113.10", name: "gw-1"},
		"the one in use": {inv: marked, name: "alpha"},
		"several":        {inv: two, kind: gateway.Invalid},
		"none":           {inv: none, kind: gateway.NotFound},
		"unknown name":   {inv: two, want: "beta", kind: gateway.NotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := New(nil, nil, nil, idle{t}, Options{Gateway: tt.want})
			gw, err := p.FindGateway(tt.inv)
			if gw.Name != tt.name || err != nil && cloud.KindOf(err) != tt.kind || err == nil && tt.name == "" {
				t.Errorf("got %q, %v", gw.Name, err)
			}
		})
	}
}

// An operator who says neither scheme nor sources changes neither.
func TestWhatWasNotSaidStays(t *testing.T) {
	p := testPublisher(t)
	moved := testForward(alphaID, "192.168.0.11:22", "ssh", 30033)
	s := snapshotWith(t, p, []gateway.Forward{moved})
	only := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	s.State.Forwards[0].Sources = only
	got, err := p.Plan(context.Background(), s, Request{Instances: []string{"alpha"}, Services: []string{"ssh", "http"}, KeepPorts: true, KeepSources: true})
	if err != nil {
		t.Fatal(err)
	}
	ssh, http := got.Items[0].Forward, got.Items[1].Forward
	if ssh.Public.Port() != 30033 || !slices.Equal(ssh.Sources, only) || got.Items[0].Action != 0 {
		t.Errorf("ssh was changed: %+v", got.Items[0])
	}
	if http.Public.Port() != 31011 || len(http.Sources) != 0 {
		t.Errorf("http: %+v", http)
	}
}

func TestNetworks(t *testing.T) {
	port := func(id, device, network, subnet, addr string) cloud.Port {
		return cloud.Port{
			ID: id, DeviceID: device, DeviceOwner: "compute:nova", NetworkID: network, PortSecurity: true,
			FixedIPs: []cloud.FixedIP{{SubnetID: subnet, Addr: netip.MustParseAddr(addr)}},
		}
	}
	elsewhere := cloud.Subnet{ID: "sub2", NetworkID: "net2", CIDR: netip.MustParsePrefix("10.9.0.0/24")}
	tests := map[string]struct {
		ports []cloud.Port
		cidr  string
		ok    bool
		says  string
	}{
		"routed":                       {[]cloud.Port{port("x", bareID, "net2", "sub2", "10.9.0.20")}, "10.9.0.0/24", true, "routed"},
		"same address, other network":  {[]cloud.Port{port("x", bareID, "net2", "sub2", "192.168.0.11")}, "192.168.0.0/24", false, "another machine"},
		"on the gateway's second NIC":  {[]cloud.Port{port("x", bareID, "net2", "sub2", "10.9.0.20"), port("g2", gwID, "net2", "sub2", "10.9.0.4")}, "10.9.0.0/24", false, "another port"},
		"on both, the right one taken": {[]cloud.Port{port("x", bareID, "net2", "sub2", "10.9.0.20"), port("y", bareID, "net", "sub", "192.168.0.15")}, "10.9.0.0/24", true, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := testPublisher(t)
			s := snapshotWith(t, p, nil)
			elsewhere.CIDR = netip.MustParsePrefix(tt.cidr)
			s.Inventory.Subnets = append(s.Inventory.Subnets, elsewhere)
			s.Inventory.Ports = append(s.Inventory.Ports, tt.ports...)
			got, err := p.Plan(context.Background(), s, Request{Instances: []string{"bare"}})
			text := fmt.Sprint(got.Plan.Warnings)
			if err != nil {
				text = err.Error()
			}
			if (err == nil) != tt.ok || !strings.Contains(text, tt.says) {
				t.Errorf("got %v, %s", err, text)
			}
		})
	}
}

func TestPlanNeedsKnowledge(t *testing.T) {
	p := testPublisher(t)
	s := snapshotWith(t, p, nil)
	s.Inventory.Missing = []cloud.Missing{{Part: "security groups"}}
	if _, err := p.Plan(context.Background(), s, Request{Instances: []string{"alpha"}}); cloud.KindOf(err) != gateway.Permission {
		t.Errorf("groups unknown: %v", err)
	}
	s = snapshotWith(t, p, nil)
	s.State = nil
	if _, err := p.Plan(context.Background(), s, Request{Instances: []string{"alpha"}}); cloud.KindOf(err) != gateway.Unreachable {
		t.Errorf("gateway unknown: %v", err)
	}
}

func TestQuotaIsReadFirst(t *testing.T) {
	p := testPublisher(t)
	s := snapshotWith(t, p, nil)
	s.Inventory.Quotas.SecurityGroupRules = cloud.Limit{Used: 95, Max: 100, Known: true}
	_, err := p.Plan(context.Background(), s, Request{Instances: []string{"alpha"}})
	if cloud.KindOf(err) != gateway.Quota {
		t.Errorf("95 of 100 used, 6 needed: %v", err)
	}
	s.Inventory.Quotas.SecurityGroupRules.Used = 94
	got, err := p.Plan(context.Background(), s, Request{Instances: []string{"alpha"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []QuotaLine{{Name: "security groups", After: 2}, {Name: "security group rules", Before: 94, After: 100, Max: 100, Known: true}}
	if diff := cmp.Diff(want, got.Quota); diff != "" {
		t.Error(diff)
	}
	if got.Plan.Changes()[0].Action != plan.Create {
		t.Errorf("first change: %v", got.Plan.Changes()[0])
	}
}

// An instance with two floating IPs is two gateways: each is found as itself.
func TestAtOneOfTwoAddresses(t *testing.T) {
	inv := testInventory()
	second := netip.MustParseAddr("192.168.0.5")
	for i, p := range inv.Ports {
		if p.ID == "p4" {
			inv.Ports[i].FixedIPs = append(p.FixedIPs, cloud.FixedIP{SubnetID: "sub", Addr: second})
		}
	}
	inv.FloatingIPs[1].PortID, inv.FloatingIPs[1].FixedIP = "p4", second
	p := testPublisher(t)
	all := p.Gateways(inv)
	if len(all) != 2 {
		t.Fatalf("%d gateways", len(all))
	}
	for _, gw := range all {
		if got, err := p.At(gw).FindGateway(inv); err != nil || got != gw {
			t.Errorf("at %s: %+v, %v", gw.FloatingIP, got, err)
		}
	}
}
