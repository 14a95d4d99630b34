package emulator

import (
	"slices"
	"sync"
)

// Segment is a network on which emulated gateways hear each other's keepalived. Of those that run it and
// can be reached the first that joined is active, until it ends: as with nopreempt, nobody takes an address
// from one that works.
type Segment struct {
	mu     sync.Mutex
	hosts  []*Gateway
	active *Gateway
}

func (s *Segment) join(g *Gateway) {
	s.mu.Lock()
	s.hosts = append(s.hosts, g)
	s.mu.Unlock()
	g.machine.Elected = func() bool { return s.elect() == g }
}

func (s *Segment) elect() *Gateway {
	s.mu.Lock()
	defer s.mu.Unlock()
	works := func(g *Gateway) bool { return g != nil && !g.isDown() && len(g.machine.Sharing()) > 0 }
	if works(s.active) {
		return s.active
	}
	s.active = nil
	if i := slices.IndexFunc(s.hosts, works); i >= 0 {
		s.active = s.hosts[i]
	}
	return s.active
}

func (g *Gateway) isDown() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.down || g.ctx.Err() != nil
}

// Halt pulls the plug: all connections are cut, and none is let in, until it is rebooted.
func (g *Gateway) Halt() {
	g.booting.Lock()
	defer g.booting.Unlock()
	g.setDown(true)
	g.cutAll()
	g.machine.Halt()
	g.kernel.Boot()
}
