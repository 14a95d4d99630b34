package scheme

import (
	"net/netip"

	"portico/gateway"
)

// Table lists every public port of a subnet, by address and then in the scheme's order of
// services. An address for which a formula gives no port is left out; [Scheme.Check] names those.
// A subnet larger than a /16, IPv6, and a scheme without formulas are errors of kind Invalid.
func (s *Scheme) Table(subnet netip.Prefix) ([]Entry, error) {
	var out []Entry
	err := s.each(subnet, func(e Entry, _ Rule, err error) {
		if err == nil {
			out = append(out, e)
		}
	})
	return out, err
}

// Reverse tells which addresses and services of a subnet have a public port: one, none, or, with
// a scheme that collides, several. Of a service of several ports it is the one port that is asked
// for. Errors are those of [Scheme.Table].
func (s *Scheme) Reverse(subnet netip.Prefix, port uint16, proto gateway.Protocol) ([]Match, error) {
	var out []Match
	err := s.each(subnet, func(e Entry, _ Rule, err error) {
		if err == nil && e.Service.Protocol == proto && e.Port <= port && int(port) < int(e.Port)+e.Service.Ports() {
			svc := e.Service
			svc.Port, svc.Last = svc.Port+port-e.Port, 0
			out = append(out, Match{e.Addr, svc})
		}
	})
	return out, err
}

// each calls f for every host and service of a subnet, with the error where there is no port.
func (s *Scheme) each(subnet netip.Prefix, f func(Entry, Rule, error)) error {
	addrs, err := addresses(subnet)
	if err != nil {
		return err
	}
	if len(s.Services) == 0 {
		return &gateway.Error{
			Op: "list the ports of scheme", Target: s.Name, Kind: gateway.Invalid,
			Err:  errNoFormulas,
			Next: "'portico forwards' shows which ports are given",
		}
	}
	c, err := s.ready()
	if err != nil {
		return err
	}
	for addr := range addrs {
		for i, r := range c.Services {
			port, err := c.formulas[i].port(subnet, addr)
			e := Entry{Addr: addr, Service: r.Service, Port: port}
			if err == nil {
				e.Service, err = r.place(gateway.Service{Name: r.Service.Name, Protocol: r.Service.Protocol}, port)
			}
			f(e, r, err)
		}
	}
	return nil
}
