package neutron

import (
	"net/netip"

	"portico/cloud"
	"portico/gateway"
)

// Reached tells, by the public port of each of our forwardings, which instance has the port of Neutron's
// that it leads to now, whomever it was made for. Where no instance has it, or where the ports cannot be
// read, there is no entry. One that leads to a port's address stays with the port: it goes where the port goes.
func Reached(inv *cloud.Inventory) map[gateway.Key]string {
	out := map[gateway.Key]string{}
	there := make(map[string]bool, len(inv.Instances))
	for _, i := range inv.Instances {
		there[i.ID] = true
	}
	device := make(map[string]string, len(inv.Ports))
	for _, p := range inv.Ports {
		if there[p.DeviceID] {
			device[p.ID] = p.DeviceID
		}
	}
	for _, f := range inv.FloatingIPs {
		for _, x := range f.Forwardings {
			_, _, _, ours := readMark(x.Description)
			if id := device[x.InternalPortID]; ours && id != "" {
				out[gateway.Key{Protocol: gateway.Protocol(x.Protocol), Public: netip.AddrPortFrom(f.Address, x.External)}] = id
			}
		}
	}
	return out
}

// astray reports whether one of ours leads to another instance than a plan wants it for, although the
// addresses are alike.
func (e *Engine) astray(x entry) bool {
	id := holder(&e.Inventory, x.rule.InternalPortID)
	return e.Named[x.forward.Instance] && id != "" && id != x.forward.Instance
}
