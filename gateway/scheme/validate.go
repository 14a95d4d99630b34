package scheme

import (
	"errors"
	"fmt"
	"regexp"

	"portico/cloud"
	"portico/gateway"
)

// namePattern is what a scheme's or a service's name may be: it appears in commands, rule
// comments and file names.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// maxServices bounds a scheme's services: 64 times a /16 is a table that is still computed in
// about a second.
const maxServices = 64

func (s Scheme) validate() error {
	if !namePattern.MatchString(s.Name) {
		return errors.New("a name is 1 to 32 of a-z, 0-9 and '-'")
	}
	switch {
	case s.Range.IsZero() && len(s.Services) == 0:
		return errors.New("it has neither services nor a range of ports")
	case !s.Range.IsZero() && len(s.Services) > 0:
		return errors.New("it has both services and a range of ports; a scheme is one or the other")
	case len(s.Services) > maxServices:
		return fmt.Errorf("it has %d services; %d are the most", len(s.Services), maxServices)
	}
	if !s.Range.IsZero() {
		return s.Range.validate()
	}
	seen := map[gateway.Service]bool{}
	for i, r := range s.Services {
		if err := r.validate(); err != nil {
			return fmt.Errorf("service %d (%s): %w", i+1, cloud.Clean(r.Service.Name), err)
		}
		key := gateway.Service{Name: r.Service.Name, Protocol: r.Service.Protocol}
		if seen[key] {
			return fmt.Errorf("service %d: %s (%s) is there twice", i+1, key.Name, key.Protocol)
		}
		seen[key] = true
	}
	return nil
}

func (r Rule) validate() error {
	svc := r.Service
	switch {
	case !namePattern.MatchString(svc.Name):
		return errors.New("a service's name is 1 to 32 of a-z, 0-9 and '-'")
	case svc.Protocol != gateway.TCP && svc.Protocol != gateway.UDP:
		return fmt.Errorf("the protocol is %q; it must be tcp or udp", svc.Protocol)
	case svc.Port == 0 && !r.SamePort:
		return errors.New("the port on the instance is missing")
	case svc.Ports() > gateway.MaxServicePorts:
		return fmt.Errorf("it has %d ports; %d are the most", svc.Ports(), gateway.MaxServicePorts)
	case svc.Port != 0 && r.SamePort:
		return errors.New("it has a port although the private port is to be the public one")
	}
	return nil
}

func quoteName(name string) string { return fmt.Sprintf("%q", cloud.Clean(name)) }
