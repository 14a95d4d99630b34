package emulator

import (
	"context"
	"net"
	"os"
	"sync"
	"time"
)

// backlog keeps the queue of connections that wait to be accepted full, so that the system
// drops every further SYN: a client's connect then times out as behind a firewall.
type backlog struct {
	listener *net.TCPListener
	served   bool // by a goroutine that accepts, where the queue does not fill

	mu      sync.Mutex
	fillers []net.Conn
	leaky   bool
	closed  bool
}

const (
	// maxFillers is more than any known system queues for a backlog of one.
	maxFillers = 8
	// patience is how long a connect to loopback may take before it counts as dropped.
	patience = 150 * time.Millisecond
)

// fill connects until a connection is no longer answered. The queue has room for one at least: while
// none is in it, silence only tells of a machine that is busy.
func (b *backlog) fill() {
	if !shrinkBacklog(b.listener) {
		b.setLeaky()
		return
	}
	for try := range maxFillers {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		c, err := new(net.Dialer).DialContext(ctx, "tcp", b.listener.Addr().String())
		timedOut := err != nil && (ctx.Err() != nil || os.IsTimeout(err)) // whichever clock was first
		cancel()
		switch {
		case err == nil && b.keep(c):
		case timedOut && (b.filled() || try == maxFillers-1):
			return
		case timedOut:
		default: // reset: this system does not drop
			b.setLeaky()
			return
		}
	}
	b.setLeaky()
}

func (b *backlog) keep(c net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		_ = c.Close()
		return false
	}
	b.fillers = append(b.fillers, c)
	return true
}

func (b *backlog) filled() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.fillers) > 0
}

func (b *backlog) setLeaky() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leaky = true
}

// leaks reports whether connections get through all the same.
func (b *backlog) leaks() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.leaky
}

func (b *backlog) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, c := range b.fillers {
		_ = c.Close()
	}
}
