package publish_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/cloud/openstack"
	"portico/gateway"
	gwemulator "portico/gateway/emulator"
	"portico/gateway/history"
	"portico/gateway/host"
	"portico/gateway/hostkey"
	"portico/gateway/plan"
	"portico/gateway/provision"
	"portico/gateway/publish"
)

// nursery is a project without a gateway, in which an instance that is made becomes an emulated one.
type nursery struct {
	cloud  *emulator.Cloud
	client *openstack.Client
	*publish.Publisher
	history *history.Store

	key, hostKey ssh.Signer
	known        string // the operator's known_hosts
	filed        host.Filed
	public       netip.Addr
	silent       bool         // no console log names a host key
	later        atomic.Int64 // what the cloud's clock is ahead, in seconds
	rush         atomic.Bool
	mu           sync.Mutex
	born         *gwemulator.Gateway
}

// now is the cloud's clock, which goes on by half a minute with every look at it while it is rushed.
func (n *nursery) now() time.Time {
	if n.rush.Load() {
		n.later.Add(30)
	}
	return time.Now().Add(time.Duration(n.later.Load()) * time.Second)
}

func signer(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func authorized(s ssh.Signer) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.PublicKey())))
}

func newNursery(t *testing.T, world string, action time.Duration) *nursery {
	t.Helper()
	n := &nursery{key: signer(t), hostKey: signer(t), known: filepath.Join(t.TempDir(), "known_hosts"), history: history.Open(t.TempDir())}
	var release func()
	n.public, release = address()
	t.Cleanup(release)
	var err error
	n.cloud, err = emulator.Start(emulator.Config{Project: "metagenomics", ActionTime: action, Now: n.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.cloud.Close() })
	if err := n.cloud.Fill(emulator.Demo{World: world, GatewayAddress: n.public}.Fill); err != nil {
		t.Fatal(err)
	}
	n.cloud.SetConsole(func(string) string {
		if n.silent {
			return "login: "
		}
		return "-----BEGIN SSH HOST KEY KEYS-----\n" + authorized(n.hostKey) + " root@gw\n-----END SSH HOST KEY KEYS-----\n"
	})
	n.client = n.connect(t)
	n.Publisher = publish.New(n.client, n.client, n.client, n, publish.Options{
		Maker: n.client, FloatingIPs: n.client, By: "ada@test", History: n.history,
		Identities: func() []publish.Identity {
			return []publish.Identity{{File: "~/.ssh/id_ed25519", PublicKey: authorized(n.key)}}
		},
	})
	t.Cleanup(func() {
		if n.born != nil {
			_ = n.born.Close()
		}
	})
	return n
}

func (n *nursery) connect(t *testing.T) *openstack.Client {
	t.Helper()
	environment.Lock()
	defer environment.Unlock()
	for _, e := range n.cloud.Env() {
		name, value, _ := strings.Cut(e, "=")
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
	client, err := openstack.Connect(t.Context(), openstack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// Connect reaches an instance that runs, has the operator's key and lets ssh in; the machine it then is has
// the host key that its console log names.
func (n *nursery) Connect(ctx context.Context, gw gateway.Gateway, _ func(context.Context) publish.Login) (gateway.Runner, error) {
	away := &gateway.Error{Op: "connect to", Target: gw.Name, Kind: gateway.Unreachable, Err: errors.New("nobody answers")}
	i, ok := n.cloud.Server(gw.InstanceID)
	if !ok || !i.Running() || !n.cloud.Admits(netip.AddrPortFrom(gw.FloatingIP, 22), "tcp", netip.MustParseAddr("198.51.100.7")) {
		return nil, away
	}
	if i.PublicKey != authorized(n.key) {
		return nil, &gateway.Error{Op: "log in to", Target: gw.Name, Kind: gateway.Auth, Err: errors.New("the key is refused")}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.born == nil {
		var err error
		n.born, err = gwemulator.Start(gwemulator.Config{
			Hostname: gw.Name, FixedIP: gw.FixedIP, Public: n.public, HostKey: n.hostKey, Keys: []ssh.PublicKey{n.key.PublicKey()},
			Allow: func(port uint16, client netip.Addr) bool {
				return n.cloud.AllowsIngress(gw.InstanceID, "tcp", port, client)
			},
		})
		if err != nil {
			return nil, err
		}
		n.born.SetSysctl("net.ipv4.ip_forward", "1")
	}
	return host.Dial(ctx, host.Config{
		Name: gw.Name, Host: n.born.Addr().Addr().String(), Port: n.born.Addr().Port(), User: "debian", SSHConfig: "none", NoAgent: true,
		Signers: []ssh.Signer{n.key}, KnownHosts: []string{n.known}, Timeout: 5 * time.Second,
		HostKeyAlias: gw.FloatingIP.String(), Filed: n.filed.Note,
		Vouched: func(ctx context.Context) (hostkey.Set, error) { return n.HostKeys(ctx, gw.InstanceID) },
	})
}

// Unlearn takes back what connecting has written to known_hosts.
func (n *nursery) Unlearn(gateway.Gateway) error { return n.filed.TakeBack() }

// propose plans a gateway from what there is.
func (n *nursery) propose(t *testing.T, w provision.Wish) (publish.Proposal, error) {
	t.Helper()
	m, err := n.Material(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if w.Boot == "" {
		w.Boot = provision.NoData // the emulated machine runs none: it would be waited for
	}
	req := publish.Request{Create: &publish.CreateRequest{Wish: w, Material: m}}
	s, err := n.SnapshotFor(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return n.Plan(t.Context(), s, req)
}

// stands is all that the project has, as a text to compare.
func (n *nursery) stands(t *testing.T) []string {
	t.Helper()
	inv, err := n.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := n.client.KeyPairs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range inv.Instances {
		out = append(out, "instance "+i.Name+" "+i.ID)
	}
	for _, p := range inv.Ports {
		out = append(out, fmt.Sprintln("port", p.ID, p.DeviceID, p.Groups))
	}
	for _, f := range inv.FloatingIPs {
		out = append(out, fmt.Sprintln("floating IP", f.Address, f.PortID, f.Description))
	}
	for _, g := range inv.SecurityGroups {
		out = append(out, fmt.Sprintln("group", g.Name, g.ID, len(g.Rules)))
	}
	for _, k := range keys {
		out = append(out, "key pair "+k.Name)
	}
	slices.Sort(out)
	return out
}

// checkCreated sees that the gateway a proposal made is found again, and that its host key is known.
func (n *nursery) checkCreated(t *testing.T, pr publish.Proposal) gateway.Gateway {
	t.Helper()
	gw, ok := pr.Created()
	found, err := n.FindGateway(must(n.Inventory(t.Context())))
	if !ok || err != nil || found.InstanceID != gw.InstanceID || found.FloatingIP != n.public {
		t.Errorf("made %v, found %v, %v", gw, found, err)
	}
	n.checkKnown(t)
	return gw
}

func TestCreateGateway(t *testing.T) {
	for _, world := range []string{emulator.WorldNoGateway, emulator.WorldNoFloatingIP, emulator.WorldEmpty} {
		t.Run(world, func(t *testing.T) {
			n := newNursery(t, world, 0)
			pr, err := n.propose(t, provision.Wish{Name: "gw-new", SSHFrom: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}})
			if err != nil {
				t.Fatal(err)
			}
			before := n.stands(t)
			checkChosen(t, pr.Creation(), world)
			out := n.Apply(t.Context(), pr, publish.Watch{})
			if !out.Report.OK() {
				t.Fatalf("%v, left %v", out.Report.Err, out.Report.Left)
			}
			gw := n.checkCreated(t, pr)
			added := slices.DeleteFunc(n.stands(t), func(s string) bool { return slices.Contains(before, s) })
			if world == emulator.WorldNoFloatingIP && len(added) != 5 {
				t.Errorf("made %q", added)
			}
			records, err := n.history.List()
			if err != nil || len(records) != 1 || records[0].Title != "create gateway gw-new" || records[0].Result != history.Applied {
				t.Errorf("history: %+v, %v", records, err)
			}
			n.opens(t, gw.InstanceID)
			if _, err := n.propose(t, provision.Wish{Name: "gw-new"}); cloud.KindOf(err) != gateway.Conflict {
				t.Errorf("a second of the same name: %v", err)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Each request that changes something fails in each way, also after it was done: nothing is left.
func TestCreateGatewayUndone(t *testing.T) {
	ways := map[string]emulator.Fault{
		"refused": {Status: http.StatusForbidden}, "failed": {Status: http.StatusInternalServerError}, "cut off": {Drop: true},
		"done, but the answer fails": {Status: http.StatusInternalServerError, After: true}, "done, but the answer is lost": {Drop: true, After: true},
	}
	writes := map[string]string{
		"key pair": "/compute/v2.1/os-keypairs", "floating IP": "/network/v2.0/floatingips", "group": "/network/v2.0/security-groups", "rule": "/network/v2.0/security-group-rules",
		"port": "/network/v2.0/ports", "instance": "/compute/v2.1/servers",
	}
	for what, path := range writes {
		for way, fault := range ways {
			t.Run(what+" "+way, func(t *testing.T) {
				n := newNursery(t, emulator.WorldNoFloatingIP, 0)
				before := n.stands(t)
				pr, err := n.propose(t, provision.Wish{Name: "gw-new"})
				if err != nil {
					t.Fatal(err)
				}
				fault.Match = func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == path }
				n.cloud.Inject(fault)
				out := n.Apply(t.Context(), pr, publish.Watch{})
				n.cloud.Heal()
				if out.Report.OK() || len(out.Report.Left) > 0 {
					t.Errorf("error %v, left %v, %v", out.Report.Err, out.Report.Left, out.Report.Undo)
				}
				if diff := cmp.Diff(before, n.stands(t)); diff != "" {
					t.Error("what stands:", diff)
				}
			})
		}
	}
}

// What cannot be taken away is listed, with the commands that do.
func TestCreateGatewayLeft(t *testing.T) {
	n := newNursery(t, emulator.WorldNoFloatingIP, 0)
	pr, err := n.propose(t, provision.Wish{Name: "gw-new"})
	if err != nil {
		t.Fatal(err)
	}
	n.cloud.FailBuilds(emulator.NoValidHost, 1)
	n.cloud.Inject(emulator.Fault{Match: func(r *http.Request) bool {
		return r.Method == http.MethodDelete && !strings.Contains(r.URL.Path, "/servers/")
	}, Status: http.StatusForbidden, Times: -1})
	out := n.Apply(t.Context(), pr, publish.Watch{})
	if out.Report.OK() || !strings.Contains(out.Report.Err.Error(), "No valid host") {
		t.Errorf("error %v", out.Report.Err)
	}
	var left []string
	for _, c := range out.Report.Left {
		left = append(left, c.ID)
		if len(c.Cleanup) == 0 || strings.Contains(c.Cleanup[0], "gw-new") && c.ID != "keypair" {
			t.Errorf("%s is cleaned up by %q, which does not name it by its ID", c.ID, c.Cleanup)
		}
	}
	if diff := cmp.Diff([]string{"port", "group", "address", "keypair"}, left); diff != "" {
		t.Error("left:", diff)
	}
}

// Who stops it while it boots has all of it taken away; so does a machine that turns out to be another.
func TestCreateGatewayStopped(t *testing.T) {
	for name, disturb := range map[string]func(*nursery, context.CancelFunc){
		"stopped":         func(_ *nursery, stop context.CancelFunc) { stop() },
		"another machine": func(n *nursery, _ context.CancelFunc) { n.hostKeyShown(); n.later.Add(120) },
		"no room":         func(n *nursery, _ context.CancelFunc) { n.later.Add(120) },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNursery(t, emulator.WorldNoGateway, time.Minute)
			before := n.stands(t)
			if name == "no room" {
				n.cloud.FailBuilds(emulator.NoValidHost, 1)
			}
			pr, err := n.propose(t, provision.Wish{Name: "gw-new"})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			disturbed := false
			out := n.Apply(ctx, pr, publish.Watch{Step: func(e plan.Event) {
				if strings.HasPrefix(e.Note, "BUILD") && !disturbed {
					disturbed = true
					disturb(n, stop)
				}
				if e.State == plan.Undoing {
					n.rush.Store(true) // what is deleted is gone soon
				}
			}})
			if out.Report.OK() || len(out.Report.Left) > 0 || !disturbed {
				t.Errorf("error %v, left %v", out.Report.Err, out.Report.Left)
			}
			if diff := cmp.Diff(before, n.stands(t)); diff != "" {
				t.Error("what stands:", diff)
			}
			want := map[string]gateway.Kind{"stopped": gateway.Transient, "another machine": gateway.HostKey, "no room": gateway.Conflict}[name]
			if cloud.KindOf(out.Report.Err) != want {
				t.Errorf("kind %v: %v", cloud.KindOf(out.Report.Err), out.Report.Err)
			}
		})
	}
}

// hostKeyShown makes the console log name another key than the machine's.
func (n *nursery) hostKeyShown() {
	_, private, _ := ed25519.GenerateKey(nil)
	other, _ := ssh.NewSignerFromSigner(private)
	n.cloud.SetConsole(func(string) string {
		return "-----BEGIN SSH HOST KEY KEYS-----\n" + authorized(other) + " root@gw\n-----END SSH HOST KEY KEYS-----\n"
	})
}

// Nothing is made where nothing may be changed.
func TestCreateGatewayReadOnly(t *testing.T) {
	n := newNursery(t, emulator.WorldNoGateway, 0)
	n.Publisher = publish.New(n.client, n.client, n.client, n, publish.Options{Maker: n.client, FloatingIPs: n.client, ReadOnly: true, Identities: func() []publish.Identity {
		return []publish.Identity{{File: "~/.ssh/id_ed25519", PublicKey: authorized(n.key)}}
	}})
	pr, err := n.propose(t, provision.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	mark := n.cloud.Mark()
	out := n.Apply(t.Context(), pr, publish.Watch{})
	if writes := n.cloud.WritesSince(mark); cloud.KindOf(out.Report.Err) != gateway.Permission || len(writes) > 0 {
		t.Errorf("%v, wrote %v", out.Report.Err, writes)
	}
}
