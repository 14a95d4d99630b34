package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	cloudemulator "portico/cloud/emulator"
	"portico/gateway"
	gatewayemulator "portico/gateway/emulator"
	"portico/gateway/host"
	"portico/gateway/nat"
	"portico/gateway/publish"
)

// nursery turns the instances that are made while the demo runs into machines of their own: each has an
// sshd with a new host key, which its console log names, and can carry forwards.
type nursery struct {
	known map[string]bool // IDs of the instances that were there from the start
	front net.Listener    // where other programs find the sshd of the newest of them

	mu   sync.Mutex
	born map[string]*gatewayemulator.Gateway // by instance ID
	last *gatewayemulator.Gateway
	err  error // why the last one could not be born
	work sync.WaitGroup
}

// newNursery knows the instances that are there.
func newNursery(ctx context.Context, there []cloudemulator.Instance) (*nursery, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &nursery{known: map[string]bool{}, front: l, born: map[string]*gatewayemulator.Gateway{}}
	for _, i := range there {
		n.known[i.ID] = true
	}
	n.work.Go(n.serve)
	return n, nil
}

// serve hands connections on to the newest machine; without one they are cut.
func (n *nursery) serve() {
	for {
		c, err := n.front.Accept()
		if err != nil {
			return // closed
		}
		n.mu.Lock()
		g := n.last
		n.mu.Unlock()
		if g == nil {
			_ = c.Close()
			continue
		}
		n.work.Go(func() { splice(c, g.Addr()) })
	}
}

// splice joins a connection with one to an address of this machine, until either end closes.
func splice(c net.Conn, to netip.AddrPort) {
	defer func() { _ = c.Close() }()
	other, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "tcp", to.String())
	if err != nil {
		return
	}
	defer func() { _ = other.Close() }()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{c, other}, {other, c}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			_ = pair[0].Close()
			done <- struct{}{}
		}()
	}
	<-done
	<-done
}

// refresh lets all machines look at their ports again.
func (n *nursery) refresh() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, g := range n.born {
		g.Refresh()
	}
}

// port is that of the front.
func (n *nursery) port() int {
	a, _ := netip.ParseAddrPort(n.front.Addr().String())
	return int(a.Port())
}

func (n *nursery) close() {
	_ = n.front.Close()
	n.mu.Lock()
	for _, g := range n.born {
		_ = g.Close()
	}
	n.mu.Unlock()
	n.work.Wait()
}

// of is the machine of an instance that was made while the demo runs; nil for all others.
func (n *nursery) of(id string) *gatewayemulator.Gateway {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.born[id]
}

// addr is where the machine of an instance listens for ssh.
func (d *demo) machineAddr(name string) (netip.AddrPort, bool) {
	for _, i := range d.cloud.Servers() {
		if g := d.nursery.of(i.ID); g != nil && i.Name == name {
			return g.Addr(), true
		}
	}
	return netip.AddrPort{}, false
}

// ownKeys is the key of the demo's operator, which is in no file of the user's.
func (d *demo) ownKeys() []publish.Identity {
	return []publish.Identity{{File: "the demo's own key", PublicKey: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(d.key.PublicKey())))}}
}

// tend gives new instances that run their machine, and takes away those of instances that are gone.
func (d *demo) tend() {
	there := map[string]bool{}
	for _, i := range d.cloud.Servers() {
		there[i.ID] = true
		if d.nursery.known[i.ID] || !i.Running() || len(i.Fixed) == 0 || d.nursery.of(i.ID) != nil {
			continue
		}
		g, err := d.birth(i)
		d.nursery.mu.Lock()
		if d.nursery.err = err; err == nil {
			d.nursery.born[i.ID], d.nursery.last = g, g
		}
		d.nursery.mu.Unlock()
	}
	d.nursery.mu.Lock()
	defer d.nursery.mu.Unlock()
	for id, g := range d.nursery.born {
		if there[id] {
			g.Refresh()
			continue
		}
		delete(d.nursery.born, id)
		if d.nursery.last == g {
			d.nursery.last = nil
		}
		_ = g.Close()
	}
}

// birth boots the machine of a new instance, and does there what its user data says.
func (d *demo) birth(i cloudemulator.Instance) (*gatewayemulator.Gateway, error) {
	g, err := gatewayemulator.Start(gatewayemulator.Config{
		Hostname: i.Name, User: demoUser, FixedIP: i.Fixed[0], Public: d.listen, Keys: d.keysOf(i), Reach: d.reach,
		Allow: func(port uint16, client netip.Addr) bool {
			now, _ := d.cloud.Server(i.ID)
			return now.Running() && slices.ContainsFunc(now.Floating, d.cloud.Routes) && d.cloud.AllowsIngress(i.ID, "tcp", port, client)
		},
	})
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(d.cloud.UserData(i.ID)), "/etc/portico/") {
		if err := d.firstBoot(g, i); err != nil {
			_ = g.Close()
			return nil, fmt.Errorf("the first boot of %s: %w", i.Name, err)
		}
	}
	return g, nil
}

// keysOf are the keys that may log in: the key pair's, and the demo's own, with which the program works.
func (d *demo) keysOf(i cloudemulator.Instance) []ssh.PublicKey {
	keys := []ssh.PublicKey{d.key.PublicKey()}
	if k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(i.PublicKey)); err == nil {
		keys = append(keys, k)
	}
	return keys
}

// firstBoot leaves on a machine what Portico's own user data leaves there. No emulated machine has a
// metadata service, so that the script itself is not run.
func (d *demo) firstBoot(g *gatewayemulator.Gateway, i cloudemulator.Instance) error {
	files, err := nat.BootFiles(gateway.Gateway{Name: i.Name, FixedIP: i.Fixed[0]}, nil)
	if err != nil {
		return err
	}
	files.Sysctl.Text = fmt.Sprintf(files.Sysctl.Text, "0")
	for _, f := range []nat.File{files.Sysctl, files.Rules, files.Restore, files.Unit, files.Prepared} {
		mode, err := strconv.ParseUint(f.Mode, 8, 32)
		if err != nil {
			return err
		}
		if err := g.WriteFile(f.Path, []byte(f.Text), fs.FileMode(mode)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cfg := host.Config{Name: i.Name, Host: g.Addr().Addr().String(), Port: g.Addr().Port(), User: demoUser, SSHConfig: "none", NoAgent: true, IdentitiesOnly: true, ProxyJump: "none"}
	cfg.Signers, cfg.HostKeys = []ssh.Signer{d.key}, []ssh.PublicKey{g.HostKey()}
	shell, err := host.Dial(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = shell.Close() }()
	for _, words := range [][]string{{"sysctl", "-w", "net.ipv4.ip_forward=1"}, {"systemctl", "daemon-reload"}, {"systemctl", "enable", "--now", files.UnitName}} {
		if r, err := shell.Run(ctx, gateway.Command{Args: words}); err != nil || r.Exit != 0 {
			return errors.Join(err, fmt.Errorf("%s: exit %d: %s", strings.Join(words, " "), r.Exit, r.Stderr))
		}
	}
	return nil
}
