// Package scheme holds port schemes: the rules that give a service of an instance its public
// port. A scheme is data, a formula for each service, and works both ways.
//
//	(192.168.0.11, ssh) --Port--> 30011 --Reverse--> (192.168.0.11, ssh)
//
// Formulas compute with the address: n is its number within the subnet (the address minus the
// network's address), oct1 to oct4 are its octets, x is oct4 and y is oct3. Everything here is
// arithmetic; which ports a gateway can really give is handed in as data.
package scheme

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// The ports a scheme may give. Ports below 1024 belong to the gateway's own services.
const (
	MinPort = 1024
	MaxPort = 65535
)

// Scheme is the rule that gives (address, service) a public port: by the formulas of Services,
// or, if Range is set, the first free port of it. Make own ones with [New]; the zero value has no
// services.
type Scheme struct {
	Name  string
	Title string // one line for people
	From  string // where the scheme comes from
	// Services are those the scheme has a formula for. A scheme with a Range takes any service.
	Services []Rule
	Range    Range

	formulas []formula // one for each of Services
}

// Rule gives one service its public port. Where SamePort is set the private port is the public
// one, and Service.Port is 0; a service of n ports has n-1 as its Last then. A service of several
// ports gets as many, of which the formula gives the first.
type Rule struct {
	Service  gateway.Service
	Formula  string
	SamePort bool
}

// Entry is one line of a scheme's table: the service, with its private port, that Addr has on
// the public Port; of a service of several ports Port is the first.
type Entry struct {
	Addr    netip.Addr
	Service gateway.Service
	Port    uint16
}

// Match is the answer to "what is on this public port?".
type Match struct {
	Addr    netip.Addr
	Service gateway.Service
}

// Compile checks a scheme and makes its formulas ready. Errors are of kind Invalid and name the
// service, the formula and the place in it.
func (s Scheme) Compile() (*Scheme, error) {
	if err := s.validate(); err != nil {
		return nil, &gateway.Error{
			Op: "use port scheme", Target: quoteName(s.Name), Kind: gateway.Invalid, Err: errors.New(cloud.Clean(err.Error())),
			Next: "correct the scheme; 'portico scheme show per-service' shows one that works",
		}
	}
	s.formulas = make([]formula, len(s.Services))
	for i, r := range s.Services {
		f, err := compile(r.Formula)
		if err != nil {
			return nil, &gateway.Error{
				Op: "use port scheme", Target: quoteName(s.Name), Kind: gateway.Invalid,
				Err:  errors.New(cloud.Clean(fmt.Sprintf("service %s: formula %q: %v", r.Service.Name, r.Formula, err))),
				Next: "formulas are whole-number arithmetic over n, oct1..oct4, x and y, like '30000 + 3*n'",
			}
		}
		s.formulas[i] = f
	}
	return &s, nil
}

// Port is the public port of a service of addr, which lies in subnet. The service is looked up
// by name and protocol. Errors are of kind Invalid: an address that is not a host of the subnet,
// IPv6, a service the scheme does not have, a formula that gives no port for this address.
func (s *Scheme) Port(subnet netip.Prefix, addr netip.Addr, svc gateway.Service) (uint16, error) {
	e, err := s.Entry(subnet, addr, svc)
	return e.Port, err
}

// Entry is like [Scheme.Port] and tells the private port too: the public one where the scheme
// says so, else svc's own, else, if that is 0, the scheme's.
func (s *Scheme) Entry(subnet netip.Prefix, addr netip.Addr, svc gateway.Service) (Entry, error) {
	fail := func(err error, next string) (Entry, error) {
		return Entry{}, &gateway.Error{
			Op: "give a public port to", Target: fmt.Sprintf("%s of %s by scheme %s", svc.Name, addr, s.Name),
			Kind: gateway.Invalid, Err: err, Next: next,
		}
	}
	addr = addr.Unmap()
	if err := checkHost(subnet, addr); err != nil {
		return fail(err, "name an IPv4 address of a host in its subnet")
	}
	i, err := s.find(svc)
	if err != nil {
		return fail(err, "choose one of these services, or another scheme: 'portico scheme list'")
	}
	c, err := s.ready()
	if err != nil {
		return Entry{}, err
	}
	port, err := c.formulas[i].port(subnet, addr)
	if err != nil {
		return fail(err, "choose another scheme: 'portico scheme list'")
	}
	if svc, err = c.Services[i].place(svc, port); err != nil {
		return fail(err, "choose another scheme: 'portico scheme list'")
	}
	return Entry{Addr: addr, Service: svc, Port: port}, nil
}

// place gives a service its private port where its public one is port, and as many ports as the rule
// has for it where it has one only. One that has more than the rule does not fit.
func (r Rule) place(svc gateway.Service, port uint16) (gateway.Service, error) {
	have, n := r.Service.Ports(), svc.Ports()
	if n == 1 && (r.SamePort || svc.Port == 0 || svc.Port == r.Service.Port) {
		n = have
	}
	switch {
	case n > have:
		return svc, fmt.Errorf("the scheme has %s for it, and it needs %d in a row", portCount(have), n)
	case int(port)+n-1 > MaxPort:
		return svc, &outOfRangeError{float64(int(port) + n - 1)}
	case r.SamePort:
		svc.Port = port
	case svc.Port == 0:
		svc.Port = r.Service.Port
	}
	return svc.WithPorts(n), nil
}

func portCount(n int) string {
	if n == 1 {
		return "one port"
	}
	return fmt.Sprintf("%d ports", n)
}

// ready is the scheme with its formulas compiled. Schemes from [New] and [Builtin] are ready; a
// literal is compiled each time.
func (s *Scheme) ready() (*Scheme, error) {
	if len(s.formulas) == len(s.Services) {
		return s, nil
	}
	return s.Compile()
}

// find is the index of the rule for a service, by name and protocol.
func (s *Scheme) find(svc gateway.Service) (int, error) {
	if len(s.Services) == 0 {
		return 0, errNoFormulas
	}
	names := make([]string, len(s.Services))
	for i, r := range s.Services {
		if r.Service.Name == svc.Name && r.Service.Protocol == svc.Protocol {
			return i, nil
		}
		names[i] = fmt.Sprintf("%s (%s)", r.Service.Name, r.Service.Protocol)
	}
	return 0, fmt.Errorf("the scheme has no service %s (%s); it has %s", svc.Name, svc.Protocol, strings.Join(names, ", "))
}
