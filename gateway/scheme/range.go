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
func Next(r Range, taken func(port uint16) bool) (uint16, error) { return NextRun(r, 1, taken) }

// NextRun is the first port of the lowest n in a row of the range that are not taken. An error is of
// kind Conflict: there are none.
func NextRun(r Range, n int, taken func(port uint16) bool) (uint16, error) {
	free := 0
	for p := int(r.First); p <= int(r.Last); p++ {
		if free++; taken(uint16(p)) {
			free = 0
		}
		if free == n {
			return uint16(p - n + 1), nil
		}
	}
	e := &gateway.Error{
		Op: "find a free port in", Target: r.String(), Kind: gateway.Conflict,
		Err:  fmt.Errorf("all %d ports are taken", int(r.Last)-int(r.First)+1),
		Next: "withdraw a forward that is not needed, or configure a larger range",
	}
	if n > 1 {
		e.Op, e.Err = fmt.Sprintf("find %d free ports in", n), fmt.Errorf("no %d in a row of its %d are free", n, int(r.Last)-int(r.First)+1)
	}
	return 0, e
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
		if err := a.take(Endpoint{e.Addr, entry.Service}, entry.Port); err != nil {
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
	return fixed(newAssignment(standing, reserved), want, ports, MinPort)
}

func fixed(a *assignment, want []Endpoint, ports []uint16, least uint16) ([]Entry, error) {
	out := make([]Entry, 0, len(want))
	for i, e := range want {
		if ports[i] < least {
			return nil, &gateway.Error{
				Op: "publish", Target: fmt.Sprintf("%s of %s on port %d", e.Service.Name, e.Addr, ports[i]), Kind: gateway.Invalid,
				Err:  fmt.Errorf("public ports run from %d to %d: those below are the gateway's own, and a forward would take them away from it, from its sshd at 22 above all", MinPort, MaxPort),
				Next: "choose another port; or publish it at a floating IP without a gateway, where nothing listens: --engine neutron",
			}
		}
		if err := a.take(e, ports[i]); err != nil {
			return nil, err
		}
		if e.Service.Port == 0 {
			e.Service = e.Service.WithPort(ports[i])
		}
		out = append(out, Entry{Addr: e.Addr, Service: e.Service, Port: ports[i]})
	}
	return out, nil
}

// endpointKey is what makes an endpoint the same one: where it leads, not what port it has there.
func endpointKey(e Endpoint) Endpoint {
	e.Service.Port, e.Service.Last = 0, 0
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
	key := endpointKey(Endpoint{f.Private.Addr(), f.Service})
	for _, k := range f.Keys() {
		a.has[public{k.Protocol, k.Public.Port()}] = key
	}
	a.port[key] = f.Public.Port()
}

// release gives up what a forward has, as far as it has it still.
func (a *assignment) release(f gateway.Forward) {
	key := endpointKey(Endpoint{f.Private.Addr(), f.Service})
	for _, k := range f.Keys() {
		if at := (public{k.Protocol, k.Public.Port()}); a.has[at] == key {
			delete(a.has, at)
		}
	}
	if a.port[key] == f.Public.Port() {
		delete(a.port, key)
	}
}

// holder is who else has a public port; "" if it is free for this endpoint.
func (a *assignment) holder(key Endpoint, at public) string {
	if other, ok := a.has[at]; ok && other != key {
		return fmt.Sprintf("%s of %s", other.Service.Name, other.Addr)
	}
	return a.takenBy[at]
}

// take gives an endpoint as many ports as its service has, from port on.
func (a *assignment) take(e Endpoint, port uint16) error {
	key, n := endpointKey(e), e.Service.Ports()
	fail := func(kind gateway.Kind, next, format string, args ...any) error {
		return &gateway.Error{
			Op: "publish", Target: fmt.Sprintf("%s of %s on %s port %s", e.Service.Name, e.Addr, e.Service.Protocol, gateway.PortText(port, n)),
			Kind: kind, Err: fmt.Errorf(format, args...), Next: next,
		}
	}
	if int(port)+n-1 > MaxPort {
		return fail(gateway.Invalid, "choose a lower port", "its last port would be %d; ports end at %d", int(port)+n-1, MaxPort)
	}
	for i := range n {
		at := public{e.Service.Protocol, port + uint16(i)}
		by := a.holder(key, at)
		switch {
		case by != "" && n > 1:
			return fail(gateway.Conflict, "choose another scheme, or free the port", "%s has port %d", by, at.port)
		case by != "":
			return fail(gateway.Conflict, "choose another scheme, or free the port", "%s has this port", by)
		}
	}
	for i := range n {
		a.has[public{e.Service.Protocol, port + uint16(i)}] = key
	}
	a.port[key] = port
	return nil
}

// keeps is the port an endpoint has already, if there is room for all it wants from there on.
func (a *assignment) keeps(e Endpoint) (uint16, bool) {
	key := endpointKey(e)
	port, stands := a.port[key]
	if !stands || e.Service.Ports() == 1 {
		return port, stands
	}
	for i := range e.Service.Ports() {
		if int(port)+i > MaxPort || a.holder(key, public{e.Service.Protocol, port + uint16(i)}) != "" {
			return 0, false
		}
	}
	return port, true
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
		port, stands := a.keeps(e)
		if !stands {
			var err error
			port, err = NextRun(r, e.Service.Ports(), func(p uint16) bool {
				return a.holder(endpointKey(e), public{e.Service.Protocol, p}) != ""
			})
			if err != nil {
				return nil, err
			}
		}
		if err := a.take(e, port); err != nil {
			return nil, err
		}
		if e.Service.Port == 0 {
			e.Service = e.Service.WithPort(port)
		}
		out[i] = Entry{Addr: e.Addr, Service: e.Service, Port: port}
	}
	return out, nil
}
