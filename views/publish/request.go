package publish

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/views/preview"
)

// words splits what was typed into a field: by commas and spaces, in any mixture.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}

// serviceName is what a rule's comment can carry.
var serviceName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

const serviceForm = "name=tcp/8080"

// parseOwn reads own services, each as name=tcp/8080. The error is about the first that is wrong.
func parseOwn(text string) ([]string, error) {
	list := words(text)
	for _, w := range list {
		name, spec, _ := strings.Cut(w, "=")
		proto, number, _ := strings.Cut(spec, "/")
		_, err := gateway.Service{}.SetPorts(number)
		switch {
		case spec == "":
			return nil, fmt.Errorf("%s: say protocol and port, as %s", w, serviceForm)
		case !serviceName.MatchString(name):
			return nil, fmt.Errorf("%q: names have a-z, 0-9 and dashes", name)
		case proto != string(gateway.TCP) && proto != string(gateway.UDP):
			return nil, fmt.Errorf("%s: %q is neither tcp nor udp", w, proto)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", w, err)
		}
	}
	return list, nil
}

// parseSources reads networks and single addresses. The error is about the first that is wrong.
func parseSources(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, w := range words(text) {
		p, err := netip.ParsePrefix(w)
		if err != nil {
			a, aerr := netip.ParseAddr(w)
			if aerr != nil {
				return nil, fmt.Errorf("%s is no address or network", w)
			}
			p = netip.PrefixFrom(a.WithZone(""), a.BitLen())
		}
		if !p.Addr().Is4() {
			return nil, fmt.Errorf("%s is not IPv4", w)
		}
		out = append(out, p)
	}
	return gateway.SortPrefixes(out), nil
}

// serviceOf is one own service that parseOwn has accepted.
func serviceOf(text string) gateway.Service {
	name, spec, _ := strings.Cut(text, "=")
	proto, number, _ := strings.Cut(spec, "/")
	svc, _ := gateway.Service{Name: name, Protocol: gateway.Protocol(proto)}.SetPorts(number)
	return svc
}

var (
	errNoService = errors.New("choose at least one service")
	errNoSource  = errors.New("type networks, as 198.51.100.0/24")
	errNoMe      = errors.New("your address is not known: type it below")
	errNoPort    = errors.New("type a public port, as 40022")
	errLowPort   = fmt.Errorf("public ports run from %d: those below are the gateway's own; neutron, below, has none", scheme.MinPort)
)

// wantedPorts reads the own ports, none where a scheme is chosen. There must be one for each forward.
func (s *Screen) wantedPorts(services int) ([]uint16, error) {
	if !s.ownPorts {
		return nil, nil
	}
	ports, err := publish.ParsePorts(s.ports.Value())
	need := services * len(s.instances)
	switch {
	case err != nil:
		return nil, err
	case len(ports) == 0:
		return nil, errNoPort
	case slices.Min(ports) < scheme.MinPort && s.address() == "":
		return nil, errLowPort
	case len(ports) != need:
		return nil, fmt.Errorf("%s for %s", preview.Count(len(ports), "port"), preview.Count(need, "forward"))
	}
	return ports, nil
}

// request reads the form. Whatever is missing or wrong is an error: an empty list of sources
// would let anybody in, and an empty list of services would mean ssh.
func (s *Screen) request() (publish.Request, error) {
	req := publish.Request{Instances: s.instances, Scheme: s.scheme, KeepPorts: !s.schemeTouched, Engine: s.engine, Via: s.via}
	for _, c := range s.services {
		if c.on {
			req.Services = append(req.Services, c.service.Name)
		}
	}
	own, err := parseOwn(s.own.Value())
	if err != nil {
		return req, err
	}
	req.Services = append(req.Services, own...)
	if len(req.Services) == 0 {
		return req, errNoService
	}
	if req.Ports, err = s.wantedPorts(len(req.Services)); err != nil {
		return req, err
	}
	if s.ownFormula {
		if _, err := s.formula.Scheme(); err != nil {
			return req, err
		}
		req.Scheme, req.Formula, req.KeepPorts = "", strings.TrimSpace(s.formula.Text.Value()), false
	}
	switch s.from {
	case fromAnywhere:
		return req, nil
	case fromMe:
		if s.survey.me == nil || s.survey.me.Err != nil {
			return req, errNoMe
		}
		a := s.survey.me.Addr
		req.Sources = []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}
		return req, nil
	case fromOnly:
	}
	if req.Sources, err = parseSources(s.only.Value()); err != nil {
		return req, err
	}
	if len(req.Sources) == 0 {
		return req, errNoSource
	}
	return req, nil
}
