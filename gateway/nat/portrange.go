package nat

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// A forward of several ports stands as one rule for each leaf of the tree that it reaches into. Every
// such rule names the whole of it in its comment, so that one that is missing is missed.

// span is a piece of a forward: its public ports from first to last.
type span struct{ first, last int }

// spans cuts a forward's public ports where leaves of the tree end.
func spans(f gateway.Forward) []span {
	var out []span
	for p, last := int(f.Public.Port()), int(f.PublicLast()); p <= last; {
		end := min(p/fanout*fanout+fanout-1, last)
		out = append(out, span{p, end})
		p = end + 1
	}
	return out
}

// destination is where a piece leads, as --to-destination says it. Where the ports stay what they
// are none is named, because then the kernel never takes another one. A shift is ports and, after
// the slash, the public port that leads to the first of them.
func (s span) destination(f gateway.Forward) string {
	if f.Ports() == 1 {
		return f.Private.String()
	}
	if f.Private.Port() == f.Public.Port() {
		return f.Private.Addr().String()
	}
	shift := int(f.Private.Port()) - int(f.Public.Port())
	if s.first == s.last {
		return fmt.Sprintf("%s:%d", f.Private.Addr(), s.first+shift)
	}
	return fmt.Sprintf("%s:%d-%d/%d", f.Private.Addr(), s.first+shift, s.last+shift, s.first)
}

// portsMark is what the comment of each piece says of the whole: " ports=60000-60010".
func portsMark(f gateway.Forward) string {
	if f.Ports() == 1 {
		return ""
	}
	return " ports=" + f.PublicPorts()
}

// readPorts reads which public ports a rule of ours is for, and where the first port of the whole
// forward leads. whole is the comment's word for it, "" where the forward has one port.
func readPorts(dport, destination, whole string) (public span, private netip.AddrPort, ok bool) {
	first, last, ok := ports(dport)
	if !ok || first < 1024 {
		return span{}, netip.AddrPort{}, false
	}
	piece := span{int(first), int(last)}
	if whole == "" {
		private, err := netip.ParseAddrPort(destination)
		return piece, private, err == nil && piece.first == piece.last && private.Port() != 0
	}
	a, b, ok := ports(strings.Replace(whole, "-", ":", 1))
	public = span{int(a), int(b)}
	if !ok || a < 1024 || a == b || public.last-public.first >= gateway.MaxServicePorts || piece.first < public.first || piece.last > public.last {
		return span{}, netip.AddrPort{}, false
	}
	addr, at, ok := readShift(destination, piece)
	start := at - (piece.first - public.first)
	if !ok || start < 1 || start+public.last-public.first > 0xffff {
		return span{}, netip.AddrPort{}, false
	}
	return public, netip.AddrPortFrom(addr, uint16(start)), true
}

// readShift reads a destination of ours: the address, and the port the piece's first port leads to.
func readShift(destination string, piece span) (addr netip.Addr, first int, ok bool) {
	host, to, named := strings.Cut(destination, ":")
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return addr, 0, false
	}
	if !named {
		return addr, piece.first, true
	}
	list, base, shifted := strings.Cut(to, "/")
	a, b, ok := ports(strings.Replace(list, "-", ":", 1))
	if !ok || int(b-a) != piece.last-piece.first {
		return addr, 0, false
	}
	if shifted {
		n, err := strconv.Atoi(base)
		return addr, int(a), err == nil && n == piece.first
	}
	return addr, int(a), piece.first == piece.last || int(a) == piece.first
}

// unequalPorts says why a forward's several ports are none that can stand.
func unequalPorts(f gateway.Forward) error {
	switch {
	case f.Service.Last != 0 && (f.Service.Last <= f.Service.Port || f.Service.Port != f.Private.Port()):
		return fmt.Errorf("the ports %d-%d are no range", f.Service.Port, f.Service.Last)
	case int(f.Public.Port())+f.Ports()-1 > 0xffff:
		return fmt.Errorf("%d ports from %d on would end beyond port 65535", f.Ports(), f.Public.Port())
	case f.Ports() > gateway.MaxServicePorts:
		return fmt.Errorf("it has %d ports; %d are the most", f.Ports(), gateway.MaxServicePorts)
	}
	return nil
}

// offsets is the first version of iptables that can shift a range of ports; Linux can since 4.18.
const offsets = "1.8.0"

// checkOffsets refuses forwards that shift several ports where the gateway's iptables cannot.
func (e *Engine) checkOffsets(want []gateway.Forward, seen *observed) error {
	for _, f := range want {
		if f.Ports() == 1 || f.Public.Port() == f.Private.Port() || !older(seen.version, offsets) {
			continue
		}
		return &gateway.Error{
			Op: "publish", Target: f.String(), Kind: gateway.Invalid,
			Err:  fmt.Errorf("iptables %s of %s cannot lead a range of ports to other ports; %s can", seen.version, e.Gateway.Name, offsets),
			Next: fmt.Sprintf("publish it at the same ports: --port %d", f.Private.Port()),
		}
	}
	return nil
}

// older compares versions of numbers and dots; one that cannot be read is not older.
func older(version, than string) bool {
	have, want := strings.Split(version, "."), strings.Split(than, ".")
	for i, w := range want {
		if i >= len(have) {
			return false
		}
		a, err1 := strconv.Atoi(have[i])
		b, err2 := strconv.Atoi(w)
		if err1 != nil || err2 != nil || a != b {
			return err1 == nil && err2 == nil && a < b
		}
	}
	return false
}

// pieceRules are a piece of a forward as iptables says it: one rule, or one for each source.
func pieceRules(gw gateway.Gateway, f gateway.Forward, s span, sources []netip.Prefix) []netfilter.Rule {
	var out []netfilter.Rule
	for _, from := range sources {
		var args []string
		if from.IsValid() && from.Bits() > 0 {
			args = append(args, "-s", from.String())
		}
		p := string(f.Service.Protocol)
		args = append(args, "-d", netip.PrefixFrom(gw.FixedIP, 32).String(), "-p", p, "-m", p, "--dport", portRange(s.first, s.last))
		args = append(args, comment(markOf(f)+portsMark(f))...)
		args = append(args, "-j", "DNAT", "--to-destination", s.destination(f))
		out = append(out, rule(args...))
	}
	return out
}
