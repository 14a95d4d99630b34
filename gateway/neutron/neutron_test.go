package neutron

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/cloud/openstack"
	"portico/gateway"
	"portico/gateway/plan"
)

// project is an emulated one with the real client. alpha and beta are on a subnet with a router, lone is
// on one without, far on one whose router is another, own has a floating IP, open no port security.
type project struct {
	cloud  *emulator.Cloud
	client *openstack.Client
}

func newProject(t *testing.T, without ...string) *project {
	t.Helper()
	c, err := emulator.Start(emulator.Config{Project: "trust", Without: without})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Fill(fill); err != nil {
		t.Fatal(err)
	}
	for _, e := range c.Env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	for _, name := range []string{"OS_CLOUD", "OS_CLIENT_CONFIG_FILE"} {
		if _, set := os.LookupEnv(name); set {
			t.Setenv(name, "")
		}
	}
	client, err := openstack.Connect(t.Context(), openstack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &project{cloud: c, client: client}
}

func fill(m *emulator.Model) {
	outside := m.AddNetwork(emulator.NetworkSpec{Name: "public", External: true})
	m.AddSubnet(emulator.SubnetSpec{Name: "public-v4", Network: outside, CIDR: netip.MustParsePrefix("203.0.113.0/24")})
	subnet := func(name, cidr string) string {
		n := m.AddNetwork(emulator.NetworkSpec{Name: name})
		return m.AddSubnet(emulator.SubnetSpec{Name: name + "-v4", Network: n, CIDR: netip.MustParsePrefix(cidr)})
	}
	lab, away, lone := subnet("lab", "192.168.0.0/24"), subnet("away", "192.168.1.0/24"), subnet("lone", "192.168.2.0/24")
	m.AddRouter(emulator.RouterSpec{Name: "router", ExternalNetwork: outside, ExternalAddress: netip.MustParseAddr("203.0.113.2"), Subnets: []string{lab}})
	m.AddRouter(emulator.RouterSpec{Name: "other", ExternalNetwork: outside, ExternalAddress: netip.MustParseAddr("203.0.113.3"), Subnets: []string{away}})
	image, flavor := m.AddImage("debian-12", map[string]string{"os_distro": "debian"}), m.AddFlavor("small", 1, 1024, 10)
	for name, at := range map[string]struct{ subnet, addr string }{
		"alpha": {lab, "192.168.0.11"}, "beta": {lab, "192.168.0.12"}, "own": {lab, "192.168.0.13"}, "far": {away, "192.168.1.11"}, "lone": {lone, "192.168.2.11"},
	} {
		m.AddServer(emulator.ServerSpec{
			Name: name, Image: image, Flavor: flavor, Groups: []string{m.DefaultGroup()},
			NICs: []emulator.NIC{{Subnet: at.subnet, Address: netip.MustParseAddr(at.addr)}},
		})
	}
	m.AddFloatingIP(emulator.FloatingIPSpec{Address: netip.MustParseAddr("203.0.113.10"), Network: outside, Server: emulator.ID("server", "own")})
	m.AddFloatingIP(emulator.FloatingIPSpec{Address: netip.MustParseAddr("203.0.113.27"), Network: outside})
	m.AddFloatingIP(emulator.FloatingIPSpec{Address: netip.MustParseAddr("203.0.113.28"), Network: outside})
}

func (p *project) engine(t *testing.T, named ...string) *Engine {
	t.Helper()
	inv, err := p.client.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{Forwardings: p.client, Groups: p.client, Ports: p.client, Inventory: inv}
	if len(named) > 0 {
		e.Named = map[string]bool{}
		for _, n := range named {
			e.Named[emulator.ID("server", n)] = true
		}
	}
	return e
}

func forward(vm, public, private string, sources ...string) gateway.Forward {
	f := gateway.Forward{
		Instance: emulator.ID("server", vm), Public: netip.MustParseAddrPort(public), Private: netip.MustParseAddrPort(private), Engine: Name,
		Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: netip.MustParseAddrPort(private).Port()},
	}
	if f.Service.Port != 22 {
		f.Service.Name = "web"
	}
	for _, s := range sources {
		f.Sources = append(f.Sources, netip.MustParsePrefix(s))
	}
	return f
}

// apply makes these forwards stand, and sees that planning the same again finds nothing to do.
func (p *project) apply(t *testing.T, want ...gateway.Forward) plan.Plan {
	t.Helper()
	pl := p.plan(t, want...)
	if r := plan.Apply(t.Context(), pl, nil); !r.OK() {
		t.Fatalf("%v, undoing: %v", r.Err, r.Undo)
	}
	e := p.engine(t)
	state, err := e.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gateway.SortForwards(want)
	if diff := cmp.Diff(want, state.Forwards, cmp.Comparer(gateway.Forward.Equal), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("what stands is not what was wanted: %s", diff)
	}
	if again := p.plan(t, want...); !again.Empty() || len(state.Drift) > 0 {
		t.Errorf("still to do: %v, drift %v", again.Changes(), state.Drift)
	}
	return pl
}

func (p *project) plan(t *testing.T, want ...gateway.Forward) plan.Plan {
	t.Helper()
	e := p.engine(t)
	pl, err := e.Plan(context.Background(), want, gateway.State{})
	if err != nil {
		t.Fatal(err)
	}
	return pl
}

// picture is what stands of forwardings and groups, without the IDs that a new one gets.
func (p *project) picture(t *testing.T) []string {
	t.Helper()
	inv := p.engine(t).Inventory
	var out []string
	names := map[string]string{}
	for _, g := range inv.SecurityGroups {
		names[g.ID] = g.Name
		for _, r := range g.Rules {
			out = append(out, strings.Join([]string{"rule", g.Name, g.Description, r.Direction, r.EtherType, r.Protocol, r.RemotePrefix.String(), r.Description}, " "))
		}
	}
	for _, q := range inv.Ports {
		groups := make([]string, len(q.Groups))
		for i, g := range q.Groups {
			groups[i] = names[g]
		}
		slices.Sort(groups)
		out = append(out, "port "+q.ID+" "+strings.Join(groups, ","))
	}
	for _, f := range inv.FloatingIPs {
		for _, x := range f.Forwardings {
			out = append(out, f.Address.String()+" "+describe(x))
		}
	}
	slices.Sort(out)
	return out
}

func titles(pl plan.Plan) []string {
	var out []string
	for _, c := range pl.Changes() {
		out = append(out, string(c.Action)+" "+c.Title)
	}
	return out
}

func TestForwards(t *testing.T) {
	p := newProject(t)
	before := p.picture(t)
	ssh, web := forward("alpha", "203.0.113.27:30011", "192.168.0.11:22"), forward("alpha", "203.0.113.27:31011", "192.168.0.11:80", "198.51.100.0/24")
	beta := forward("beta", "203.0.113.27:30012", "192.168.0.12:22", "198.51.100.0/24", "192.0.2.7/32")
	p.apply(t, ssh, web, beta)
	t.Run("nobody's sources open another's door", func(t *testing.T) {
		for from, want := range map[string]bool{"203.0.113.99": false, "198.51.100.7": true, "192.0.2.7": true} {
			if got := p.cloud.AllowsIngress(beta.Instance, "tcp", 22, netip.MustParseAddr(from)); got != want {
				t.Errorf("beta lets %s in: %v", from, got)
			}
		}
		if p.cloud.AllowsIngress(beta.Instance, "tcp", 80, netip.MustParseAddr("198.51.100.7")) {
			t.Error("alpha's web door is open at beta")
		}
	})
	t.Run("another port is a change in place", func(t *testing.T) {
		moved := ssh
		moved.Public = netip.MustParseAddrPort("203.0.113.27:40022")
		if got := titles(p.apply(t, moved, web, beta)); !slices.Equal(got, []string{"~ forward tcp 40022 to 192.168.0.11:22"}) {
			t.Errorf("%q", got)
		}
		p.apply(t, ssh, web, beta)
	})
	t.Run("another address needs the old one gone first", func(t *testing.T) {
		moved := ssh
		moved.Public = netip.MustParseAddrPort("203.0.113.28:30011")
		pl := p.plan(t, moved, web, beta)
		if got := titles(pl); !slices.Equal(got, []string{"- no longer forward tcp 30011 to 192.168.0.11:22", "+ forward tcp 30011 to 192.168.0.11:22"}) {
			t.Errorf("%q", got)
		}
		if len(pl.Warnings) != 2 || !strings.Contains(pl.Warnings[1].Title, "cannot be reached for a moment") {
			t.Errorf("%v", pl.Warnings)
		}
		p.apply(t, moved, web, beta)
		p.apply(t, ssh, web, beta)
	})
	t.Run("undone, all is as it was", func(t *testing.T) {
		was := p.picture(t)
		for _, want := range [][]gateway.Forward{{}, {web}, {forward("beta", "203.0.113.28:30012", "192.168.0.12:22")}} {
			pl := p.plan(t, want...)
			for n := range pl.Steps {
				part := pl
				part.Steps = part.Steps[:n+1]
				if r := plan.Apply(t.Context(), part, nil); !r.OK() {
					t.Fatal(r.Err)
				}
				if r := plan.Undo(t.Context(), part, context.Canceled, nil); len(r.Left) > 0 {
					t.Fatalf("left: %v: %v", r.Left, r.Undo)
				}
				if diff := cmp.Diff(was, p.picture(t)); diff != "" {
					t.Fatalf("after %d steps: %s", n+1, diff)
				}
				pl = p.plan(t, want...) // of what was made again, the IDs are others
			}
		}
	})
	p.apply(t)
	if diff := cmp.Diff(before, p.picture(t)); diff != "" {
		t.Errorf("withdrawn, it is not as before: %s", diff)
	}
}

func TestPortRanges(t *testing.T) {
	p := newProject(t)
	f := forward("alpha", "203.0.113.27:60000", "192.168.0.11:60000")
	f.Service = gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 60000, Last: 60010}
	p.apply(t, f)
	over := forward("beta", "203.0.113.27:60010", "192.168.0.12:60010")
	over.Service.Protocol = gateway.UDP
	_, err := p.engine(t).Plan(context.Background(), []gateway.Forward{f, over}, gateway.State{})
	if cloud.KindOf(err) != gateway.Conflict {
		t.Errorf("overlapping: %v", err)
	}
	p.apply(t)
}

func TestWithoutExtensions(t *testing.T) {
	f := forward("alpha", "203.0.113.27:30011", "192.168.0.11:22")
	for without, says := range map[string]string{extForwarding: "does not forward ports", extDescription: "keeps no descriptions"} {
		p := newProject(t, without)
		if _, err := p.engine(t).Plan(context.Background(), []gateway.Forward{f}, gateway.State{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("without %s: %v", without, err)
		}
	}
	p := newProject(t, extRanges)
	p.apply(t, f)
	f.Service.Last = 25
	if _, err := p.engine(t).Plan(context.Background(), []gateway.Forward{f}, gateway.State{}); err == nil || !strings.Contains(err.Error(), "single ports alone") {
		t.Errorf("a range without %s: %v", extRanges, err)
	}
}

// openToOffice lets one network in where a forward leads.
func (p *project) openToOffice(t *testing.T, e *Engine, f gateway.Forward) {
	t.Helper()
	g, err := p.client.CreateGroup(t.Context(), "office", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.client.CreateRule(t.Context(), cloud.SecurityGroupRule{GroupID: g.ID, Protocol: "tcp", PortMin: 20, PortMax: 30, RemotePrefix: netip.MustParsePrefix("198.51.100.0/24")}); err != nil {
		t.Fatal(err)
	}
	port, _ := e.portOf(f)
	if err := p.client.SetPortGroups(t.Context(), port.ID, append(port.Groups, g.ID), 0); err != nil {
		t.Fatal(err)
	}
}

// What somebody else has made is shown, is not touched, and is adopted by a change of its description.
func TestAdopt(t *testing.T) {
	p := newProject(t)
	e := p.engine(t)
	f := forward("alpha", "203.0.113.27:2222", "192.168.0.11:22")
	x := e.rule(f)
	x.Description = "by hand"
	if _, err := p.client.CreatePortForwarding(t.Context(), e.floatingIP(f).fip.ID, x); err != nil {
		t.Fatal(err)
	}
	state, err := p.engine(t).Observe(t.Context())
	if err != nil || len(state.Forwards) > 0 || len(state.Drift) != 1 {
		t.Fatalf("%+v, %v", state, err)
	}
	if d := state.Drift[0]; d.Forward != nil || !strings.Contains(d.Why, "let nobody in") {
		t.Errorf("one that leads nowhere: %+v", d)
	}
	p.openToOffice(t, e, f)
	e = p.engine(t)
	e.Services = []gateway.Service{{Name: "ssh", Protocol: gateway.TCP, Port: 22}}
	if state, err = e.Observe(t.Context()); err != nil || state.Drift[0].Forward == nil {
		t.Fatalf("%+v, %v", state, err)
	}
	adopted := *state.Drift[0].Forward
	if want := forward("alpha", "203.0.113.27:2222", "192.168.0.11:22", "198.51.100.0/24"); !adopted.Equal(want) {
		t.Errorf("it is taken for %+v", adopted)
	}
	e.Adopt = map[gateway.Key]bool{adopted.Key(): true}
	pl, err := e.Plan(context.Background(), []gateway.Forward{adopted}, gateway.State{})
	if err != nil {
		t.Fatal(err)
	}
	if got := titles(pl); got[len(got)-1] != "~ take over tcp 2222 to 192.168.0.11:22" {
		t.Errorf("%q", got)
	}
	if r := plan.Apply(t.Context(), pl, nil); !r.OK() {
		t.Fatal(r.Err)
	}
	p.apply(t, adopted)
}

// A range of which the VM's groups let fewer in at some ports than at others is not adopted: it would be
// opened as far as its first port is.
func TestAdoptRange(t *testing.T) {
	group := cloud.SecurityGroup{ID: "g", Rules: []cloud.SecurityGroupRule{
		{Direction: "ingress", EtherType: "IPv4", Protocol: "tcp", PortMin: 8000, PortMax: 8000},
		{Direction: "ingress", EtherType: "IPv4", Protocol: "tcp", PortMin: 9000, PortMax: 9001, RemotePrefix: netip.MustParsePrefix("198.51.100.0/24")},
	}}
	inv := cloud.Inventory{SecurityGroups: []cloud.SecurityGroup{group}}
	port := cloud.Port{PortSecurity: true, Groups: []string{"g"}}
	for _, c := range []struct {
		first  uint16
		ports  int
		alike  bool
		anyone bool
	}{{8000, 1, true, true}, {8000, 2, false, false}, {9000, 2, true, false}, {8999, 3, false, false}, {7000, 2, true, false}} {
		f := gateway.Forward{
			Service: gateway.Service{Protocol: gateway.TCP, Port: c.first}.WithPorts(c.ports), Private: netip.AddrPortFrom(netip.MustParseAddr("192.168.0.11"), c.first),
		}
		if _, anyone, alike := admittedTo(&inv, port, f); alike != c.alike || anyone != c.anyone {
			t.Errorf("%d ports from %d on: alike %v, anybody %v", c.ports, c.first, alike, anyone)
		}
	}
}

// A plan whose forwarding somebody has changed since is refused, and nothing of it stands.
func TestStale(t *testing.T) {
	p := newProject(t)
	f := forward("alpha", "203.0.113.27:30011", "192.168.0.11:22")
	p.apply(t, f)
	pl := p.plan(t)
	x := p.engine(t).all()[0]
	x.rule.External = 30099
	if err := p.client.UpdatePortForwarding(t.Context(), x.fip.ID, x.rule); err != nil {
		t.Fatal(err)
	}
	was := p.picture(t)
	if r := plan.Apply(t.Context(), pl, nil); cloud.KindOf(r.Err) != gateway.Stale || len(r.Left) > 0 {
		t.Errorf("%v, left %v", r.Err, r.Left)
	}
	if diff := cmp.Diff(was, p.picture(t)); diff != "" {
		t.Error(diff)
	}
}

func TestMark(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := gateway.Forward{
			Instance: "00000000-0000-4000-8000-000000000011",
			Service:  gateway.Service{Name: rapid.StringMatching(`[a-z0-9][a-z0-9-]{0,31}`).Draw(t, "name")},
		}
		for _, b := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 4, 4), 0, 6).Draw(t, "sources") {
			bits := rapid.IntRange(1, 32).Draw(t, "bits")
			f.Sources = append(f.Sources, netip.PrefixFrom(netip.AddrFrom4([4]byte(b)), bits).Masked())
		}
		instance, service, sources, ok := readMark(mark(f))
		if !ok || instance != f.Instance || service != f.Service.Name || !slices.Equal(sources, gateway.SortPrefixes(f.Sources)) {
			t.Fatalf("%q reads as %q %q %v %v", mark(f), instance, service, sources, ok)
		}
	})
	for _, text := range []string{"", "portico v1", "portico v1 vm=x svc=ssh", mark(gateway.Forward{Instance: "00000000-0000-4000-8000-000000000011", Service: gateway.Service{Name: "ssh"}}) + " by me"} {
		if _, _, _, ok := readMark(text); ok {
			t.Errorf("%q passes for ours", text)
		}
	}
}
