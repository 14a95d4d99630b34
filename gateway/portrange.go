package gateway

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// MaxServicePorts is how many neighbouring ports one service has at most. Mosh takes 1001 by default.
const MaxServicePorts = 4096

// LastPort is the service's last port: Port itself where it has one port only.
func (s Service) LastPort() uint16 { return max(s.Port, s.Last) }

// Ports is how many neighbouring ports the service has, at least 1.
func (s Service) Ports() int { return int(s.LastPort()-s.Port) + 1 }

// WithPort is the service, moved as a whole so that it begins at this port. One that would end
// beyond the last port there is keeps its first port only; [Service.Fits] tells.
func (s Service) WithPort(first uint16) Service {
	n := s.Ports()
	s.Port, s.Last = first, 0
	return s.WithPorts(n)
}

// WithPorts is the service with that many ports, from the first it has.
func (s Service) WithPorts(n int) Service {
	s.Last = 0
	if last := int(s.Port) + n - 1; n > 1 && last <= 0xffff {
		s.Last = uint16(last)
	}
	return s
}

// Fits reports whether the service's ports, counted from first on, all are ports.
func (s Service) Fits(first uint16) bool { return int(first)+s.Ports()-1 <= 0xffff }

// PortText is the service's ports: "22" or "60000-60010".
func (s Service) PortText() string { return PortText(s.Port, s.Ports()) }

// PortText is n ports from first on: "22" or "60000-60010".
func PortText(first uint16, n int) string {
	if n <= 1 {
		return strconv.Itoa(int(first))
	}
	return fmt.Sprintf("%d-%d", first, int(first)+n-1)
}

// Ports is how many neighbouring public ports the forward has, and as many private ones; the n-th
// leads to the n-th.
func (f Forward) Ports() int { return f.Service.Ports() }

// PublicLast is the last public port: Public's own where there is one only.
func (f Forward) PublicLast() uint16 { return f.Public.Port() + f.width() }

// PrivateLast is the last private port.
func (f Forward) PrivateLast() uint16 { return f.Private.Port() + f.width() }

func (f Forward) width() uint16 { return f.Service.LastPort() - f.Service.Port }

// PublicText is the public address with its ports: "203.0.113.10:30011", "203.0.113.10:60000-60010".
func (f Forward) PublicText() string { return endpointText(f.Public, f.Ports()) }

// PrivateText is the private address with its ports.
func (f Forward) PrivateText() string { return endpointText(f.Private, f.Ports()) }

// PublicPorts is the public ports alone: "30011" or "60000-60010".
func (f Forward) PublicPorts() string { return PortText(f.Public.Port(), f.Ports()) }

func endpointText(a netip.AddrPort, n int) string {
	if n <= 1 || !a.IsValid() {
		return a.String()
	}
	return fmt.Sprintf("%s-%d", a, int(a.Port())+n-1)
}

// Keys are the public endpoints of all the forward's ports, in order.
func (f Forward) Keys() []Key {
	out := make([]Key, 0, f.Ports())
	for p := int(f.Public.Port()); p <= int(f.PublicLast()); p++ {
		out = append(out, Key{f.Service.Protocol, netip.AddrPortFrom(f.Public.Addr(), uint16(p))})
	}
	return out
}

// Meets reports whether both forwards have a public endpoint in common.
func (f Forward) Meets(g Forward) bool {
	return f.Service.Protocol == g.Service.Protocol && f.Public.Addr() == g.Public.Addr() &&
		f.Public.Port() <= g.PublicLast() && g.Public.Port() <= f.PublicLast()
}

// SetPorts reads the ports of a service as one writes them: "8080", "60000-60010", or "+11", which
// is 11 ports that are the same inside as outside, whichever those are.
func (s Service) SetPorts(text string) (Service, error) {
	count, same := strings.CutPrefix(text, "+")
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	a, err := strconv.ParseUint(first, 10, 16)
	b, err2 := strconv.ParseUint(last, 10, 16)
	if same {
		a, err = 0, nil
		b, err2 = strconv.ParseUint(count, 10, 16)
		b--
	}
	switch {
	case err != nil || err2 != nil || a == 0 && !same || same && b >= MaxServicePorts:
		return s, errors.New("ports run from 1 to 65535")
	case a > b:
		return s, fmt.Errorf("%s is no range: its first port comes after its last", text)
	case b-a >= MaxServicePorts:
		return s, fmt.Errorf("a service has %d ports at most", MaxServicePorts)
	}
	s.Port = uint16(a)
	return s.WithPorts(int(b-a) + 1), nil
}

// At is the forward as it is at one public endpoint alone; false where it does not have that.
func (f Forward) At(k Key) (Forward, bool) {
	p := k.Public.Port()
	if f.Service.Protocol != k.Protocol || f.Public.Addr() != k.Public.Addr() || p < f.Public.Port() || p > f.PublicLast() {
		return Forward{}, false
	}
	if f.Ports() > 1 && p != f.Public.Port() {
		to := f.Private.Port() + p - f.Public.Port()
		f.Public, f.Private = k.Public, netip.AddrPortFrom(f.Private.Addr(), to)
		f.Service.Port, f.Service.Last = to, 0
	}
	return f, true
}
