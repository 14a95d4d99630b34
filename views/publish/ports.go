package publish

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
)

// place is where an instance is: its private address and that one's subnet.
type place struct {
	addr   netip.Addr
	subnet netip.Prefix
}

func (p place) known() bool { return p.addr.IsValid() }

// placeOf finds an instance's private address, the one in the gateway's subnet where it has
// several. It is for showing what a scheme gives; the plan decides for itself.
func placeOf(s publish.Snapshot, id string) place {
	var found place
	for _, p := range s.Inventory.InstancePorts(id) {
		for _, ip := range p.FixedIPs {
			sub, ok := s.Inventory.Subnet(ip.SubnetID)
			if !ok || !ip.Addr.Is4() {
				continue
			}
			if !found.known() || sub.CIDR.Contains(s.Gateway.FixedIP) && !found.subnet.Contains(s.Gateway.FixedIP) {
				found = place{ip.Addr, sub.CIDR}
			}
		}
	}
	return found
}

// ports says in a few words which public ports a scheme gives: those of the one instance, or
// the formulas when there are several.
func ports(sch scheme.Scheme, at place) string {
	if !sch.Range.IsZero() {
		return "first free of " + sch.Range.String()
	}
	out := make([]string, 0, len(sch.Services))
	for _, r := range sch.Services {
		p := port(sch, r, at)
		if r.Service.Protocol != gateway.TCP {
			p = string(r.Service.Protocol) + " " + p
		}
		out = append(out, p)
	}
	return strings.Join(out, " ")
}

// port is one service's public port as a number, or, without an address, as its formula.
func port(sch scheme.Scheme, r scheme.Rule, at place) string {
	if at.known() {
		if p, err := sch.Port(at.subnet, at.addr, r.Service); err == nil {
			return strconv.Itoa(int(p))
		}
		return "none"
	}
	return product.ReplaceAllString(strings.ReplaceAll(cloud.Clean(r.Formula), " ", ""), "$1$2")
}

// product is a number times a variable, which reads better without the sign: 3n.
var product = regexp.MustCompile(`\b([0-9]+)\*([a-z])`)

// rule finds what a scheme says of a service.
func rule(sch scheme.Scheme, svc gateway.Service) (scheme.Rule, bool) {
	for _, r := range sch.Services {
		if r.Service.Name == svc.Name && r.Service.Protocol == svc.Protocol {
			return r, true
		}
	}
	return scheme.Rule{}, false
}
