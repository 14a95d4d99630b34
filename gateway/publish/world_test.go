package publish_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/cloud/emulator"
	"portico/cloud/openstack"
	"portico/gateway"
	gwemulator "portico/gateway/emulator"
	"portico/gateway/history"
	"portico/gateway/host"
	"portico/gateway/publish"
	"portico/gateway/rollback"
)

// world is a project with a gateway and two VMs, on which others have rules and groups, too.
type world struct {
	cloud   *emulator.Cloud
	gateway *gwemulator.Gateway
	key     ssh.Signer
	vms     map[string]*gwemulator.VM // by instance ID
	dir     string                    // for what consoles keep
	release func()
}

// foreignRules are those of Docker, and of somebody who forwards by hand.
const foreignRules = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A PREROUTING -i ens3 -p tcp -m tcp --dport 2201 -j DNAT --to-destination 192.168.0.77:22
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A POSTROUTING -s 172.17.0.0/16 -m comment --comment "it's \"docker\"" -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -s 172.17.0.0/16 -j ACCEPT
COMMIT
`

// base and worlds make an address on loopback for each world, where its forwards listen. Elsewhere
// than on Linux only 127.0.0.1 is this machine without being told, so that worlds take turns.
var (
	base   = netip.AddrFrom4([4]byte{127, byte(80 + rand.IntN(100)), byte(rand.IntN(200)), 1})
	worlds atomic.Uint32
	turn   sync.Mutex
)

func address() (addr netip.Addr, release func()) {
	if runtime.GOOS != "linux" {
		turn.Lock()
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), turn.Unlock
	}
	b := base.As4()
	n := worlds.Add(1)
	b[2], b[3] = b[2]+byte(n/250), byte(1+n%250)
	return netip.AddrFrom4(b), func() {}
}

// newWorld starts a world; close ends it.
func newWorld(dir string) (*world, error) {
	vms := map[string]*gwemulator.VM{}
	for _, name := range []string{"alpha", "beta"} {
		vm, err := gwemulator.NewVM(name)
		if err != nil {
			return nil, err
		}
		vms[emulator.ID("server", name)] = vm
	}
	return newWorldOf(dir, fill, vms)
}

// newWorldOf starts one of another project, in which a server is called gw-1.
func newWorldOf(dir string, fill func(*emulator.Model, netip.Addr), vms map[string]*gwemulator.VM) (*world, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir, vms: vms}
	if w.key, err = ssh.NewSignerFromSigner(private); err != nil {
		return nil, err
	}
	var public netip.Addr
	public, w.release = address()
	if w.cloud, err = emulator.Start(emulator.Config{Project: "trust"}); err != nil {
		return nil, err
	}
	if err := w.cloud.Fill(func(m *emulator.Model) { fill(m, public) }); err != nil {
		return nil, err
	}
	w.gateway, err = gwemulator.Start(gwemulator.Config{
		Hostname: "gw-1", FixedIP: netip.MustParseAddr("192.168.0.4"), Public: public, Keys: []ssh.PublicKey{w.key.PublicKey()},
		Allow: w.allow, Reach: w.reach,
	})
	if err != nil {
		return nil, err
	}
	return w, w.gateway.AddForeignRules(foreignRules)
}

// fill makes the project. The groups web and odd are others'; odd is on every port.
func fill(m *emulator.Model, public netip.Addr) {
	outside := m.AddNetwork(emulator.NetworkSpec{Name: "public", External: true})
	m.AddSubnet(emulator.SubnetSpec{Name: "public-v4", Network: outside, CIDR: netip.MustParsePrefix("127.0.0.0/8")})
	lab := m.AddNetwork(emulator.NetworkSpec{Name: "lab-net"})
	sub := m.AddSubnet(emulator.SubnetSpec{Name: "lab-v4", Network: lab, CIDR: netip.MustParsePrefix("192.168.0.0/24")})
	m.AddRouter(emulator.RouterSpec{Name: "router", ExternalNetwork: outside, ExternalAddress: netip.MustParseAddr("127.0.0.5"), Subnets: []string{sub}})
	odd := m.AddGroup("odd", "of others", emulator.RuleSpec{Protocol: "icmp"})
	m.AddGroup("web", "of others, on nothing", emulator.RuleSpec{Protocol: "tcp", PortMin: 80, PortMax: 80, From: "0.0.0.0/0"})
	image, flavor := m.AddImage("debian-12", map[string]string{"os_distro": "debian"}), m.AddFlavor("small", 1, 1024, 10)
	for name, addr := range map[string]string{"gw-1": "192.168.0.4", "alpha": "192.168.0.11", "beta": "192.168.0.12"} {
		m.AddServer(emulator.ServerSpec{
			Name: name, Image: image, Flavor: flavor, Groups: []string{m.DefaultGroup(), odd},
			NICs: []emulator.NIC{{Subnet: sub, Address: netip.MustParseAddr(addr)}},
		})
	}
	m.AddFloatingIP(emulator.FloatingIPSpec{Address: public, Network: outside, Server: emulator.ID("server", "gw-1")})
}

func (w *world) allow(port uint16, client netip.Addr) bool {
	return w.cloud.AllowsIngress(emulator.ID("server", "gw-1"), "tcp", port, client)
}

func (w *world) reach(src netip.Addr, dst netip.AddrPort) (gwemulator.Dial, gwemulator.Verdict) {
	i, ok := w.cloud.ByAddress(dst.Addr())
	if !ok || !w.cloud.Admits(dst, "tcp", src) {
		return nil, gwemulator.Dropped
	}
	return w.vms[i.ID].Route(dst.Port())
}

func (w *world) close() error {
	err := errors.Join(w.gateway.Close(), w.cloud.Close())
	for _, vm := range w.vms {
		err = errors.Join(err, vm.Close())
	}
	w.release()
	return err
}

// console is one operator's program: the real client and the real SSH connection.
type console struct {
	*publish.Publisher
	client *openstack.Client
	conn   *connection
	store  *history.Store
}

// patience is how long a console waits for answers.
type patience struct{ api, ssh, keepAlive time.Duration }

// environment is read by every client that is made, and there is one of it.
var environment sync.Mutex

func (w *world) console(ctx context.Context, by string, p patience) (*console, error) {
	client, err := w.connect(ctx, p.api)
	if err != nil {
		return nil, err
	}
	c := &console{client: client, store: history.Open(filepath.Join(w.dir, by)), conn: &connection{config: host.Config{
		Name: "gw-1", Host: w.gateway.Addr().Addr().String(), Port: w.gateway.Addr().Port(), User: "debian", SSHConfig: "none", NoAgent: true,
		Signers: []ssh.Signer{w.key}, HostKeys: []ssh.PublicKey{w.gateway.HostKey()}, Timeout: p.ssh, KeepAlive: p.keepAlive,
	}}}
	c.Publisher = publish.New(client, client, client, c.conn, publish.Options{History: c.store, By: by + "@test", Window: rollback.MinWindow, Forwardings: client})
	c.SetSettling(2 * time.Second)
	return c, nil
}

func (w *world) connect(ctx context.Context, timeout time.Duration) (*openstack.Client, error) {
	environment.Lock()
	defer environment.Unlock()
	for _, e := range w.cloud.Env() {
		name, value, _ := strings.Cut(e, "=")
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	return openstack.Connect(ctx, openstack.Options{Timeout: timeout})
}

func (c *console) close() {
	c.conn.close()
	c.client.Close()
}

// connection keeps one connection to the gateway open, as the program's connector does.
type connection struct {
	config host.Config
	mu     sync.Mutex
	open   *host.SSH
}

func (c *connection) Connect(ctx context.Context, _ gateway.Gateway, _ func(context.Context) publish.Login) (gateway.Runner, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil {
		return c.open, nil
	}
	s, err := host.Dial(ctx, c.config)
	if err != nil {
		return nil, err
	}
	c.open = s
	return s, nil
}

func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil {
		_ = c.open.Close()
	}
}

// plan looks at everything and makes a plan.
func (c *console) plan(ctx context.Context, r publish.Request) (publish.Proposal, error) {
	s, err := c.Snapshot(ctx)
	if err != nil {
		return publish.Proposal{}, err
	}
	return c.Plan(ctx, s, r)
}

// must carries a request out that nothing disturbs.
func (w *world) must(ctx context.Context, by string, r publish.Request) error {
	c, err := w.console(ctx, by, patience{})
	if err != nil {
		return err
	}
	defer c.close()
	pr, err := c.plan(ctx, r)
	if err != nil {
		return err
	}
	return c.Apply(ctx, pr, publish.Watch{}).Report.Err
}
