package emulator

func (c *Cloud) networkView(n *network) view {
	subnets := []string{}
	for _, s := range c.model.subnets {
		if s.network == n.id {
			subnets = append(subnets, s.id)
		}
	}
	v := with(n.base(), view{
		"name": n.name, "admin_state_up": true, "mtu": n.mtu, "status": statusActive, "subnets": sorted(subnets),
		"shared": false, "availability_zone_hints": []string{}, "availability_zones": []string{"nova"},
		"ipv4_address_scope": nil, "ipv6_address_scope": nil, "router:external": n.external, "description": "",
		"port_security_enabled": true,
	})
	if n.external {
		v["is_default"] = false
	}
	return v
}

func (c *Cloud) listNetworks(r *request) response {
	col := collection{
		name: "networks", kind: "NetworkNotFound", singular: "Network",
		fields: append(fieldsOf(c.networkView(&network{})), "is_default"),
	}
	for _, n := range c.model.networks {
		col.items = append(col.items, c.networkView(n))
	}
	return c.list(r, col)
}

func (c *Cloud) showNetwork(r *request) response {
	n := c.model.networks[r.PathValue("id")]
	if n == nil {
		return notFound("NetworkNotFound", "Network", r.PathValue("id"))
	}
	return show(r, "network", c.networkView(n))
}

func (c *Cloud) subnetView(s *subnet) view {
	pools := []view{}
	if s.cidr.IsValid() {
		first, last := hostRange(s.cidr)
		if first == s.gateway {
			first = first.Next()
		}
		pools = append(pools, view{"start": first.String(), "end": last.String()})
	}
	v := with(s.base(), view{
		"name": s.name, "network_id": s.network, "ip_version": 4, "subnetpool_id": nil, "enable_dhcp": true,
		"ipv6_ra_mode": nil, "ipv6_address_mode": nil, "gateway_ip": nil, "cidr": s.cidr.String(),
		"allocation_pools": pools, "host_routes": []view{}, "dns_nameservers": []string{}, "description": "",
		"service_types": []string{},
	})
	if s.gateway.IsValid() {
		v["gateway_ip"] = s.gateway.String()
	}
	return v
}

// visible tells whether the project sees a resource: not the subnets of the external network.
func (c *Cloud) visible(m *meta) bool { return m.project == c.creds.projectID }

func (c *Cloud) listSubnets(r *request) response {
	col := collection{
		name: "subnets", kind: "SubnetNotFound", singular: "Subnet", fields: fieldsOf(c.subnetView(&subnet{})),
	}
	for _, s := range c.model.subnets {
		if c.visible(&s.meta) {
			col.items = append(col.items, c.subnetView(s))
		}
	}
	return c.list(r, col)
}

func (c *Cloud) showSubnet(r *request) response {
	s := c.model.subnets[r.PathValue("id")]
	if s == nil || !c.visible(&s.meta) {
		return notFound("SubnetNotFound", "Subnet", r.PathValue("id"))
	}
	return show(r, "subnet", c.subnetView(s))
}

func (c *Cloud) routerView(x *router) view {
	v := with(x.base(), view{
		"name": x.name, "admin_state_up": x.adminUp, "status": statusActive, "external_gateway_info": nil,
		"description": "", "availability_zones": []string{"nova"}, "availability_zone_hints": []string{},
		"routes": []view{}, "flavor_id": nil,
	})
	if x.externalNetwork != "" {
		v["external_gateway_info"] = view{
			"network_id": x.externalNetwork, "enable_snat": true,
			"external_fixed_ips": []view{{
				"subnet_id": c.model.subnetOf(x.externalNetwork), "ip_address": x.externalAddr.String(),
			}},
		}
	}
	return v
}

func (c *Cloud) listRouters(r *request) response {
	col := collection{
		name: "routers", kind: "RouterNotFound", singular: "Router", fields: fieldsOf(c.routerView(&router{})),
		notFilter: []string{"external_gateway_info"},
	}
	for _, x := range c.model.routers {
		col.items = append(col.items, c.routerView(x))
	}
	return c.list(r, col)
}

func (c *Cloud) showRouter(r *request) response {
	x := c.model.routers[r.PathValue("id")]
	if x == nil {
		return notFound("RouterNotFound", "Router", r.PathValue("id"))
	}
	return show(r, "router", c.routerView(x))
}
