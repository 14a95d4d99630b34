package emulator

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/floatingips"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/portforwarding"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/networks"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"
)

const v2 = "/network/v2.0"

// names are the values of one field over a list, in its order.
func names(list []map[string]any, field string) []string {
	out := []string{}
	for _, x := range list {
		out = append(out, x[field].(string))
	}
	return out
}

func TestListFilters(t *testing.T) {
	c := startDemo(t)
	gwPort := c.portID(t, DemoGateway)
	for _, test := range []struct {
		path, key string
		want      int
	}{
		{"/ports", "ports", 15}, // 11 instances, 2 DHCP, 2 router interfaces
		{"/ports?device_id=" + ID("server", DemoGateway), "ports", 1},
		{"/ports?id=" + gwPort + "&id=" + c.portID(t, DemoWeb), "ports", 2},
		{"/ports?fixed_ips=ip_address%3D192.168.0.4", "ports", 1},
		{"/ports?security_groups=" + ID("security_group", "isolated"), "ports", 1},
		{"/ports?device_owner=compute:nova&status=DOWN", "ports", 1},
		{"/ports?tenant_id=" + c.ProjectID(), "ports", 15},
		{"/ports?project_id=other", "ports", 0},
		{"/floatingips?port_id=" + gwPort, "floatingips", 1},
		{"/floatingips?floating_ip_address=" + DemoFreeAddress, "floatingips", 1},
		{"/floatingips?status=DOWN", "floatingips", 1},
		{"/networks?router:external=True", "networks", 1},
		{"/networks?name=lab-net", "networks", 1},
		{"/subnets", "subnets", 2}, // not the provider's
		{"/security-groups?name=ssh", "security_groups", 1},
		{"/security-group-rules?security_group_id=" + ID("security_group", "ssh") + "&direction=ingress", "security_group_rules", 1},
		{"/security-group-rules?port_range_min=443", "security_group_rules", 1},
		{"/routers?name=mg-router", "routers", 1},
	} {
		if list := call(t, c, "GET", v2+test.path, "").items(t, test.key); len(list) != test.want {
			t.Errorf("%s: %d, want %d", test.path, len(list), test.want)
		}
	}
	a := call(t, c, "GET", v2+"/ports?nosuch=1", "")
	a.wantError(t, 400, "HTTPBadRequest", "['nosuch'] is invalid attribute for filtering")
	a = call(t, c, "GET", v2+"/ports?fields=id&fields=name&device_id="+ID("server", DemoGateway), "")
	if d := cmp.Diff([]map[string]any{{"id": gwPort, "name": ""}}, a.items(t, "ports")); d != "" {
		t.Error(d)
	}
}

// portID returns the ID of an instance's first port.
func (c *Cloud) portID(t *testing.T, server string) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.model.portsOf(ID("server", server))
	if len(list) == 0 {
		t.Fatalf("%s has no port", server)
	}
	return list[0].id
}

func TestNeutronPages(t *testing.T) {
	c := startDemo(t)
	whole := names(call(t, c, "GET", v2+"/ports", "").items(t, "ports"), "id")
	var forward, back []string
	for path := v2 + "/ports?limit=4"; path != ""; {
		a := call(t, c, "GET", path, "")
		forward = append(forward, names(a.items(t, "ports"), "id")...)
		path = c.follow(a, "ports_links", "next")
	}
	if d := cmp.Diff(whole, forward); d != "" {
		t.Errorf("forward: %s", d)
	}
	for path := v2 + "/ports?limit=4&page_reverse=True"; path != ""; {
		a := call(t, c, "GET", path, "")
		back = append(names(a.items(t, "ports"), "id"), back...)
		path = c.follow(a, "ports_links", "previous")
	}
	if d := cmp.Diff(whole, back); d != "" {
		t.Errorf("backward: %s", d)
	}
	for name, opts := range map[string]ports.ListOpts{"unlimited": {}, "limited": {Limit: 4}} {
		pages, err := ports.List(demoClients(t, c).network, opts).AllPages(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if list, err := ports.ExtractPorts(pages); err != nil || len(list) != len(whole) {
			t.Errorf("%s: gophercloud sees %d ports of %d, %v", name, len(list), len(whole), err)
		}
	}
	a := call(t, c, "GET", v2+"/ports?limit=1&marker=x", "")
	a.wantError(t, 404, "PortNotFound", "Port x could not be found.")
}

// follow returns the path of a link of an answer, "" if it has none.
func (c *Cloud) follow(a answer, key, rel string) string {
	list, _ := a.body[key].([]any)
	for _, x := range list {
		if l := x.(map[string]any); l["rel"] == rel {
			return strings.TrimPrefix(l["href"].(string), c.base)
		}
	}
	return ""
}

func TestPortGroupsAndRevision(t *testing.T) {
	c := startDemo(t)
	net, id := demoClients(t, c).network, c.portID(t, "blast-db")
	before, err := ports.Get(t.Context(), net, id).Extract()
	if err != nil {
		t.Fatal(err)
	}
	groups := []string{ID("security_group", "default"), ID("security_group", "ssh")}
	after, err := ports.Update(t.Context(), net, id, ports.UpdateOpts{SecurityGroups: &groups, RevisionNumber: &before.RevisionNumber}).Extract()
	if err != nil {
		t.Fatal(err)
	}
	if after.RevisionNumber != before.RevisionNumber+1 || len(after.SecurityGroups) != 2 {
		t.Errorf("after: %+v", after)
	}
	none := []string{}
	_, err = ports.Update(t.Context(), net, id, ports.UpdateOpts{SecurityGroups: &none, RevisionNumber: &before.RevisionNumber}).Extract()
	if !gophercloud.ResponseCodeIs(err, http.StatusPreconditionFailed) {
		t.Errorf("stale revision: %v", err)
	}
	same, err := ports.Update(t.Context(), net, id, ports.UpdateOpts{SecurityGroups: &groups}).Extract()
	if err != nil || same.RevisionNumber != after.RevisionNumber {
		t.Errorf("an update that changes nothing: %+v, %v", same, err)
	}
	path := v2 + "/ports/" + id
	a := call(t, c, "PUT", path, `{"port":{"security_groups":["xx"]}}`)
	a.wantError(t, 400, "HTTPBadRequest", "Invalid input for security_groups. Reason: 'xx' is not a valid UUID.")
	const zero = "00000000-0000-0000-0000-000000000000"
	a = call(t, c, "PUT", path, `{"port":{"security_groups":["`+zero+`"]}}`)
	a.wantError(t, 404, "SecurityGroupNotFound", "Security group "+zero+" does not exist")
	a = call(t, c, "PUT", v2+"/ports/x", `{"port":{}}`)
	a.wantError(t, 404, "PortNotFound", "Port x could not be found.")
}

func TestFloatingIPAssociation(t *testing.T) {
	c := startDemo(t)
	net, free := demoClients(t, c).network, ID("floatingip", DemoFreeAddress)
	port, gw := c.portID(t, "blast-db"), c.portID(t, DemoGateway)
	f, err := floatingips.Update(t.Context(), net, free, floatingips.UpdateOpts{PortID: &port}).Extract()
	if err != nil || f.Status != "DOWN" || f.FixedIP != "192.168.0.12" || f.RouterID != ID("router", "mg-router") {
		t.Fatalf("%+v, %v", f, err)
	}
	if f, err = floatingips.Get(t.Context(), net, free).Extract(); err != nil || f.Status != statusActive {
		t.Errorf("afterwards %+v, %v", f, err)
	}
	a := call(t, c, "PUT", v2+"/floatingips/"+free, `{"floatingip":{"port_id":"`+gw+`"}}`)
	a.wantError(t, 409, "FloatingIPPortAlreadyAssociated", "Cannot associate floating IP "+DemoFreeAddress+" ("+free+") with port "+
		gw+" using fixed IP 192.168.0.4, as that fixed IP already has a floating IP on external network "+ID("network", "public")+".")
	a = call(t, c, "PUT", v2+"/floatingips/"+free, `{"floatingip":{"port_id":null}}`, "If-Match", "revision_number=77")
	if a.status != http.StatusPreconditionFailed {
		t.Errorf("stale: %d %s", a.status, a.text)
	}
	empty := ""
	if f, err = floatingips.Update(t.Context(), net, free, floatingips.UpdateOpts{PortID: &empty}).Extract(); err != nil ||
		f.PortID != "" || f.FixedIP != "" || f.Status != "DOWN" {
		t.Errorf("freed: %+v, %v", f, err)
	}
}

func TestPortForwardings(t *testing.T) {
	c := startDemo(t)
	net, free := demoClients(t, c).network, ID("floatingip", DemoFreeAddress)
	opts := portforwarding.CreateOpts{
		InternalPortID: c.portID(t, "blast-db"), InternalIPAddress: "192.168.0.12", InternalPort: 22, ExternalPort: 2222, Protocol: "tcp",
	}
	pf, err := portforwarding.Create(t.Context(), net, free, opts).Extract()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := portforwarding.List(net, portforwarding.ListOpts{}, free).AllPages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := portforwarding.ExtractPortForwardings(pages)
	if err != nil || len(list) != 1 || list[0].ID != pf.ID {
		t.Errorf("%+v, %v", list, err)
	}
	const path = "/port_forwardings"
	again := `{"port_forwarding":{"internal_port_id":"` + opts.InternalPortID + `","internal_ip_address":"192.168.0.12",` +
		`"internal_port":22,"external_port":2223,"protocol":"tcp"}}`
	a := call(t, c, "POST", v2+"/floatingips/"+free+path, again)
	a.wantError(t, 400, "BadRequest", "Bad port_forwarding request: There is a port collision with the internal_port_range. "+
		"The following ranges collides: 22:22 and 22:22.")
	bad := func(old, other string) answer {
		return call(t, c, "POST", v2+"/floatingips/"+free+path, strings.Replace(again, old, other, 1))
	}
	bad("0.12", "0.13").wantError(t, 400, "BadRequest", "Bad port_forwarding request: Requested internal IP address "+
		"192.168.0.13 is not suitable for internal neutron port "+opts.InternalPortID+", as its fixed_ips are [{'subnet_id': '"+
		ID("subnet", "lab-v4")+"', 'ip_address': '192.168.0.12'}].")
	bad(`":22,`, `":0,`).wantError(t, 400, "HTTPBadRequest", "Invalid input for internal_port. Reason: '0' is too small - must be at least '1'.")
	a = call(t, c, "PUT", v2+"/floatingips/"+free, `{"floatingip":{"port_id":"`+opts.InternalPortID+`"}}`)
	a.wantError(t, 409, "FipInUseByPortForwarding", "Floating IP "+free+" in use by Port Forwarding resources.")
	if err := portforwarding.Delete(t.Context(), net, free, pf.ID).ExtractErr(); err != nil {
		t.Error(err)
	}
	hidden := start(t, Config{Without: []string{extPortForwarding}}, Demo{}.Fill)
	if a := call(t, hidden, "GET", v2+"/floatingips/"+free+path, ""); a.status != http.StatusNotFound {
		t.Errorf("without the extension: %d", a.status)
	}
}

func TestNetworks(t *testing.T) {
	c := startDemo(t)
	n, err := networks.Get(t.Context(), demoClients(t, c).network, ID("network", "lab-net")).Extract()
	if err != nil || len(n.Subnets) != 2 || n.Status != statusActive || n.ProjectID != c.ProjectID() {
		t.Errorf("%+v, %v", n, err)
	}
	r := call(t, c, "GET", v2+"/routers", "").items(t, "routers")[0]
	if g, _ := r["external_gateway_info"].(map[string]any); g["network_id"] != ID("network", "public") {
		t.Errorf("router %v", r)
	}
	a := call(t, c, "GET", v2+"/subnets/"+ID("subnet", "public-v4"), "")
	a.wantError(t, 404, "SubnetNotFound", "Subnet "+ID("subnet", "public-v4")+" could not be found.")
	a = call(t, c, "GET", v2+"/nosuch", "")
	a.wantError(t, 404, "HTTPNotFound", "The resource could not be found.")
}
