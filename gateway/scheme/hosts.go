package scheme

import (
	"iter"
	"net/netip"
)

// Addresses runs over the addresses of a subnet that a host can have, in order: not the network's own,
// nor the broadcast address. A subnet larger than a /16 and IPv6 are errors of kind Invalid.
func Addresses(subnet netip.Prefix) (iter.Seq[netip.Addr], error) { return addresses(subnet) }
