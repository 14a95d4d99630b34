package scheme

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"portico/cloud"
	"portico/gateway"
)

func forward(addr string, svc gateway.Service, port uint16) gateway.Forward {
	return gateway.Forward{
		Service: svc, Public: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), port),
		Private: netip.AddrPortFrom(netip.MustParseAddr(addr), svc.Port),
	}
}

func TestAssignFromRange(t *testing.T) {
	s := &Scheme{Name: "few", Range: Range{20000, 20005}}
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	standing := []gateway.Forward{forward("10.0.0.2", ssh, 20003), forward("10.0.0.9", http, 20001)}
	reserved := []gateway.Reserved{{Protocol: gateway.TCP, Port: 20000, By: "sshd"}}
	want := []Endpoint{{b, http}, {b, ssh}, {a, ssh}, {a, gateway.Service{Name: "dns", Protocol: gateway.UDP, Port: 53}}}
	got, err := s.Assign(lan, want, standing, reserved)
	if err != nil {
		t.Fatal(err)
	}
	var ports []uint16
	for _, e := range got {
		ports = append(ports, e.Port)
	}
	// ssh of .2 stands; ssh of .1 comes before http of .2; udp has ports of its own.
	if !slices.Equal(ports, []uint16{20004, 20003, 20002, 20000}) {
		t.Errorf("ports %v", ports)
	}
	if _, err := s.Assign(lan, append(want, Endpoint{a, http}, Endpoint{a, https}), standing, reserved); cloud.KindOf(err) != gateway.Conflict {
		t.Errorf("a full range gives %v", err)
	}
}

func TestAssignByFormulaRefusesTakenPorts(t *testing.T) {
	s := byName(t, "")
	want := []Endpoint{{netip.MustParseAddr("192.168.0.11"), ssh}}
	cases := []struct {
		name     string
		standing []gateway.Forward
		reserved []gateway.Reserved
		err      string
	}{
		{name: "free"},
		{name: "its own", standing: []gateway.Forward{forward("192.168.0.11", ssh, 30011)}},
		{name: "another's", standing: []gateway.Forward{forward("192.168.0.7", http, 30011)}, err: "http of 192.168.0.7 has this port"},
		{name: "reserved", reserved: []gateway.Reserved{{Protocol: gateway.TCP, Port: 30011, By: "sshd"}}, err: "sshd has this port"},
		{name: "other protocol", reserved: []gateway.Reserved{{Protocol: gateway.UDP, Port: 30011, By: "mosh-server"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.Assign(lan, want, c.standing, c.reserved)
			if c.err == "" && (err != nil || len(got) != 1 || got[0].Port != 30011) {
				t.Errorf("%v, %v", got, err)
			}
			if c.err != "" && (cloud.KindOf(err) != gateway.Conflict || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error is %v, want Conflict with %q", err, c.err)
			}
		})
	}
}

func TestPrivatePorts(t *testing.T) {
	addr := netip.MustParseAddr("192.168.0.11")
	cases := []struct {
		name, scheme string
		svc          gateway.Service
		want         uint16
	}{
		{"the caller's", "per-service", gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 2222}, 2222},
		{"the scheme's", "per-service", gateway.Service{Name: "ssh", Protocol: gateway.TCP}, 22},
		{"the public one by rule", "two-octet", gateway.Service{Name: "mosh", Protocol: gateway.UDP}, 30011},
		{"the public one of a range", "next-free", gateway.Service{Name: "mosh", Protocol: gateway.UDP}, 20000},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := byName(t, c.scheme).Assign(lan, []Endpoint{{addr, c.svc}}, nil, nil)
			if err != nil || len(got) != 1 || got[0].Service.Port != c.want {
				t.Errorf("%v, %v; want private port %d", got, err, c.want)
			}
		})
	}
}

// TestAssignIsStable: asking again with what stands after the first answer changes nothing, and
// the order of the question does not matter.
func TestAssignIsStable(t *testing.T) {
	s := byName(t, "next-free")
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.IntRange(1, 254), 1, 30, rapid.ID).Draw(t, "hosts")
		want := make([]Endpoint, len(ids))
		for i, id := range ids {
			want[i] = Endpoint{address(0x0a000000 + uint32(id)), []gateway.Service{ssh, http}[id%2]}
		}
		first, err := s.Assign(lan, want, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var standing []gateway.Forward
		for _, e := range first {
			standing = append(standing, forward(e.Addr.String(), e.Service, e.Port))
		}
		again, err := s.Assign(lan, want, standing, nil)
		if err != nil || !slices.Equal(first, again) {
			t.Fatalf("first %v, again %v, %v", first, again, err)
		}
		slices.Reverse(want)
		reversed, err := s.Assign(lan, want, nil, nil)
		slices.Reverse(reversed)
		if err != nil || !slices.Equal(first, reversed) {
			t.Fatalf("in order %v, reversed %v, %v", first, reversed, err)
		}
	})
}
