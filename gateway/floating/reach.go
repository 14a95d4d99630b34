package floating

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
)

// Target is one address of an instance that a floating IP could lead to.
type Target struct {
	Instance cloud.Instance
	Port     cloud.Port
	Fixed    cloud.FixedIP
	// Why is what stands in the way: what Neutron would refuse, in words; "" when nothing does.
	Why string
	// Doubt is what could not be found out, and may stand in the way; "" when nothing does.
	Doubt string
}

// Targets lists the addresses that a floating IP could lead to, those that it can first, each by the
// instance's name. Instances without any address are listed, too, with the reason.
func Targets(inv *cloud.Inventory, f cloud.FloatingIP) []Target {
	var out []Target
	ports := map[string][]cloud.Port{}
	for _, p := range inv.Ports {
		if strings.HasPrefix(p.DeviceOwner, "compute:") || p.DeviceOwner == "" {
			ports[p.DeviceID] = append(ports[p.DeviceID], p)
		}
	}
	taken := takenBy(inv, f)
	joined := joints(inv)
	for _, i := range inv.Instances {
		found := false
		for _, p := range ports[i.ID] {
			for _, ip := range p.FixedIPs {
				if !ip.Addr.Is4() {
					continue
				}
				found = true
				t := Target{Instance: i, Port: p, Fixed: ip}
				t.Why, t.Doubt = obstacle(inv, f, t, taken, joined)
				out = append(out, t)
			}
		}
		if !found {
			out = append(out, Target{Instance: i, Why: noAddress(inv, i)})
		}
	}
	slices.SortStableFunc(out, func(a, b Target) int {
		return cmp.Or(cmp.Compare(min(len(a.Why), 1), min(len(b.Why), 1)), strings.Compare(a.Instance.Name, b.Instance.Name), a.Fixed.Addr.Compare(b.Fixed.Addr))
	})
	return out
}

func noAddress(inv *cloud.Inventory, i cloud.Instance) string {
	switch {
	case inv.Unknown("ports"):
		return "its addresses cannot be read"
	case i.Status == "BUILD":
		return "it has no address yet: it is being built"
	}
	return "it has no IPv4 address"
}

// place is one address of a port: floating IPs of one network can lead to it once.
type place struct {
	port string
	addr netip.Addr
}

// takenBy maps the places that have a floating IP of f's network to its address.
func takenBy(inv *cloud.Inventory, f cloud.FloatingIP) map[place]netip.Addr {
	out := map[place]netip.Addr{}
	for _, x := range inv.FloatingIPs {
		if x.PortID != "" && x.ID != f.ID && (x.NetworkID == f.NetworkID || x.NetworkID == "" || f.NetworkID == "") {
			out[place{x.PortID, x.FixedIP}] = x.Address
		}
	}
	return out
}

// joints maps each subnet to the routers that have an interface in it, as far as they are seen.
func joints(inv *cloud.Inventory) map[string][]string {
	out := map[string][]string{}
	for _, p := range inv.Ports {
		if !strings.HasPrefix(p.DeviceOwner, "network:router_interface") && !strings.HasPrefix(p.DeviceOwner, "network:ha_router_replicated_interface") {
			continue
		}
		for _, ip := range p.FixedIPs {
			out[ip.SubnetID] = append(out[ip.SubnetID], p.DeviceID)
		}
	}
	return out
}

// obstacle is why a floating IP cannot lead to a place, or what is not known of that.
func obstacle(inv *cloud.Inventory, f cloud.FloatingIP, t Target, taken map[place]netip.Addr, joined map[string][]string) (why, doubt string) {
	if other, ok := taken[place{t.Port.ID, t.Fixed.Addr}]; ok {
		return fmt.Sprintf("it already has %s; an address can have one", other), ""
	}
	external, subnet := networkName(inv, f.NetworkID), subnetName(inv, t.Fixed.SubnetID)
	if inv.Unknown("routers") || inv.Unknown("ports") {
		return "", fmt.Sprintf("whether a router joins %s to %s cannot be read; the cloud says so if none does", subnet, external)
	}
	var elsewhere []string
	unseen := false
	for _, id := range joined[t.Fixed.SubnetID] {
		i := slices.IndexFunc(inv.Routers, func(r cloud.Router) bool { return r.ID == id })
		switch {
		case i < 0:
			unseen = true
		case inv.Routers[i].ExternalNetwork == f.NetworkID:
			return "", down(inv.Routers[i])
		default:
			elsewhere = append(elsewhere, cmp.Or(inv.Routers[i].Name, id))
		}
	}
	network := slices.IndexFunc(inv.Networks, func(n cloud.Network) bool { return n.ID == t.Port.NetworkID })
	foreign := network < 0 || inv.Networks[network].Shared
	switch {
	case unseen, foreign:
		return "", fmt.Sprintf("whether a router joins %s to %s is not seen from this project; the cloud says so if none does", subnet, external)
	case len(elsewhere) > 0:
		return fmt.Sprintf("its router %s has no way to %s", strings.Join(elsewhere, ", "), external), ""
	}
	return fmt.Sprintf("no router joins its subnet %s to %s", subnet, external), ""
}

// down warns of a router that is there and does not work.
func down(r cloud.Router) string {
	name := cmp.Or(r.Name, r.ID)
	switch {
	case !r.AdminUp:
		return "its router " + name + " is switched off"
	case r.Status != "ACTIVE" && r.Status != "":
		return "its router " + name + " has status " + r.Status
	}
	return ""
}

func networkName(inv *cloud.Inventory, id string) string {
	for _, n := range inv.Networks {
		if n.ID == id && n.Name != "" {
			return n.Name
		}
	}
	return cmp.Or(id, "the external network")
}

func subnetName(inv *cloud.Inventory, id string) string {
	if s, ok := inv.Subnet(id); ok && s.Name != "" {
		return s.Name
	}
	return cmp.Or(id, "its subnet")
}
