package probe

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"portico/gateway"
	"portico/gateway/measure"
)

// crowd plays many hosts: each answers as an SSH server after its latency, or never if it has none. It
// knows how many are being connected to at a time.
type crowd struct {
	latency func(netip.AddrPort) time.Duration

	mu         sync.Mutex
	open, most int
}

func (c *crowd) enter(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open += n
	c.most = max(c.most, c.open)
}

func (c *crowd) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	c.enter(1)
	defer c.enter(-1)
	latency := c.latency(netip.MustParseAddrPort(address))
	if latency == 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	time.Sleep(latency) // of a clock that stands still while anybody works
	here, there := net.Pipe()
	go func() {
		_, _ = io.WriteString(there, "SSH-2.0-crowd\r\n")
		_, _ = io.Copy(io.Discard, there)
		_ = there.Close()
	}()
	return here, nil
}

// TestMany tests all forwards of a /24 with three services. However many of them do not answer, no more
// than DefaultParallel are under way, and all are done within as many time-outs as that takes.
func TestMany(t *testing.T) {
	const count = 762
	table := measure.Table{
		Title: fmt.Sprintf("Testing %d forwards", count), How: fmt.Sprintf("%d at a time, time-out %s, answers after 20 ms; by a clock that counts waiting only", DefaultParallel, DefaultTimeout),
		Head: []string{"that do not answer", "all tested after", "in time-outs", "at a time, at most"},
	}
	targets := make([]Target, count)
	for i := range targets {
		targets[i] = Target{Addr: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), uint16(30000+i)), Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}}
	}
	for _, silent := range []int{0, 1, count / 10, count} {
		synctest.Test(t, func(t *testing.T) {
			c := &crowd{latency: func(a netip.AddrPort) time.Duration {
				if int(a.Port())-30000 < silent {
					return 0
				}
				return 20 * time.Millisecond
			}}
			start, answered := time.Now(), 0
			for _, r := range Run(t.Context(), c, targets, Options{}, nil) {
				if r.Outcome == OK {
					answered++
				}
			}
			took := time.Since(start)
			waves := (silent + DefaultParallel - 1) / DefaultParallel
			if most := time.Duration(waves)*DefaultTimeout + time.Second; took > most {
				t.Errorf("%d silent: %s, want %s at most", silent, took, most)
			}
			if answered != count-silent || c.most != DefaultParallel {
				t.Errorf("%d answered of %d, %d at a time", answered, count-silent, c.most)
			}
			table.Add(silent, took, fmt.Sprintf("%.2f", took.Seconds()/DefaultTimeout.Seconds()), c.most)
		})
	}
	if measure.All() {
		table.Print()
	}
}
