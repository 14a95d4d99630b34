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
	"portico/gateway/hostkey"
)

// hostKeys decides about the host key of one hop.
type hostKeys struct {
	hop   *hop
	db    *knownhosts.HostKeyDB
	ask   gateway.Prompter
	pause func() (resume func()) // stops the clock while a human thinks
	leave bool                   // an unknown key that nobody vouches for is left to somebody else

	asked bool // the cloud was, and said this
	set   hostkey.Set
	why   string

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

// algorithms lists what to ask the host for: the kinds of key it is known by first, else those that
// the cloud vouches for, so that a host with several keys shows the one that can be checked.
// Certificates are asked for only where a certificate authority is known: an unknown one could not
// be shown as a fingerprint to compare.
func (k *hostKeys) algorithms(ctx context.Context) []string {
	algos := append(k.db.HostKeyAlgorithms(k.hop.keyName()), k.vouchedAlgorithms(ctx)...)
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
			err = k.untrusted(ctx, key, err)
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

// unknown decides about a key that no file has: the cloud may vouch for it, else a human is asked.
// It files what is accepted.
func (k *hostKeys) unknown(ctx context.Context, key ssh.PublicKey) error {
	verdict, why := k.verdict(ctx, key)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case verdict == hostkey.Match:
		return k.verified(key, k.learn)
	case verdict == hostkey.Contradicted:
		return k.contradicted(key)
	case k.leave:
		return unverifiedError{first(why, "nobody vouches for it")}
	}
	e := &gateway.Error{Op: "trust the host key of", Target: k.hop.label(), Kind: gateway.HostKey}
	e.Next = "compare it with the fingerprint in the machine's console log; if they are the same, " +
		"log in once with ssh, or run this in a terminal and accept it"
	if why != "" {
		why = "; it could not be verified by the cloud: " + why
	}
	if k.ask == nil {
		e.Err = fmt.Errorf("the key is not known yet and nobody can be asked: %s%s", named(key), why)
		return e
	}
	accepted, err := k.question(ctx, key, "")
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		e.Err = fmt.Errorf("the key %s was not confirmed: %w", named(key), err)
		return e
	case !accepted:
		e.Err = fmt.Errorf("the key %s was not accepted%s", named(key), why)
		return e
	}
	return k.learn(key)
}

// question asks a human about a key. known is the one that it would replace.
func (k *hostKeys) question(ctx context.Context, key ssh.PublicKey, known string) (bool, error) {
	q := gateway.HostKeyQuestion{Host: k.hop.name, Addr: knownhosts.Normalize(k.hop.keyName()),
		Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), Known: known}
	if known == "" {
		_, q.Unverified = k.verdict(ctx, key)
	}
	resume := k.pause()
	defer resume()
	return k.ask.HostKey(ctx, q)
}

// untrusted explains a key that must not be accepted, whoever says so.
func (k *hostKeys) untrusted(ctx context.Context, key ssh.PublicKey, err error) error {
	var changed *xknownhosts.KeyError
	if errors.As(err, &changed) && len(changed.Want) > 0 {
		return k.changed(ctx, key, changed.Want[0])
	}
	e := &gateway.Error{Op: "trust the host key of", Target: k.hop.label(), Kind: gateway.HostKey}
	var revoked *xknownhosts.RevokedError
	if errors.As(err, &revoked) {
		e.Err = fmt.Errorf("the key %s is marked as revoked in %s line %d", named(key), short(revoked.Revoked.Filename), revoked.Revoked.Line)
		e.Next = "do not connect; ask who revoked it"
		return e
	}
	e.Err = cleaned(fmt.Errorf("the key %s is not valid: %w", named(key), err))
	return e
}

// changed refuses a key that is not the known one. Only where the cloud vouches for it may a
// human let it take the other's place.
func (k *hostKeys) changed(ctx context.Context, key ssh.PublicKey, want xknownhosts.KnownKey) error {
	verdict, why := k.verdict(ctx, key)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	place := fmt.Sprintf("%s line %d", short(want.Filename), want.Line)
	text := fmt.Sprintf("the key has CHANGED: it shows %s, but %s has %s", named(key), place, named(want.Key))
	remove := gateway.Quote("ssh-keygen", "-f", want.Filename, "-R", knownhosts.Normalize(k.hop.keyName()))
	e := &gateway.Error{Op: "trust the host key of", Target: k.hop.label(), Kind: gateway.HostKey}
	switch verdict {
	case hostkey.Match:
		if k.ask != nil {
			accepted, err := k.question(ctx, key, named(want.Key)+" ("+place+")")
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil && accepted {
				return k.verified(key, k.replace)
			}
		}
		e.Err = errors.New(text + ". The VM was probably rebuilt, or another VM had this address before: the cloud's console log names the new key")
		e.Next = "forget the old key and try again: " + remove
	case hostkey.Contradicted:
		set, _ := k.vouched(ctx)
		e.Err = fmt.Errorf("%s, and the machine's console log in the cloud names %s", text, names(set, key.Type()))
		e.Next = "someone may be in between: do not connect before you have compared with what 'ssh-keygen -lf " +
			keyFileName(key.Type()) + "' prints on the machine's own console"
	default:
		if why != "" {
			text += "; it could not be verified by the cloud: " + why
		}
		e.Err = errors.New(text)
		e.Next = "someone may be in between, or the machine was rebuilt: compare with the fingerprint in its console log; " +
			"only if that shows the new key, run " + remove
	}
	return e
}
