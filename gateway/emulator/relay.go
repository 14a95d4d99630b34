package emulator

import (
	"context"
	"io"
	"net"
	"time"
)

// dialTime bounds how long a connection to a VM's server may take to stand.
const dialTime = 10 * time.Second

// serve does with a client's connection what the way to its port says now.
func (g *Gateway) serve(c *net.TCPConn, port uint16) {
	client := c.RemoteAddr().(*net.TCPAddr).AddrPort()
	w := g.follow(client, port, true)
	switch w.verdict {
	case Open:
		if vm, ok := g.connect(w.dial); ok {
			defer g.release(vm)
			relay(c, vm, func(n int) { g.kernel.Count(w.hops, n) })
			return
		}
	case Dropped:
		_, _ = io.Copy(io.Discard, c) // until the client gives up
		return
	case Refused:
	}
	_ = c.SetLinger(0)
}

func (g *Gateway) connect(dial Dial) (net.Conn, bool) {
	ctx, cancel := context.WithTimeout(g.ctx, dialTime)
	defer cancel()
	vm, err := dial(ctx)
	if err != nil {
		return nil, false
	}
	return vm, g.track(vm)
}

// relay copies both ways until both have ended; an end that says no more is told on. count, if not
// nil, gets the size of each piece.
func relay(a, b io.ReadWriteCloser, count func(int)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		pour(b, a, count)
	}()
	pour(a, b, count)
	<-done
}

// metered tells how much was written.
type metered struct {
	to    io.Writer
	count func(int)
}

func (m metered) Write(p []byte) (int, error) {
	n, err := m.to.Write(p)
	if m.count != nil && n > 0 {
		m.count(n)
	}
	return n, err
}

// pour copies from one end to the other and passes its end on: half-closed where possible.
func pour(to, from io.ReadWriteCloser, count func(int)) {
	_, err := io.Copy(metered{to, count}, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err == nil && ok && half.CloseWrite() == nil {
		return
	}
	_ = to.Close()
	_ = from.Close()
}
