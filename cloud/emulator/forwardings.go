package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

func (x *forwarding) view() view {
	in, out := x.internal.Port(), x.external
	return view{
		"id": x.id, "external_port": out, "external_port_range": fmt.Sprintf("%d:%d", out, out),
		"protocol": x.protocol, "internal_port_id": x.port, "internal_ip_address": x.internal.Addr().String(),
		"internal_port": in, "internal_port_range": fmt.Sprintf("%d:%d", in, in), "description": x.description,
	}
}

func (c *Cloud) listForwardings(r *request) response {
	f, problem := c.findFloatingIP(r)
	if f == nil {
		return problem
	}
	col := collection{
		name: "port_forwardings", kind: "PortForwardingNotFound", singular: "Port Forwarding",
		fields: fieldsOf((&forwarding{}).view()), notFilter: []string{"internal_ip_address", "internal_port"},
	}
	for _, x := range f.forwardings {
		col.items = append(col.items, x.view())
	}
	return c.list(r, col)
}

func (c *Cloud) findForwarding(r *request) (*floatingIP, int, response) {
	f, problem := c.findFloatingIP(r)
	if f == nil {
		return nil, 0, problem
	}
	id := r.PathValue("pf")
	i := slices.IndexFunc(f.forwardings, func(x *forwarding) bool { return x.id == id })
	if i < 0 {
		return nil, 0, notFound("PortForwardingNotFound", "Port Forwarding", id)
	}
	return f, i, response{}
}

func (c *Cloud) showForwarding(r *request) response {
	f, i, problem := c.findForwarding(r)
	if f == nil {
		return problem
	}
	return show(r, "port_forwarding", f.forwardings[i].view())
}

func (c *Cloud) deleteForwarding(r *request) response {
	f, i, problem := c.findForwarding(r)
	if f == nil {
		return problem
	}
	f.forwardings = slices.Delete(f.forwardings, i, i+1)
	if len(f.forwardings) == 0 {
		f.router, f.status = "", "DOWN"
	}
	c.model.touch(&f.meta)
	return reply(http.StatusNoContent, nil)
}

func (c *Cloud) createForwarding(r *request) response {
	body, bad := wrapped(r, "port_forwarding")
	if bad == nil {
		bad = unrecognized(body, "internal_port_id", "internal_ip_address", "internal_port", "external_port",
			"protocol", "description", "project_id", "tenant_id")
	}
	if bad != nil {
		return *bad
	}
	f, problem := c.findFloatingIP(r)
	if f == nil {
		return problem
	}
	x, bad := c.readForwarding(body)
	if bad != nil {
		return *bad
	}
	router, bad := c.checkForwarding(f, x)
	if bad != nil {
		return *bad
	}
	x.id = c.model.newID("port_forwarding", "")
	f.forwardings = append(f.forwardings, x)
	f.router, f.status = router, statusActive
	c.model.touch(&f.meta)
	return reply(http.StatusCreated, view{"port_forwarding": x.view()})
}

func (c *Cloud) readForwarding(body map[string]any) (*forwarding, *response) {
	x := &forwarding{}
	x.port, _ = body["internal_port_id"].(string)
	x.protocol, _ = body["protocol"].(string)
	x.description, _ = body["description"].(string)
	text, _ := body["internal_ip_address"].(string)
	in, inOK := integer(body["internal_port"])
	out, outOK := integer(body["external_port"])
	if bad := inPortRange("internal_port", in, inOK); bad != nil {
		return nil, bad
	}
	if bad := inPortRange("external_port", out, outOK); bad != nil {
		return nil, bad
	}
	p := c.model.ports[x.port]
	if p == nil {
		res := notFound("PortNotFound", "Port", x.port)
		return nil, &res
	}
	addr, err := netip.ParseAddr(text)
	if text == "" && len(p.fixed) > 0 {
		addr, err = p.fixed[0].addr, nil
	}
	if err != nil || !slices.ContainsFunc(p.fixed, func(f fixedIP) bool { return f.addr == addr }) {
		res := badForwarding(fmt.Sprintf("Requested internal IP address %s is not suitable for internal neutron port %s, "+
			"as its fixed_ips are %s.", text, p.id, p.pythonFixed()))
		return nil, &res
	}
	if x.protocol != "tcp" && x.protocol != "udp" {
		res := neutronError(http.StatusBadRequest, "InvalidInput", fmt.Sprintf("Invalid input for operation: IP protocol "+
			"'%s' is not supported. Only protocol names and their integer representation (0 to 255) are supported.", x.protocol))
		return nil, &res
	}
	x.internal, x.external = netip.AddrPortFrom(addr, uint16(in)), uint16(out) //nolint:gosec // both checked above
	return x, nil
}

// inPortRange checks a port number as Neutron's validators do.
func inPortRange(attr string, n int, ok bool) *response {
	var reason string
	switch {
	case !ok:
		reason = "the value is not an integer"
	case n < 1:
		reason = fmt.Sprintf("'%d' is too small - must be at least '1'", n)
	case n > 65535:
		reason = fmt.Sprintf("'%d' is too large - must be no larger than '65535'", n)
	default:
		return nil
	}
	res := badRequest("Invalid input for %s. Reason: %s.", attr, reason)
	return &res
}

// pythonFixed are the port's fixed addresses as Neutron's messages print them.
func (p *port) pythonFixed() string {
	var list []string
	for _, f := range p.fixed {
		list = append(list, fmt.Sprintf("{'subnet_id': '%s', 'ip_address': '%s'}", f.subnet, f.addr))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func badForwarding(text string) response {
	return neutronError(http.StatusBadRequest, "BadRequest", "Bad port_forwarding request: "+text)
}

// checkForwarding applies Neutron's rules and returns the router that will carry the forwarding.
func (c *Cloud) checkForwarding(f *floatingIP, x *forwarding) (string, *response) {
	fail := func(res response) (string, *response) { return "", &res }
	if f.port != "" {
		return fail(neutronError(http.StatusConflict, "FloatingIPPortAlreadyAssociated", fmt.Sprintf(
			"Cannot associate floating IP %s (%s) with port %s using fixed IP %s, as that fixed IP already has a "+
				"floating IP on external network %s.", f.addr, f.id, x.port, f.fixed, f.network)))
	}
	if other := c.model.bound(x.port, x.internal.Addr()); other != nil {
		return fail(neutronError(http.StatusConflict, "PortHasBindingFloatingIP", fmt.Sprintf(
			"Cannot create port forwarding to floating IP %s (%s) with port %s using fixed IP %s, as that port already "+
				"has a binding floating IP.", other.addr, other.id, x.port, x.internal.Addr())))
	}
	collision := func(side string, port uint16) (string, *response) {
		return fail(badForwarding(fmt.Sprintf("There is a port collision with the %s_port_range. "+
			"The following ranges collides: %d:%d and %d:%d.", side, port, port, port, port)))
	}
	for _, fip := range c.model.fips {
		for _, y := range fip.forwardings {
			if y.protocol != x.protocol {
				continue
			}
			if fip == f && y.external == x.external {
				return collision("external", x.external)
			}
			if y.port == x.port && y.internal == x.internal {
				return collision("internal", x.internal.Port())
			}
		}
	}
	p := c.model.ports[x.port]
	router := c.model.routerFor(p.network, f.network)
	if router == "" {
		return fail(badForwarding(fmt.Sprintf("External network %s is not reachable from subnet %s. "+
			"Cannot set Port forwarding for port %s with Floating IP %s", f.network, p.fixed[0].subnet, p.id, f.id)))
	}
	return router, nil
}
