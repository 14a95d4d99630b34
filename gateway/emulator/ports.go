package emulator

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"

	"portico/gateway"
)

// ports are the listeners on the gateway's public address, one for each port that leads
// somewhere or is dropped.
type ports struct {
	gateway *Gateway

	mu     sync.Mutex
	held   map[uint16]*held
	failed map[uint16]error
	closed bool
}

// held is one port with the way it answers.
type held struct {
	verdict  Verdict // Open or Dropped
	listener *net.TCPListener
	full     *backlog // of a dropped port
}

func newPorts(g *Gateway) *ports {
	return &ports{gateway: g, held: map[uint16]*held{}, failed: map[uint16]error{}}
}

// refresh brings all listeners in line with the rules.
func (p *ports) refresh() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	client := p.client()
	want := map[uint16]Verdict{}
	for _, port := range forwarded(p.gateway.kernel.Ruleset()) {
		if v := p.gateway.follow(client, port, false).verdict; v != Refused {
			want[port] = v
		}
	}
	for port, h := range p.held {
		if v, ok := want[port]; !ok || v != h.verdict {
			h.close()
			delete(p.held, port)
		}
	}
	clear(p.failed)
	var filling sync.WaitGroup
	for _, port := range slices.Sorted(maps.Keys(want)) {
		if p.held[port] != nil {
			continue
		}
		h, err := p.listen(port, want[port])
		if err != nil {
			p.failed[port] = err
			continue
		}
		p.held[port] = h
		if h.full != nil {
			filling.Go(h.full.fill)
		}
	}
	filling.Wait()
	for port, h := range p.held {
		if h.full != nil && h.full.leaks() && !h.full.served {
			h.full.served = true
			p.gateway.spawn(func() { p.accept(h.listener, port) })
		}
	}
}

// client is where who connects to the public address comes from: on loopback, whatever the address,
// from the first one.
func (p *ports) client() netip.AddrPort {
	a := p.gateway.config.Public
	if a.IsLoopback() {
		a = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrPortFrom(a, 50000)
}

func (p *ports) listen(port uint16, v Verdict) (*held, error) {
	addr := netip.AddrPortFrom(p.gateway.config.Public, port)
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", addr.String())
	if err != nil {
		return nil, &gateway.Error{
			Op: "listen for the emulated gateway on", Target: addr.String(), Kind: gateway.Conflict, Err: err,
			Next: "end the program that holds this port, or publish on another one",
		}
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		_ = l.Close()
		return nil, &gateway.Error{Op: "listen on", Target: addr.String(), Kind: gateway.Internal, Err: fmt.Errorf("unexpected %T", l)}
	}
	h := &held{verdict: v, listener: tcp}
	if v == Dropped {
		h.full = &backlog{listener: tcp}
		return h, nil
	}
	p.gateway.spawn(func() { p.accept(tcp, port) })
	return h, nil
}

func (p *ports) accept(l *net.TCPListener, port uint16) {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			return // closed
		}
		if p.gateway.track(c) {
			p.gateway.spawn(func() {
				defer p.gateway.release(c)
				p.gateway.serve(c, port)
			})
		}
	}
}

func (h *held) close() {
	_ = h.listener.Close()
	if h.full != nil {
		h.full.close()
	}
}

func (p *ports) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for port, h := range p.held {
		h.close()
		delete(p.held, port)
	}
}

func (p *ports) problems() []error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []error
	for _, port := range slices.Sorted(maps.Keys(p.failed)) {
		out = append(out, p.failed[port])
	}
	return out
}
