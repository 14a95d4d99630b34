package emulator

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"sync"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
)

// The ports a new VM serves.
const (
	portSSH  = 22
	portHTTP = 80
)

// VM plays one instance: it has servers by port, which are reached by [VM.Route] alone and listen
// nowhere. A new one serves SSH and HTTP. All methods may be called from any goroutine.
type VM struct {
	name string // cleaned

	mu       sync.Mutex
	signer   ssh.Signer
	user     string // the only one let in, with one of keys; "" is anybody
	keys     []ssh.PublicKey
	filtered map[uint16]bool // by its own firewall

	off    bool
	closed bool
	serve  map[uint16]Service
	open   map[net.Conn]struct{}
	work   sync.WaitGroup
}

// Service serves one connection and closes it, or leaves that to its caller.
type Service func(c net.Conn)

// NewVM makes a VM that names itself in its banner, prompt and page. Its host key stays the same
// as long as it lives.
func NewVM(name string) (*VM, error) {
	// The key is the same whenever a VM of this name plays, so that whoever logged in to it
	// before is not warned of an attack. It is no secret: the VM is not for the network.
	seed := sha256.Sum256([]byte("portico emulated VM " + name))
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		return nil, &cloud.Error{Op: "make a host key for", Target: cloud.Clean(name), Kind: cloud.Internal, Err: err}
	}
	vm := &VM{name: cloud.Clean(name), signer: signer, open: map[net.Conn]struct{}{}}
	vm.serve = map[uint16]Service{portSSH: vm.SSH, portHTTP: vm.HTTP}
	return vm, nil
}

// Name is the VM's name as it shows it.
func (vm *VM) Name() string { return vm.name }

// HostKey is the SSH server's public key.
func (vm *VM) HostKey() ssh.PublicKey {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	return vm.signer.PublicKey()
}

// Handle puts a service on a port in place of what is there; nil takes that down, and the port is
// refused: vm.Handle(22, nil) is a VM whose sshd does not run, vm.Handle(22, vm.HTTP) one with
// something else on its port.
func (vm *VM) Handle(port uint16, s Service) {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	if s == nil {
		delete(vm.serve, port)
		return
	}
	vm.serve[port] = s
}

// SetOff turns the VM off or on. Off, it answers nothing, and its connections are cut.
func (vm *VM) SetOff(off bool) {
	vm.mu.Lock()
	vm.off = off
	vm.mu.Unlock()
	if off {
		vm.cut()
	}
}

// Route says what becomes of a connection to one of the VM's ports, for [Config.Reach].
func (vm *VM) Route(port uint16) (Dial, Verdict) {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	switch {
	case vm.off || vm.closed || vm.filtered[port]:
		return nil, Dropped
	case vm.serve[port] == nil:
		return nil, Refused
	}
	return func(context.Context) (net.Conn, error) { return vm.dial(port) }, Open
}

var errGone = errors.New("connection refused")

// dial makes a connection inside the process. Between its ends stands a copier each way, so that
// both may write first, as on a network.
func (vm *VM) dial(port uint16) (net.Conn, error) {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	s := vm.serve[port]
	if s == nil || vm.off || vm.closed {
		return nil, errGone
	}
	outside, a := net.Pipe()
	b, inside := net.Pipe()
	vm.open[inside] = struct{}{}
	vm.work.Go(func() { relayPipes(a, b) })
	vm.work.Go(func() {
		defer vm.forget(inside)
		s(inside)
	})
	return outside, nil
}

func relayPipes(a, b net.Conn) {
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			_ = pair[0].Close()
			_ = pair[1].Close()
		})
	}
	both.Wait()
}

func (vm *VM) forget(c net.Conn) {
	_ = c.Close()
	vm.mu.Lock()
	defer vm.mu.Unlock()
	delete(vm.open, c)
}

func (vm *VM) cut() {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	for c := range vm.open {
		_ = c.Close()
	}
}

// Close ends the VM and returns when nothing of it runs any more.
func (vm *VM) Close() error {
	vm.mu.Lock()
	vm.closed = true
	vm.mu.Unlock()
	vm.cut()
	vm.work.Wait()
	return nil
}
