package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
)

var portAttributes = []string{
	"network_id", "name", "description", "security_groups", "fixed_ips", "admin_state_up", "device_id", "device_owner", "tenant_id", "project_id",
}

// createPort makes a port in one of the project's networks, within the quota. Its address is the one
// asked for, or the first free one of the subnet, or of the network's first.
func (c *Cloud) createPort(r *request) response {
	body, bad := wrapped(r, "port")
	if bad == nil {
		bad = unrecognized(body, portAttributes...)
	}
	if bad == nil {
		bad = c.readable(body, "name", "description")
	}
	if bad == nil {
		bad = c.overQuota("port", 1)
	}
	if bad != nil {
		return *bad
	}
	id, _ := body["network_id"].(string)
	n := c.model.networks[id]
	if n == nil || n.external {
		return notFound("NetworkNotFound", "Network", id)
	}
	draft := &port{secure: true, groups: []string{c.model.DefaultGroup()}}
	if v, ok := body["security_groups"]; ok {
		if bad = c.setGroups(draft, v); bad != nil {
			return *bad
		}
	}
	fixed, bad := c.chooseFixed(n, body["fixed_ips"])
	if bad != nil {
		return *bad
	}
	name, _ := body["name"].(string)
	p := c.model.addPort(name+"/"+fixed.addr.String(), n.id, "", fixed)
	p.name, p.secure, p.groups = name, true, draft.groups
	p.description, _ = body["description"].(string)
	return reply(http.StatusCreated, view{"port": c.portView(p)})
}

// chooseFixed is the address of a new port.
func (c *Cloud) chooseFixed(n *network, asked any) (fixedIP, *response) {
	sub := c.model.subnets[c.model.subnetOf(n.id)]
	var addr netip.Addr
	if list, ok := asked.([]any); ok && len(list) > 0 {
		want, _ := list[0].(map[string]any)
		if id, ok := want["subnet_id"].(string); ok {
			if sub = c.model.subnets[id]; sub == nil || sub.network != n.id {
				res := badRequest("Invalid input for operation: Failed to create port on network %s, because fixed_ips included invalid subnet %s.", n.id, id)
				return fixedIP{}, &res
			}
		}
		text, _ := want["ip_address"].(string)
		addr, _ = netip.ParseAddr(text)
	}
	if sub == nil {
		res := neutronError(http.StatusConflict, "IpAddressGenerationFailure", fmt.Sprintf("No more IP addresses available on network %s.", n.id))
		return fixedIP{}, &res
	}
	if addr.IsValid() {
		if c.model.byFixed[fixedIP{sub.id, addr}] != nil || !sub.cidr.Contains(addr) {
			res := neutronError(http.StatusConflict, "IpAddressAlreadyAllocated", fmt.Sprintf("IP address %s already allocated in subnet %s", addr, sub.id))
			return fixedIP{}, &res
		}
		return fixedIP{sub.id, addr}, nil
	}
	addr, ok := c.model.firstFree(sub)
	if !ok {
		res := neutronError(http.StatusConflict, "IpAddressGenerationFailure", fmt.Sprintf("No more IP addresses available on network %s.", n.id))
		return fixedIP{}, &res
	}
	return fixedIP{sub.id, addr}, nil
}

// deletePort removes a port; floating IPs that led to it lead nowhere then.
func (c *Cloud) deletePort(r *request) response {
	p, problem := c.findPort(r.PathValue("id"))
	if p == nil {
		return problem
	}
	if p.owner != "" && c.model.servers[p.device] == nil {
		return neutronError(http.StatusConflict, "ServicePortInUse", fmt.Sprintf("Port %s cannot be deleted directly via the port API: has device owner %s.", p.id, p.owner))
	}
	for _, f := range c.model.fips {
		if f.port == p.id {
			f.port, f.router, f.fixed, f.status = "", "", netip.Addr{}, "DOWN"
			c.model.touch(&f.meta)
		}
	}
	c.model.removePort(p)
	return reply(http.StatusNoContent, nil)
}
