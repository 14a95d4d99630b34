package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"portico/gateway"
)

// hostKeys decides about the host key of one hop.
type hostKeys struct {
	hop   *hop
	db    *knownhosts.HostKeyDB
	ask   gateway.Prompter
	pause func() (resume func()) // stops the clock while a human thinks

	mu      sync.Mutex
	refusal error // why the key was refused; the transport's own error may hide it
}

// newHostKeys reads the known_hosts files there are.
func newHostKeys(h *hop, ask gateway.Prompter) (*hostKeys, error) {
	if len(h.pinned) > 0 {
		h.knownHosts = nil
	}
	var files []string
	for _, file := range h.knownHosts {
		if _, err := os.Stat(file); err == nil {
			files = append(files, file)
		} else if !os.IsNotExist(err) {
			return nil, knownHostsError(h, err)
		}
	}
	db, err := knownhosts.NewDB(files...)
	if err != nil {
		return nil, knownHostsError(h, err)
	}
	if h.neverAsks {
		ask = nil
	}
	return &hostKeys{hop: h, db: db, ask: ask, pause: func() func() { return func() {} }}, nil
}

func knownHostsError(h *hop, err error) error {
	return &gateway.Error{Op: "read the known hosts to check", Target: h.label(), Kind: gateway.Invalid, Err: cleaned(err),
		Next: "correct or remove the line it names"}
}

// algorithms lists what to ask the host for: the kinds of key it is known by first, so that a host with
// several keys shows the one that can be checked. Certificates are asked for only where a
// certificate authority is known: an unknown one could not be shown as a fingerprint to compare.
func (k *hostKeys) algorithms() []string {
	algos := k.db.HostKeyAlgorithms(k.hop.keyName())
	for _, a := range ssh.SupportedAlgorithms().HostKeys {
		if !strings.Contains(a, "-cert-") && !slices.Contains(algos, a) {
			algos = append(algos, a)
		}
	}
	return algos
}

// callback is an [ssh.HostKeyCallback] that keeps the refusal.
func (k *hostKeys) callback(ctx context.Context) ssh.HostKeyCallback {
	known := k.db.HostKeyCallback()
	if len(k.hop.pinned) > 0 {
		known = k.pinnedKey
	}
	return func(name string, remote net.Addr, key ssh.PublicKey) error {
		err := known(name, remote, key)
		if knownhosts.IsHostUnknown(err) {
			err = k.unknown(ctx, key)
		} else if err != nil {
			err = k.untrusted(key, err)
		}
		k.mu.Lock()
		k.refusal = err
		k.mu.Unlock()
		return err
	}
}

// pinnedKey is an [ssh.HostKeyCallback] for a host whose keys were given.
func (k *hostKeys) pinnedKey(_ string, _ net.Addr, key ssh.PublicKey) error {
	if slices.ContainsFunc(k.hop.pinned, func(p ssh.PublicKey) bool { return sameKey(p, key) }) {
		return nil
	}
	return errors.New("it is not the one that was given")
}

func (k *hostKeys) refused() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.refusal
}

// unknown asks about a key that no file has, and files it when it is accepted.
func (k *hostKeys) unknown(ctx context.Context, key ssh.PublicKey) error {
	q := gateway.HostKeyQuestion{Host: k.hop.name, Addr: knownhosts.Normalize(k.hop.keyName()),
		Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key)}
	e := &gateway.Error{Op: "trust the host key of", Target: k.hop.label(), Kind: gateway.HostKey}
	e.Next = "compare it with the fingerprint in the machine's console log; if they are the same, " +
		"log in once with ssh, or run this in a terminal and accept it"
	if k.ask == nil {
		e.Err = fmt.Errorf("the key is not known yet and nobody can be asked: %s %s", q.Type, q.Fingerprint)
		return e
	}
	resume := k.pause()
	accepted, err := k.ask.HostKey(ctx, q)
	resume()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		e.Err = fmt.Errorf("the key %s %s was not confirmed: %w", q.Type, q.Fingerprint, err)
		return e
	case !accepted:
		e.Err = fmt.Errorf("the key %s %s was not accepted", q.Type, q.Fingerprint)
		return e
	}
	return k.learn(key)
}

// untrusted explains a key that must not be accepted, whoever says so.
func (k *hostKeys) untrusted(key ssh.PublicKey, err error) error {
	e := &gateway.Error{Op: "trust the host key of", Target: k.hop.label(), Kind: gateway.HostKey}
	name := knownhosts.Normalize(k.hop.keyName())
	got := key.Type() + " " + ssh.FingerprintSHA256(key)
	var changed *xknownhosts.KeyError
	var revoked *xknownhosts.RevokedError
	switch {
	case errors.As(err, &changed) && len(changed.Want) > 0:
		want := changed.Want[0]
		e.Err = fmt.Errorf("the key has CHANGED: it shows %s, but %s line %d has %s %s", got,
			short(want.Filename), want.Line, want.Key.Type(), ssh.FingerprintSHA256(want.Key))
		e.Next = "someone may be in between, or the machine was rebuilt: compare with the fingerprint in its console log; " +
			"only if that shows the new key, run " + gateway.Quote("ssh-keygen", "-f", want.Filename, "-R", name)
	case errors.As(err, &revoked):
		e.Err = fmt.Errorf("the key %s is marked as revoked in %s line %d", got, short(revoked.Revoked.Filename), revoked.Revoked.Line)
		e.Next = "do not connect; ask who revoked it"
	default:
		e.Err = cleaned(fmt.Errorf("the key %s is not valid: %w", got, err))
	}
	return e
}
