package publish

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

// BenchmarkPlan plans for all of 2,000 instances: none of them published yet, and all of them.
func BenchmarkPlan(b *testing.B) {
	inv := testInventory()
	inv.Subnets[0].CIDR = netip.MustParsePrefix("192.168.0.0/16")
	inv.Quotas.SecurityGroupRules = cloud.Limit{Max: -1, Known: true}
	var names []string
	var standing []gateway.Forward
	for i := range 2000 {
		id, addr := fmt.Sprintf("00000000-0000-4000-8000-%012x", 4096+i), netip.AddrFrom4([4]byte{192, 168, byte(1 + i/250), byte(1 + i%250)})
		inv.Instances = append(inv.Instances, cloud.Instance{ID: id, Name: fmt.Sprintf("vm-%d", i), Status: "ACTIVE"})
		inv.Ports = append(inv.Ports, cloud.Port{
			ID: "port-" + id, DeviceID: id, DeviceOwner: "compute:nova", NetworkID: "net", PortSecurity: true, Groups: []string{"sg"},
			FixedIPs: []cloud.FixedIP{{SubnetID: "sub", Addr: addr}},
		})
		names = append(names, id)
		standing = append(standing, testForward(id, addr.String()+":22", "ssh", uint16(20000+i)))
	}
	p := New(nil, nil, nil, nil, Options{})
	for name, have := range map[string][]gateway.Forward{"publish": nil, "withdraw": standing} {
		b.Run(name, func(b *testing.B) {
			gw, err := p.FindGateway(inv)
			if err != nil {
				b.Fatal(err)
			}
			state, err := p.newEngine(gw, saved(have), inv).Observe(context.Background())
			if err != nil || len(state.Forwards) != len(have) {
				b.Fatalf("%d forwards were read back, want %d: %v", len(state.Forwards), len(have), err)
			}
			s := Snapshot{Inventory: inv, Gateway: gw, State: &state}
			req := Request{Instances: names, Scheme: "two-octet", Withdraw: have != nil}
			for b.Loop() {
				if _, err := p.Plan(context.Background(), s, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
