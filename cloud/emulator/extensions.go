package emulator

import "net/http"

// extension is one of Neutron's API extensions.
type extension struct{ alias, name, description, updated string }

// extensions are those of Neutron Zed that this cloud serves.
var extensions = []extension{
	{
		"allowed-address-pairs", "Allowed Address Pairs",
		"Provides allowed address pairs", "2013-07-23T10:00:00-00:00",
	},
	{
		"expose-port-forwarding-in-fip", "Expose Floating IP port forwardings",
		"Expose port forwarding fields in floating IP response", "2018-06-28T16:00:00-00:00",
	},
	{
		"external-net", "Neutron external network",
		"Adds external network attribute to network resource.", "2013-01-14T10:00:00-00:00",
	},
	{
		"filter-validation", "Filter parameters validation",
		"Provides validation on filter parameters.", "2018-07-04T10:00:00-00:00",
	},
	{
		"floating-ip-port-forwarding-description", "Floating IP Port Forwarding new attribute description",
		"Add a description field to Port Forwarding rules", "2019-11-01T10:00:00-00:00",
	},
	{
		"floating-ip-port-forwarding-detail", "Floating IP port forwarding detail",
		"Allow list floating ip return more port forwarding data, include'id' and 'internal_port_id'", "2022-05-06T10:00:00-00:00",
	},
	{
		"floating-ip-port-forwarding-port-ranges", "Floating IP Port Forwarding support the definition of port ranges",
		"Allow port forwarding from and to port ranges", "2020-07-15T10:00:00-00:00",
	},
	{
		"fip-port-details", "Floating IP Port Details Extension",
		"Add port_details attribute to Floating IP resource", "2018-04-09T10:00:00-00:00",
	},
	{
		"floating-ip-port-forwarding", "Floating IP Port Forwarding",
		"Allow port forwarding from floating IP port to an internal port", "2018-01-19T10:00:00-00:00",
	},
	{
		"ip-substring-filtering", "IP address substring filtering",
		"Provides IP address substring filtering when listing ports", "2017-11-28T09:00:00-00:00",
	},
	{
		"router", "Neutron L3 Router",
		"Router abstraction for basic L3 forwarding between L2 Neutron networks and access to external networks via a NAT gateway.", "2012-07-20T10:00:00-00:00",
	},
	{
		"ext-gw-mode", "Neutron L3 Configurable external gateway mode",
		"Extension of the router abstraction for specifying whether SNAT should occur on the external gateway", "2013-03-28T10:00:00-00:00",
	},
	{
		"net-mtu", "Network MTU",
		"Provides MTU attribute for a network resource.", "2015-03-25T10:00:00-00:00",
	},
	{
		"pagination", "Pagination support",
		"Extension that indicates that pagination is enabled.", "2016-06-12T00:00:00-00:00",
	},
	{
		"binding", "Port Binding",
		"Expose port bindings of a virtual port to external application", "2014-02-03T10:00:00-00:00",
	},
	{
		"port-security", "Port Security",
		"Provides port security", "2012-07-23T10:00:00-00:00",
	},
	{
		"project-id", "project_id field enabled",
		"Extension that indicates that project_id field is enabled.", "2016-09-09T09:09:09-09:09",
	},
	{
		"quotas", "Quota management support",
		"Expose functions for quotas management per project", "2012-07-29T10:00:00-00:00",
	},
	{
		"quota_details", "Quota details management support",
		"Expose functions for quotas usage statistics per project", "2017-02-10T10:00:00-00:00",
	},
	{
		"revision-if-match", "If-Match constraints based on revision_number",
		"Extension indicating that If-Match based on revision_number is supported.", "2016-12-11T00:00:00-00:00",
	},
	{
		"standard-attr-revisions", "Resource revision numbers",
		"This extension will display the revision number of neutron resources.", "2016-04-11T10:00:00-00:00",
	},
	{
		"security-groups-normalized-cidr", "Normalized CIDR field for security group rules",
		"Add new field with normalized remote_ip_prefix cidr in SG rule", "2020-07-28T10:00:00-00:00",
	},
	{
		"port-security-groups-filtering", "Port filtering on security groups",
		"Provides security groups filtering when listing ports", "2018-01-09T09:00:00-00:00",
	},
	{
		"security-group", "security-group",
		"The security groups extension.", "2012-10-05T10:00:00-00:00",
	},
	{
		"sorting", "Sorting support",
		"Extension that indicates that sorting is enabled.", "2016-06-12T00:00:00-00:00",
	},
	{
		"standard-attr-description", "standard-attr-description",
		"Extension to add descriptions to standard attributes", "2016-02-10T10:00:00-00:00",
	},
	{
		"standard-attr-timestamp", "Resource timestamps",
		"Adds created_at and updated_at fields to all Neutron resources that have Neutron standard attributes.", "2016-09-12T10:00:00-00:00",
	},
}

func (e extension) view() view {
	return view{
		"name": e.name, "alias": e.alias, "description": e.description, "updated": e.updated, "links": []view{},
	}
}

func (c *Cloud) listExtensions(*request) response {
	list := []view{}
	for _, e := range extensions {
		if !c.without(e.alias) {
			list = append(list, e.view())
		}
	}
	return reply(http.StatusOK, view{"extensions": list})
}

func (c *Cloud) showExtension(r *request) response {
	for _, e := range extensions {
		if e.alias == r.PathValue("id") && !c.without(e.alias) {
			return reply(http.StatusOK, view{"extension": e.view()})
		}
	}
	return htmlProblem(http.StatusNotFound, "Extension with alias "+r.PathValue("id")+" does not exist")
}
