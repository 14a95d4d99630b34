package emulator

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
	"portico/gateway/emulator/internal/kernel"
	"portico/gateway/emulator/internal/memfs"
	"portico/gateway/emulator/internal/shell"
	"portico/gateway/netfilter"
)

// Gateway is a running emulated gateway. All methods may be called from any goroutine.
type Gateway struct {
	config  Config
	kernel  *kernel.Kernel
	machine *shell.Machine
	sshd    net.Listener
	signer  ssh.Signer
	ports   *ports
	link    link
	noTCP   atomic.Bool // see ForbidForwarding

	ctx    context.Context //nolint:containedctx // the gateway's own life, ended by Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	booting sync.Mutex // one reboot at a time

	mu       sync.Mutex
	closed   bool
	down     bool                  // between the halves of a reboot
	open     map[net.Conn]struct{} // all connections, to be cut by Close and Reboot
	commands []string
	faults   []*armed
}

// Start boots the gateway and serves SSH on a free port of 127.0.0.1 until [Gateway.Close].
func Start(config Config) (*Gateway, error) {
	fail := func(err error, next string) (*Gateway, error) {
		return nil, &gateway.Error{Op: "start the emulated gateway", Target: config.Hostname, Kind: gateway.Internal, Err: err, Next: next}
	}
	config = config.withDefaults()
	if !config.FixedIP.Is4() {
		return nil, &gateway.Error{Op: "start the emulated gateway", Target: config.Hostname, Kind: gateway.Invalid,
			Err: errors.New("it has no IPv4 address of its own"), Next: "set FixedIP"}
	}
	var err error
	if config.HostKey == nil {
		if config.HostKey, err = newKey(); err != nil {
			return fail(err, "")
		}
	}
	g := &Gateway{config: config, signer: config.HostKey, open: map[net.Conn]struct{}{}}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	var lc net.ListenConfig
	if g.sshd, err = lc.Listen(g.ctx, "tcp", "127.0.0.1:0"); err != nil {
		g.cancel()
		return fail(err, "check that programs may listen on loopback")
	}
	g.ports = newPorts(g)
	g.kernel = kernel.New()
	g.machine = shell.New(config.Hostname, g.kernel, config.Now, g.listening)
	g.machine.Device, g.machine.Address = config.Device, config.FixedIP
	g.machine.SetSudo(config.Sudo)
	g.machine.Fault = g.programFault
	if config.Segment != nil {
		config.Segment.join(g)
	}
	if err := g.furnish(); err != nil {
		_ = g.Close()
		return fail(err, "")
	}
	g.kernel.OnChange(g.Refresh)
	g.machine.Boot(g.ctx, nil)
	g.spawn(g.serveSSH)
	return g, nil
}

// furnish makes the machine's disk that of this configuration.
func (g *Gateway) furnish() error {
	without := g.config.Without
	if g.config.NoSystemd {
		without = append(without[:len(without):len(without)], "systemctl", "systemd-run")
		for _, dir := range []string{"/etc/systemd", "/usr/lib/systemd"} {
			if err := g.machine.FS.Remove(memfs.Root, dir, true); err != nil {
				return err
			}
		}
	}
	for _, name := range without {
		for _, dir := range []string{"/usr/bin/", "/usr/sbin/"} {
			if err := g.machine.FS.Remove(memfs.Root, dir+name, false); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return g.machine.AddUser(g.config.User)
}

func newKey() (ssh.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return ssh.NewSignerFromKey(key)
}

// spawn runs f and lets Close wait for it.
func (g *Gateway) spawn(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.work.Go(f)
	}
}

// track remembers a connection until it is released; false says that the gateway is closed or
// down, and the connection is closed with it.
func (g *Gateway) track(c net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.down {
		_ = c.Close()
		return false
	}
	g.open[c] = struct{}{}
	return true
}

func (g *Gateway) release(c net.Conn) {
	g.mu.Lock()
	delete(g.open, c)
	g.mu.Unlock()
	_ = c.Close()
}

// cutAll ends every connection, to the gateway and through it.
func (g *Gateway) cutAll() {
	g.mu.Lock()
	open := make([]net.Conn, 0, len(g.open))
	for c := range g.open {
		open = append(open, c)
	}
	g.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
}

// Close stops everything and returns when nothing of the gateway runs any more. A second Close
// does nothing.
func (g *Gateway) Close() error {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return nil
	}
	g.closed = true
	g.mu.Unlock()
	g.cancel()
	err := g.sshd.Close()
	g.ports.close()
	g.cutAll()
	g.work.Wait()
	g.machine.Wait()
	return err
}

// Addr is where the gateway's SSH server listens on this machine.
func (g *Gateway) Addr() netip.AddrPort {
	return g.sshd.Addr().(*net.TCPAddr).AddrPort()
}

// HostKey is the SSH server's public key.
func (g *Gateway) HostKey() ssh.PublicKey { return g.signer.PublicKey() }

// Ruleset is a copy of the netfilter rules as they stand, with their counters.
func (g *Gateway) Ruleset() netfilter.Ruleset { return g.kernel.Ruleset() }

// Forwarding reports whether net.ipv4.ip_forward is on.
func (g *Gateway) Forwarding() bool { return g.kernel.Forwarding() }

// File returns a file of the gateway's. The error is fs.ErrNotExist for none.
func (g *Gateway) File(path string) ([]byte, error) { return g.machine.FS.Read(memfs.Root, path) }

// WriteFile writes a file as the gateway's root, with the directories on the way to it.
func (g *Gateway) WriteFile(path string, data []byte, mode fs.FileMode) error {
	if err := g.machine.FS.Mkdir(memfs.Root, parent(path), 0o755, true); err != nil {
		return err
	}
	return g.machine.FS.Write(memfs.Root, path, data, mode, false)
}

// AddForeignRules restores rules that are none of Portico's, as another program on the gateway
// would: input for iptables-restore --noflush --counters.
func (g *Gateway) AddForeignRules(text string) error {
	if failed := g.kernel.Restore(text, kernel.RestoreOptions{NoFlush: true, Counters: true}); failed != nil {
		return &gateway.Error{Op: "add rules to", Target: g.config.Hostname, Kind: gateway.Invalid, Err: failed}
	}
	return nil
}

// SetSudo changes what sudo does.
func (g *Gateway) SetSudo(s Sudo) { g.machine.SetSudo(s) }

// Commands are the command lines that came over SSH, in order.
func (g *Gateway) Commands() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.commands)
}

// Reboot cuts all connections, ends what runs, clears the kernel's state, and starts what is
// enabled at boot. When it returns, the gateway is up again.
func (g *Gateway) Reboot() {
	g.booting.Lock()
	defer g.booting.Unlock()
	g.setDown(true)
	g.cutAll()
	g.machine.Halt() // their connections have gone, so that sessions end
	g.kernel.Boot()
	g.machine.Boot(g.ctx, nil)
	g.setDown(false)
	g.Refresh()
}

func (g *Gateway) setDown(down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = down
}

// Refresh looks at every forwarded port again. Call it when what Allow or Reach answer has
// changed; changes of rules and settings are seen without it. When it returns, clients see the
// new state.
func (g *Gateway) Refresh() { g.ports.refresh() }

// Problems lists the forwarded ports that cannot be listened on here, because another program of
// this machine holds them.
func (g *Gateway) Problems() []error { return g.ports.problems() }

// listening is what ss shows: the SSH server, and what was configured.
func (g *Gateway) listening() []Listener {
	out := []Listener{{Proto: "tcp", Addr: "0.0.0.0:22", Program: "sshd"}, {Proto: "tcp", Addr: "[::]:22", Program: "sshd"}}
	return append(out, g.config.Listening...)
}

func parent(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '/' {
			return path[:i]
		}
	}
	return "/"
}

// FillDisk leaves the gateway's disk room for so many bytes more; what is removed gives its room
// back. /run, /proc and /dev are not on it.
func (g *Gateway) FillDisk(room int64) { g.machine.FS.Limit(room) }

// FillDiskAt lets the disk be full from the k-th of the coming writes on, 1 being the next one.
// A write is one piece of a file's content, or a new directory.
func (g *Gateway) FillDiskAt(k int) { g.machine.FS.FullAt(k) }

// FreeDisk ends [Gateway.FillDisk] and [Gateway.FillDiskAt].
func (g *Gateway) FreeDisk() { g.machine.FS.Unlimit() }

// DiskWrites counts the writes that took room on the disk, or would have.
func (g *Gateway) DiskWrites() int { return g.machine.FS.Writes() }
