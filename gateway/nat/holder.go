package nat

import (
	"net/netip"
	"strings"

	"portico/cloud"
	"portico/gateway/door"
	"portico/gateway/scheme"
)

const nobody = "no instance has the address it leads to"

// holders finds who has an address, for rules made by hand that lead to thousands of them.
type holders struct {
	e      *Engine
	home   cloud.Port // the gateway's; zero where it is no instance of this project
	there  map[string]bool
	byAddr map[netip.Addr][]cloud.Port
}

func (e *Engine) newHolders() *holders {
	h := &holders{e: e, there: make(map[string]bool, len(e.Inventory.Instances)), byAddr: make(map[netip.Addr][]cloud.Port, len(e.Inventory.Ports))}
	h.home, _ = door.FindPort(e.Inventory.Ports, e.Gateway.PortID)
	for _, i := range e.Inventory.Instances {
		h.there[i.ID] = true
	}
	for _, p := range e.Inventory.Ports {
		for _, ip := range p.FixedIPs {
			h.byAddr[ip.Addr] = append(h.byAddr[ip.Addr], p)
		}
	}
	return h
}

// at finds the instance that has an address on the gateway's network, else the only one that has it
// at all; or the subnet in which an instance could have the address, where none does.
func (h *holders) at(a netip.Addr) (instance, subnet, why string) {
	if a == h.e.Gateway.FixedIP {
		return "", "", "it leads to the gateway itself"
	}
	var found []string
	here := "" // the one on the gateway's network
	for _, p := range h.byAddr[a] {
		switch {
		case !h.there[p.DeviceID]:
		case h.home.ID != "" && p.NetworkID == h.home.NetworkID:
			here = p.DeviceID
		default:
			found = append(found, p.DeviceID)
		}
	}
	if here != "" {
		found = []string{here}
	}
	near := h.near(a)
	switch {
	case len(found) == 0 || near != nil && here == "":
		subnet, why = h.vacancy(near, a)
		return "", subnet, why
	case len(found) > 1:
		return "", "", "several instances have the address it leads to"
	case found[0] == h.e.Gateway.InstanceID:
		return "", "", "it leads to the gateway itself"
	case !ourComment.MatchString(mark(found[0], "x")):
		return "", "", "the instance it leads to has no UUID"
	}
	return found[0], "", ""
}

// near is the subnet of the gateway's port that an address belongs to, nil if none: its packets never
// get to another network.
func (h *holders) near(a netip.Addr) *cloud.Subnet {
	for _, ip := range h.home.FixedIPs {
		if s, ok := h.e.Inventory.Subnet(ip.SubnetID); ok && s.CIDR.Contains(a) {
			return &s
		}
	}
	return nil
}

// vacancy is the subnet of an address that an instance could have, and none does.
func (h *holders) vacancy(s *cloud.Subnet, a netip.Addr) (id, why string) {
	if s == nil || h.e.Inventory.Unknown("ports") {
		return "", nobody
	}
	if s.GatewayIP == a || !scheme.IsHost(s.CIDR, a) {
		return "", "no instance can have the address it leads to"
	}
	for _, p := range h.byAddr[a] {
		if p.NetworkID == h.home.NetworkID && p.DeviceOwner != "" && !strings.HasPrefix(p.DeviceOwner, "compute:") {
			return "", "no instance can have the address it leads to"
		}
	}
	return s.ID, ""
}
