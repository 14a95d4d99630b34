package scheme

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"net/netip"

	"portico/gateway"
)

// maxTableBits is the largest subnet whose whole table is computed: 65,536 addresses.
const maxTableBits = 16

// number is an IPv4 address as a number.
func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func address(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

var errIPv6 = errors.New("port schemes are for IPv4; an IPv6 address needs no port forwarding")

func checkSubnet(subnet netip.Prefix) error {
	switch {
	case !subnet.IsValid():
		return errors.New("the subnet is missing or not valid")
	case !subnet.Addr().Is4():
		return errIPv6
	}
	return nil
}

// hosts is the first and last address of a subnet that an instance can have: all but the
// network's own and the broadcast address, which subnets of one or two addresses do not have
// (RFC 3021).
func hosts(subnet netip.Prefix) (first, last uint32) {
	first = number(subnet.Masked().Addr())
	last = first | uint32(uint64(1)<<(32-subnet.Bits())-1)
	if subnet.Bits() < 31 {
		return first + 1, last - 1
	}
	return first, last
}

func checkHost(subnet netip.Prefix, addr netip.Addr) error {
	if err := checkSubnet(subnet); err != nil {
		return err
	}
	if !addr.IsValid() {
		return errors.New("it has no fixed IPv4 address")
	}
	if !addr.Is4() {
		return errIPv6
	}
	if !subnet.Contains(addr) {
		return fmt.Errorf("the address is not in the subnet %s", subnet.Masked())
	}
	if first, last := hosts(subnet); number(addr) < first || number(addr) > last {
		return fmt.Errorf("the address is not a host's: it is the network's or the broadcast address of %s", subnet.Masked())
	}
	return nil
}

// addresses runs over the hosts of a subnet. One too large for a table is an error.
func addresses(subnet netip.Prefix) (iter.Seq[netip.Addr], error) {
	err := checkSubnet(subnet)
	if err == nil && subnet.Bits() < maxTableBits {
		err = fmt.Errorf("it has %d addresses; a table holds a /%d at most", uint64(1)<<(32-subnet.Bits()), maxTableBits)
	}
	if err != nil {
		return nil, &gateway.Error{
			Op: "list the ports of subnet", Target: subnet.String(), Kind: gateway.Invalid, Err: err,
			Next: fmt.Sprintf("name an IPv4 subnet of /%d or smaller, like 192.168.0.0/24", maxTableBits),
		}
	}
	return func(yield func(netip.Addr) bool) {
		first, last := hosts(subnet)
		for n := uint64(first); n <= uint64(last); n++ {
			if !yield(address(uint32(n))) {
				return
			}
		}
	}, nil
}

// IsHost reports whether an address is one of a subnet that an instance can have.
func IsHost(subnet netip.Prefix, a netip.Addr) bool { return checkHost(subnet, a) == nil }
