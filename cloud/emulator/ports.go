package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"
)

func (p *port) fixedView() []view {
	out := []view{}
	for _, f := range p.fixed {
		out = append(out, view{"subnet_id": f.subnet, "ip_address": f.addr.String()})
	}
	return out
}

func (c *Cloud) portView(p *port) view {
	pairs := []view{}
	for _, a := range p.pairs {
		pairs = append(pairs, view{"ip_address": a.String(), "mac_address": p.mac()})
	}
	return with(p.base(), view{
		"name": p.name, "network_id": p.network, "mac_address": p.mac(), "admin_state_up": p.adminUp,
		"status": p.status, "device_id": p.device, "device_owner": p.owner, "fixed_ips": p.fixedView(),
		"allowed_address_pairs": pairs, "extra_dhcp_opts": []view{}, "security_groups": sorted(p.groups),
		"description": p.description, "binding:vnic_type": "normal", "port_security_enabled": p.secure,
	})
}

func (p *port) mac() string {
	if p.id == "" {
		return ""
	}
	return macOf(p.id)
}

// sorted is a sorted copy, never nil, so that JSON shows a list.
func sorted(s []string) []string {
	out := append([]string{}, s...)
	slices.Sort(out)
	return out
}

// fixedIPFilter understands fixed_ips=ip_address=A, subnet_id=S and ip_address_substr=A.
func fixedIPFilter(v view, want string) bool {
	key, value, _ := strings.Cut(want, "=")
	fixed, _ := v["fixed_ips"].([]view)
	return slices.ContainsFunc(fixed, func(f view) bool {
		if key == "ip_address_substr" {
			return strings.Contains(fmt.Sprint(f["ip_address"]), value)
		}
		return f[key] == value
	})
}

func (c *Cloud) listPorts(r *request) response {
	col := collection{
		name: "ports", kind: "PortNotFound", singular: "Port", fields: fieldsOf(c.portView(&port{})),
		filters: map[string]func(view, string) bool{"fixed_ips": fixedIPFilter},
	}
	for _, p := range c.model.ports {
		col.items = append(col.items, c.portView(p))
	}
	return c.list(r, col)
}

func (c *Cloud) findPort(id string) (*port, response) {
	if p := c.model.ports[id]; p != nil {
		return p, response{}
	}
	return nil, notFound("PortNotFound", "Port", id)
}

func (c *Cloud) showPort(r *request) response {
	p, problem := c.findPort(r.PathValue("id"))
	if p == nil {
		return problem
	}
	return show(r, "port", c.portView(p))
}

// updatePort changes what a project member may change of a port here: name, description, admin_state_up,
// security_groups, port_security_enabled and allowed_address_pairs.
func (c *Cloud) updatePort(r *request) response {
	body, bad := wrapped(r, "port")
	if bad == nil {
		bad = unrecognized(body, "name", "description", "admin_state_up", "security_groups", "port_security_enabled",
			"allowed_address_pairs")
	}
	if bad != nil {
		return *bad
	}
	p, problem := c.findPort(r.PathValue("id"))
	if p == nil {
		return problem
	}
	if bad = precondition(r, p.revision); bad != nil {
		return *bad
	}
	next := *p
	if bad = c.applyPort(&next, body); bad != nil {
		return *bad
	}
	if fmt.Sprint(c.portView(&next)) != fmt.Sprint(c.portView(p)) {
		c.model.touch(&next.meta)
	}
	*p = next
	return show(r, "port", c.portView(p))
}

func (c *Cloud) applyPort(p *port, body map[string]any) *response {
	if s, ok := body["name"].(string); ok {
		p.name = s
	}
	if s, ok := body["description"].(string); ok {
		p.description = s
	}
	if b, ok := body["admin_state_up"].(bool); ok {
		p.adminUp = b
	}
	if b, ok := body["port_security_enabled"].(bool); ok {
		p.secure = b
	}
	if v, ok := body["allowed_address_pairs"]; ok {
		if bad := p.setPairs(v); bad != nil {
			return bad
		}
	}
	if v, ok := body["security_groups"]; ok {
		if bad := c.setGroups(p, v); bad != nil {
			return bad
		}
	}
	if !p.secure && len(p.groups) > 0 {
		res := neutronError(http.StatusConflict, "PortSecurityPortHasSecurityGroup",
			"Port has security group associated. Cannot disable port security or IP address until security group is removed.")
		return &res
	}
	return nil
}

func (p *port) setPairs(v any) *response {
	list, _ := v.([]any)
	p.pairs = nil
	for _, x := range list {
		pair, _ := x.(map[string]any)
		text, _ := pair["ip_address"].(string)
		prefix, err := parsePrefix(text)
		if err != nil {
			res := badRequest("'%s' is not a valid IP address", text)
			return &res
		}
		p.pairs = append(p.pairs, prefix)
	}
	return nil
}

func (c *Cloud) setGroups(p *port, v any) *response {
	list, ok := v.([]any)
	if !ok && v != nil {
		res := badRequest("Invalid input for security_groups. Reason: '%v' is not a list.", v)
		return &res
	}
	ids := []string{}
	for _, x := range list {
		id, _ := x.(string)
		if _, err := uuid.Parse(id); err != nil {
			res := badRequest("Invalid input for security_groups. Reason: '%v' is not a valid UUID.", x)
			return &res
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		if c.model.groups[id] == nil {
			res := notFound("SecurityGroupNotFound", "Security group", id)
			return &res
		}
	}
	slices.Sort(ids)
	p.groups = slices.Compact(ids)
	return nil
}

// parsePrefix reads an address or a prefix; the address alone is a prefix of its own.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}
