package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"portico/gateway"
)

// maxOutput bounds what a command may print, both streams together. The rules of 40,000 forwards are a tenth of it.
const maxOutput = 64 << 20

var errTooMuch = errors.New("too much output")

// capture collects both output streams of a command up to a limit.
type capture struct {
	mu       sync.Mutex
	limit    int
	left     int
	over     bool
	out, err bytes.Buffer
	full     chan struct{} // closed when there was more than the limit
}

func newCapture(limit int) *capture {
	return &capture{limit: limit, left: limit, full: make(chan struct{})}
}

func (c *capture) stdout() io.Writer { return stream{c, &c.out} }
func (c *capture) stderr() io.Writer { return stream{c, &c.err} }

type stream struct {
	c   *capture
	buf *bytes.Buffer
}

func (s stream) Write(p []byte) (int, error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if len(p) > s.c.left {
		if !s.c.over {
			s.c.over = true
			close(s.c.full)
		}
		return 0, errTooMuch
	}
	s.c.left -= len(p)
	return s.buf.Write(p)
}

func (c *capture) exceeded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// result hands over what was collected. Writers that are still at it get an error from now on.
func (c *capture) result(exit int) gateway.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = -1
	return gateway.Result{Stdout: c.out.Bytes(), Stderr: c.err.Bytes(), Exit: exit}
}

func (c *capture) tooMuch(target string) error {
	return &gateway.Error{Op: "run a command on", Target: target, Kind: gateway.Invalid,
		Err: fmt.Errorf("it printed more than %d MiB", c.limit>>20), Next: "look at what the command prints when run by hand"}
}
