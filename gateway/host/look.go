package host

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/hostkey"
)

// Seen is what a client meets at an SSH server. Its texts are clean.
type Seen struct {
	Name  string // as known_hosts has the server: "[203.0.113.10]:30011"
	Key   string // the host key it shows: "ssh-ed25519 SHA256:..."
	Known bool   // a file has this key
	// Changed says that a file has another key: Instead, at Place.
	Changed        bool
	Instead, Place string
	Vouched        hostkey.Verdict // what the cloud says of the key, and why it says nothing
	Why            string

	User     string
	LoggedIn bool
	With     string   // the key that opened it
	Denied   bool     // the server refused all that was offered
	Offered  []string // keys, by file or the agent's comment
	Said     string   // the refusal
}

// Look goes to an SSH server as ssh(1) would, and says what a client meets there. It changes nothing
// and asks nobody: no host key is filed, keys that need a passphrase are not offered, and whoever is
// let in leaves at once. With a key that has changed and that nobody vouches for, it does not log in.
// The error says that no host key was seen.
func Look(ctx context.Context, cfg Config) (Seen, error) {
	cfg.Prompter, cfg.Tell = nil, nil
	hops, err := route(cfg)
	if err != nil {
		return Seen{}, err
	}
	c := &connector{ring: &keyring{opened: map[string]ssh.Signer{}}}
	var through []*ssh.Client
	defer func() { closeAll(through) }()
	for _, h := range hops[:len(hops)-1] {
		client, _, err := c.pass(ctx, h, through)
		if err != nil {
			return Seen{}, err
		}
		through = append(through, client)
	}
	h := hops[len(hops)-1]
	conn, err := reach(ctx, h, through)
	if err != nil {
		return Seen{}, err
	}
	defer func() { _ = conn.Close() }()
	keys, err := newHostKeys(h, nil)
	if err != nil {
		return Seen{}, err
	}
	l := &looker{keys: keys, ring: c.ring, seen: Seen{Name: knownhosts.Normalize(h.keyName()), User: h.user}}
	return l.look(ctx, conn)
}

// looker is one look under way.
type looker struct {
	keys *hostKeys
	ring *keyring
	seen Seen
}

func (l *looker) look(ctx context.Context, conn net.Conn) (Seen, error) {
	h := l.keys.hop
	algorithms := l.keys.algorithms(ctx)
	clock := startClock(h.timeout, func() { _ = conn.Close() })
	defer clock.stop()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	l.keys.pause = clock.pause
	login := newLogin(ctx, h, &unlocker{ctx: ctx, ring: l.ring, pause: clock.pause})
	defer login.close()
	sshConn, chans, reqs, err := ssh.NewClientConn(conn, h.keyName(), &ssh.ClientConfig{
		User: h.user, AuthCallback: login.next, HostKeyAlgorithms: algorithms, ClientVersion: clientVersion,
		HostKeyCallback: func(name string, remote net.Addr, key ssh.PublicKey) error { return l.judge(ctx, name, remote, key) },
	})
	if l.seen.Key == "" {
		if err == nil {
			err = errClosed
		}
		return l.seen, handshakeError(h, err)
	}
	login.mu.Lock()
	l.seen.Offered = append([]string(nil), login.offered...)
	login.mu.Unlock()
	if err == nil {
		_ = ssh.NewClient(sshConn, chans, reqs).Close()
		l.seen.LoggedIn, l.seen.With = true, "no key"
		if n := len(l.seen.Offered); n > 0 {
			l.seen.With = l.seen.Offered[n-1]
		}
		return l.seen, nil
	}
	if errors.Is(err, errSeen) || ctx.Err() != nil || clock.expired.Load() {
		return l.seen, nil
	}
	if denied := login.denied(err); denied != nil {
		l.seen.Denied, l.seen.Said = true, cloud.Explain(denied).Why
	}
	return l.seen, nil
}

// judge compares the host key with what is known, and stops before a login that nobody should make.
func (l *looker) judge(ctx context.Context, name string, remote net.Addr, key ssh.PublicKey) error {
	known := l.keys.db.HostKeyCallback()
	if len(l.keys.hop.pinned) > 0 {
		known = l.keys.pinnedKey
	}
	l.seen.Key = named(key)
	err := known(name, remote, key)
	if err == nil {
		l.seen.Known = true
		return nil
	}
	l.seen.Vouched, l.seen.Why = l.keys.verdict(ctx, key)
	l.seen.Why = cloud.Clean(l.seen.Why)
	if knownhosts.IsHostUnknown(err) {
		if l.seen.Vouched == hostkey.Contradicted {
			return errSeen
		}
		return nil
	}
	l.seen.Changed = true
	var changed *xknownhosts.KeyError
	if errors.As(err, &changed) && len(changed.Want) > 0 {
		want := changed.Want[0]
		l.seen.Instead, l.seen.Place = named(want.Key), cloud.Clean(fmt.Sprintf("%s line %d", short(want.Filename), want.Line))
	}
	if l.seen.Vouched == hostkey.Match {
		return nil
	}
	return errSeen
}

// Forget takes out of the known_hosts files what they have of a server, except for keys that the
// cloud vouches for, and returns how to put it back. A file that is not there has nothing to forget.
func Forget(ctx context.Context, cfg Config) (restore func() error, err error) {
	hops, err := route(cfg)
	if err != nil {
		return nil, err
	}
	h := hops[len(hops)-1]
	keys, err := newHostKeys(h, nil)
	if err != nil {
		return nil, err
	}
	set, why := keys.vouched(ctx)
	if set.Empty() {
		return nil, &gateway.Error{Op: "forget the host key of", Target: h.label(), Kind: gateway.HostKey, Err: fmt.Errorf("nobody vouches for another one: %s", why)}
	}
	return keys.forgetStale(set)
}
