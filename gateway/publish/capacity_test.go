package publish_test

import (
	"net/netip"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
)

func TestCapacity(t *testing.T) {
	s := publish.Snapshot{
		Gateway: gateway.Gateway{Name: "gw-1", PortID: "p", FixedIP: netip.MustParseAddr("192.168.0.4")},
		Inventory: cloud.Inventory{
			Subnets: []cloud.Subnet{{ID: "s", CIDR: netip.MustParsePrefix("192.168.0.0/24")}},
			Ports:   []cloud.Port{{ID: "p", FixedIPs: []cloud.FixedIP{{SubnetID: "s", Addr: netip.MustParseAddr("192.168.0.4")}}}},
		},
	}
	forward := func(public uint16, addr, service string, port uint16) gateway.Forward {
		a := netip.MustParseAddr(addr)
		return gateway.Forward{
			Service: gateway.Service{Name: service, Protocol: gateway.TCP, Port: port},
			Public:  netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), public), Private: netip.AddrPortFrom(a, port),
		}
	}
	var c publish.Capacities
	if _, ok := c.Of(s, scheme.Builtin()); ok {
		t.Error("known although the gateway has not answered")
	}
	for _, test := range []struct {
		name     string
		forwards []gateway.Forward
		want     publish.Capacity
	}{
		{"nothing stands", nil, publish.Capacity{Scheme: "per-service", Total: 762}},
		{"the default", []gateway.Forward{forward(30011, "192.168.0.11", "ssh", 22), forward(31011, "192.168.0.11", "http", 80), forward(1234, "192.168.0.12", "ssh", 22)}, publish.Capacity{Scheme: "per-service", Used: 2, Total: 762}},
		{"another", []gateway.Forward{forward(30033, "192.168.0.11", "ssh", 22), forward(30034, "192.168.0.11", "http", 80)}, publish.Capacity{Scheme: "interleaved", Used: 2, Total: 762}},
		{"a range", []gateway.Forward{forward(20000, "192.168.0.11", "ssh", 22), forward(20001, "10.0.0.1", "x", 99)}, publish.Capacity{Scheme: "next-free", Used: 2, Total: 10000}},
	} {
		s.State = &gateway.State{Forwards: test.forwards}
		if got, ok := c.Of(s, scheme.Builtin()); got != test.want || !ok {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
	s.Inventory.Subnets = nil
	if got, ok := c.Of(s, scheme.Builtin()); ok {
		t.Errorf("known without its subnet: %+v", got)
	}
}
