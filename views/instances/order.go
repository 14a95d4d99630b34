package instances

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"strings"

	"portico/views/widget"
)

// seriousness is the order of states: what needs a look comes first, what runs last but for what
// is off.
var seriousness = map[string]int{"✗": 1, "?": 2, "◐": 3, "●": 4, "○": 5}

func byStatus(a, b row) int {
	x, v := status(a)
	y, w := status(b)
	return cmp.Or(cmp.Compare(seriousness[x], seriousness[y]), widget.Natural(v, w))
}

func byAddress(a, b row) int { return first(a.Private).Compare(first(b.Private)) }

// byPort puts what the gateway carries first, by port, then own addresses, then what is private.
func byPort(a, b row) int {
	return cmp.Or(cmp.Compare(port(a), port(b)), first(a.Public).Compare(first(b.Public)))
}

// port is the lowest public one; a row without one gets a number above them all.
func port(r row) int {
	least := math.MaxUint16 + 1
	if len(r.Public) == 0 {
		least++
	}
	for _, f := range r.Forwards {
		least = min(least, int(f.Public.Port()))
	}
	return least
}

// endpoints are the ways to an instance without what tests say of them; "" when they are not known.
func (s *Screen) endpoints(r row) string {
	if !s.gatewayKnown() {
		return ""
	}
	var b strings.Builder
	b.WriteString("private")
	for _, a := range r.Public {
		b.WriteString(" " + a.String())
	}
	for _, f := range r.Forwards {
		_, _ = fmt.Fprintf(&b, " %s %d", f.Service.Name, f.Public.Port())
	}
	return b.String()
}

// knownAddress is the address, "none" when it is known that there is none.
func (s *Screen) knownAddress(r row) string {
	if len(r.Private) == 0 && !s.snapshot.Snapshot.Inventory.Unknown("ports") {
		return "none"
	}
	return address(r.Private)
}

// first is the first IPv4 address, else the first; the zero address when there is none.
func first(addrs []netip.Addr) netip.Addr {
	for _, a := range addrs {
		if a.Is4() {
			return a
		}
	}
	if len(addrs) > 0 {
		return addrs[0]
	}
	return netip.Addr{}
}
