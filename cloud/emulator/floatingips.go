package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
)

func (c *Cloud) floatingIPView(f *floatingIP) view {
	v := with(f.base(), view{
		"floating_ip_address": f.addr.String(), "floating_network_id": f.network, "router_id": orNull(f.router),
		"port_id": orNull(f.port), "fixed_ip_address": nil, "status": f.status, "description": f.description,
		"port_details": nil,
	})
	if f.fixed.IsValid() {
		v["fixed_ip_address"] = f.fixed.String()
	}
	if p := c.model.ports[f.port]; p != nil {
		v["port_details"] = view{
			"name": p.name, "network_id": p.network, "mac_address": p.mac(), "admin_state_up": p.adminUp,
			"status": p.status, "device_id": p.device, "device_owner": p.owner,
		}
	}
	if !c.without(extPortForwarding) {
		list := []view{}
		for _, x := range f.forwardings {
			v := x.view()
			list = append(list, view{
				"id": x.id, "protocol": x.protocol, "internal_ip_address": x.internal.Addr().String(),
				"internal_port_id": x.port, "internal_port": v["internal_port"], "external_port": v["external_port"],
			})
		}
		v["port_forwardings"] = list
	}
	return v
}

func (c *Cloud) listFloatingIPs(r *request) response {
	col := collection{
		name: "floatingips", kind: "FloatingIPNotFound", singular: "Floating IP",
		fields:    fieldsOf(c.floatingIPView(&floatingIP{})),
		notFilter: []string{"port_details", "port_forwardings"},
	}
	for _, f := range c.model.fips {
		col.items = append(col.items, c.floatingIPView(f))
	}
	return c.list(r, col)
}

func (c *Cloud) findFloatingIP(r *request) (*floatingIP, response) {
	id := r.PathValue("id")
	if f := c.model.fips[id]; f != nil {
		return f, response{}
	}
	return nil, notFound("FloatingIPNotFound", "Floating IP", id)
}

func (c *Cloud) showFloatingIP(r *request) response {
	f, problem := c.findFloatingIP(r)
	if f == nil {
		return problem
	}
	return show(r, "floatingip", c.floatingIPView(f))
}

// updateFloatingIP associates (port_id, optionally fixed_ip_address), disassociates (port_id
// null) or describes a floating IP. As in Neutron the answer to an association still says DOWN:
// the L3 agent makes it ACTIVE afterwards.
func (c *Cloud) updateFloatingIP(r *request) response {
	body, bad := wrapped(r, "floatingip")
	if bad == nil {
		bad = unrecognized(body, "port_id", "fixed_ip_address", "description")
	}
	if bad != nil {
		return *bad
	}
	f, problem := c.findFloatingIP(r)
	if f == nil {
		return problem
	}
	if bad = precondition(r, f.revision); bad != nil {
		return *bad
	}
	next := *f
	if s, ok := body["description"].(string); ok {
		next.description = s
	}
	// Without port_id Neutron keeps the association only if the body is nothing but a description.
	portID, given := body["port_id"].(string)
	switch {
	case given:
		if bad = c.associate(&next, portID, body["fixed_ip_address"]); bad != nil {
			return *bad
		}
	case hasKey(body, "port_id"):
		next.port, next.router, next.fixed, next.status = "", "", netip.Addr{}, "DOWN"
	}
	c.model.touch(&next.meta)
	*f = next
	res := show(r, "floatingip", c.floatingIPView(f))
	if f.port != "" {
		f.status = statusActive
	}
	return res
}

func hasKey(m map[string]any, key string) bool {
	_, ok := m[key]
	return ok
}

func (c *Cloud) associate(f *floatingIP, portID string, wanted any) *response {
	fail := func(res response) *response { return &res }
	if len(f.forwardings) > 0 {
		return fail(fipInUse(f))
	}
	p, problem := c.findPort(portID)
	if p == nil {
		return fail(problem)
	}
	i := 0
	if text, ok := wanted.(string); ok && text != "" {
		i = slices.IndexFunc(p.fixed, func(x fixedIP) bool { return x.addr.String() == text })
		if i < 0 {
			return fail(neutronError(http.StatusBadRequest, "BadRequest", fmt.Sprintf(
				"Bad floatingip request: Port %s does not have fixed ip %s.", p.id, text)))
		}
	}
	if len(p.fixed) == 0 {
		return fail(neutronError(http.StatusBadRequest, "BadRequest", fmt.Sprintf(
			"Bad floatingip request: Cannot add floating IP to port %s that has no fixed IPv4 addresses.", p.id)))
	}
	if _, named := wanted.(string); !named && len(p.fixed) > 1 {
		return fail(neutronError(http.StatusBadRequest, "BadRequest", fmt.Sprintf(
			"Bad floatingip request: Port %s has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP.", p.id)))
	}
	fixed := p.fixed[i]
	if other := c.model.bound(p.id, fixed.addr); other != nil && other.id != f.id {
		return fail(neutronError(http.StatusConflict, "FloatingIPPortAlreadyAssociated", fmt.Sprintf(
			"Cannot associate floating IP %s (%s) with port %s using fixed IP %s, as that fixed IP already has a "+
				"floating IP on external network %s.", f.addr, f.id, p.id, fixed.addr, f.network)))
	}
	router := c.model.routerOf(fixed.subnet, f.network)
	if router == "" {
		return fail(neutronError(http.StatusNotFound, "ExternalGatewayForFloatingIPNotFound", fmt.Sprintf(
			"External network %s is not reachable from subnet %s.  Therefore, cannot associate Port %s with a Floating IP.",
			f.network, fixed.subnet, p.id)))
	}
	f.port, f.router, f.fixed, f.status = p.id, router, fixed.addr, "DOWN"
	return nil
}

// bound returns the floating IP of a port's fixed address.
func (m *Model) bound(port string, addr netip.Addr) *floatingIP {
	for _, f := range m.fips {
		if f.port == port && f.fixed == addr {
			return f
		}
	}
	return nil
}

// routerOf returns the router that joins a subnet with an external network, or "": an interface in
// another subnet of the same network does not do.
func (m *Model) routerOf(subnet, external string) string {
	for _, x := range m.routers {
		if x.externalNetwork == external && slices.ContainsFunc(m.portsOf(x.id), func(p *port) bool {
			return slices.ContainsFunc(p.fixed, func(f fixedIP) bool { return f.subnet == subnet })
		}) {
			return x.id
		}
	}
	return ""
}

func fipInUse(f *floatingIP) response {
	return neutronError(http.StatusConflict, "FipInUseByPortForwarding",
		fmt.Sprintf("Floating IP %s in use by Port Forwarding resources.", f.id))
}
