package gateway

import (
	"net/netip"
	"slices"
)

// Cover says that a subnet's addresses are published by a rule, and not one by one. It stands on the
// gateway beside the forwards that it led to, so that anybody can keep these in step with the subnet.
type Cover struct {
	Subnet string // Neutron's UUID
	// Whole is every address that can hold an instance, so that one made later is reachable at once. Else
	// it is the instances that there are.
	Whole    bool
	Services []Service
	Scheme   string         // the name of the port scheme
	Formula  string         // of a scheme that nobody has named: anybody can compute with it; else ""
	Sources  []netip.Prefix // who may come in; empty means anywhere
}

// Equal reports whether both say the same, whatever the order of services and sources.
func (c Cover) Equal(d Cover) bool {
	same := func(a, b []Service) bool {
		return !slices.ContainsFunc(a, func(s Service) bool { return !slices.Contains(b, s) })
	}
	return c.Subnet == d.Subnet && c.Whole == d.Whole && c.Scheme == d.Scheme && c.Formula == d.Formula && same(c.Services, d.Services) && same(d.Services, c.Services) &&
		slices.Equal(SortPrefixes(c.Sources), SortPrefixes(d.Sources))
}

// Covers reports whether a service is one of the cover's, by name and protocol.
func (c Cover) Covers(svc Service) bool {
	return slices.ContainsFunc(c.Services, func(s Service) bool { return s.Name == svc.Name && s.Protocol == svc.Protocol })
}
