package scheme

import (
	"fmt"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// The services the built-in schemes know. Mosh has the port on the instance that it has outside:
// its server tells the client one number, and the client dials that.
var (
	ssh   = gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}
	http  = gateway.Service{Name: "http", Protocol: gateway.TCP, Port: 80}
	https = gateway.Service{Name: "https", Protocol: gateway.TCP, Port: 443}
	mosh  = gateway.Service{Name: "mosh", Protocol: gateway.UDP}
)

var builtin = mustCompile(
	Scheme{
		Name: "per-service", Title: "a block of ports for each service, by the address's number in its subnet",
		From: "the de.NBI cloud wiki, \"Saving up on floating IPs\"",
		Services: []Rule{
			{Service: ssh, Formula: "30000 + n"}, {Service: http, Formula: "31000 + n"}, {Service: https, Formula: "32000 + n"},
		},
	},
	Scheme{
		Name: "interleaved", Title: "three ports in a row for each address",
		From: "the de.NBI single-VM gateway's boot script",
		Services: []Rule{
			{Service: ssh, Formula: "30000 + 3*n"}, {Service: http, Formula: "30001 + 3*n"}, {Service: https, Formula: "30002 + 3*n"},
		},
	},
	Scheme{
		Name: "two-octet", Title: "one port for each address, by its last two octets; ssh on tcp, mosh on udp",
		From: "SimpleVM gateways",
		Services: []Rule{
			{Service: ssh, Formula: "30000 + 256*y + x"}, {Service: mosh, Formula: "30000 + 256*y + x", SamePort: true},
		},
	},
	Scheme{
		Name: "next-free", Title: "the first free port of a range, for any service",
		From: "clouds that give ports out one by one, and networks too large for a formula",
		// Below Kubernetes' NodePorts and Linux' ip_local_port_range.
		Range: Range{20000, 29999},
	},
)

func mustCompile(schemes ...Scheme) []Scheme {
	for i, s := range schemes {
		c, err := s.Compile()
		if err != nil {
			panic(err)
		}
		schemes[i] = *c
	}
	return schemes
}

// Builtin lists the schemes that are always there; the first is the default.
func Builtin() []Scheme {
	out := slices.Clone(builtin)
	for i := range out {
		out[i].Services = slices.Clone(out[i].Services)
	}
	return out
}

// Find returns the scheme of that name; "" is the first, the default. An error is of kind NotFound
// and lists the names there are.
func Find(schemes []Scheme, name string) (*Scheme, error) {
	if name == "" && len(schemes) > 0 {
		return &schemes[0], nil
	}
	names := make([]string, len(schemes))
	for i := range schemes {
		if schemes[i].Name == name {
			return &schemes[i], nil
		}
		names[i] = schemes[i].Name
	}
	return nil, &gateway.Error{
		Op: "find port scheme", Target: fmt.Sprintf("%q", cloud.Clean(name)), Kind: gateway.NotFound,
		Err: fmt.Errorf("there are %s", strings.Join(names, ", ")), Next: "'portico scheme list' shows them",
	}
}
