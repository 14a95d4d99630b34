package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

func (x *forwarding) view() view {
	one := func(first, last uint16) any {
		if last != first {
			return nil
		}
		return first
	}
	in := x.internal.Port()
	return view{
		"id": x.id, "external_port": one(x.external, x.lastExternal), "external_port_range": portText(x.external, x.lastExternal),
		"protocol": x.protocol, "internal_port_id": x.port, "internal_ip_address": x.internal.Addr().String(),
		"internal_port": one(in, x.lastInternal), "internal_port_range": portText(in, x.lastInternal), "description": x.description,
	}
}

// portText is a range of ports as Neutron says it.
func portText(first, last uint16) string { return fmt.Sprintf("%d:%d", first, last) }

// shown is a forwarding as this cloud's extensions show it.
func (c *Cloud) shown(x *forwarding) view {
	v := x.view()
	if c.without(extPortForwardingText) {
		delete(v, "description")
	}
	if c.without(extPortForwardingRanges) {
		delete(v, "external_port_range")
		delete(v, "internal_port_range")
	}
	return v
}

func (c *Cloud) listForwardings(r *request) response {
	f, problem := c.findFloatingIP(r)
	if f == nil {
		return problem
	}
	col := collection{
		name: "port_forwardings", kind: "PortForwardingNotFound", singular: "Port Forwarding",
		fields: fieldsOf(c.shown(&forwarding{})), notFilter: []string{"internal_ip_address", "internal_port"},
	}
	for _, x := range f.forwardings {
		col.items = append(col.items, c.shown(x))
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
	return show(r, "port_forwarding", c.shown(f.forwardings[i]))
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
	body, bad := c.forwardingBody(r)
	if bad != nil {
		return *bad
	}
	f, problem := c.findFloatingIP(r)
	if f == nil {
		return problem
	}
	x := &forwarding{}
	if bad = c.readForwarding(x, body); bad != nil {
		return *bad
	}
	if bad = c.collides(f, x); bad != nil {
		return *bad
	}
	router, bad := c.forwardingRouter(f, x)
	if bad != nil {
		return *bad
	}
	x.id = c.model.newID("port_forwarding", "")
	f.forwardings = append(f.forwardings, x)
	f.router, f.status = router, statusActive
	c.model.touch(&f.meta)
	return reply(http.StatusCreated, view{"port_forwarding": c.shown(x)})
}

// updateForwarding changes a forwarding. Neutron looks at the way to the port only if another is named.
func (c *Cloud) updateForwarding(r *request) response {
	body, bad := c.forwardingBody(r)
	if bad != nil {
		return *bad
	}
	f, i, problem := c.findForwarding(r)
	if f == nil {
		return problem
	}
	old := f.forwardings[i]
	next := *old
	if bad = c.readForwarding(&next, body); bad != nil {
		return *bad
	}
	if _, named := body["internal_port_id"]; named {
		if bad = c.binding(&next); bad != nil {
			return *bad
		}
		if next.port != old.port {
			if _, bad = c.forwardingRouter(f, &next); bad != nil {
				return *bad
			}
		}
	}
	if bad = c.collides(f, &next); bad != nil {
		return *bad
	}
	*old = next
	return show(r, "port_forwarding", c.shown(old))
}

// forwardingBody reads a body with the attributes that this cloud's extensions have.
func (c *Cloud) forwardingBody(r *request) (map[string]any, *response) {
	body, bad := wrapped(r, "port_forwarding")
	if bad != nil {
		return nil, bad
	}
	known := []string{"internal_port_id", "internal_ip_address", "internal_port", "external_port", "protocol", "project_id", "tenant_id"}
	if !c.without(extPortForwardingText) {
		known = append(known, "description")
	}
	if !c.without(extPortForwardingRanges) {
		known = append(known, "internal_port_range", "external_port_range")
	}
	return body, unrecognized(body, known...)
}

// readForwarding takes over what a body says, as far as each attribute and the internal port go.
func (c *Cloud) readForwarding(x *forwarding, body map[string]any) *response {
	text := func(key string, to *string) {
		if s, ok := body[key].(string); ok {
			*to = s
		}
	}
	text("internal_port_id", &x.port)
	text("protocol", &x.protocol)
	text("description", &x.description)
	first, last := x.internal.Port(), x.lastInternal
	if bad := readPorts(body, "internal_port", &first, &last); bad != nil {
		return bad
	}
	if bad := readPorts(body, "external_port", &x.external, &x.lastExternal); bad != nil {
		return bad
	}
	if in, out := int(last)-int(first), int(x.lastExternal)-int(x.external); in > 0 && in != out {
		res := badForwarding("Invalid ranges of internal and/or external ports. The relation between internal and external ports must be N-N or 1-N")
		return &res
	}
	if x.protocol != "tcp" && x.protocol != "udp" {
		res := neutronError(http.StatusBadRequest, "InvalidInput", fmt.Sprintf("Invalid input for operation: IP protocol "+
			"'%s' is not supported. Only protocol names and their integer representation (0 to 255) are supported.", x.protocol))
		return &res
	}
	p := c.model.ports[x.port]
	if p == nil {
		res := notFound("PortNotFound", "Port", x.port)
		return &res
	}
	addr := x.internal.Addr()
	if s, ok := body["internal_ip_address"].(string); ok && s != "" {
		addr, _ = netip.ParseAddr(s)
	}
	if !addr.IsValid() {
		for _, f := range p.fixed {
			if f.addr.Is4() && !addr.IsValid() {
				addr = f.addr
			}
		}
	}
	x.internal, x.lastInternal = netip.AddrPortFrom(addr, first), last
	return nil
}

// readPorts reads ports that are given as a number or as a range.
func readPorts(body map[string]any, key string, first, last *uint16) *response {
	if s, ok := body[key+"_range"].(string); ok {
		a, b, isRange := strings.Cut(s, ":")
		if !isRange {
			b = a
		}
		m, errA := strconv.Atoi(a)
		n, errB := strconv.Atoi(b)
		if errA != nil || errB != nil || m < 1 || n < m || n > 65535 {
			return badPorts(key+"_range", s)
		}
		*first, *last = uint16(m), uint16(n)
		return nil
	}
	v, given := body[key]
	if !given && *first != 0 {
		return nil
	}
	n, ok := integer(v)
	if bad := inPortRange(key, n, ok); bad != nil {
		return bad
	}
	*first, *last = uint16(n), uint16(n)
	return nil
}

func badPorts(key, value string) *response {
	res := badRequest("Invalid input for %s. Reason: '%s' is not a valid port range.", key, value)
	return &res
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

// pythonFixed are the port's fixed IPv4 addresses as Neutron's messages print them.
func (p *port) pythonFixed() string {
	var list []string
	for _, f := range p.fixed {
		if f.addr.Is4() {
			list = append(list, fmt.Sprintf("{'subnet_id': '%s', 'ip_address': '%s'}", f.subnet, f.addr))
		}
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// badForwarding is a refusal of Neutron's, which ends its messages itself.
func badForwarding(text string) response {
	return neutronError(http.StatusBadRequest, "BadRequest", "Bad port_forwarding request: "+text+".")
}

// collides finds another forwarding that has one of the ports: of the same address and port inside on
// any floating IP, or of the same port outside on this one.
func (c *Cloud) collides(f *floatingIP, x *forwarding) *response {
	collision := func(side, old, now string) *response {
		res := badForwarding(fmt.Sprintf("There is a port collision with the %s_port_range. The following ranges collides: %s and %s", side, old, now))
		return &res
	}
	for _, fip := range c.model.fips {
		for _, y := range fip.forwardings {
			if y.id == x.id || y.protocol != x.protocol || y.port != x.port || y.internal.Addr() != x.internal.Addr() {
				continue
			}
			if y.internal.Port() <= x.lastInternal && x.internal.Port() <= y.lastInternal {
				return collision("internal", portText(y.internal.Port(), y.lastInternal), portText(x.internal.Port(), x.lastInternal))
			}
		}
	}
	for _, y := range f.forwardings {
		if y.id != x.id && y.protocol == x.protocol && y.external <= x.lastExternal && x.external <= y.lastExternal {
			return collision("external", portText(y.external, y.lastExternal), portText(x.external, x.lastExternal))
		}
	}
	return nil
}

// binding refuses a port that has a floating IP of its own.
func (c *Cloud) binding(x *forwarding) *response {
	for _, other := range c.model.fips {
		if other.port == x.port {
			res := neutronError(http.StatusConflict, "PortHasBindingFloatingIP", fmt.Sprintf(
				"Cannot create port forwarding to floating IP %s (%s) with port %s using fixed IP %s, as that port already "+
					"has a binding floating IP.", other.addr, other.id, x.port, x.internal.Addr()))
			return &res
		}
	}
	return nil
}

// forwardingRouter applies the rest of Neutron's rules, in its order, and returns the router that will
// carry the forwarding.
func (c *Cloud) forwardingRouter(f *floatingIP, x *forwarding) (string, *response) {
	fail := func(res response) (string, *response) { return "", &res }
	if bad := c.binding(x); bad != nil {
		return "", bad
	}
	if f.port != "" {
		return fail(neutronError(http.StatusConflict, "FloatingIPPortAlreadyAssociated", fmt.Sprintf(
			"Cannot associate floating IP %s (%s) with port %s using fixed IP %s, as that fixed IP already has a "+
				"floating IP on external network %s.", f.addr, f.id, x.port, x.internal.Addr(), f.network)))
	}
	p := c.model.ports[x.port]
	if p.pythonFixed() == "[]" {
		return fail(badForwarding(fmt.Sprintf("Requested internal port %s must allocate an IPv4 address at least.", p.id)))
	}
	i := slices.IndexFunc(p.fixed, func(f fixedIP) bool { return f.addr == x.internal.Addr() })
	if i < 0 {
		return fail(badForwarding(fmt.Sprintf("Requested internal IP address %s is not suitable for internal neutron port %s, "+
			"as its fixed_ips are %s", x.internal.Addr(), p.id, p.pythonFixed())))
	}
	router := c.model.routerOf(p.fixed[i].subnet, f.network)
	if router == "" {
		return fail(badForwarding(fmt.Sprintf("External network %s is not reachable from subnet %s. "+
			"Cannot set Port forwarding for port %s with Floating IP %s", f.network, p.fixed[i].subnet, p.id, f.id)))
	}
	if f.router != "" && f.router != router {
		return fail(badForwarding(fmt.Sprintf("The Floating IP %s had been set on router %s, the internal Neutron port %s can not reach it",
			f.id, f.router, p.id)))
	}
	return router, nil
}

// Forwarded is where a port forwarding of Neutron's leads what comes to dst; false if there is none.
func (c *Cloud) Forwarded(dst netip.AddrPort, protocol string) (netip.AddrPort, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.model.fips {
		if f.addr != dst.Addr() {
			continue
		}
		for _, x := range f.forwardings {
			if x.protocol == protocol && x.external <= dst.Port() && dst.Port() <= x.lastExternal {
				return netip.AddrPortFrom(x.internal.Addr(), min(x.internal.Port()+dst.Port()-x.external, x.lastInternal)), true
			}
		}
	}
	return netip.AddrPort{}, false
}
