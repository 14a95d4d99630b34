package emulator

import (
	"bytes"
	"errors"
	"slices"

	"golang.org/x/crypto/ssh"
)

// What breaks forwards on the way, as accidents and other people do.

// SetSysctl sets a kernel setting by its dotted name, as root would; false says that there is none of
// that name, or that it does not take the value.
func (g *Gateway) SetSysctl(name, value string) bool { return g.kernel.SetSysctl(name, value) }

// Filter lets the VM's own firewall drop what comes to a port, or lets it in again.
func (vm *VM) Filter(port uint16, drop bool) {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	if vm.filtered == nil {
		vm.filtered = map[uint16]bool{}
	}
	vm.filtered[port] = drop
}

// Admit lets only this user in over SSH, with one of these keys. A new VM lets in anybody.
func (vm *VM) Admit(user string, keys ...ssh.PublicKey) {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	vm.user, vm.keys = user, keys
}

// SetHostKey gives the VM another SSH host key, as a rebuild does.
func (vm *VM) SetHostKey(key ssh.Signer) {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	vm.signer = key
}

var errNotAdmitted = errors.New("permission denied")

// authenticate makes a server let in whom [VM.Admit] has named.
func (vm *VM) authenticate(config *ssh.ServerConfig) {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	config.AddHostKey(vm.signer)
	config.NoClientAuth = vm.user == ""
	if config.NoClientAuth {
		return
	}
	user, keys := vm.user, slices.Clone(vm.keys)
	config.PublicKeyCallback = func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		known := slices.ContainsFunc(keys, func(k ssh.PublicKey) bool { return bytes.Equal(k.Marshal(), key.Marshal()) })
		if known && meta.User() == user {
			return &ssh.Permissions{}, nil
		}
		return nil, errNotAdmitted
	}
}
