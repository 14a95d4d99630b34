package kernel

import (
	"slices"

	"portico/gateway/netfilter"
)

// segment is how much of a connection's data one packet carries (an Ethernet frame's, less headers),
// and headers what it adds.
const (
	segment = 1448
	headers = 52
)

// Count lets rules count data of a connection that has met them before. Those of the nat table see
// only a connection's first packet. Rules that have gone since count nothing.
func (k *Kernel) Count(hops []netfilter.Hop, size int) {
	packets := uint64((size + segment - 1) / segment)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range hops {
		c := k.tables[h.Table][h.Chain]
		if c == nil || h.Table == "nat" || len(h.Rule.Args) == 0 {
			continue
		}
		for i := range c.Rules {
			if r := &c.Rules[i]; slices.Equal(r.Args, h.Rule.Args) {
				r.Packets += packets
				r.Bytes += uint64(size) + packets*headers
				break
			}
		}
	}
}
