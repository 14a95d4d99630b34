package publish

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

// Who may come in stays as it is where nobody speaks of that, wherever a forward is led: no door is opened
// to more because an instance has another address, or its subnet is published.
func TestSourcesStay(t *testing.T) {
	few := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	from := func(f gateway.Forward) gateway.Forward {
		f.Sources = few
		return f
	}
	existing := []gateway.Cover{cover(false, "ssh")} // which lets in anybody
	here, gone := from(testForward(alphaID, "192.168.0.11:22", "ssh", 30011)), from(testForward(alphaID, "192.168.0.98:22", "ssh", 30098))
	ofSubnet := from(subnetForward("192.168.0.11:22", "ssh", 30011))
	for name, c := range map[string]struct {
		covers []gateway.Cover
		stands gateway.Forward
		req    Request
		want   []netip.Prefix
	}{
		"published anew at another address":   {nil, gone, Request{Instances: []string{"alpha"}, KeepPorts: true, KeepSources: true}, few},
		"at another port than its subnet's":   {nil, ofSubnet, Request{Instances: []string{"alpha"}, KeepSources: true, Ports: []uint16{40000}}, few},
		"the subnet is published":             {nil, here, Request{Subnets: []string{"lab-v4"}, Existing: true, KeepPorts: true, KeepSources: true}, few},
		"the subnet is published by a scheme": {nil, here, Request{Subnets: []string{"lab-v4"}, Existing: true, Scheme: "interleaved", KeepSources: true}, few},
		"in step, at another address":         {existing, gone, Request{Sync: true}, few},
		"in step":                             {existing, here, Request{Sync: true}, few},
		"the subnet is opened to all":         {nil, here, Request{Subnets: []string{"lab-v4"}, Existing: true, KeepPorts: true}, nil},
		"it is opened to all":                 {nil, gone, Request{Instances: []string{"alpha"}, KeepPorts: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := testPublisher(t)
			pr, err := p.Plan(context.Background(), subnetSnapshot(t, p, c.covers, c.stands), c.req)
			if err != nil {
				t.Fatal(err)
			}
			n := slices.IndexFunc(pr.want, func(f gateway.Forward) bool { return f.Instance == alphaID && f.Subnet == "" })
			if n < 0 || !slices.Equal(pr.want[n].Sources, c.want) || pr.want[n].Private.Addr() != netip.MustParseAddr("192.168.0.11") {
				t.Errorf("%v, want it from %v", forwardTexts(pr.want), c.want)
			}
		})
	}
}

// A sync leaves a forward alone that leads to another of an instance's addresses.
func TestSyncLeavesOtherAddresses(t *testing.T) {
	p := testPublisher(t)
	second := testForward(alphaID, "10.9.0.11:22", "ssh", 41000)
	s := subnetSnapshot(t, p, []gateway.Cover{cover(false, "ssh")}, second)
	s.Inventory.Subnets = append(s.Inventory.Subnets, cloud.Subnet{ID: "far", NetworkID: "far", CIDR: netip.MustParsePrefix("10.9.0.0/24")})
	s.Inventory.Ports = append(s.Inventory.Ports, cloud.Port{
		ID: "alpha-far", DeviceID: alphaID, NetworkID: "far", FixedIPs: []cloud.FixedIP{{SubnetID: "far", Addr: netip.MustParseAddr("10.9.0.11")}},
	})
	pr, err := p.Plan(context.Background(), s, Request{Sync: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range pr.want {
		if f.Instance == alphaID {
			got = append(got, fmt.Sprint(f.Public.Port(), " ", f.Private))
		}
	}
	if !slices.Equal(got, []string{"41000 10.9.0.11:22"}) {
		t.Errorf("alpha is reached at %v", got)
	}
}
