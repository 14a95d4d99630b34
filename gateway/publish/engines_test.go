package publish

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

// forwarding are the extensions of a cloud whose Neutron forwards ports.
var forwarding = []string{"router", "floating-ip-port-forwarding", "floating-ip-port-forwarding-description"}

// routed is a project whose subnet a router joins to the network of its floating IPs.
func routed(t *testing.T, p *Publisher, forwards []gateway.Forward) Snapshot {
	t.Helper()
	s := snapshotWith(t, p, forwards)
	inv := &s.Inventory
	inv.Networks = append(inv.Networks, cloud.Network{ID: "ext", Name: "public", External: true})
	inv.Routers = []cloud.Router{{ID: "router", ExternalNetwork: "ext", AdminUp: true, Status: "ACTIVE"}}
	inv.Ports = append(inv.Ports, cloud.Port{ID: "r1", DeviceID: "router", DeviceOwner: "network:router_interface", NetworkID: "net",
		FixedIPs: []cloud.FixedIP{{SubnetID: "sub", Addr: netip.MustParseAddr("192.168.0.1")}}})
	for i := range inv.FloatingIPs {
		inv.FloatingIPs[i].NetworkID = "ext"
	}
	return s
}

func TestEngines(t *testing.T) {
	p := testPublisher(t)
	for name, c := range map[string]struct {
		change func(*Snapshot)
		order  string // the names of those that can be taken, in order; the recommended one with a star
		says   string // of neutron
		next   string // likewise
	}{
		"the cloud lacks it": {func(*Snapshot) {}, "nat*", "does not forward ports of floating IPs (Neutron lacks floating-ip-port-forwarding)", ""},
		"it keeps no descriptions": {func(s *Snapshot) {
			s.Inventory.Extensions = forwarding[:2]
		}, "nat*", "keeps no descriptions", ""},
		"an address is free": {func(s *Snapshot) {
			s.Inventory.Extensions = forwarding
		}, "nat neutron*", "203.0.113.11 is free", ""},
		"the only address is the gateway's": {func(s *Snapshot) {
			s.Inventory.Extensions = forwarding
			s.Inventory.FloatingIPs = s.Inventory.FloatingIPs[:1]
		}, "nat*", "no floating IP is free: 203.0.113.10: it is attached to gw-1", "floatingip allocate"},
		"nobody may know": {func(s *Snapshot) {
			s.Inventory.Missing = []cloud.Missing{{Part: "extensions"}}
		}, "nat*", "unknown", "ask the cloud's operators"},
		"forwardings cannot be read": {func(s *Snapshot) {
			s.Inventory.Extensions = forwarding
			s.Inventory.Missing = []cloud.Missing{{Part: "port forwardings"}}
		}, "nat*", "cannot be read", "ask the project's administrator"},
		"no gateway": {func(s *Snapshot) {
			s.Gateway, s.State = gateway.Gateway{}, nil
			s.Inventory.Extensions = forwarding
		}, "neutron*", "is free", ""},
		"no address at all": {func(s *Snapshot) {
			s.Gateway, s.State = gateway.Gateway{}, nil
			s.Inventory.Extensions, s.Inventory.FloatingIPs = forwarding, nil
		}, "", "no floating IP", "floatingip allocate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := routed(t, p, nil)
			c.change(&s)
			var order []string
			for _, e := range Engines(s) {
				switch {
				case e.Recommended:
					order = append(order, e.Name+"*")
				case e.Available:
					order = append(order, e.Name)
				}
				if e.Why == "" {
					t.Errorf("%s does not say why", e.Name)
				}
				if e.Name == NeutronEngine && (!strings.Contains(e.Why, c.says) || !strings.Contains(e.Next, c.next)) {
					t.Errorf("neutron: %+v", e)
				}
			}
			if got := strings.Join(order, " "); got != c.order {
				t.Errorf("engines %q, want %q", got, c.order)
			}
			_, err := p.Plan(context.Background(), s, Request{Instances: []string{"alpha"}, Engine: NeutronEngine})
			if can := strings.Contains(c.order, NeutronEngine); can != (err == nil) || !can && !strings.Contains(err.Error(), c.says) {
				t.Errorf("a plan for it: %v", err)
			}
		})
	}
}

// What stands keeps its engine, what is new goes to the gateway where there is one, and to the one that
// is recommended where that is asked for.
func TestWhichEngine(t *testing.T) {
	p := testPublisher(t)
	alpha := testForward(alphaID, "192.168.0.11:22", "ssh", 30011)
	for name, c := range map[string]struct {
		engine string
		gone   bool // there is no gateway
		want   map[string]string
	}{
		"as it stands": {"", false, map[string]string{"ssh": "nat", "http": "nat"}},
		"recommended":  {AutoEngine, false, map[string]string{"ssh": "neutron", "http": "neutron"}},
		"asked for":    {"nat", false, map[string]string{"ssh": "nat", "http": "nat"}},
		"no gateway":   {"", true, map[string]string{"ssh": "neutron", "http": "neutron"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := routed(t, p, []gateway.Forward{alpha})
			s.Inventory.Extensions = forwarding
			if c.gone {
				s.Gateway, s.State = gateway.Gateway{}, nil
			}
			pr, err := p.Plan(context.Background(), s, Request{Instances: []string{"alpha"}, Services: []string{"ssh", "http"}, Engine: c.engine, KeepPorts: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range pr.Want() {
				if f.Engine != c.want[f.Service.Name] {
					t.Errorf("%s by %s, want %s", f.Service.Name, f.Engine, c.want[f.Service.Name])
				}
				if f.Engine == NeutronEngine && f.Public.Addr() != netip.MustParseAddr("203.0.113.11") {
					t.Errorf("at %s", f.Public)
				}
			}
		})
	}
}
