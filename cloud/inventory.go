package cloud

import "strings"

// Ports owned by instances have this prefix in device_owner.
const computeOwner = "compute:"

// Instance returns the instance with this ID.
func (inv *Inventory) Instance(id string) (Instance, bool) {
	for _, i := range inv.Instances {
		if i.ID == id {
			return i, true
		}
	}
	return Instance{}, false
}

// InstancePorts returns the ports of an instance, in the cloud's order.
func (inv *Inventory) InstancePorts(id string) []Port {
	var out []Port
	for _, p := range inv.Ports {
		if p.DeviceID == id && (p.DeviceOwner == "" || strings.HasPrefix(p.DeviceOwner, computeOwner)) {
			out = append(out, p)
		}
	}
	return out
}

// Holders tells which instance has each fixed address.
func (inv *Inventory) Holders() map[FixedIP]string {
	there := make(map[string]bool, len(inv.Instances))
	for _, i := range inv.Instances {
		there[i.ID] = true
	}
	out := make(map[FixedIP]string, len(inv.Ports))
	for _, p := range inv.Ports {
		for _, ip := range p.FixedIPs {
			if there[p.DeviceID] {
				out[ip] = p.DeviceID
			}
		}
	}
	return out
}

// FloatingIPsOf returns the floating IPs associated with any of these ports.
func (inv *Inventory) FloatingIPsOf(ports []Port) []FloatingIP {
	var out []FloatingIP
	for _, f := range inv.FloatingIPs {
		for _, p := range ports {
			if f.PortID != "" && f.PortID == p.ID {
				out = append(out, f)
			}
		}
	}
	return out
}

// Subnet returns the subnet with this ID.
func (inv *Inventory) Subnet(id string) (Subnet, bool) {
	for _, s := range inv.Subnets {
		if s.ID == id {
			return s, true
		}
	}
	return Subnet{}, false
}

// Group returns the security group with this ID.
func (inv *Inventory) Group(id string) (SecurityGroup, bool) {
	for _, g := range inv.SecurityGroups {
		if g.ID == id {
			return g, true
		}
	}
	return SecurityGroup{}, false
}

// HasExtension reports whether Neutron offers the extension with this alias.
func (inv *Inventory) HasExtension(alias string) bool {
	for _, e := range inv.Extensions {
		if e == alias {
			return true
		}
	}
	return false
}

// Unknown reports whether a part of the inventory could not be read.
func (inv *Inventory) Unknown(part string) bool {
	for _, m := range inv.Missing {
		if m.Part == part {
			return true
		}
	}
	return false
}
