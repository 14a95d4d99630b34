package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
)

// createFloatingIP takes an address from an external network, within the quota, and associates
// it if a port is given.
func (c *Cloud) createFloatingIP(r *request) response {
	body, bad := wrapped(r, "floatingip")
	if bad == nil {
		bad = unrecognized(body, "floating_network_id", "port_id", "fixed_ip_address", "description", "tenant_id", "project_id")
	}
	if bad == nil && !hasKey(body, "floating_network_id") {
		res := badRequest("Failed to parse request. Required attribute 'floating_network_id' not specified")
		bad = &res
	}
	if bad == nil {
		bad = c.overQuota("floatingip", 1)
	}
	if bad != nil {
		return *bad
	}
	id, _ := body["floating_network_id"].(string)
	n := c.model.networks[id]
	if n == nil || !n.external {
		return neutronError(http.StatusBadRequest, "BadRequest",
			fmt.Sprintf("Bad floatingip request: Network %s is not a valid external network.", id))
	}
	addr, ok := c.model.freePublic(n.id)
	if !ok {
		return neutronError(http.StatusConflict, "IpAddressGenerationFailure",
			fmt.Sprintf("No more IP addresses available on network %s.", n.id))
	}
	f := &floatingIP{addr: addr, network: n.id, status: "DOWN"}
	f.description, _ = body["description"].(string)
	if portID, ok := body["port_id"].(string); ok && portID != "" {
		if bad = c.associate(f, portID, body["fixed_ip_address"]); bad != nil {
			return *bad
		}
	}
	f.meta = c.model.newMeta("floatingip", addr.String())
	c.model.fips[f.id] = f
	res := reply(http.StatusCreated, view{"floatingip": c.floatingIPView(f)})
	if f.port != "" {
		f.status = statusActive
	}
	return res
}

func (c *Cloud) deleteFloatingIP(r *request) response {
	f, problem := c.findFloatingIP(r)
	if f == nil {
		return problem
	}
	if len(f.forwardings) > 0 {
		return fipInUse(f)
	}
	if bad := precondition(r, f.revision); bad != nil {
		return *bad
	}
	delete(c.model.fips, f.id)
	return reply(http.StatusNoContent, nil)
}

// freePublic is the lowest address of an external network that neither a floating IP nor a
// router has.
func (m *Model) freePublic(network string) (netip.Addr, bool) {
	sub := m.subnets[m.subnetOf(network)]
	if sub == nil {
		return netip.Addr{}, false
	}
	used := map[netip.Addr]bool{sub.gateway: true}
	for _, f := range m.fips {
		used[f.addr] = true
	}
	for _, x := range m.routers {
		used[x.externalAddr] = true
	}
	for _, a := range m.offered {
		if !used[a] {
			return a, true
		}
	}
	first, last := hostRange(sub.cidr)
	for a := first; a.Compare(last) <= 0; a = a.Next() {
		if !used[a] {
			return a, true
		}
	}
	return netip.Addr{}, false
}
