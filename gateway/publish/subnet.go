package publish

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// Place is one address of a subnet that can hold an instance.
type Place struct {
	Addr     netip.Addr
	Instance string // that has it now, by ID; "" is none
}

// Excluded is an address of a subnet that no instance can have.
type Excluded struct {
	Addr netip.Addr
	Why  string
}

// Room is a subnet seen as places for instances.
type Room struct {
	Subnet   cloud.Subnet
	Name     string  // for people: its name, else its CIDR
	Places   []Place // by address
	Excluded []Excluded
}

// Held counts the places that an instance has.
func (r Room) Held() int {
	n := 0
	for _, p := range r.Places {
		if p.Instance != "" {
			n++
		}
	}
	return n
}

// SubnetName is what a subnet is called: its name, else its CIDR; one that is gone is named by its ID.
func SubnetName(inv cloud.Inventory, id string) string {
	if n, ok := inv.Subnet(id); ok {
		return cmp.Or(n.Name, n.CIDR.String())
	}
	return id
}

// RoomOf works out which addresses of a subnet can hold an instance: not those of the network itself,
// of the broadcast, of the router, of DHCP and other servers, nor of the gateway.
func RoomOf(s Snapshot, n cloud.Subnet) (Room, error) {
	r := Room{Subnet: n, Name: cmp.Or(n.Name, n.CIDR.String())}
	addrs, err := scheme.Addresses(n.CIDR)
	if err != nil {
		return r, err
	}
	instances := make(map[string]bool, len(s.Inventory.Instances))
	for _, i := range s.Inventory.Instances {
		instances[i.ID] = true
	}
	held, taken := map[netip.Addr]string{}, map[netip.Addr]string{}
	if n.GatewayIP.IsValid() {
		taken[n.GatewayIP] = "router"
	}
	for _, p := range s.Inventory.Ports {
		for _, ip := range p.FixedIPs {
			if ip.SubnetID != n.ID {
				continue
			}
			if why := notAnInstance(p, s.Gateway, instances[p.DeviceID]); why != "" {
				taken[ip.Addr] = cmp.Or(taken[ip.Addr], why)
			} else if instances[p.DeviceID] {
				held[ip.Addr] = p.DeviceID
			}
		}
	}
	if a := s.Gateway.FixedIP; a.IsValid() && n.CIDR.Contains(a) && s.Gateway.PortID == "" {
		taken[a] = "gateway " + s.Gateway.Name // which is no instance of this project
	}
	for a := range addrs {
		if why := taken[a]; why != "" {
			r.Excluded = append(r.Excluded, Excluded{a, why})
			continue
		}
		r.Places = append(r.Places, Place{a, held[a]})
	}
	return r, nil
}

// notAnInstance says what has a port that no instance can have; "" for an instance's, and for one
// that is free for an instance to be made with.
func notAnInstance(p cloud.Port, gw gateway.Gateway, instance bool) string {
	switch owner := p.DeviceOwner; {
	case slices.Contains(gw.PortIDs(), p.ID), gw.InstanceID != "" && p.DeviceID == gw.InstanceID, p.DeviceID != "" && gw.IsMember(p.DeviceID):
		return "gateway " + gw.Name
	case instance, owner == "", strings.HasPrefix(owner, "compute:"), owner == "trunk:subport":
		return ""
	case owner == "network:dhcp":
		return "DHCP"
	case strings.HasPrefix(owner, "network:router_") || strings.HasPrefix(owner, "network:ha_router"):
		return "router"
	default:
		return cloud.Clean(owner)
	}
}

// ResolveSubnet finds a subnet by ID, by name, by CIDR, or by the name of a network that has only
// this one for IPv4.
func ResolveSubnet(inv cloud.Inventory, want string) (cloud.Subnet, error) {
	prefix, err := netip.ParsePrefix(want)
	isCIDR := err == nil
	var found, byNetwork []cloud.Subnet
	for _, n := range inv.Subnets {
		switch {
		case n.ID == want:
			return n, nil
		case n.Name == want && want != "", isCIDR && n.CIDR == prefix.Masked():
			found = append(found, n)
		case n.CIDR.Addr().Is4() && networkName(inv, n.NetworkID) == want && want != "":
			byNetwork = append(byNetwork, n)
		}
	}
	if len(found) == 0 {
		found = byNetwork
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return cloud.Subnet{}, &gateway.Error{
			Op: "find subnet", Target: cloud.Clean(want), Kind: gateway.NotFound, Err: errors.New("no subnet of this project has this name, ID or CIDR"),
			Next: "choose from " + strings.Join(subnetNames(inv.Subnets), ", "),
		}
	}
	return cloud.Subnet{}, &gateway.Error{
		Op: "find subnet", Target: cloud.Clean(want), Kind: gateway.Invalid, Err: fmt.Errorf("%d subnets are called so", len(found)),
		Next: "name it by its ID: " + strings.Join(subnetIDs(found), ", "),
	}
}

func networkName(inv cloud.Inventory, id string) string {
	for _, n := range inv.Networks {
		if n.ID == id {
			return n.Name
		}
	}
	return ""
}

// maxListed is how many subnets an error names.
const maxListed = 10

func subnetNames(subnets []cloud.Subnet) []string {
	var out []string
	for _, n := range subnets {
		if n.CIDR.Addr().Is4() && len(out) < maxListed {
			out = append(out, cmp.Or(n.Name, n.CIDR.String())+" ("+n.CIDR.String()+")")
		}
	}
	return out
}

func subnetIDs(subnets []cloud.Subnet) []string {
	out := make([]string, len(subnets))
	for i, n := range subnets {
		out[i] = n.ID
	}
	return out
}

// Reaches says whether a gateway can carry forwards into a subnet: an error when it cannot, and a
// warning when that depends on routes that are not seen from here.
func Reaches(s Snapshot, n cloud.Subnet) ([]plan.Warning, error) {
	h := homeOf(s.Inventory, s.Gateway)
	name := cmp.Or(n.Name, n.CIDR.String())
	refuse := func(next, why string) ([]plan.Warning, error) {
		return nil, &gateway.Error{Op: "publish subnet", Target: name, Kind: gateway.Invalid, Err: errors.New(why), Next: next}
	}
	switch {
	case !n.CIDR.Addr().Is4():
		return refuse("name a subnet of IPv4", "port forwarding is for IPv4; an IPv6 address needs none")
	case h.network == "" || h.network == n.NetworkID:
		return nil, nil
	case h.others[n.NetworkID]:
		return refuse("use the gateway whose floating IP is on that network", "it is on a network where the gateway has another port: packets would leave with the wrong address")
	case slices.ContainsFunc(h.subnets, n.CIDR.Overlaps):
		return refuse("use a gateway on that network", "its addresses are also those of the gateway's own network")
	}
	return []plan.Warning{{Title: name + " is not on the gateway's network", Detail: "its network must be routed to the gateway's, or its forwards will not answer"}}, nil
}
