package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
)

var plainAddrs = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

// furnish puts one of each into the fake's project, and some of another project's.
func furnish(f *fake) {
	own := func(o object) object { o["project_id"] = fakeProject; return o }
	f.lists["servers"] = []object{{
		"id": "vm1", "name": "web\x1b[2J\n1", "status": "ERROR", "OS-EXT-STS:task_state": nil, "created": "2026-01-02T03:04:05Z",
		"key_name": "lab", "metadata": object{"role": "web"}, "tags": []string{"a"}, "image": object{"id": "img1"},
		"fault": object{"message": "No valid host"}, "flavor": object{"original_name": "m1.tiny", "vcpus": 1, "ram": 512},
	}, {"id": "vm2", "name": "volume", "status": "ACTIVE", "created": "2026-01-02T03:04:05Z", "image": "", "flavor": object{"original_name": "m1.tiny", "vcpus": 1, "ram": 512}}}
	f.lists["ports"] = []object{own(object{
		"id": "p1", "device_id": "vm1", "device_owner": "compute:nova", "network_id": "n1", "status": "ACTIVE", "mac_address": "fa:16:3e:00:00:01",
		"admin_state_up": true, "fixed_ips": []object{{"subnet_id": "s1", "ip_address": "10.0.0.5"}}, "security_groups": []string{"sg-own", "sg-shared"},
		"allowed_address_pairs": []object{{"ip_address": "10.0.0.9"}, {"ip_address": "192.168.0.0/24"}}, "revision_number": 4,
	}), own(object{"id": "p2", "network_id": "n3", "admin_state_up": true, "port_security_enabled": false, "revision_number": 1}),
		{"id": "p3", "network_id": "n4", "project_id": otherProject}}
	f.lists["floatingips"] = []object{own(object{
		"id": "f1", "status": "ACTIVE", "port_id": "p1", "router_id": "r1", "floating_network_id": "n2", "floating_ip_address": "203.0.113.7",
		"fixed_ip_address": "10.0.0.5", "revision_number": 2, "port_forwardings": []object{},
	}), own(object{"id": "f2", "status": "DOWN", "port_id": nil, "router_id": "r1", "floating_ip_address": "203.0.113.8", "fixed_ip_address": nil,
		"port_forwardings": []object{{"id": "pf1", "protocol": "tcp", "internal_ip_address": "10.0.0.5", "internal_port_id": "p1", "internal_port": 22, "external_port": 2222}}}),
		{"id": "f3", "floating_ip_address": "203.0.113.9", "project_id": otherProject}}
	f.lists["networks"] = []object{own(object{"id": "n1", "name": "lan", "status": "ACTIVE", "admin_state_up": true, "mtu": 1450}),
		{"id": "n2", "name": "public", "router:external": true, "project_id": otherProject},
		{"id": "n3", "name": "lent", "project_id": otherProject}, {"id": "n4", "name": "foreign", "project_id": otherProject},
		{"id": "n5", "name": "shared", "shared": true, "project_id": otherProject}}
	f.lists["subnets"] = []object{own(object{"id": "s1", "name": "lan", "network_id": "n1", "cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1"}),
		{"id": "s4", "network_id": "n4", "cidr": "10.4.0.0/24", "gateway_ip": nil, "project_id": otherProject}}
	f.lists["routers"] = []object{own(object{"id": "r1", "name": "router", "status": "ACTIVE", "admin_state_up": true, "external_gateway_info": object{"network_id": "n2"}}),
		own(object{"id": "r2", "external_gateway_info": nil})}
	f.lists["security_groups"] = []object{own(object{"id": "sg-own", "name": "own", "description": "ours", "revision_number": 3, "security_group_rules": []object{
		{"id": "r1", "security_group_id": "sg-own", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22, "remote_ip_prefix": "10.0.0.7/24", "revision_number": 0},
		{"id": "r2", "security_group_id": "sg-own", "direction": "egress", "ethertype": "IPv4", "protocol": nil, "port_range_min": nil, "remote_ip_prefix": nil},
		{"id": "r3", "security_group_id": "sg-own", "direction": "ingress", "ethertype": "IPv4", "protocol": "udp", "remote_address_group_id": "ag1"},
	}}), {"id": "sg-shared", "name": "lent", "project_id": otherProject}, {"id": "sg-foreign", "name": "foreign", "project_id": otherProject}}
	f.lists["extensions"] = []object{{"alias": "floating-ip-port-forwarding"}, {"alias": "expose-port-forwarding-in-fip"}}
}

func wantInventory() cloud.Inventory {
	return cloud.Inventory{
		Instances: []cloud.Instance{{
			ID: "vm1", Name: "web 1", Status: "ERROR", Flavor: "m1.tiny", VCPUs: 1, RAM: 512, ImageID: "img1", KeyName: "lab", Fault: "No valid host",
			Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Metadata: map[string]string{"role": "web"}, Tags: []string{"a"},
		}, {ID: "vm2", Name: "volume", Status: "ACTIVE", Flavor: "m1.tiny", VCPUs: 1, RAM: 512, Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}},
		Ports: []cloud.Port{{
			ID: "p1", DeviceID: "vm1", DeviceOwner: "compute:nova", NetworkID: "n1", Status: "ACTIVE", MAC: "fa:16:3e:00:00:01", AdminUp: true, PortSecurity: true,
			FixedIPs: []cloud.FixedIP{{SubnetID: "s1", Addr: netip.MustParseAddr("10.0.0.5")}}, Groups: []string{"sg-own", "sg-shared"},
			AllowedPairs: []netip.Prefix{netip.MustParsePrefix("10.0.0.9/32"), netip.MustParsePrefix("192.168.0.0/24")}, Revision: 4,
		}, {ID: "p2", NetworkID: "n3", AdminUp: true, Revision: 1}},
		FloatingIPs: []cloud.FloatingIP{{
			ID: "f1", Status: "ACTIVE", PortID: "p1", RouterID: "r1", NetworkID: "n2",
			Address: netip.MustParseAddr("203.0.113.7"), FixedIP: netip.MustParseAddr("10.0.0.5"), Revision: 2,
		}, {ID: "f2", Status: "DOWN", RouterID: "r1", Address: netip.MustParseAddr("203.0.113.8"), Forwardings: []cloud.PortForwarding{
			{ID: "pf1", InternalPortID: "p1", Protocol: "tcp", Internal: netip.MustParseAddrPort("10.0.0.5:22"), External: 2222},
		}}},
		Networks: []cloud.Network{{ID: "n1", Name: "lan", Status: "ACTIVE", AdminUp: true, MTU: 1450}, {ID: "n2", Name: "public", External: true, Shared: true},
			{ID: "n3", Name: "lent", Shared: true}, {ID: "n5", Name: "shared", Shared: true}},
		Subnets: []cloud.Subnet{{ID: "s1", Name: "lan", NetworkID: "n1", CIDR: netip.MustParsePrefix("10.0.0.0/24"), GatewayIP: netip.MustParseAddr("10.0.0.1")}},
		Routers: []cloud.Router{{ID: "r1", Name: "router", Status: "ACTIVE", AdminUp: true, ExternalNetwork: "n2"}, {ID: "r2"}},
		SecurityGroups: []cloud.SecurityGroup{{ID: "sg-own", Name: "own", Description: "ours", Revision: 3, Rules: []cloud.SecurityGroupRule{
			{ID: "r1", GroupID: "sg-own", Direction: "ingress", EtherType: "IPv4", Protocol: "tcp", PortMin: 22, PortMax: 22, RemotePrefix: netip.MustParsePrefix("10.0.0.0/24")},
			{ID: "r2", GroupID: "sg-own", Direction: "egress", EtherType: "IPv4"},
			{ID: "r3", GroupID: "sg-own", Direction: "ingress", EtherType: "IPv4", Protocol: "udp", RemoteGroup: "ag1"},
		}}, {ID: "sg-shared", Name: "lent"}},
		Quotas: cloud.Quotas{SecurityGroups: cloud.Limit{Used: 4, Max: 10, Known: true}, SecurityGroupRules: cloud.Limit{Used: 13, Max: 100, Known: true},
			FloatingIPs: cloud.Limit{Used: 2, Max: -1, Known: true}},
		Extensions: []string{"floating-ip-port-forwarding", "expose-port-forwarding-in-fip"},
	}
}

// An administrator's token sees every project; the inventory must not.
func TestInventoryHoldsThisProjectOnly(t *testing.T) {
	for _, admin := range []bool{false, true} {
		t.Run(fmt.Sprintf("admin %v", admin), func(t *testing.T) {
			f := newFake(t)
			furnish(f)
			f.admin = admin
			f.lists["networks"][2]["shared"] = !admin // a member sees a network lent to it as shared
			c := f.connect(t)
			got, err := c.Inventory(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.At.IsZero() || got.Identity.ProjectID != fakeProject || got.Identity.User != "demo" {
				t.Errorf("identity %+v at %v", got.Identity, got.At)
			}
			want := wantInventory()
			want.At, want.Identity = got.At, got.Identity
			if diff := cmp.Diff(want, got, plainAddrs); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			// Nine lists, and one for the group that another project lent.
			if n := f.count(""); n != 10 {
				t.Errorf("%d requests: %v", n, f.requests)
			}
		})
	}
}

// The number of requests depends on pages, not on instances.
func TestInventoryCostsAConstantNumberOfRequests(t *testing.T) {
	cost := func(t *testing.T, n int) (requests int) {
		f := newFake(t)
		for i := range n {
			id := fmt.Sprintf("%04d", i)
			f.lists["servers"] = append(f.lists["servers"], object{"id": "vm" + id, "name": "vm" + id, "status": "ACTIVE", "created": "2026-01-02T03:04:05Z",
				"flavor": object{"original_name": "m1.tiny", "vcpus": 1, "ram": 512}})
			f.lists["ports"] = append(f.lists["ports"], object{"id": "p" + id, "device_id": "vm" + id, "project_id": fakeProject, "network_id": "n1"})
			f.lists["floatingips"] = append(f.lists["floatingips"], object{"id": "f" + id, "floating_ip_address": "203.0.113.9", "project_id": fakeProject, "port_id": "p" + id, "port_forwardings": []object{}})
		}
		inv, err := f.connect(t).Inventory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(inv.Instances) != n || len(inv.Ports) != n || len(inv.FloatingIPs) != n {
			t.Errorf("%d instances, %d ports, %d floating IPs of %d", len(inv.Instances), len(inv.Ports), len(inv.FloatingIPs), n)
		}
		return f.count("")
	}
	const lists, pagedLists = 9, 3
	for n, want := range map[int]int{1: lists, 900: lists, 1500: lists + pagedLists, 2500: lists + 2*pagedLists} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			if got := cost(t, n); got != want {
				t.Errorf("%d requests for %d instances, want %d", got, n, want)
			}
		})
	}
}

func TestInventoryNamesWhatItMayNotRead(t *testing.T) {
	forbidden := `{"NeutronError": {"type": "PolicyNotAuthorized", "message": "rule:get is disallowed by policy", "detail": ""}}`
	cases := map[string]struct {
		path   string
		status int
		part   string
	}{
		"ports":           {"ports", 403, PartPorts},
		"floating IPs":    {"floatingips", 404, PartFloatingIPs},
		"networks":        {"networks", 403, PartNetworks},
		"subnets":         {"subnets", 403, PartSubnets},
		"routers":         {"routers", 404, PartRouters},
		"routers failing": {"routers", 500, PartRouters},
		"groups":          {"security-groups", 403, PartSecurityGroups},
		"extensions":      {"extensions", 500, PartExtensions},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			furnish(f)
			c := f.connect(t)
			f.fail("/network/v2.0/"+tc.path, tc.status, forbidden)
			inv, err := c.Inventory(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(inv.Missing) != 1 || !inv.Unknown(tc.part) || len(inv.Instances) != 2 {
				t.Fatalf("missing %v, %d instances", inv.Missing, len(inv.Instances))
			}
			if why := inv.Missing[0].Err.Error(); !strings.Contains(why, "rule:get is disallowed by policy") {
				t.Errorf("why: %s", why)
			}
		})
	}
}

func TestInventoryFailsAsAWhole(t *testing.T) {
	cases := map[string]struct {
		path   string
		status int
		want   cloud.Kind
	}{
		"instances forbidden": {"/compute/v2.1/servers/detail", 403, cloud.Permission},
		"instances failing":   {"/compute/v2.1/servers/detail", 500, cloud.Internal},
		"ports failing":       {"/network/v2.0/ports", 500, cloud.Internal},
		"ports by a proxy":    {"/network/v2.0/ports", 502, cloud.Transient},
		"refused":             {"/network/v2.0/quotas/" + fakeProject, 401, cloud.Auth},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			furnish(f)
			f.quotaDetails = false
			c := f.connect(t)
			f.fail(tc.path, tc.status, "<html>no</html>")
			if inv, err := c.Inventory(t.Context()); cloud.KindOf(err) != tc.want || len(inv.Ports) != 0 {
				t.Errorf("kind %v, want %v: %v", cloud.KindOf(err), tc.want, err)
			}
		})
	}
}

func TestInventoryIsCanceled(t *testing.T) {
	f := newFake(t)
	c := f.connect(t)
	f.inject(fault{path: "/network/v2.0/ports", times: 1, hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	stop := time.AfterFunc(50*time.Millisecond, cancel)
	defer stop.Stop()
	if _, err := c.Inventory(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestQuotasDegrade(t *testing.T) {
	known := func(used, most int) cloud.Limit { return cloud.Limit{Used: used, Max: most, Known: true} }
	cases := map[string]struct {
		details, forbidden bool
		want               cloud.Quotas
		missing            bool
	}{
		"with use":    {true, true, cloud.Quotas{SecurityGroups: known(4, 10), SecurityGroupRules: known(13, 100), FloatingIPs: known(2, -1)}, false},
		"limits only": {false, false, cloud.Quotas{SecurityGroups: known(1, 10), SecurityGroupRules: known(3, 100)}, false},
		"forbidden":   {false, true, cloud.Quotas{}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			furnish(f)
			f.quotaDetails, f.quotaForbidden = tc.details, tc.forbidden
			inv, err := f.connect(t).Inventory(t.Context())
			if err != nil || inv.Quotas != tc.want || inv.Unknown(PartQuotas) != tc.missing {
				t.Errorf("got %+v, missing %v, %v", inv.Quotas, inv.Missing, err)
			}
		})
	}
}

func TestMicroversionIsNegotiated(t *testing.T) {
	cases := map[string]struct {
		offers   string
		requests int
		tags     bool
	}{
		"embedded flavors": {"2.53", 1, true},
		"tags":             {"2.30", 3, true}, // refused, answered, flavors
		"neither":          {"2.1", 4, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			furnish(f)
			f.microversion = tc.offers
			c := f.connect(t)
			list, err := c.instances(t.Context())
			if err != nil || list[0].Flavor == "" || list[0].VCPUs == 0 || list[0].RAM == 0 || (len(list[0].Tags) > 0) != tc.tags {
				t.Errorf("got %+v, %v", list, err)
			}
			if n := f.count(""); n != tc.requests {
				t.Errorf("%d requests, want %d: %v", n, tc.requests, f.requests)
			}
			f.reset()
			if _, err := c.instances(t.Context()); err != nil || f.count("") > 2 {
				t.Errorf("the answer was not remembered: %v, %v", f.requests, err)
			}
		})
	}
}

func TestForwardingsOfOldNeutron(t *testing.T) {
	f := newFake(t)
	furnish(f)
	for _, fip := range f.lists["floatingips"] {
		delete(fip, "port_forwardings")
	}
	f.lists["floatingips"] = append(f.lists["floatingips"], object{"id": "f4", "floating_ip_address": "203.0.113.10", "project_id": fakeProject})
	f.lists["extensions"] = f.lists["extensions"][:1]
	f.forwardings["f2"] = []object{{"id": "pf9", "protocol": "udp", "internal_ip_address": "10.0.0.5", "internal_port": nil, "external_port": nil,
		"internal_port_range": "60:61", "external_port_range": "6000:6001"}}
	c := f.connect(t)
	inv, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []cloud.PortForwarding{
		{ID: "pf9", Protocol: "udp", Internal: netip.MustParseAddrPort("10.0.0.5:60"), InternalLast: 61, External: 6000, ExternalLast: 6001},
	}
	if diff := cmp.Diff(want, inv.FloatingIPs[1].Forwardings, plainAddrs); diff != "" {
		t.Error(diff)
	}
	// The attached one and the one without a router cannot have any: they are not asked.
	if f.count("GET /network/v2.0/floatingips/f2/port_forwardings") != 1 || f.count("") != 11 {
		t.Errorf("requests %v", f.requests)
	}
	f.fail("/network/v2.0/floatingips/f2/port_forwardings", http.StatusForbidden, "")
	if inv, err = c.Inventory(t.Context()); err != nil || !inv.Unknown(PartPortForwardings) {
		t.Errorf("missing %v, %v", inv.Missing, err)
	}
}
