package publish_test

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/cloud/openstack"
	"portico/gateway"
	gwemulator "portico/gateway/emulator"
	"portico/gateway/history"
	"portico/gateway/host"
	"portico/gateway/publish"
	"portico/gateway/rollback"
)

// twoHosts is a project with two machines that can be a pair, a VM, and a free floating IP.
type twoHosts struct {
	t     *testing.T
	cloud *emulator.Cloud
	hosts map[string]*gwemulator.Gateway
	key   ssh.Signer
	*publish.Publisher
	client *openstack.Client
	conns  *connections
}

const sharedFIP = "203.0.113.30"

func newTwoHosts(t *testing.T, without ...string) *twoHosts {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &twoHosts{t: t, hosts: map[string]*gwemulator.Gateway{}}
	if w.key, err = ssh.NewSignerFromSigner(private); err != nil {
		t.Fatal(err)
	}
	if w.cloud, err = emulator.Start(emulator.Config{Project: "pair"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cloud.Close() })
	if err := w.cloud.Fill(fillTwoHosts); err != nil {
		t.Fatal(err)
	}
	segment := &gwemulator.Segment{}
	public, release := address()
	t.Cleanup(release)
	for name, addr := range map[string]string{"gw-a": "192.168.0.4", "gw-b": "192.168.0.5"} {
		c := gwemulator.Config{Hostname: name, FixedIP: netip.MustParseAddr(addr), Public: public, Keys: []ssh.PublicKey{w.key.PublicKey()}, Segment: segment}
		if name == "gw-b" {
			c.Without = without
		}
		if w.hosts[name], err = gwemulator.Start(c); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.hosts[name].Close() })
	}
	if w.client, err = (&world{cloud: w.cloud}).connect(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	w.conns = &connections{w: w, open: map[string]*host.SSH{}}
	t.Cleanup(w.conns.close)
	w.Publisher = publish.New(w.client, w.client, w.client, w.conns, publish.Options{
		Gateway: "front", FloatingIPs: w.client, Pairs: w.client, By: "me@test", Window: rollback.MinWindow, History: history.Open(filepath.Join(t.TempDir(), "h")),
	})
	return w
}

func fillTwoHosts(m *emulator.Model) {
	outside := m.AddNetwork(emulator.NetworkSpec{Name: "public", External: true})
	m.AddSubnet(emulator.SubnetSpec{Name: "public-v4", Network: outside, CIDR: netip.MustParsePrefix("203.0.113.0/24")})
	lan := m.AddNetwork(emulator.NetworkSpec{Name: "lan"})
	sub := m.AddSubnet(emulator.SubnetSpec{Name: "lan-v4", Network: lan, CIDR: netip.MustParsePrefix("192.168.0.0/24")})
	m.AddRouter(emulator.RouterSpec{Name: "router", ExternalNetwork: outside, ExternalAddress: netip.MustParseAddr("203.0.113.2"), Subnets: []string{sub}})
	image, flavor := m.AddImage("debian-12", map[string]string{"os_distro": "debian"}), m.AddFlavor("small", 1, 1024, 10)
	for i, name := range []string{"gw-a", "gw-b", "alpha"} {
		m.AddServer(emulator.ServerSpec{Name: name, Image: image, Flavor: flavor, Groups: []string{m.DefaultGroup()}, NICs: []emulator.NIC{{Subnet: sub, Address: netip.AddrFrom4([4]byte{192, 168, 0, byte(4 + i)})}}})
	}
	m.AddFloatingIP(emulator.FloatingIPSpec{Address: netip.MustParseAddr("203.0.113.11"), Network: outside, Server: emulator.ID("server", "gw-a")})
	m.AddFloatingIP(emulator.FloatingIPSpec{Address: netip.MustParseAddr("203.0.113.12"), Network: outside, Server: emulator.ID("server", "gw-b")})
	m.AddFloatingIP(emulator.FloatingIPSpec{Address: netip.MustParseAddr(sharedFIP), Network: outside})
}

// connections keeps one connection to each host.
type connections struct {
	w    *twoHosts
	mu   sync.Mutex
	open map[string]*host.SSH
}

func (c *connections) Connect(ctx context.Context, gw gateway.Gateway, _ func(context.Context) publish.Login) (gateway.Runner, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.open[gw.Name]; s != nil {
		return s, nil
	}
	g := c.w.hosts[gw.Name]
	s, err := host.Dial(ctx, host.Config{
		Name: gw.Name, Host: g.Addr().Addr().String(), Port: g.Addr().Port(), User: "debian", SSHConfig: "none", NoAgent: true,
		Signers: []ssh.Signer{c.w.key}, HostKeys: []ssh.PublicKey{g.HostKey()}, Timeout: 10 * time.Second,
	})
	if err == nil {
		c.open[gw.Name] = s
	}
	return s, err
}

func (c *connections) close() {
	for _, s := range c.open {
		_ = s.Close()
	}
}

func (w *twoHosts) plan(r publish.Request) (publish.Proposal, error) {
	s, err := w.SnapshotFor(w.t.Context(), r)
	if err != nil {
		return publish.Proposal{}, err
	}
	return w.Plan(w.t.Context(), s, r)
}

func (w *twoHosts) must(r publish.Request) publish.Outcome {
	w.t.Helper()
	pr, err := w.plan(r)
	if err != nil {
		w.t.Fatal(err)
	}
	out := w.Apply(w.t.Context(), pr, publish.Watch{Untested: true})
	if !out.Report.OK() {
		w.t.Fatalf("%v, left %v, failed to undo %v", out.Report.Err, out.Report.Left, out.Report.Undo)
	}
	return out
}

func (w *twoHosts) state() gateway.State {
	w.t.Helper()
	s, err := w.Snapshot(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return *s.State
}

// ours are the lines of Portico's on a host.
func (w *twoHosts) ours(name string) string {
	var out []string
	for line := range strings.Lines(w.hosts[name].Ruleset().Format(false)) {
		if strings.Contains(line, "PORTICO") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func (w *twoHosts) same(want int) {
	w.t.Helper()
	a, b := w.ours("gw-a"), w.ours("gw-b")
	if n := strings.Count(a, "DNAT --to-destination"); a != b || n != want {
		w.t.Fatalf("%d forwards, want %d; gw-a:\n%s\ngw-b:\n%s", n, want, a, b)
	}
}

// everything is all of the project that a pair may change.
func (w *twoHosts) everything() (ports []cloud.Port, groups int, fips []cloud.FloatingIP) {
	w.t.Helper()
	inv, err := w.Inventory(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range inv.Ports {
		p.Revision = 0
		ports = append(ports, p)
	}
	slices.SortFunc(ports, func(a, b cloud.Port) int { return strings.Compare(a.ID, b.ID) })
	return ports, len(inv.SecurityGroups), inv.FloatingIPs
}

var makePair = publish.Request{Pair: publish.PairRequest{Do: publish.MakePair, Name: "front", Hosts: []string{"gw-a", "gw-b"}}}

// A pair is made by one plan, carries the same on both hosts, and leaves nothing when it is ended.
func TestPair(t *testing.T) {
	w := newTwoHosts(t)
	ports, groups, _ := w.everything()
	out := w.must(makePair)
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], " is active") {
		t.Errorf("notes %q", out.Notes)
	}
	if pr, err := w.plan(makePair); err != nil || !pr.Empty() {
		t.Fatalf("the same pair again: %v, %+v", err, pr.Plan.Changes())
	}
	w.must(publish.Request{Instances: []string{"alpha"}, Services: []string{"ssh", "http"}})
	w.same(2)
	s := w.state()
	if len(s.Forwards) != 2 || len(s.Drift) != 0 || len(s.Members) != 2 || s.Members[0].Active == s.Members[1].Active || s.Forwards[0].Public.Addr().String() != sharedFIP {
		t.Fatalf("%+v", s)
	}
	if _, err := w.plan(publish.Request{Pair: publish.PairRequest{Do: publish.EndPair, Name: "front"}}); cloud.KindOf(err) != gateway.Conflict {
		t.Errorf("a pair that carries forwards can be ended: %v", err)
	}
	w.must(publish.Request{Instances: []string{"alpha"}, Withdraw: true})
	w.must(publish.Request{Pair: publish.PairRequest{Do: publish.EndPair, Name: "front"}})
	w.nothingLeft(ports, groups)
}

func (w *twoHosts) nothingLeft(ports []cloud.Port, groups int) {
	w.t.Helper()
	after, groupsAfter, fips := w.everything()
	if !slices.EqualFunc(ports, after, func(a, b cloud.Port) bool {
		return a.ID == b.ID && slices.Equal(a.AllowedPairs, b.AllowedPairs) && slices.Equal(a.Groups, b.Groups)
	}) || groups != groupsAfter {
		w.t.Errorf("left in the cloud: %+v, %d groups of %d", after, groupsAfter, groups)
	}
	if i := slices.IndexFunc(fips, func(f cloud.FloatingIP) bool { return f.Address.String() == sharedFIP }); fips[i].PortID != "" {
		w.t.Errorf("the floating IP is not free: %+v", fips[i])
	}
	for name, g := range w.hosts {
		for _, f := range []string{"/etc/portico/keepalived.conf", "/etc/portico/healthy.sh", "/etc/systemd/system/portico-keepalived.service", "/etc/portico/rules.v4"} {
			if _, err := g.File(f); err == nil {
				w.t.Errorf("%s is left on %s", f, name)
			}
		}
	}
}

// While one host is down the pair is seen, and not changed, but for what is said to be for one host. What
// was changed then is made the same by a repair: what was confirmed last holds.
func TestPairWithoutOneHost(t *testing.T) {
	w := newTwoHosts(t)
	w.must(makePair)
	w.must(publish.Request{Instances: []string{"alpha"}, Services: []string{"ssh", "http"}})
	w.hosts["gw-a"].Halt()
	s := w.state()
	if len(s.Forwards) != 2 || s.Members[0].Err == nil || !s.Members[1].Active || len(s.Warnings) == 0 {
		t.Fatalf("%+v", s)
	}
	withdraw := publish.Request{Instances: []string{"alpha"}, Services: []string{"http"}, Withdraw: true}
	if _, err := w.plan(withdraw); cloud.KindOf(err) != gateway.Unreachable || !strings.Contains(cloud.Explain(err).Next, "--degraded") {
		t.Fatalf("half a pair was to be changed: %v", err)
	}
	withdraw.Degraded = true
	w.must(withdraw)
	w.hosts["gw-a"].Reboot()
	s = w.state()
	if len(s.Forwards) != 1 || !publish.Drifted(s) || s.Members[0].Active {
		t.Fatalf("what was withdrawn last does not hold: forwards %v, drift %+v, hosts %+v", s.Forwards, s.Drift, s.Members)
	}
	w.must(publish.Request{Repair: true})
	w.same(1)
	if s := w.state(); publish.Drifted(s) {
		t.Errorf("drift %+v", s.Drift)
	}
}

// What fails on one host is taken back on both.
func TestPairIsAllOrNothing(t *testing.T) {
	for name, fault := range map[string]gwemulator.Fault{
		"the second host refuses the rules": {Program: "iptables-restore", Skip: 1, Exit: 4, Stderr: "no"},
		"its files cannot be written":       {Program: "systemctl enable", Exit: 1, Stderr: "Read-only file system"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTwoHosts(t)
			w.must(makePair)
			pr, err := w.plan(publish.Request{Instances: []string{"alpha"}})
			if err != nil {
				t.Fatal(err)
			}
			w.hosts["gw-b"].Fail(fault)
			out := w.Apply(t.Context(), pr, publish.Watch{Untested: true})
			if out.Report.OK() || len(out.Report.Left) > 0 {
				t.Fatalf("%v, left %v", out.Report.Err, out.Report.Left)
			}
			w.hosts["gw-b"].Heal()
			for _, host := range []string{"gw-a", "gw-b"} {
				if got := w.ours(host); got != "" {
					t.Errorf("left on %s:\n%s", host, got)
				}
			}
			if s := w.state(); s.Armed != nil || len(s.Forwards) > 0 || publish.Drifted(s) {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A pair that fails half-way leaves nothing.
func TestPairIsUndone(t *testing.T) {
	w := newTwoHosts(t)
	ports, groups, _ := w.everything()
	pr, err := w.plan(makePair)
	if err != nil {
		t.Fatal(err)
	}
	w.hosts["gw-b"].Fail(gwemulator.Fault{Program: "systemctl restart", Exit: 1, Stderr: "no"})
	out := w.Apply(t.Context(), pr, publish.Watch{})
	if out.Report.OK() || len(out.Report.Left) > 0 {
		t.Fatalf("%v, left %v (%v)", out.Report.Err, out.Report.Left, out.Report.Undo)
	}
	after, groupsAfter, _ := w.everything()
	if len(after) != len(ports) || groups != groupsAfter {
		t.Errorf("left in the cloud: %d ports of %d, %d groups of %d", len(after), len(ports), groupsAfter, groups)
	}
	for name, g := range w.hosts {
		if _, err := g.File("/etc/portico/keepalived.conf"); err == nil {
			t.Errorf("a configuration is left on %s", name)
		}
	}
}

// Ending a pair that fails late makes all of it again, the group that lets VRRP pass between its own members included.
func TestUnpairIsUndone(t *testing.T) {
	w := newTwoHosts(t)
	ports, groups, _ := w.everything()
	w.must(makePair)
	end := publish.Request{Pair: publish.PairRequest{Do: publish.EndPair, Name: "front"}}
	pr, err := w.plan(end)
	if err != nil {
		t.Fatal(err)
	}
	// The first two writes take the group off both hosts; the group is gone when the third fails.
	w.cloud.Inject(emulator.Fault{Status: http.StatusForbidden, Skip: 2, Match: func(r *http.Request) bool {
		return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/ports/")
	}})
	out := w.Apply(t.Context(), pr, publish.Watch{})
	if out.Report.OK() || len(out.Report.Left) > 0 {
		t.Fatalf("%v, left %v (%v)", out.Report.Err, out.Report.Left, out.Report.Undo)
	}
	if pr, err := w.plan(makePair); err != nil || !pr.Empty() {
		t.Errorf("the pair does not stand as it did: %v, %+v", err, pr.Plan.Changes())
	}
	w.must(end)
	w.nothingLeft(ports, groups)
}

func TestPairRefused(t *testing.T) {
	for _, tt := range []struct {
		name    string
		request publish.PairRequest
		without string
		kind    gateway.Kind
		want    string
	}{
		{"keepalived is not installed", makePair.Pair, "keepalived", gateway.NotFound, "apt install keepalived"},
		{"one host", publish.PairRequest{Do: publish.MakePair, Name: "front", Hosts: []string{"gw-a"}}, "", gateway.Invalid, "--members"},
		{"the same twice", publish.PairRequest{Do: publish.MakePair, Name: "front", Hosts: []string{"gw-a", "gw-a"}}, "", gateway.Invalid, "--members"},
		{"a bad name", publish.PairRequest{Do: publish.MakePair, Name: "Fr ont;", Hosts: []string{"gw-a", "gw-b"}}, "", gateway.Invalid, ""},
		{"an instance's name", publish.PairRequest{Do: publish.MakePair, Name: "alpha", Hosts: []string{"gw-a", "gw-b"}}, "", gateway.Conflict, "another name"},
		{"somebody's address", publish.PairRequest{Do: publish.MakePair, Name: "front", Hosts: []string{"gw-a", "gw-b"}, Address: netip.MustParseAddr("192.168.0.6")}, "", gateway.Conflict, "free"},
		{"an address elsewhere", publish.PairRequest{Do: publish.MakePair, Name: "front", Hosts: []string{"gw-a", "gw-b"}, Address: netip.MustParseAddr("10.0.0.6")}, "", gateway.Invalid, "subnet"},
		{"a floating IP in use", publish.PairRequest{Do: publish.MakePair, Name: "front", Hosts: []string{"gw-a", "gw-b"}, FloatingIP: "203.0.113.11"}, "", gateway.Conflict, "detach"},
		{"no such pair", publish.PairRequest{Do: publish.EndPair, Name: "front"}, "", gateway.NotFound, "portico gateways"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var without []string
			if tt.without != "" {
				without = []string{tt.without}
			}
			w := newTwoHosts(t, without...)
			_, err := w.plan(publish.Request{Pair: tt.request})
			if x := cloud.Explain(err); cloud.KindOf(err) != tt.kind || !strings.Contains(x.Next, tt.want) {
				t.Errorf("%v of kind %v, next %q; want %v, %q", err, cloud.KindOf(err), x.Next, tt.kind, tt.want)
			}
		})
	}
}
