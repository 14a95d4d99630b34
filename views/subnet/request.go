package subnet

import (
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
)

// draft asks for the plan of what the form says.
func (s *Screen) draft() views.Intent {
	ask := s.tryFormula()
	req, err := s.request()
	s.seq++
	if err != nil {
		s.answered, s.err = s.seq, err
		return ask
	}
	return views.Join(views.Draft{Seq: s.seq, Request: req}, ask)
}

func (s *Screen) request() (publish.Request, error) {
	req := publish.Request{Subnets: []string{s.chosen}, Existing: s.existing, KeepPorts: s.scheme == 0, On: s.snapshot.Gateway}
	if s.at() < 0 {
		return req, &gateway.Error{Op: "publish a subnet", Kind: gateway.NotFound, Next: "make a network with a subnet of IPv4 first"}
	}
	for _, c := range s.services {
		if c.on {
			req.Services = append(req.Services, c.service.Name)
		}
	}
	if len(req.Services) == 0 {
		return req, &gateway.Error{Op: "publish a subnet", Kind: gateway.Invalid, Err: errNoService, Next: "choose one with space"}
	}
	switch _, err := s.formula.Scheme(); {
	case s.own() && err != nil:
		return req, &gateway.Error{Op: "use the formula", Kind: gateway.Invalid, Err: err, Next: "correct it, or choose a scheme"}
	case s.own():
		req.Formula = strings.TrimSpace(s.formula.Text.Value())
	case s.scheme > 0:
		req.Scheme = s.schemes[s.scheme-1].Name
	}
	words := s.sources()
	req.KeepSources = len(words) == 0
	for _, w := range words {
		if w == meWord {
			if s.me == nil || s.me.Err != nil {
				return req, &gateway.Error{Op: "let you in", Kind: gateway.Invalid, Err: errNoMe, Next: "wait until the gateway has answered, or type your address"}
			}
			req.Sources = append(req.Sources, netip.PrefixFrom(s.me.Addr, s.me.Addr.BitLen()))
			continue
		}
		p, err := source(w)
		if err != nil {
			return req, &gateway.Error{Op: "read the sources", Target: cloud.Clean(w), Kind: gateway.Invalid, Err: errNoSource, Next: "write them as 198.51.100.0/24 or 198.51.100.7"}
		}
		req.Sources = append(req.Sources, p)
	}
	return req, nil
}

// meWord stands for where the operator comes from, as in --from me.
const meWord = "me"

func (s *Screen) sources() []string {
	return strings.FieldsFunc(s.from.Value(), func(r rune) bool { return r == ',' || r == ' ' })
}

// meant reports whether the operator's own address is among the sources.
func (s *Screen) meant() bool { return slices.Contains(s.sources(), meWord) }

// source is a network, or one address of it; "anywhere" is all of them.
func source(word string) (netip.Prefix, error) {
	if word == "anywhere" {
		word = "0.0.0.0/0"
	}
	if a, err := netip.ParseAddr(word); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(word)
}
