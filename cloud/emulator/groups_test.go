package emulator

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/quotas"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/security/groups"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/security/rules"
)

func TestGroupLifeCycle(t *testing.T) {
	c := startDemo(t)
	net := demoClients(t, c).network
	g, err := groups.Create(t.Context(), net, groups.CreateOpts{Name: "portico-gw-1", Description: "d"}).Extract()
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Rules) != 2 || g.Rules[0].Direction != egress || g.Rules[1].Direction != egress || g.RevisionNumber != 1 {
		t.Errorf("a new group: %+v", g)
	}
	r, err := rules.Create(t.Context(), net, rules.CreateOpts{
		SecGroupID: g.ID, Direction: rules.DirIngress, EtherType: rules.EtherType4, Protocol: rules.ProtocolTCP,
		PortRangeMin: 30010, PortRangeMax: 30012, RemoteIPPrefix: "10.1.2.3",
	}).Extract()
	if err != nil || r.RemoteIPPrefix != "10.1.2.3/32" {
		t.Fatalf("%+v, %v", r, err)
	}
	if g, err = groups.Get(t.Context(), net, g.ID).Extract(); err != nil || len(g.Rules) != 3 || g.RevisionNumber != 2 {
		t.Errorf("with a rule: %+v, %v", g, err)
	}
	if err := rules.Delete(t.Context(), net, r.ID).ExtractErr(); err != nil {
		t.Error(err)
	}
	a := call(t, c, "DELETE", v2+"/security-group-rules/"+r.ID, "")
	a.wantError(t, 404, "SecurityGroupRuleNotFound", "Security group rule "+r.ID+" does not exist")
	description := "y"
	stale := 1
	_, err = groups.Update(t.Context(), net, g.ID, groups.UpdateOpts{Description: &description, RevisionNumber: &stale}).Extract()
	if !gophercloud.ResponseCodeIs(err, http.StatusPreconditionFailed) || !strings.Contains(err.Error(), "Constrained to 1, but current revision is 3") {
		t.Errorf("stale update: %v", err)
	}
	if err := groups.Delete(t.Context(), net, g.ID).ExtractErr(); err != nil {
		t.Error(err)
	}
	a = call(t, c, "GET", v2+"/security-groups/"+g.ID, "")
	a.wantError(t, 404, "SecurityGroupNotFound", "Security group "+g.ID+" does not exist")
}

func TestGroupsRefused(t *testing.T) {
	c := startDemo(t)
	def, ssh := ID("security_group", "default"), ID("security_group", "ssh")
	const path = v2 + "/security-groups"
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		kind, message            string
	}{
		{"in use", "DELETE", path + "/" + ssh, "", 409, "SecurityGroupInUse", "Security Group " + ssh + " in use."},
		{"default again", "POST", path, `{"security_group":{"name":"default"}}`, 409, "SecurityGroupDefaultAlreadyExists", "Default security group already exists."},
		{"rename default", "PUT", path + "/" + def, `{"security_group":{"name":"x"}}`, 409, "SecurityGroupCannotUpdateDefault", "Updating default security group not allowed."},
		{"unknown attribute", "PUT", path + "/" + ssh, `{"security_group":{"nosuch":1}}`, 400, "HTTPBadRequest", "Unrecognized attribute(s) 'nosuch'"},
		{"no wrapper", "POST", path, `{"x":{}}`, 400, "HTTPBadRequest", "Unable to find 'security_group' in request body"},
		{"no JSON", "POST", path, `{x`, 400, "MalformedRequestBody", "Malformed request body: Cannot understand JSON."},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := call(t, c, test.method, test.path, test.body)
			a.wantError(t, test.status, test.kind, test.message)
		})
	}
}

// The messages are those of Neutron Zed, asked with the same bodies.
func TestRulesRefused(t *testing.T) {
	c := startDemo(t)
	ssh := ID("security_group", "ssh")
	exists := c.ruleID(t, ssh, "tcp")
	const zero = "00000000-0000-0000-0000-000000000000"
	for _, test := range []struct {
		name, attrs   string
		status        int
		kind, message string
	}{
		{"again without prefix", `"protocol":"tcp","port_range_min":22,"port_range_max":22`, 409, "SecurityGroupRuleExists", "Security group rule already exists. Rule id is " + exists + "."},
		{"again by number", `"protocol":"6","port_range_min":"22","port_range_max":22,"description":"other"`, 409, "SecurityGroupRuleExists", "Security group rule already exists. Rule id is " + exists + "."},
		{"ports reversed", `"protocol":"tcp","port_range_min":23,"port_range_max":22`, 400, "SecurityGroupInvalidPortRange", "For TCP/UDP protocols, port_range_min must be <= port_range_max"},
		{"half a range", `"protocol":"tcp","port_range_min":23`, 400, "SecurityGroupInvalidPortRange", "For TCP/UDP protocols, port_range_min must be <= port_range_max"},
		{"no protocol", `"port_range_min":22,"port_range_max":22`, 400, "SecurityGroupProtocolRequiredWithPorts", "Must also specify protocol if port range is given."},
		{"port too high", `"protocol":"tcp","port_range_min":1,"port_range_max":70000`, 400, "SecurityGroupInvalidPortValue", "Invalid value for port 70000"},
		{"port 0", `"protocol":"tcp","port_range_min":0,"port_range_max":22`, 400, "SecurityGroupInvalidPortValue", "Invalid value for port 0"},
		{"direction", `"direction":"sideways"`, 400, "HTTPBadRequest", "Invalid input for direction. Reason: sideways is not in valid_values."},
		{"ICMP code", `"protocol":"icmp","port_range_min":8,"port_range_max":300`, 400, "SecurityGroupInvalidIcmpValue", "Invalid value for ICMP code (port_range_max) 300. It must be 0 to 255."},
		{"nonsense prefix", `"remote_ip_prefix":"nonsense"`, 400, "InvalidCIDR", "Invalid CIDR nonsense given as IP prefix."},
		{"wrong family", `"remote_ip_prefix":"2001:db8::/32"`, 400, "SecurityGroupRuleParameterConflict", "Conflicting value ethertype IPv4 for CIDR 2001:db8::/32"},
		{"ethertype", `"ethertype":"IPv9"`, 400, "SecurityGroupRuleInvalidEtherType", "Security group rule for ethertype 'IPv9' not supported. Allowed values are ['IPv4', 'IPv6']."},
		{"two remotes", `"remote_ip_prefix":"10.0.0.0/8","remote_group_id":"` + ssh + `"`, 400, "SecurityGroupMultipleRemoteEntites", "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided."},
		{"unknown remote", `"remote_group_id":"` + zero + `"`, 404, "SecurityGroupNotFound", "Security group " + zero + " does not exist"},
		{"unknown group", `"security_group_id":"nouuid"`, 404, "SecurityGroupNotFound", "Security group nouuid does not exist"},
		{"unknown attribute", `"nosuch":1`, 400, "HTTPBadRequest", "Unrecognized attribute(s) 'nosuch'"},
		{"ports without ports", `"protocol":"gre","port_range_min":1,"port_range_max":2`, 400, "SecurityGroupInvalidProtocolForPort", "Ports cannot be specified for protocol 47. Ports are only supported for DCCP, SCTP, TCP, UDP, UDPLITE."},
		{"ICMP without type", `"protocol":"icmp","port_range_max":2`, 400, "SecurityGroupMissingIcmpType", "ICMP code (port-range-max) 2 is provided but ICMP type (port-range-min) is missing."},
		{"ICMPv6 for IPv4", `"protocol":"ipv6-icmp"`, 400, "SecurityGroupEthertypeConflictWithProtocol", "Invalid ethertype IPv4 for protocol ipv6-icmp."},
		{"protocol", `"protocol":"bogus"`, 400, "SecurityGroupRuleInvalidProtocol", "Security group rule protocol bogus not supported. Only protocol values " + protocolList + " are supported."},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := `{"security_group_rule":{"security_group_id":"` + ssh + `","direction":"ingress",` + test.attrs + `}}`
			a := call(t, c, "POST", v2+"/security-group-rules", body)
			a.wantError(t, test.status, test.kind, test.message)
		})
	}
}

// ruleID returns the ID of a group's rule for a protocol.
func (c *Cloud) ruleID(t *testing.T, group, protocol string) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.model.rulesOf(group) {
		if r.protocol == protocol {
			return r.id
		}
	}
	t.Fatalf("no %s rule in %s", protocol, group)
	return ""
}

func TestBulkRulesAreAllOrNone(t *testing.T) {
	c := startDemo(t)
	web := ID("security_group", "web")
	rule := func(port string) string {
		return `{"security_group_id":"` + web + `","direction":"ingress","protocol":"tcp","port_range_min":` + port + `,"port_range_max":` + port + `}`
	}
	count := func() int {
		return len(call(t, c, "GET", v2+"/security-group-rules?security_group_id="+web, "").items(t, "security_group_rules"))
	}
	before := count()
	a := call(t, c, "POST", v2+"/security-group-rules", `{"security_group_rules":[`+rule("8080")+`,`+rule("80")+`]}`)
	if a.status != http.StatusConflict || count() != before {
		t.Errorf("one of two exists: %d, %d rules, %d before", a.status, count(), before)
	}
	a = call(t, c, "POST", v2+"/security-group-rules", `{"security_group_rules":[`+rule("8080")+`,`+rule("8081")+`]}`)
	if a.status != http.StatusCreated || len(a.items(t, "security_group_rules")) != 2 || count() != before+2 {
		t.Errorf("two new ones: %d %s", a.status, a.text)
	}
}

func TestQuotas(t *testing.T) {
	c := startDemo(t)
	net := demoClients(t, c).network
	q, err := quotas.GetDetail(t.Context(), net, c.ProjectID()).Extract()
	if err != nil || q.SecurityGroup.Limit != 10 || q.SecurityGroup.Used != 4 || q.SecurityGroupRule.Limit != 100 ||
		q.SecurityGroupRule.Used != 4+3+4+2 || q.FloatingIP.Used != 3 || q.Subnet.Used != 2 || q.Network.Used != 1 {
		t.Fatalf("%+v, %v", q, err)
	}
	set := func(resource string, limit int) {
		t.Helper()
		if err := c.SetQuota(resource, limit); err != nil {
			t.Fatal(err)
		}
	}
	const path = v2 + "/security-groups"
	set("security_group", 4)
	call(t, c, "POST", path, `{"security_group":{"name":"a"}}`).
		wantError(t, 409, "OverQuota", "Quota exceeded for resources: ['security_group'].")
	set("security_group", -1)
	set("security_group_rule", 14)
	call(t, c, "POST", path, `{"security_group":{"name":"a"}}`).
		wantError(t, 409, "OverQuota", "Quota exceeded for resources: ['security_group_rule'].")
	rule := func(port string) string {
		return `{"security_group_rule":{"direction":"ingress","protocol":"tcp","port_range_min":` + port +
			`,"port_range_max":` + port + `,"security_group_id":"` + ID("security_group", "web") + `"}}`
	}
	if a := call(t, c, "POST", v2+"/security-group-rules", rule("81")); a.status != http.StatusCreated {
		t.Errorf("the last rule that fits: %d %s", a.status, a.text)
	}
	call(t, c, "POST", v2+"/security-group-rules", rule("82")).
		wantError(t, 409, "OverQuota", "Quota exceeded for resources: ['security_group_rule'].")
	if err := c.SetQuota("nosuch", 1); err == nil {
		t.Error("a quota for an unknown resource was accepted")
	}
	call(t, c, "GET", v2+"/quotas/other", "").
		wantError(t, 403, "PolicyNotAuthorized", "rule:get_quota is disallowed by policy")
}
