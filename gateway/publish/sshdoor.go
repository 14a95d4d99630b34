package publish

import (
	"errors"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// LetsSSHIn reports why nobody can reach an instance by ssh, as far as its security groups say: nil when
// somebody can, or when they cannot be read. A gateway that nobody can reach cannot be prepared.
func LetsSSHIn(inv cloud.Inventory, i cloud.Instance) error {
	if inv.Unknown("ports") || inv.Unknown("security groups") {
		return nil
	}
	ports := inv.InstancePorts(i.ID)
	if len(ports) == 0 {
		return &gateway.Error{Op: "reach", Target: i.Name, Kind: gateway.Conflict, Err: errors.New("it has no port on any network"), Next: "give it a network first: openstack server add network"}
	}
	for _, p := range ports {
		if !p.PortSecurity || slices.ContainsFunc(p.Groups, func(id string) bool { return opensSSH(inv, id) }) {
			return nil
		}
	}
	return &gateway.Error{
		Op: "reach", Target: i.Name, Kind: gateway.Conflict, Err: errors.New("none of its security groups lets ssh in (tcp/22), by which Portico would prepare it"),
		Next: "add a group that does: openstack server add security group " + gateway.Quote(i.Name) + " GROUP",
	}
}

func opensSSH(inv cloud.Inventory, id string) bool {
	g, ok := inv.Group(id)
	return !ok || slices.ContainsFunc(g.Rules, func(r cloud.SecurityGroupRule) bool {
		proto := strings.ToLower(r.Protocol)
		all := r.PortMin == 0 && r.PortMax == 0
		return r.Direction == "ingress" && r.EtherType != "IPv6" && (proto == "" || proto == "any" || proto == "tcp" || proto == "6") &&
			(all || r.PortMin <= 22 && 22 <= r.PortMax) && r.RemoteGroup == ""
	})
}
