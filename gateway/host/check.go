package host

import (
	"context"
	"errors"
	"net"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
)

// unverifiedError leaves an unknown key to somebody else.
type unverifiedError struct{ why string }

func (e unverifiedError) Error() string { return e.why }

// errSeen ends a handshake whose only purpose was the host key.
var errSeen = errors.New("the host key is all that was asked for")

// CheckHostKey makes a handshake with the host and does not log in. It settles the question of its
// host key for ssh(1), which is to connect next: a key that is known, or that the cloud vouches for
// and that is now in the first known_hosts file, will not be asked about.
//
// unverified says why an unknown key could not be verified; nothing was filed then, and it is
// for ssh to ask. The error is of Kind HostKey for a key that must not be trusted, and of another
// kind where no key was seen. cfg.Prompter is asked only whether a key that the cloud vouches
// for may replace a known one, and by jump hosts.
func CheckHostKey(ctx context.Context, cfg Config) (unverified string, err error) {
	hops, err := route(cfg)
	if err != nil {
		return "", err
	}
	c := &connector{ask: cfg.Prompter, ring: &keyring{opened: map[string]ssh.Signer{}}}
	var through []*ssh.Client
	defer func() { closeAll(through) }()
	for _, h := range hops[:len(hops)-1] {
		client, _, err := c.pass(ctx, h, through)
		if err != nil {
			return "", err
		}
		through = append(through, client)
	}
	h := hops[len(hops)-1]
	conn, err := reach(ctx, h, through)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	keys, err := newHostKeys(h, c.ask)
	if err != nil {
		return "", err
	}
	keys.leave = true
	err = keys.see(ctx, conn, func() {
		closeAll(through)
		_ = conn.Close()
	})
	var left unverifiedError
	if errors.As(err, &left) {
		return left.why, nil
	}
	return "", err
}

// see makes the handshake up to the host key and decides about it.
func (k *hostKeys) see(ctx context.Context, conn net.Conn, abort func()) error {
	algorithms := k.algorithms(ctx)
	clock := startClock(k.hop.timeout, abort)
	defer clock.stop()
	stop := context.AfterFunc(ctx, abort)
	defer stop()
	k.pause = clock.pause
	decide, seen := k.callback(ctx), false
	client, _, _, err := ssh.NewClientConn(conn, k.hop.keyName(), &ssh.ClientConfig{
		User: k.hop.user,
		HostKeyCallback: func(name string, remote net.Addr, key ssh.PublicKey) error {
			if err := decide(name, remote, key); err != nil {
				return err
			}
			seen = true
			return errSeen
		},
		HostKeyAlgorithms: algorithms,
		ClientVersion:     clientVersion,
	})
	if err == nil { // no server that works ends a handshake without a host key
		_ = client.Close()
		return &gateway.Error{Op: "see the host key of", Target: k.hop.label(), Kind: gateway.Internal}
	}
	refused := k.refused()
	switch {
	case seen:
		return nil
	case ctx.Err() != nil:
		return handshakeError(k.hop, ctx.Err())
	case clock.expired.Load():
		return handshakeError(k.hop, errHandshakeTimeout)
	case refused != nil:
		return refused
	}
	return handshakeError(k.hop, err)
}
