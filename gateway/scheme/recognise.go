package scheme

import (
	"fmt"
	"net/netip"
	"slices"

	"portico/gateway"
)

// Recognise finds the scheme, of those with formulas, that gives most of the entries the port they
// have, whatever their services are called; of equals the first. odd are those it does not explain. It
// is nil, and all are odd, where none explains at least half.
func Recognise(schemes []Scheme, subnet netip.Prefix, entries []Entry) (best *Scheme, odd []Entry) {
	odd = slices.Clone(entries)
	for i := range schemes {
		s, err := schemes[i].ready()
		if err != nil || len(s.Services) == 0 {
			continue
		}
		rest := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return s.explains(subnet, e) })
		if len(rest) < len(odd) && 2*len(rest) <= len(entries) {
			best, odd = &schemes[i], rest
		}
	}
	return best, odd
}

// explains reports whether the scheme, which is ready, leads a public port to this very end.
func (s *Scheme) explains(subnet netip.Prefix, e Entry) bool {
	if checkHost(subnet, e.Addr) != nil {
		return false
	}
	for i, r := range s.Services {
		if r.Service.Protocol != e.Service.Protocol || !r.SamePort && r.Service.Port != e.Service.Port || r.SamePort && e.Service.Port != e.Port {
			continue
		}
		if port, err := s.formulas[i].port(subnet, e.Addr); err == nil && port == e.Port {
			return true
		}
	}
	return false
}

// Infer works out formulas that nobody told: of each port on the instances, the line "a + b*n", or
// the two octets "a + 256*y + x", on which most of its public ports lie. One counts when it explains at
// least three addresses and four of five. odd are the entries that none explains; without formulas the
// configuration has no services.
func Infer(name string, subnet netip.Prefix, entries []Entry) (c Config, odd []Entry) {
	c = Config{Name: name, Title: "as it was found on a gateway"}
	type end struct {
		protocol gateway.Protocol
		port     uint16 // 0: the same as the public one
		ports    int
	}
	groups := map[end][]Entry{}
	var order []end
	for _, e := range entries {
		if checkHost(subnet, e.Addr) != nil {
			odd = append(odd, e)
			continue
		}
		k := end{e.Service.Protocol, e.Service.Port, e.Service.Ports()}
		if e.Service.Port == e.Port {
			k.port = 0
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], e)
	}
	for _, k := range order {
		text, rest := inferOne(subnet, groups[k])
		odd = append(odd, rest...)
		if text == "" {
			continue
		}
		svc := ServiceConfig{Service: groups[k][0].Service.Name, Protocol: string(k.protocol), Port: k.port, SamePort: k.port == 0, Formula: text}
		if k.ports > 1 {
			svc.Ports = uint16(k.ports)
		}
		c.Services = append(c.Services, svc)
	}
	return c, odd
}

// line is a + b*n, or with octets a + 256*y + x.
type line struct {
	a, b   int
	octets bool
}

func (l line) text() string {
	switch {
	case l.octets:
		return fmt.Sprintf("%d + 256*y + x", l.a)
	case l.b == 1:
		return fmt.Sprintf("%d + n", l.a)
	}
	return fmt.Sprintf("%d + %d*n", l.a, l.b)
}

func (l line) at(v variables) int {
	if l.octets {
		return l.a + 256*v.Y + v.X
	}
	return l.a + l.b*v.N
}

// inferOne finds the line for entries of one service; "" where there is none.
func inferOne(subnet netip.Prefix, entries []Entry) (text string, odd []Entry) {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.Addr.Compare(b.Addr) })
	votes := map[line]int{}
	var order []line
	vote := func(l line) {
		if votes[l] == 0 {
			order = append(order, l)
		}
		votes[l]++
	}
	for i, e := range entries {
		v := variablesOf(subnet, e.Addr)
		if i > 0 {
			was := variablesOf(subnet, entries[i-1].Addr)
			step, rise := v.N-was.N, int(e.Port)-int(entries[i-1].Port)
			if step > 0 && rise > 0 && rise%step == 0 {
				vote(line{a: int(e.Port) - rise/step*v.N, b: rise / step})
			}
		}
		vote(line{a: int(e.Port) - 256*v.Y - v.X, octets: true})
	}
	var best line
	most := 0
	for _, l := range order {
		// A network of one /24 cannot tell the two apart: n is the simpler one.
		if n := votes[l]; n > most || n >= most-1 && best.octets && !l.octets {
			best, most = l, n
		}
	}
	rest := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return best.at(variablesOf(subnet, e.Addr)) == int(e.Port) })
	if explained := len(entries) - len(rest); explained < 3 || 5*explained < 4*len(entries) || best.a < 0 {
		return "", entries
	}
	return best.text(), rest
}
