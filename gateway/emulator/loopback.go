package emulator

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
)

// Loopback is an address of this machine's own that nobody else is likely to use, so that emulated gateways
// that run at the same time do not take each other's ports. Only Linux has more than one without being told.
func Loopback() netip.Addr {
	if runtime.GOOS != "linux" {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrFrom4([4]byte{127, 77, byte(rand.IntN(255)), byte(1 + rand.IntN(254))}) // #nosec G404 -- any will do
}
