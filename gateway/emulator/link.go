package emulator

import (
	"net"
	"sync"
)

// link is the way between clients and the SSH server.
type link struct {
	mu     sync.Mutex
	jam    chan struct{} // closed when it flows again; nil while it flows
	refuse int           // so many new connections; below 0 all
}

// Stall stops everything on the way between clients and the SSH server: on connections that are
// there, and on new ones, which are accepted by the system and never answered. Nobody is told, and
// what runs on the gateway runs on. Forwards are not concerned.
func (g *Gateway) Stall() {
	g.link.mu.Lock()
	defer g.link.mu.Unlock()
	if g.link.jam == nil {
		g.link.jam = make(chan struct{})
	}
}

// Resume ends [Gateway.Stall]: what was on its way arrives, also from a client that has given up.
func (g *Gateway) Resume() {
	g.link.mu.Lock()
	defer g.link.mu.Unlock()
	if g.link.jam != nil {
		close(g.link.jam)
		g.link.jam = nil
	}
}

// Refuse resets the next n new connections to the SSH server before a word is said; below 0 all
// of them, until it is called with 0.
func (g *Gateway) Refuse(n int) {
	g.link.mu.Lock()
	defer g.link.mu.Unlock()
	g.link.refuse = n
}

func (l *link) refuses() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse > 0 {
		l.refuse--
		return true
	}
	return l.refuse < 0
}

// flows returns when the link does, or when it is given up.
func (l *link) flows(givenUp <-chan struct{}) {
	for {
		l.mu.Lock()
		jam := l.jam
		l.mu.Unlock()
		if jam == nil {
			return
		}
		select {
		case <-jam:
		case <-givenUp:
			return
		}
	}
}

// over is a connection over the link.
func (l *link) over(c net.Conn) net.Conn {
	return &linkConn{Conn: c, link: l, closed: make(chan struct{})}
}

type linkConn struct {
	net.Conn
	link   *link
	once   sync.Once
	closed chan struct{}
}

// Read holds back what came while the link was stalled.
func (c *linkConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.link.flows(c.closed)
	return n, err
}

func (c *linkConn) Write(b []byte) (int, error) {
	c.link.flows(c.closed)
	return c.Conn.Write(b)
}

func (c *linkConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// reset closes a connection so that the other side is told at once.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
