package scheme

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"portico/cloud"
	"portico/gateway"
)

var portsSubnet = netip.MustParsePrefix("192.168.0.0/24")

func moshBlocks(t *testing.T, step string) *Scheme {
	t.Helper()
	s, err := New(Config{Name: "blocks", Services: []ServiceConfig{
		{Service: "mosh", Protocol: "udp", SamePort: true, Ports: 11, Formula: "50000 + " + step + "*n"},
		{Service: "cluster", Protocol: "tcp", Port: 8000, Ports: 4, Formula: "40000 + 4*n"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A formula gives the first of a service's ports; blocks that overlap collide.
func TestBlocksOfPorts(t *testing.T) {
	s := moshBlocks(t, "11")
	if p := s.Check(portsSubnet, nil); len(p) > 0 {
		t.Errorf("blocks side by side: %v", p)
	}
	if p := moshBlocks(t, "10").Check(portsSubnet, nil); len(p) != 1 || p[0].Kind != Collision {
		t.Errorf("blocks that overlap by one: %v", p)
	}
	if p := moshBlocks(t, "36 + 61").Check(portsSubnet, nil); len(p) != 1 || p[0].Kind != OutOfRange || p[0].Count != 1 {
		t.Errorf("a block that ends beyond the last port: %v", p) // that of .254
	}
	if p := s.Check(portsSubnet, []gateway.Reserved{{Protocol: gateway.UDP, Port: 50015, By: "x"}}); len(p) != 1 || p[0].Kind != Taken {
		t.Errorf("a port within a block that is reserved: %v", p)
	}
	found, err := s.Reverse(portsSubnet, 40047, gateway.TCP)
	if err != nil || len(found) != 1 || found[0].Addr != netip.MustParseAddr("192.168.0.11") || found[0].Service.Port != 8003 {
		t.Errorf("40047 backwards: %v, %v", found, err)
	}
}

// A service gets the ports the scheme has for it, and is refused when it needs more.
func TestServicesOfSeveralPorts(t *testing.T) {
	s, addr := moshBlocks(t, "11"), netip.MustParseAddr("192.168.0.2")
	for _, c := range []struct {
		svc  gateway.Service
		want gateway.Service
		ok   bool
	}{
		{gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 60000}, gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 50022, Last: 50032}, true},
		{gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 60000, Last: 60004}, gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 50022, Last: 50026}, true},
		{gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 60000, Last: 61000}, gateway.Service{}, false},
		{gateway.Service{Name: "cluster", Protocol: gateway.TCP}, gateway.Service{Name: "cluster", Protocol: gateway.TCP, Port: 8000, Last: 8003}, true},
		{gateway.Service{Name: "cluster", Protocol: gateway.TCP, Port: 9000}, gateway.Service{Name: "cluster", Protocol: gateway.TCP, Port: 9000}, true},
	} {
		e, err := s.Entry(portsSubnet, addr, c.svc)
		if (err == nil) != c.ok || c.ok && e.Service != c.want {
			t.Errorf("%v: got %v, %v; want %v", c.svc, e.Service, err, c.want)
		}
	}
}

// Runs that are given out never meet each other, what stands, or what is reserved; what stands keeps
// its ports while they suffice.
func TestRunsOfFreePorts(t *testing.T) {
	pool := &Scheme{Name: "pool", Range: Range{20000, 20099}}
	rapid.Check(t, func(t *rapid.T) {
		var want []Endpoint
		for i := range rapid.IntRange(1, 8).Draw(t, "endpoints") {
			svc := gateway.Service{Name: "s", Protocol: gateway.UDP, Port: 60000}.WithPorts(rapid.IntRange(1, 20).Draw(t, "ports"))
			want = append(want, Endpoint{netip.AddrFrom4([4]byte{192, 168, 0, byte(10 + i)}), svc})
		}
		var reserved []gateway.Reserved
		held := map[uint16]bool{}
		for range rapid.IntRange(0, 10).Draw(t, "reserved") {
			p := rapid.Uint16Range(20000, 20099).Draw(t, "port")
			held[p], reserved = true, append(reserved, gateway.Reserved{Protocol: gateway.UDP, Port: p, By: "x"})
		}
		entries, err := pool.Assign(portsSubnet, want, nil, reserved)
		if err != nil {
			if cloud.KindOf(err) != gateway.Conflict {
				t.Fatal(err)
			}
			return
		}
		var standing []gateway.Forward
		for i, e := range entries {
			if e.Service.Ports() != want[i].Service.Ports() || !pool.Range.Contains(e.Port) || !pool.Range.Contains(e.Port+uint16(e.Service.Ports()-1)) {
				t.Fatalf("%v got %v", want[i], e)
			}
			for p := range e.Service.Ports() {
				if at := e.Port + uint16(p); held[at] {
					t.Fatalf("%d is given twice, or reserved: %v", at, entries)
				} else {
					held[at] = true
				}
			}
			standing = append(standing, gateway.Forward{Service: e.Service, Public: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.1"), e.Port), Private: netip.AddrPortFrom(e.Addr, e.Service.Port)})
		}
		again, err := pool.Assign(portsSubnet, want, standing, reserved)
		if err != nil {
			t.Fatal(err)
		}
		for i := range again {
			if again[i] != entries[i] {
				t.Fatalf("%v moved to %v", entries[i], again[i])
			}
		}
	})
}
