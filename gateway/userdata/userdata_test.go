package userdata

import (
	"fmt"
	"net/netip"

	"portico/gateway"
)

// forwards are so many, three to a VM.
func forwards(n int) []gateway.Forward {
	services := []gateway.Service{{Name: "ssh", Protocol: gateway.TCP, Port: 22}, {Name: "http", Protocol: gateway.TCP, Port: 80}, {Name: "mosh", Protocol: gateway.UDP, Port: 60000}}
	out := make([]gateway.Forward, n)
	for i := range out {
		s := services[i%3]
		addr := netip.AddrFrom4([4]byte{192, 168, byte(1 + i/3/200), byte(10 + i/3%200)})
		out[i] = gateway.Forward{
			Instance: fmt.Sprintf("00000000-0000-4000-8000-%012x", i/3), Service: s, Engine: "nat",
			Public:  netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), uint16(30000+1000*(i%3)+i/3)),
			Private: netip.AddrPortFrom(addr, s.Port),
		}
	}
	return out
}
