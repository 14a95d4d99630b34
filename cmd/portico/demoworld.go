package main

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	cloudemulator "portico/cloud/emulator"
	"portico/gateway"
	gatewayemulator "portico/gateway/emulator"
	"portico/gateway/provision"
	"portico/gateway/publish"
)

// demoUser logs in to the demo's gateway and becomes root by sudo, as on a cloud image.
const demoUser = "debian"

// loopback is the usual floating IP of the demo's gateway: its forwards really listen there.
var loopback = netip.MustParseAddr("127.0.0.1")

// demoClaim is a port that a demo holds for as long as it runs, so that two that start at the same
// moment do not take each other's ports. The demo has too few VMs for any scheme to come to it.
const demoClaim = 29999

// demoPorts are those that the demo publishes at its beginning. One that is just ending gives them back
// one after the other, so that each is looked at.
var demoPorts = []uint16{30010, 30011, 30033, 30050, 30051, 31011}

// demoAddress is the loopback address that the demo listens on: the usual one, or, when another
// demo or program has its ports, the next one of this machine that is free. It is the caller's
// until release.
func demoAddress(ctx context.Context) (addr netip.Addr, release func()) {
	listen := func(port uint16) (net.Listener, error) {
		return (&net.ListenConfig{}).Listen(ctx, "tcp", netip.AddrPortFrom(addr, port).String())
	}
	taken := func(port uint16) bool {
		l, err := listen(port)
		if err == nil {
			_ = l.Close()
		}
		return err != nil
	}
	addr = loopback
	for range 64 {
		if claim, err := listen(demoClaim); err == nil {
			if !slices.ContainsFunc(demoPorts, taken) {
				return addr, func() { _ = claim.Close() }
			}
			_ = claim.Close()
		}
		addr = addr.Next()
	}
	return loopback, func() {}
}

// demo is a cloud, a gateway and the instances behind it, all inside this process.
type demo struct {
	world    string
	cloud    *cloudemulator.Cloud
	gateway  *gatewayemulator.Gateway
	floating netip.Addr                     // the gateway's floating IP
	vms      map[string]*gatewayemulator.VM // by instance ID
	key      ssh.Signer
	private  ed25519.PrivateKey
	listen   netip.Addr // where the forwards of all machines really listen
	dir      string     // of what this demo keeps; "" when nothing is kept
	nursery  *nursery
	stop     chan struct{}
	stopped  chan struct{}
}

// startDemo starts a demo whose gateway has this floating IP, and listens for it on a loopback
// address: the same one, so that clients find it.
func startDemo(floating, listen netip.Addr) (*demo, error) { return startWorld(floating, listen, "") }

// startWorld is startDemo with another project than the usual one, in which nothing is published.
func startWorld(floating, listen netip.Addr, world string) (*demo, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		return nil, err
	}
	d := &demo{world: world, floating: floating, listen: listen, key: signer, private: private, vms: map[string]*gatewayemulator.VM{}, stop: make(chan struct{}), stopped: make(chan struct{})}
	public := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))) + " demo"
	d.cloud, err = cloudemulator.StartDemo(cloudemulator.Demo{GatewayAddress: floating, PublicKey: public, World: world})
	if err != nil {
		return nil, err
	}
	if d.nursery, err = newNursery(context.Background(), d.cloud.Servers()); err != nil {
		_ = d.cloud.Close()
		return nil, err
	}
	if err := d.startMachines(listen); err != nil {
		d.nursery.close()
		_ = d.cloud.Close()
		return nil, err
	}
	d.cloud.SetConsole(d.console)
	go d.watch()
	return d, nil
}

// startMachines starts the gateway and a VM for every other instance.
func (d *demo) startMachines(listen netip.Addr) error {
	fixed := netip.MustParseAddr("192.168.0.4") // where there is no gateway, none is reached
	for _, i := range d.cloud.Servers() {
		if d.world == cloudemulator.WorldMany && strings.HasPrefix(i.Name, "worker-") {
			continue // nothing runs on them
		}
		if i.Name == cloudemulator.DemoGateway {
			fixed = i.Fixed[0]
			continue
		}
		vm, err := gatewayemulator.NewVM(i.Name)
		if err != nil {
			return err
		}
		vm.SetOff(!i.Running())
		if i.Name == cloudemulator.DemoSSHDown {
			vm.Handle(22, nil)
		}
		d.vms[i.ID] = vm
	}
	var err error
	d.gateway, err = gatewayemulator.Start(gatewayemulator.Config{
		Hostname: cloudemulator.DemoGateway, User: demoUser, FixedIP: fixed, Public: listen,
		Keys: []ssh.PublicKey{d.key.PublicKey()}, Allow: d.allow, Reach: d.reach,
	})
	return err
}

// allow is what is before the gateway: its floating IP, the router, and its security groups.
func (d *demo) allow(port uint16, client netip.Addr) bool {
	return d.cloud.Routes(d.floating) && d.cloud.AllowsIngress(cloudemulator.ID("server", cloudemulator.DemoGateway), "tcp", port, client)
}

// reach is the network behind the gateway: the instances' groups and states decide.
func (d *demo) reach(src netip.Addr, dst netip.AddrPort) (gatewayemulator.Dial, gatewayemulator.Verdict) {
	i, ok := d.cloud.ByAddress(dst.Addr())
	if !ok || !d.cloud.Admits(dst, "tcp", src) {
		return nil, gatewayemulator.Dropped
	}
	vm := d.vms[i.ID]
	if vm == nil {
		return nil, gatewayemulator.Dropped
	}
	vm.SetOff(!i.Running())
	return vm.Route(dst.Port())
}

// running are the IDs of the instances that run.
func (d *demo) running() string {
	var out strings.Builder
	for _, i := range d.cloud.Servers() {
		if i.Running() {
			out.WriteString(i.ID + " ")
		}
	}
	return out.String()
}

// watch lets the gateway look at its ports again when somebody has written to the cloud, and when an
// instance that was told to has started or stopped.
func (d *demo) watch() {
	defer close(d.stopped)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	mark, ran := d.cloud.Mark(), d.running()
	for {
		select {
		case <-d.stop:
			return
		case <-tick.C:
			next, runs := d.cloud.Mark(), d.running()
			if len(d.cloud.WritesSince(mark)) > 0 || runs != ran {
				mark, ran = next, runs
				d.tend()
				d.gateway.Refresh()
			}
		}
	}
}

func (d *demo) close() {
	close(d.stop)
	<-d.stopped
	d.nursery.close()
	_ = d.gateway.Close()
	for _, vm := range d.vms {
		_ = vm.Close()
	}
	_ = d.cloud.Close()
}

// gatewayName is the gateway that the demo is told to use; "" where none stands at the beginning.
func (d *demo) gatewayName() string {
	if d.world == "" || d.world == cloudemulator.WorldMany {
		return cloudemulator.DemoGateway
	}
	return ""
}

// populate publishes what the demo starts with, and then breaks one door: somebody took the
// group off an instance that was published. Two forwards were made by hand before.
func (d *demo) populate(ctx context.Context, w *wiring) error {
	if d.world != "" {
		return nil // there is no gateway yet, or too much else to wait for
	}
	if err := d.gateway.AddForeignRules(demoByHand); err != nil {
		return err
	}
	if err := d.publish(ctx, w); err != nil {
		return err
	}
	return d.lockDown(ctx, w)
}

// demoByHand are forwards that somebody typed on the gateway: one to jupyter, which can be adopted,
// and one to a machine that is gone.
const demoByHand = `*nat
-A PREROUTING -i ens3 -p tcp -m tcp --dport 2201 -j DNAT --to-destination 192.168.0.20:22
-A POSTROUTING -d 192.168.0.20/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4
-A PREROUTING -i ens3 -p tcp -m tcp --dport 2299 -j DNAT --to-destination 192.168.0.99:22
-A POSTROUTING -d 192.168.0.99/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4
COMMIT
`

func (d *demo) publish(ctx context.Context, w *wiring) error {
	for _, r := range []publish.Request{
		{Instances: []string{"annotation-01", cloudemulator.DemoOff, cloudemulator.DemoLockedDown, cloudemulator.DemoSSHDown}, Services: []string{"ssh"}},
		{Instances: []string{"assembly-02"}, Services: []string{"ssh", "http"}},
	} {
		s, err := w.publisher.Snapshot(ctx)
		if err != nil {
			return err
		}
		p, err := w.publisher.Plan(ctx, s, r)
		if err != nil {
			return err
		}
		// Some are broken on purpose: nothing is tested.
		if out := w.publisher.Apply(ctx, p, publish.Watch{Untested: true}); !out.Report.OK() {
			return out.Report.Err
		}
	}
	if problems := d.gateway.Problems(); len(problems) > 0 {
		return &gateway.Error{
			Op: "listen for the demo's forwards", Kind: gateway.Conflict, Err: fmt.Errorf("%d of its ports cannot be had: %w", len(problems), problems[0]), Next: "end what uses these ports, perhaps another demo",
		}
	}
	return nil
}

func (d *demo) lockDown(ctx context.Context, w *wiring) error {
	inv, err := w.client.Inventory(ctx)
	if err != nil {
		return err
	}
	id := cloudemulator.ID("server", cloudemulator.DemoLockedDown)
	for _, p := range inv.InstancePorts(id) {
		kept := slices.DeleteFunc(slices.Clone(p.Groups), func(g string) bool {
			group, _ := inv.Group(g)
			return strings.HasPrefix(group.Description, "portico v1 ")
		})
		if err := w.client.SetPortGroups(ctx, p.ID, kept, p.Revision); err != nil {
			return err
		}
	}
	return nil
}

// writeFiles writes what another process needs to reach the demo's gateway: readable by the user
// alone, because the login key is among them.
func (d *demo) writeFiles(dir string) error {
	block, err := ssh.MarshalPrivateKey(d.private, "portico demo")
	if err != nil {
		return err
	}
	addr := d.gateway.Addr()
	known := filepath.Join(dir, "known_hosts")
	identity := filepath.Join(dir, "id_ed25519")
	cfg, err := yaml.Marshal(map[string]any{
		"gateway": d.gatewayName(),
		"history": demoHistory(dir),
		"gateways": []map[string]any{{
			"name": cloudemulator.DemoGateway, "host": addr.Addr().String(), "port": addr.Port(), "user": demoUser, "identity": identity, "known_hosts": known,
		}, {
			"name": provision.DefaultName, "host": "127.0.0.1", "port": d.nursery.port(), "user": demoUser, "identity": identity, "known_hosts": known,
		}},
	})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(identity, pem.EncodeToMemory(block), 0o600),
		os.WriteFile(known, []byte(knownhosts.Line([]string{addr.String()}, d.gateway.HostKey())+"\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "config.yaml"), cfg, 0o600),
	)
}

// gatewayWay is how ssh reaches the demo's gateway: its sshd has a port of its own.
func (d *demo) gatewayWay(gw gateway.Gateway, _ publish.Login) (publish.Way, bool) {
	at := d.gateway.Addr()
	if made, ok := d.machineAddr(gw.Name); ok {
		at = made
	}
	return publish.Way{Host: at.Addr().String(), Port: at.Port(), User: demoUser}, true
}
