package host

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
)

// clientVersion is how Portico names itself to servers (RFC 4253, 4.2).
const clientVersion = "SSH-2.0-Portico"

// link is one standing connection to the target, with those to its jump hosts under it.
type link struct {
	target *ssh.Client
	under  []*ssh.Client
	remote net.Addr
	done   chan struct{} // closed when the target's connection is gone

	mu    sync.Mutex
	cause error // why it was closed from here
}

// connector makes links: it holds what all hops share.
type connector struct {
	ask  gateway.Prompter
	ring *keyring
}

// connect passes all hops and returns the link to the last.
func (c *connector) connect(ctx context.Context, hops []*hop, keepAlive time.Duration) (*link, error) {
	var clients []*ssh.Client
	var remote net.Addr
	for _, h := range hops {
		client, addr, err := c.pass(ctx, h, clients)
		if err != nil {
			closeAll(clients)
			return nil, err
		}
		clients, remote = append(clients, client), addr
	}
	l := &link{target: clients[len(clients)-1], under: clients[:len(clients)-1], remote: remote, done: make(chan struct{})}
	go l.watch()
	if keepAlive > 0 {
		go l.keepAlive(keepAlive)
	}
	return l, nil
}

// pass connects to one hop, through the last of the clients if there is one, and logs in.
func (c *connector) pass(ctx context.Context, h *hop, through []*ssh.Client) (*ssh.Client, net.Addr, error) {
	conn, err := reach(ctx, h, through)
	if err != nil {
		return nil, nil, err
	}
	abort := func() {
		closeAll(through)
		_ = conn.Close()
	}
	client, err := c.handshake(ctx, h, conn, abort)
	if err != nil {
		abort()
		return nil, nil, err
	}
	if len(through) > 0 { // a forwarded connection does not know where it leads
		return client, hopAddr(h.addr()), nil
	}
	return client, conn.RemoteAddr(), nil
}

// reach connects to one hop, through the last of the clients if there is one.
func reach(ctx context.Context, h *hop, through []*ssh.Client) (net.Conn, error) {
	connecting, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	var conn net.Conn
	var err error
	if len(through) == 0 {
		conn, err = new(net.Dialer).DialContext(connecting, "tcp", h.addr())
	} else {
		conn, err = through[len(through)-1].DialContext(connecting, "tcp", h.addr())
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, connectError(h, err)
	}
	return conn, nil
}

// handshake makes an SSH connection of conn. ClientConfig.Timeout does not cover this, and a
// forwarded connection takes no deadline, so a timer aborts it; it stands still while a human is asked.
func (c *connector) handshake(ctx context.Context, h *hop, conn net.Conn, abort func()) (*ssh.Client, error) {
	keys, err := newHostKeys(h, c.ask)
	if err != nil {
		return nil, err
	}
	algorithms := keys.algorithms(ctx) // before the clock starts: the cloud may be asked
	clock := startClock(h.timeout, abort)
	defer clock.stop()
	stop := context.AfterFunc(ctx, abort)
	defer stop()
	keys.pause = clock.pause
	login := newLogin(ctx, h, &unlocker{ctx: ctx, ring: c.ring, ask: c.ask, pause: clock.pause})
	defer login.close()
	sshConn, chans, reqs, err := ssh.NewClientConn(conn, h.keyName(), &ssh.ClientConfig{
		User:              h.user,
		AuthCallback:      login.next,
		HostKeyCallback:   keys.callback(ctx),
		HostKeyAlgorithms: algorithms,
		ClientVersion:     clientVersion,
	})
	switch {
	case err == nil:
		return ssh.NewClient(sshConn, chans, reqs), nil
	case ctx.Err() != nil:
		return nil, handshakeError(h, ctx.Err())
	case clock.expired.Load():
		return nil, handshakeError(h, errHandshakeTimeout)
	}
	if refused := keys.refused(); refused != nil {
		return nil, refused
	}
	if denied := login.denied(err); denied != nil {
		return nil, denied
	}
	return nil, handshakeError(h, err)
}

// clock aborts a handshake when its time is up.
type clock struct {
	left    time.Duration
	timer   *time.Timer
	expired atomic.Bool
}

func startClock(d time.Duration, abort func()) *clock {
	c := &clock{left: d}
	c.timer = time.AfterFunc(d, func() {
		c.expired.Store(true)
		abort()
	})
	return c
}

func (c *clock) stop() { c.timer.Stop() }

// pause stops the clock. Resuming starts the full time again: the peer has to answer anew.
func (c *clock) pause() (resume func()) {
	if !c.timer.Stop() {
		return func() {}
	}
	return func() { c.timer.Reset(c.left) }
}

// watch notes the end of the connection, however it came about.
func (l *link) watch() {
	_ = l.target.Wait()
	close(l.done)
	closeAll(l.under)
}

// keepAlive asks the peer for a sign of life and closes the link if none comes within an interval.
// The request is OpenSSH's own (PROTOCOL, 2.8); refusing it is an answer, too.
func (l *link) keepAlive(interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
		}
		answered := make(chan struct{})
		go func() {
			_, _, _ = l.target.SendRequest("keepalive@openssh.com", true, nil)
			close(answered)
		}()
		late := time.NewTimer(interval)
		select {
		case <-answered:
		case <-l.done:
		case <-late.C:
			l.close(errSilent)
		}
		late.Stop()
	}
}

// close ends the link for the given reason; the first reason counts.
func (l *link) close(cause error) {
	l.mu.Lock()
	if l.cause == nil {
		l.cause = cause
	}
	l.mu.Unlock()
	closeAll(l.under)
	_ = l.target.Close()
	<-l.done
}

func (l *link) dead() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// reason prefers why the link was closed from here to what was seen of it.
func (l *link) reason(seen error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		return l.cause
	}
	return seen
}

// closeAll closes a chain from its TCP connection up: what is forwarded through a stalled connection
// could not be closed politely.
func closeAll(clients []*ssh.Client) {
	for _, c := range clients {
		_ = c.Close()
	}
}

// hopAddr is the address of a hop as the jump host before it was told.
type hopAddr string

func (hopAddr) Network() string  { return "tcp" }
func (a hopAddr) String() string { return string(a) }
