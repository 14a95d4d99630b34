package scheme

import (
	"fmt"
	"slices"

	"portico/gateway"
)

// Config is a scheme as it is written in the configuration file: Services, or First and Last of
// a range.
type Config struct {
	Name     string          `yaml:"name" json:"name"`
	Title    string          `yaml:"title,omitempty" json:"title,omitempty"`
	Services []ServiceConfig `yaml:"services,omitempty" json:"services,omitempty"`
	First    uint16          `yaml:"first,omitempty" json:"first,omitempty"`
	Last     uint16          `yaml:"last,omitempty" json:"last,omitempty"`
}

// ServiceConfig is one service of a scheme. Protocol is tcp where it is left out. Port is the port
// on the instance; with SamePort it is left out, and the public port is the private one too. Ports is
// how many ports in a row the service has, of which Port and the formula's are the first; one if it is
// left out.
type ServiceConfig struct {
	Service  string `yaml:"service" json:"service"`
	Protocol string `yaml:"protocol,omitempty" json:"protocol,omitempty"`
	Port     uint16 `yaml:"port,omitempty" json:"port,omitempty"`
	Formula  string `yaml:"formula" json:"formula"`
	SamePort bool   `yaml:"same_port,omitempty" json:"same_port,omitempty"`
	Ports    uint16 `yaml:"ports,omitempty" json:"ports,omitempty"`
}

// New makes a scheme of the configuration's data. Errors are those of [Scheme.Compile].
func New(c Config) (*Scheme, error) {
	s := Scheme{Name: c.Name, Title: c.Title, From: "the configuration file", Range: Range{c.First, c.Last}}
	for _, svc := range c.Services {
		protocol := gateway.Protocol(svc.Protocol)
		if protocol == "" {
			protocol = gateway.TCP
		}
		s.Services = append(s.Services, Rule{
			Service: gateway.Service{Name: svc.Service, Protocol: protocol, Port: svc.Port}.WithPorts(int(svc.Ports)),
			Formula: svc.Formula, SamePort: svc.SamePort,
		})
	}
	return s.Compile()
}

// All lists the built-in schemes and then own ones. Two of one name are an error: a scheme must
// mean the same for everyone who names it.
func All(own []Config) ([]Scheme, error) {
	out := Builtin()
	for _, c := range own {
		s, err := New(c)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(o Scheme) bool { return o.Name == s.Name }) {
			return nil, &gateway.Error{
				Op: "use port scheme", Target: quoteName(s.Name), Kind: gateway.Invalid,
				Err: fmt.Errorf("there is already one of this name"), Next: "give it another name in the configuration file",
			}
		}
		out = append(out, *s)
	}
	return out, nil
}
