package scheme

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// formulaName is what stands before the formula of a service: "ssh=", "ssh:".
var formulaName = regexp.MustCompile(`^\s*([a-z0-9][a-z0-9-]{0,31})\s*=([^=].*)$`)

// Spoken makes a scheme of formulas as one types them: "40000 + n", which is for the first of the
// services, or "ssh=40000 + n; http=41000 + n", each with its service's name. services are those that
// can be named. Errors are those of [Scheme.Compile], or *[FormulaError] with the place in the text.
func Spoken(name, text string, services []gateway.Service) (*Scheme, error) {
	s := Scheme{Name: name, Title: strings.TrimSpace(cloud.Clean(text)), From: "typed"}
	offset := 0
	for part := range strings.SplitSeq(text, ";") {
		start := offset
		offset += len([]rune(part)) + 1
		if strings.TrimSpace(part) == "" && text != part {
			continue
		}
		svc, formula, before, err := spokenPart(part, services)
		if err != nil {
			return nil, err
		}
		if err := CheckFormula(formula); err != nil {
			var at *FormulaError
			if errors.As(err, &at) && at.At > 0 {
				return nil, &FormulaError{At: start + before + at.At, Why: cloud.Clean(at.Why)}
			}
			return nil, &FormulaError{At: start + before + 1, Why: cloud.Clean(err.Error())}
		}
		s.Services = append(s.Services, Rule{Service: svc, Formula: strings.TrimSpace(formula), SamePort: svc.Port == 0})
	}
	return s.Compile()
}

// Uniform makes a scheme that computes the ports of all of these services by one formula. Errors are
// those of [Scheme.Compile].
func Uniform(name, formula string, services []gateway.Service) (*Scheme, error) {
	s := Scheme{Name: name, Title: formula, From: "the gateway"}
	for _, svc := range services {
		s.Services = append(s.Services, Rule{Service: svc, Formula: formula, SamePort: svc.Port == 0})
	}
	return s.Compile()
}

// spokenPart reads one service's formula; before is how many characters stand before it.
func spokenPart(part string, services []gateway.Service) (svc gateway.Service, formula string, before int, err error) {
	m := formulaName.FindStringSubmatch(part)
	if m == nil {
		if len(services) == 0 {
			return svc, "", 0, &FormulaError{Why: "no service is chosen that it could be for"}
		}
		return services[0], part, 0, nil
	}
	names := make([]string, len(services))
	for i, s := range services {
		if s.Name == m[1] {
			return s, m[2], len([]rune(part)) - len([]rune(m[2])), nil
		}
		names[i] = s.Name
	}
	return svc, "", 0, &FormulaError{Why: fmt.Sprintf("there is no service %s; there are %s", m[1], strings.Join(names, ", "))}
}

// Config is the scheme as the configuration file has it.
func (s *Scheme) Config() Config {
	c := Config{Name: s.Name, Title: s.Title, First: s.Range.First, Last: s.Range.Last}
	for _, r := range s.Services {
		x := ServiceConfig{Service: r.Service.Name, Protocol: string(r.Service.Protocol), Port: r.Service.Port, Formula: r.Formula, SamePort: r.SamePort}
		if n := r.Service.Ports(); n > 1 {
			x.Ports = uint16(n)
		}
		c.Services = append(c.Services, x)
	}
	return c
}

// Bounds is what a formula gives in a subnet, from its first address to its last.
type Bounds struct {
	First, Last   Entry // by address
	Lowest, Upper uint16
	Count         int // addresses that get a port
}

// Bounds tells for each service, in the scheme's order, what it gives in a subnet. Errors are those of
// [Scheme.Table].
func (s *Scheme) Bounds(subnet netip.Prefix) ([]Bounds, error) {
	out := make([]Bounds, len(s.Services))
	index := map[gateway.Service]int{}
	for i, r := range s.Services {
		index[gateway.Service{Name: r.Service.Name, Protocol: r.Service.Protocol}] = i
	}
	err := s.each(subnet, func(e Entry, r Rule, err error) {
		if err != nil {
			return
		}
		b := &out[index[gateway.Service{Name: r.Service.Name, Protocol: r.Service.Protocol}]]
		last := e.Port + uint16(e.Service.Ports()-1)
		if b.Count == 0 {
			b.First, b.Lowest = e, e.Port
		}
		b.Last, b.Count = e, b.Count+1
		b.Lowest, b.Upper = min(b.Lowest, e.Port), max(b.Upper, last)
	})
	return out, err
}
