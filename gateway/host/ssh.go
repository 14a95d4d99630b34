package host

import (
	"context"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
)

// maxSessions bounds the commands that run at once. OpenSSH allows 10 sessions a connection
// (sshd_config(5), MaxSessions); a hardened server allows fewer.
const maxSessions = 4

// SSH is a host reached over SSH. Its methods may be called from several goroutines at once.
type SSH struct {
	name      string
	hops      []*hop
	connector connector
	keepAlive time.Duration
	limit     int           // bytes a command may print
	sessions  chan struct{} // one token a running command
	dialing   chan struct{} // one token: who holds it may replace the link

	mu     sync.Mutex
	link   *link
	closed bool

	identity privilege
}

var _ gateway.Runner = (*SSH)(nil)

// Dial connects to the host and logs in. Its errors are [gateway.Error]s of the kinds Unreachable, HostKey, Auth
// and Invalid, or wrap ctx's error.
func Dial(ctx context.Context, cfg Config) (*SSH, error) {
	hops, err := route(cfg)
	if err != nil {
		return nil, err
	}
	s := &SSH{
		name:      hops[len(hops)-1].label(),
		hops:      hops,
		connector: connector{ask: cfg.Prompter, ring: &keyring{opened: map[string]ssh.Signer{}}},
		keepAlive: cfg.keepAlive(),
		limit:     maxOutput,
		sessions:  make(chan struct{}, maxSessions),
		dialing:   make(chan struct{}, 1),
	}
	if s.link, err = s.connector.connect(ctx, hops, s.keepAlive); err != nil {
		return nil, err
	}
	return s, nil
}

// Direct reports whether it is reached without a jump host: then it sees this machine's own address.
func (s *SSH) Direct() bool { return len(s.hops) == 1 }

// User is the name it logged in with.
func (s *SSH) User() string { return s.hops[len(s.hops)-1].user }

// RemoteAddr is the address of the host's SSH server; behind a jump host, the one the jump host was given.
func (s *SSH) RemoteAddr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link.remote
}

// DialContext connects to an address as seen from the host (direct-tcpip, RFC 4254, 7.2). The
// connection takes no deadlines: close it to end a read.
func (s *SSH) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	l, err := s.live(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := l.target.DialContext(ctx, network, address)
	if err != nil && l.dead() {
		return nil, s.lost("connect to "+address+" from", l.reason(errClosed))
	}
	return conn, err
}

// Redial makes a new connection, with a new handshake, and then lets go of the old one. The
// old one stays if that fails. It proves that the host still lets one in.
func (s *SSH) Redial(ctx context.Context) error {
	select {
	case s.dialing <- struct{}{}:
		defer func() { <-s.dialing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.replace(ctx)
}

// live returns a link that is not known to be dead, making a new one if need be.
func (s *SSH) live(ctx context.Context) (*link, error) {
	select {
	case s.dialing <- struct{}{}:
		defer func() { <-s.dialing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	l, closed := s.link, s.closed
	s.mu.Unlock()
	if closed {
		return nil, s.lost("use", errClosed)
	}
	if !l.dead() {
		return l, nil
	}
	if err := s.replace(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link, nil
}

// replace puts a new link in place. The caller holds dialing.
func (s *SSH) replace(ctx context.Context) error {
	l, err := s.connector.connect(ctx, s.hops, s.keepAlive)
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := s.link
	if s.closed {
		old = l
	} else {
		s.link = l
	}
	s.mu.Unlock()
	old.close(errClosed)
	if old == l {
		return s.lost("use", errClosed)
	}
	return nil
}

// Close ends the connection and every command that runs over it. It may be called twice.
func (s *SSH) Close() error {
	s.mu.Lock()
	l := s.link
	s.closed = true
	s.mu.Unlock()
	l.close(errClosed)
	return nil
}

func (s *SSH) lost(op string, err error) error {
	return &gateway.Error{Op: op, Target: s.name, Kind: gateway.Unreachable, Err: cleaned(err),
		Next: "check that the host is up and your network is, then try again"}
}
