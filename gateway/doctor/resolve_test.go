package doctor

import (
	"net/netip"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// crossroads is a project with a gateway, a VM with an address of its own, and a floating IP that
// Neutron forwards ports of.
func crossroads() cloud.Inventory {
	port := func(id, device, a string) cloud.Port {
		return cloud.Port{ID: id, DeviceID: device, NetworkID: "net", AdminUp: true, FixedIPs: []cloud.FixedIP{{SubnetID: "sub", Addr: addr(a)}}}
	}
	return cloud.Inventory{
		Instances: []cloud.Instance{{ID: "gw", Name: "gw-1", Status: "ACTIVE"}, {ID: "vm", Name: "alpha", Status: "ACTIVE"}, {ID: "own", Name: "portal", Status: "ACTIVE"}},
		Ports:     []cloud.Port{port("gwport", "gw", "192.168.0.4"), port("vmport", "vm", "192.168.0.11"), port("ownport", "own", "192.168.0.40")},
		FloatingIPs: []cloud.FloatingIP{
			{ID: "1", Address: addr("203.0.113.10"), PortID: "gwport", FixedIP: addr("192.168.0.4"), Status: "ACTIVE"},
			{ID: "2", Address: addr("203.0.113.31"), PortID: "ownport", FixedIP: addr("192.168.0.40"), Status: "ACTIVE", RouterID: "r"},
			{ID: "3", Address: addr("203.0.113.40"), Status: "ACTIVE", RouterID: "r", Forwardings: []cloud.PortForwarding{
				{ID: "pf", InternalPortID: "vmport", Protocol: "tcp", Internal: netip.MustParseAddrPort("192.168.0.11:22"), External: 30011},
			}},
			{ID: "4", Address: addr("203.0.113.50")},
		},
		Routers: []cloud.Router{{ID: "r", Name: "router", Status: "ACTIVE", ExternalNetwork: "x", AdminUp: true}},
		Subnets: []cloud.Subnet{{ID: "sub", CIDR: prefix("192.168.0.0/24")}},
	}
}

// Each address takes its own way: by the gateway, by Neutron, to the VM itself, or nowhere.
func TestResolve(t *testing.T) {
	t.Parallel()
	fwd := gateway.Forward{
		Instance: "vm", Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22},
		Public: netip.MustParseAddrPort("203.0.113.10:30011"), Private: netip.MustParseAddrPort("192.168.0.11:22"),
	}
	for _, c := range []struct {
		target Target
		title  string
		hops   int
		broken HopID
	}{
		{Target{Text: "203.0.113.10:30011"}, "203.0.113.10:30011 -> alpha ssh", 8, ""},
		{Target{Text: "alpha"}, "203.0.113.10:30011 -> alpha ssh", 8, ""},
		{Target{Instance: "vm", Service: "tcp/22"}, "203.0.113.10:30011 -> alpha ssh", 8, ""},
		{Target{Instance: "alpha", Service: "http"}, "203.0.113.10:31011 -> alpha http", 8, GatewayHost},
		{Target{Text: "203.0.113.10"}, "gw-1 (203.0.113.10)", 6, ""},
		{Target{Text: "203.0.113.31:80"}, "203.0.113.31:80 -> portal http", 6, ""},
		{Target{Text: "portal"}, "203.0.113.31:22 -> portal ssh", 6, ""},
		{Target{Text: "203.0.113.40:30011"}, "203.0.113.40:30011 -> alpha ssh", 7, ""},
		{Target{Text: "203.0.113.40:30012"}, "203.0.113.40:30012 -> the VM tcp", 7, Forwarding},
		{Target{Text: "203.0.113.50:30011"}, "203.0.113.50:30011 -> the VM service", 8, FloatingIP},
		{Target{Text: "203.0.113.99:30011"}, "203.0.113.99:30011 -> the VM service", 8, FloatingIP},
	} {
		p := publish.New(nil, nil, nil, nil, publish.Options{Gateway: "gw-1"})
		inv := crossroads()
		target, pasted, err := normal(p, inv, c.target)
		if err != nil {
			t.Fatalf("%+v: %v", c.target, err)
		}
		f := newFacts(publish.Snapshot{Inventory: inv, Gateway: p.Gateways(inv)[0], State: &gateway.State{Forwards: []gateway.Forward{fwd}}}, nil)
		f.pasted = pasted
		r := &resolver{p: p, s: publish.Snapshot{Inventory: inv, Gateway: f.gw, State: f.state}, f: f}
		if err := r.resolve(target); err != nil {
			t.Fatalf("%+v: %v", c.target, err)
		}
		if f.standing == absent && f.route == viaGateway {
			f.host = &hostFacts{sysctl: map[string]string{"net.ipv4.ip_forward": "1"}}
		}
		f.live.here = &probe.Result{Outcome: probe.Unknown}
		d := f.diagnose()
		got := HopID("")
		if d.Broken >= 0 {
			got = d.Hops[d.Broken].ID
		}
		if d.Title != c.title || len(d.Hops) != c.hops || got != c.broken {
			t.Errorf("%+v: %q, %d hops, broken at %q; want %q, %d, %q\n%s", c.target, d.Title, len(d.Hops), got, c.title, c.hops, c.broken, Report(d))
		}
	}
}
