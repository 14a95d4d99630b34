package doctor_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/cloud/openstack"
	"portico/gateway"
	"portico/gateway/doctor"
	gwemulator "portico/gateway/emulator"
	"portico/gateway/host"
	"portico/gateway/hostkey"
	"portico/gateway/publish"
	"portico/gateway/rollback"
)

// The world's names and addresses.
const (
	gwName = "gw-1"
	vmName = "alpha"
	pair   = "laptop"
)

var (
	gwAddr = netip.MustParseAddr("192.168.0.4")
	vmAddr = netip.MustParseAddr("192.168.0.11")
)

// world is a project with a gateway and two VMs whose ssh is published, and one console.
type world struct {
	t       *testing.T
	cloud   *emulator.Cloud
	gateway *gwemulator.Gateway
	public  netip.Addr
	router  string
	vms     map[string]*gwemulator.VM // by instance ID
	key     ssh.Signer
	known   string // the operator's known_hosts
	keyFile string // and the private key of the key pair
	client  *openstack.Client
	p       *publish.Publisher
	console func(id string) string

	mute   map[uint16]bool // ports that this machine's network lets nothing out to
	muting sync.Mutex
	blind  atomic.Bool // the gateway is not reached by SSH
	adrift atomic.Bool // this machine has no network at all
}

var (
	base   = netip.AddrFrom4([4]byte{127, byte(180 + rand.IntN(40)), byte(rand.IntN(200)), 1})
	worlds atomic.Uint32
	// environment is read by every client that is made, and there is one of it.
	environment sync.Mutex
)

func newWorld(t *testing.T) *world {
	t.Helper()
	b := base.As4()
	n := worlds.Add(1)
	b[2], b[3] = b[2]+byte(n/250), byte(1+n%250)
	w := &world{t: t, public: netip.AddrFrom4(b), vms: map[string]*gwemulator.VM{}, mute: map[uint16]bool{}, known: filepath.Join(t.TempDir(), "known_hosts")}
	_, private, err := ed25519.GenerateKey(nil)
	w.must(err)
	w.key, err = ssh.NewSignerFromSigner(private)
	w.must(err)
	block, err := ssh.MarshalPrivateKey(private, "")
	w.must(err)
	w.keyFile = filepath.Join(t.TempDir(), "id_ed25519")
	w.must(writePEM(w.keyFile, block))
	w.startCloud()
	w.startGateway()
	w.connect()
	w.apply(publish.Request{Instances: []string{vmName, "beta"}, Services: []string{"ssh"}})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) startCloud() {
	var err error
	w.cloud, err = emulator.Start(emulator.Config{Project: "lab", ActionTime: time.Millisecond})
	w.must(err)
	w.t.Cleanup(func() { _ = w.cloud.Close() })
	w.change(func(m *emulator.Model) {
		outside := m.AddNetwork(emulator.NetworkSpec{Name: "public", External: true})
		m.AddSubnet(emulator.SubnetSpec{Name: "public-v4", Network: outside, CIDR: netip.MustParsePrefix("127.0.0.0/8")})
		lab := m.AddNetwork(emulator.NetworkSpec{Name: "lab-net"})
		sub := m.AddSubnet(emulator.SubnetSpec{Name: "lab-v4", Network: lab, CIDR: netip.MustParsePrefix("192.168.0.0/24")})
		w.router = m.AddRouter(emulator.RouterSpec{Name: "router", ExternalNetwork: outside, ExternalAddress: netip.MustParseAddr("127.0.0.5"), Subnets: []string{sub}})
		m.AddGroup("elsewhere", "of others", emulator.RuleSpec{Protocol: "tcp", PortMin: 22, PortMax: 22, From: "10.9.9.0/24"})
		shell := m.AddGroup("ssh", "of others", emulator.RuleSpec{Protocol: "tcp", PortMin: 22, PortMax: 22, From: "0.0.0.0/0"})
		m.AddKeyPair(pair, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(w.key.PublicKey()))))
		image, flavor := m.AddImage("debian-12", map[string]string{"os_distro": "debian"}), m.AddFlavor("small", 1, 1024, 10)
		for name, addr := range map[string]netip.Addr{gwName: gwAddr, vmName: vmAddr, "beta": vmAddr.Next(), "gamma": vmAddr.Next().Next()} {
			m.AddServer(emulator.ServerSpec{Name: name, Image: image, Flavor: flavor, KeyName: pair, Groups: groupsFor(m, name, shell), NICs: []emulator.NIC{{Subnet: sub, Address: addr}}})
		}
		m.AddFloatingIP(emulator.FloatingIPSpec{Address: w.public, Network: outside, Server: id(gwName)})
	})
	w.cloud.SetConsole(func(server string) string {
		if w.console != nil {
			return w.console(server)
		}
		return ""
	})
}

// groupsFor lets ssh in to the gateway, and to the others nothing: what is let in there is Portico's doing.
func groupsFor(m *emulator.Model, name, shell string) []string {
	if name == gwName {
		return []string{shell}
	}
	return []string{isolated(m)}
}

func isolated(m *emulator.Model) string {
	return m.AddGroup(fmt.Sprint("isolated-", rand.Uint64()), "egress only")
}

func id(name string) string { return emulator.ID("server", name) }

func (w *world) startGateway() {
	for _, name := range []string{vmName, "beta", "gamma"} {
		vm, err := gwemulator.NewVM(name)
		w.must(err)
		w.t.Cleanup(func() { _ = vm.Close() })
		vm.Admit("debian", w.key.PublicKey())
		w.vms[id(name)] = vm
	}
	var err error
	w.gateway, err = gwemulator.Start(gwemulator.Config{
		Hostname: gwName, FixedIP: gwAddr, Public: w.public, Keys: []ssh.PublicKey{w.key.PublicKey()},
		Allow: func(port uint16, client netip.Addr) bool {
			i, there := w.cloud.Server(id(gwName))
			return there && i.Running() && w.cloud.Routes(w.public) && w.cloud.AllowsIngress(id(gwName), "tcp", port, client)
		},
		Reach: func(src netip.Addr, dst netip.AddrPort) (gwemulator.Dial, gwemulator.Verdict) {
			i, there := w.cloud.ByAddress(dst.Addr())
			if !there || !w.cloud.Admits(dst, "tcp", src) {
				return nil, gwemulator.Dropped
			}
			return w.vms[i.ID].Route(dst.Port())
		},
	})
	w.must(err)
	w.t.Cleanup(func() { _ = w.gateway.Close() })
}

// connect makes the console: the real client, the real SSH connection.
func (w *world) connect() {
	environment.Lock()
	defer environment.Unlock()
	for _, e := range w.cloud.Env() {
		name, value, _ := strings.Cut(e, "=")
		w.must(os.Setenv(name, value))
	}
	var err error
	w.client, err = openstack.Connect(w.t.Context(), openstack.Options{})
	w.must(err)
	w.t.Cleanup(w.client.Close)
	w.p = publish.New(w.client, w.client, w.client, w, publish.Options{
		By: "test@test", Window: rollback.MinWindow, Dialer: w, FloatingIPs: w.client, Power: w.client, Forwardings: w.client,
		Identities: func() []publish.Identity {
			return []publish.Identity{{File: w.keyFile, PublicKey: string(ssh.MarshalAuthorizedKey(w.key.PublicKey()))}}
		},
	})
}

// Connect is a publish.Connector that keeps nothing: each one is a new connection.
func (w *world) Connect(ctx context.Context, _ gateway.Gateway, _ func(context.Context) publish.Login) (gateway.Runner, error) {
	if w.blind.Load() {
		return nil, &gateway.Error{Op: "connect to", Target: gwName, Kind: gateway.Unreachable}
	}
	s, err := host.Dial(ctx, host.Config{
		Name: gwName, Host: w.gateway.Addr().Addr().String(), Port: w.gateway.Addr().Port(), User: "debian", SSHConfig: "none", NoAgent: true,
		Signers: []ssh.Signer{w.key}, HostKeys: []ssh.PublicKey{w.gateway.HostKey()},
	})
	if err == nil {
		w.t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// DialContext is the network that this machine is in.
func (w *world) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if w.adrift.Load() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	}
	to, err := netip.ParseAddrPort(address)
	w.muting.Lock()
	mute := w.mute[to.Port()]
	w.muting.Unlock()
	if err == nil && mute {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (w *world) change(f func(m *emulator.Model)) {
	w.t.Helper()
	w.must(w.cloud.Fill(f))
	if w.gateway != nil {
		w.gateway.Refresh()
	}
}

func (w *world) apply(r publish.Request) {
	w.t.Helper()
	s, err := w.p.SnapshotFor(w.t.Context(), r)
	w.must(err)
	pr, err := w.p.Plan(w.t.Context(), s, r)
	w.must(err)
	if out := w.p.Apply(w.t.Context(), pr, publish.Watch{Untested: true}); !out.Report.OK() {
		w.t.Fatal(out.Report.Err)
	}
	w.gateway.Refresh()
}

// doctor is the engine, with the look of ssh that the program has.
func (w *world) doctor() *doctor.Doctor {
	return doctor.New(w.p, doctor.Options{SSH: w.look, Patience: 700 * time.Millisecond})
}

func (w *world) look(ctx context.Context, ask doctor.SSHAsk) (doctor.SSHSeen, error) {
	cfg := host.Config{
		Host: ask.Forward.Public.Addr().String(), Port: ask.Forward.Public.Port(), User: ask.Login.User, SSHConfig: "none", NoAgent: true,
		KnownHosts: []string{w.known}, FallbackIdentities: []string{ask.Login.KeyFile}, IdentityFiles: []string{ask.Login.KeyFile},
		Vouched: func(ctx context.Context) (hostkey.Set, error) { return w.p.HostKeys(ctx, ask.Instance.ID) },
	}
	seen, err := host.Look(ctx, cfg)
	if err != nil {
		return doctor.SSHSeen{}, err
	}
	out := doctor.SSHSeen{
		Name: seen.Name, Key: seen.Key, Known: doctor.KeyNew, KnownKey: seen.Instead, KnownAt: seen.Place, VouchedWhy: seen.Why,
		User: seen.User, LoggedIn: seen.LoggedIn, With: seen.With, Denied: seen.Denied, Offered: seen.Offered, Said: seen.Said,
	}
	if seen.Changed {
		out.Known = doctor.KeyChanged
	}
	if seen.Vouched == hostkey.Match {
		out.Vouched = doctor.VouchedYes
	}
	for _, u := range ask.Users {
		if cfg.User = u; out.Denied {
			if other, err := host.Look(ctx, cfg); err == nil && other.LoggedIn {
				out.OtherUser = u
				break
			}
		}
	}
	return out, nil
}

// diagnose looks at alpha's ssh and checks what every diagnosis holds.
func (w *world) diagnose(target doctor.Target) doctor.Diagnosis {
	w.t.Helper()
	mark := w.cloud.Mark()
	var last doctor.Progress
	d, err := w.doctor().Diagnose(w.t.Context(), target, func(p doctor.Progress) { last = p })
	w.must(err)
	if writes := w.cloud.WritesSince(mark); len(writes) > 0 {
		w.t.Errorf("a diagnosis has written: %v", writes)
	}
	if len(last.Hops) != len(d.Hops) {
		w.t.Errorf("progress has %d hops, the diagnosis %d", len(last.Hops), len(d.Hops))
	}
	for i, h := range d.Hops {
		if h.N != i+1 || h.Verdict == "" || h.Text == "" {
			w.t.Errorf("hop %d is not judged: %+v", i+1, h)
		}
		if h.Verdict == doctor.Unknown && h.Follows == 0 && len(h.Findings) > 0 && h.Findings[0].Missing == "" {
			w.t.Errorf("hop %d is unknown and does not say what was missing: %+v", i+1, h)
		}
	}
	if text := doctor.Report(d); strings.Contains(text, "\x1b") || text != cleanLines(text) {
		w.t.Errorf("the report is not clean:\n%s", text)
	}
	return d
}

func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = cloud.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// rules changes the gateway's rules as somebody at its shell would.
func (w *world) rules(text string) {
	w.t.Helper()
	w.must(w.gateway.AddForeignRules(text))
}

// regroup sets the groups of an instance's port: those of Portico's that it has are kept or not, others
// are added by name.
func (w *world) regroup(name string, keepOurs bool, add ...string) {
	w.t.Helper()
	inv, err := w.client.Inventory(w.t.Context())
	w.must(err)
	for _, p := range inv.InstancePorts(id(name)) {
		groups := slices.DeleteFunc(slices.Clone(p.Groups), func(g string) bool {
			group, _ := inv.Group(g)
			return !keepOurs && strings.HasPrefix(group.Description, "portico v1 ")
		})
		for _, g := range inv.SecurityGroups {
			if slices.Contains(add, g.Name) {
				groups = append(groups, g.ID)
			}
		}
		w.must(w.client.SetPortGroups(w.t.Context(), p.ID, groups, p.Revision))
	}
	w.gateway.Refresh()
}
