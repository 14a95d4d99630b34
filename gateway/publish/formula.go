package publish

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
)

// OwnScheme is what the scheme of formulas is called that were typed for one request.
const OwnScheme = "own-formula"

// schemeFor is the scheme that a request names, or whose formulas it says; services are those that it is
// about, the first of which a formula without a name is for.
func (p *Publisher) schemeFor(req Request, services []gateway.Service) (*scheme.Scheme, error) {
	switch {
	case req.Formula == "":
		return scheme.Find(p.Schemes(), req.Scheme)
	case req.Scheme != "" || len(req.Ports) > 0:
		return nil, &gateway.Error{Op: "plan", Kind: gateway.Invalid, Err: errors.New("formulas and a scheme or ports both say which public ports there are to be"), Next: "leave one of them out"}
	}
	return p.OwnFormulas(req.Formula, services)
}

// OwnFormulas is the scheme of formulas as they are typed, see [scheme.Spoken]. Services beside those that
// are asked for can be named, too. The error is of kind Invalid and wraps a *[scheme.FormulaError] where
// it knows the place.
func (p *Publisher) OwnFormulas(text string, services []gateway.Service) (*scheme.Scheme, error) {
	s, err := scheme.Spoken(OwnScheme, text, withOthers(services, p.options.Services))
	var at *scheme.FormulaError
	if errors.As(err, &at) {
		return nil, &gateway.Error{
			Op: "use formula", Target: cloud.Clean(text), Kind: gateway.Invalid, Err: at,
			Next: "formulas are whole-number arithmetic over n, oct1..oct4, x and y, like 'ssh=30000+3*n; http=30001+3*n'",
		}
	}
	return s, err
}

// withOthers are services, and then those of the catalogue that have other names.
func withOthers(services, catalogue []gateway.Service) []gateway.Service {
	out := slices.Clone(services)
	for _, c := range catalogue {
		if !slices.ContainsFunc(out, func(s gateway.Service) bool { return s.Name == c.Name }) {
			out = append(out, c)
		}
	}
	return out
}

// ruled notes in a cover by which scheme its service has its ports. Formulas that have no name are written
// down themselves: whoever keeps the subnet in step needs them.
func ruled(c gateway.Cover, sch *scheme.Scheme, svc gateway.Service, typed bool) (gateway.Cover, error) {
	c.Scheme, c.Formula = sch.Name, ""
	if !typed {
		return c, nil
	}
	for _, r := range sch.Services {
		if r.Service.Name == svc.Name && r.Service.Protocol == svc.Protocol {
			c.Formula = strings.Join(strings.Fields(r.Formula), " ")
			return c, nil
		}
	}
	return c, &gateway.Error{Op: "use formula", Target: sch.Title, Kind: gateway.Invalid, Err: fmt.Errorf("there is none for %s", svc.Name), Next: "add one: " + svc.Name + "=40000+n"}
}

// schemeOf is the scheme by which a subnet is published.
func (w *wanted) schemeOf(c gateway.Cover, room Room) (*scheme.Scheme, error) {
	if c.Formula != "" {
		return scheme.Uniform(c.Scheme, c.Formula, c.Services)
	}
	sch, err := scheme.Find(w.p.Schemes(), c.Scheme)
	if err != nil {
		return nil, &gateway.Error{
			Op: "keep in step subnet", Target: room.Name, Kind: gateway.Invalid, Err: fmt.Errorf("its forwards have their ports by the scheme %s, which is not known here", cloud.Clean(c.Scheme)),
			Next: "configure that scheme as whoever published the subnet has it, or publish the subnet by another: portico publish --subnet " + room.Name + " --scheme NAME",
		}
	}
	return sch, nil
}
