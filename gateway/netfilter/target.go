package netfilter

import (
	"net/netip"
	"strconv"
	"strings"
)

// harmless are targets after which the packet goes on to the next rule, its way unchanged.
var harmless = map[string]bool{
	"LOG": true, "NFLOG": true, "ULOG": true, "MARK": true, "CONNMARK": true, "TCPMSS": true, "CHECKSUM": true,
	"CLASSIFY": true, "DSCP": true, "TOS": true, "TTL": true, "AUDIT": true, "TRACE": true, "RATEEST": true,
}

// act does what the target of a matching rule says.
func (t *tracer) act(f facts) decision {
	switch f.target {
	case "":
		return fellThrough
	case "ACCEPT":
		return accepted
	case "DROP":
		return t.end(Dropped)
	case "REJECT":
		return t.end(Rejected)
	case "DNAT":
		return t.translate(&t.Dst, &t.DNATed, f.option("--to-destination"))
	case "SNAT":
		return t.translate(&t.Src, &t.SNATed, f.option("--to-source"))
	case "MASQUERADE":
		return t.masquerade(f)
	case "REDIRECT":
		return t.redirect(f)
	}
	if harmless[f.target] {
		return fellThrough
	}
	return t.end(Unknown)
}

// translate rewrites an end of the connection by "ADDRESS", "ADDRESS:PORT", ":PORT", or a range of
// ports that is shifted. Other ranges, of which the kernel picks one, cannot be foretold.
func (t *tracer) translate(end *netip.AddrPort, done *bool, to string) decision {
	translated, ok := Translated(to, *end)
	if !ok {
		return t.end(Unknown)
	}
	*end, *done = translated, true
	return accepted
}

// Translated is what a --to-destination or --to-source makes of an end of a connection; false where
// the kernel chooses.
func Translated(to string, end netip.AddrPort) (netip.AddrPort, bool) {
	host, port, hasPort := strings.Cut(to, ":")
	addr, number := end.Addr(), end.Port()
	if host != "" {
		a, err := netip.ParseAddr(host)
		if err != nil {
			return end, false
		}
		addr = a
	}
	if hasPort {
		n, ok := shifted(port, number)
		if !ok {
			return end, false
		}
		number = n
	}
	return netip.AddrPortFrom(addr, number), to != ""
}

// shifted is the port that "8080", "60000-60010" or, with a base, "60000-60010/20000" makes of a
// port. The kernel leaves one that is within a range without base as it is.
func shifted(to string, port uint16) (uint16, bool) {
	ports, baseText, hasBase := strings.Cut(to, "/")
	firstText, lastText, isRange := strings.Cut(ports, "-")
	if !isRange {
		lastText = firstText
	}
	first, err1 := strconv.ParseUint(firstText, 10, 16)
	last, err2 := strconv.ParseUint(lastText, 10, 16)
	if err1 != nil || err2 != nil || first > last {
		return 0, false
	}
	if first == last && !hasBase {
		return uint16(first), true
	}
	at := uint64(port)
	if hasBase {
		base, err := strconv.ParseUint(baseText, 10, 16)
		if err != nil || at < base {
			return 0, false
		}
		at = first + at - base
	}
	return uint16(at), first <= at && at <= last
}

func (t *tracer) masquerade(f facts) decision {
	if f.option("--to-ports") != "" {
		return t.end(Unknown)
	}
	t.Src, t.SNATed = netip.AddrPortFrom(t.packet.Masquerade, t.Src.Port()), true
	return accepted
}

// redirect sends the packet to the gateway itself: to the address it has already, if that is
// one of the gateway's; otherwise to one the rules do not tell.
func (t *tracer) redirect(f facts) decision {
	if t.packet.Local == nil || !t.packet.Local(t.Dst.Addr()) {
		return t.end(Unknown)
	}
	if ports := f.option("--to-ports"); ports != "" {
		return t.translate(&t.Dst, &t.DNATed, ":"+ports)
	}
	t.DNATed = true
	return accepted
}
