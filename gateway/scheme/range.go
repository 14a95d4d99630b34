package scheme

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/gateway"
)

// Range is ports from First to Last, both included.
type Range struct{ First, Last uint16 }

// IsZero reports whether no range is given.
func (r Range) IsZero() bool { return r == Range{} }

// Contains reports whether a port is within the range.
func (r Range) Contains(port uint16) bool { return r.First <= port && port <= r.Last }

// String is "20000-29999".
func (r Range) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

func (r Range) validate() error {
	if r.First < MinPort || r.First > r.Last {
		return fmt.Errorf("the range %s is not within the ports %d to %d, first to last", r, MinPort, MaxPort)
	}
	return nil
}

// Next is the lowest port of the range that is not taken. An error is of kind Conflict: the range
// is full.
func Next(r Range, taken func(port uint16) bool) (uint16, error) {
	for p := int(r.First); p <= int(r.Last); p++ {
		if !taken(uint16(p)) {
			return uint16(p), nil
		}
	}
	return 0, &gateway.Error{
		Op: "find a free port in", Target: r.String(), Kind: gateway.Conflict,
		Err:  fmt.Errorf("all %d ports are taken", int(r.Last)-int(r.First)+1),
		Next: "withdraw a forward that is not needed, or configure a larger range",
	}
}

// Endpoint is a service of an instance that wants a public port.
type Endpoint struct {
	Addr    netip.Addr
	Service gateway.Service
}

// public is one public port of a gateway; TCP and UDP have ports of their own.
type public struct {
	protocol gateway.Protocol
	port     uint16
}

// String is "tcp/30011".
func (p public) String() string { return fmt.Sprintf("%s/%d", p.protocol, p.port) }

// Assign gives each of want its public port, in the order of want. With formulas that is
// [Scheme.Entry]; with a range a service without a port has its public one, an endpoint that stands keeps its port, and the others get the
// lowest free ones in the order of address, protocol and service name, so that the same question has
// the same answer whoever asks. A port that is reserved or that another endpoint has is an error
// of kind Conflict that names what has it.
func (s *Scheme) Assign(subnet netip.Prefix, want []Endpoint, standing []gateway.Forward, reserved []gateway.Reserved) ([]Entry, error) {
	return s.assign(newAssignment(standing, reserved), subnet, want)
}

func (s *Scheme) assign(a *assignment, subnet netip.Prefix, want []Endpoint) ([]Entry, error) {
	if !s.Range.IsZero() {
		return a.fromRange(s.Range, want)
	}
	out := make([]Entry, 0, len(want))
	for _, e := range want {
		entry, err := s.Entry(subnet, e.Addr, e.Service)
		if err != nil {
			return nil, err
		}
		if err := a.take(e, entry.Port); err != nil {
			return nil, err
		}
		out = append(out, entry)
	}
	return out, nil
}

// Fixed gives each of want the port of the same index, without a scheme. There are as many of both.
// Errors are of kind Invalid for a port outside of MinPort..MaxPort, and else those of
// [Scheme.Assign].
func Fixed(want []Endpoint, ports []uint16, standing []gateway.Forward, reserved []gateway.Reserved) ([]Entry, error) {
	return fixed(newAssignment(standing, reserved), want, ports)
}

func fixed(a *assignment, want []Endpoint, ports []uint16) ([]Entry, error) {
	out := make([]Entry, 0, len(want))
	for i, e := range want {
		if ports[i] < MinPort {
			return nil, &gateway.Error{
				Op: "publish", Target: fmt.Sprintf("%s of %s on port %d", e.Service.Name, e.Addr, ports[i]), Kind: gateway.Invalid,
				Err: fmt.Errorf("ports run from %d to %d: those below are the gateway's own", MinPort, MaxPort), Next: "choose another port",
			}
		}
		if err := a.take(e, ports[i]); err != nil {
			return nil, err
		}
		out = append(out, Entry{Addr: e.Addr, Service: e.Service, Port: ports[i]})
	}
	return out, nil
}

// endpointKey is what makes an endpoint the same one: where it leads, not what port it has there.
func endpointKey(e Endpoint) Endpoint {
	e.Service.Port = 0
	return e
}

// assignment is the public ports of one gateway while they are given out.
type assignment struct {
	takenBy map[public]string
	has     map[public]Endpoint
	port    map[Endpoint]uint16 // the other way round
}

func newAssignment(standing []gateway.Forward, reserved []gateway.Reserved) *assignment {
	a := &assignment{takenBy: map[public]string{}, has: map[public]Endpoint{}, port: map[Endpoint]uint16{}}
	for _, r := range reserved {
		a.takenBy[public{r.Protocol, r.Port}] = r.By
	}
	for _, f := range standing {
		a.hold(f)
	}
	return a
}

func (a *assignment) hold(f gateway.Forward) {
	at := public{f.Service.Protocol, f.Public.Port()}
	a.has[at] = endpointKey(Endpoint{f.Private.Addr(), f.Service})
	a.port[a.has[at]] = at.port
}

// release gives up what a forward has, as far as it has it still.
func (a *assignment) release(f gateway.Forward) {
	at, key := public{f.Service.Protocol, f.Public.Port()}, endpointKey(Endpoint{f.Private.Addr(), f.Service})
	if a.has[at] == key {
		delete(a.has, at)
	}
	if a.port[key] == at.port {
		delete(a.port, key)
	}
}

func (a *assignment) take(e Endpoint, port uint16) error {
	at, key := public{e.Service.Protocol, port}, endpointKey(e)
	by, taken := a.takenBy[at]
	if other, ok := a.has[at]; ok && other != key {
		by, taken = fmt.Sprintf("%s of %s", other.Service.Name, other.Addr), true
	}
	if taken {
		return &gateway.Error{
			Op: "publish", Target: fmt.Sprintf("%s of %s on %s port %d", e.Service.Name, e.Addr, at.protocol, port),
			Kind: gateway.Conflict, Err: fmt.Errorf("%s has this port", by),
			Next: "choose another scheme, or free the port",
		}
	}
	a.has[at], a.port[key] = key, port
	return nil
}

func (a *assignment) fromRange(r Range, want []Endpoint) ([]Entry, error) {
	order := make([]int, len(want))
	for i := range want {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		x, y := want[i], want[j]
		return cmp.Or(x.Addr.Compare(y.Addr), strings.Compare(string(x.Service.Protocol), string(y.Service.Protocol)),
			strings.Compare(x.Service.Name, y.Service.Name))
	})
	out := make([]Entry, len(want))
	for _, i := range order {
		e := want[i]
		port, stands := a.port[endpointKey(e)]
		if !stands {
			var err error
			port, err = Next(r, func(p uint16) bool {
				at := public{e.Service.Protocol, p}
				_, reserved := a.takenBy[at]
				_, used := a.has[at]
				return reserved || used
			})
			if err != nil {
				return nil, err
			}
		}
		if err := a.take(e, port); err != nil {
			return nil, err
		}
		if e.Service.Port == 0 {
			e.Service.Port = port
		}
		out[i] = Entry{Addr: e.Addr, Service: e.Service, Port: port}
	}
	return out, nil
}
