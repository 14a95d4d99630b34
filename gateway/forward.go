package gateway

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Protocol is a transport protocol as iptables and Neutron name it.
type Protocol string

// The protocols a forward can carry.
const (
	TCP Protocol = "tcp"
	UDP Protocol = "udp"
)

// Service is what is published of an instance: a name and the port it listens on there, or, where
// Last is set, all ports from Port to Last.
type Service struct {
	Name     string
	Protocol Protocol
	Port     uint16
	Last     uint16 // 0: Port alone
}

// IsSSH reports whether an ssh client is what to connect with.
func (s Service) IsSSH() bool { return s.Protocol == TCP && (s.Name == "ssh" || s.Port == 22) }

// String is the service as on the command line: "ssh tcp/22", "mosh udp/60000-60010".
func (s Service) String() string { return fmt.Sprintf("%s %s/%s", s.Name, s.Protocol, s.PortText()) }

// Forward is one public endpoint that leads to one private endpoint, or as many neighbouring ones
// as its service has ports; Public and Private are the first. Sources limits who may come in; empty
// means anywhere.
type Forward struct {
	// Instance is Nova's UUID. Of a forward of a whole subnet it is the instance that has the private
	// address now, "" when none has.
	Instance string
	// Subnet is the UUID of the subnet that was published whole: the forward then belongs to the address,
	// whoever has it. Else it is "", and the forward belongs to Instance.
	Subnet  string
	Service Service
	Public  netip.AddrPort // the floating IP and the public port
	Private netip.AddrPort
	Sources []netip.Prefix
	Engine  string
}

// Key identifies the public endpoint: no two forwards of a gateway share one. Of several ports it is
// the first; see [Forward.Meets].
type Key struct {
	Protocol Protocol
	Public   netip.AddrPort
}

// Key returns the forward's public endpoint.
func (f Forward) Key() Key { return Key{f.Service.Protocol, f.Public} }

// String is "203.0.113.10:30011 -> 192.168.0.11:22 (ssh)".
func (f Forward) String() string {
	return fmt.Sprintf("%s -> %s (%s)", f.PublicText(), f.PrivateText(), f.Service.Name)
}

// Equal reports whether both forwards are the same in every respect, whatever the order of
// their sources.
func (f Forward) Equal(g Forward) bool {
	return f.Owner() == g.Owner() && f.Service == g.Service && f.Public == g.Public && f.Private == g.Private &&
		f.Engine == g.Engine && slices.Equal(SortPrefixes(f.Sources), SortPrefixes(g.Sources))
}

// Owner is what a forward belongs to, as the gateway's rules say it: an instance, or a subnet.
type Owner struct {
	ID     string // a UUID
	Subnet bool
}

// Owner returns what the forward belongs to.
func (f Forward) Owner() Owner {
	if f.Subnet != "" {
		return Owner{f.Subnet, true}
	}
	return Owner{ID: f.Instance}
}

// SortForwards orders forwards by public address, protocol and port, in place.
func SortForwards(fs []Forward) {
	slices.SortFunc(fs, func(a, b Forward) int {
		return cmp.Or(a.Public.Addr().Compare(b.Public.Addr()),
			strings.Compare(string(a.Service.Protocol), string(b.Service.Protocol)),
			cmp.Compare(a.Public.Port(), b.Public.Port()))
	})
}

// SortPrefixes returns the prefixes masked, in order, without repeats. One that is all of IPv4
// makes the others pointless: the result is then empty, which means anywhere.
func SortPrefixes(ps []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(ps))
	for _, p := range ps {
		if p.Bits() == 0 && p.Addr().Is4() {
			return []netip.Prefix{}
		}
		out = append(out, p.Masked())
	}
	slices.SortFunc(out, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	return slices.Compact(out)
}
