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

// translate rewrites an end of the connection by "ADDRESS", "ADDRESS:PORT" or ":PORT". Ranges, of
// which the kernel picks one, cannot be foretold.
func (t *tracer) translate(end *netip.AddrPort, done *bool, to string) decision {
	host, port, hasPort := strings.Cut(to, ":")
	addr, number := end.Addr(), end.Port()
	var err error
	if host != "" {
		if addr, err = netip.ParseAddr(host); err != nil {
			return t.end(Unknown)
		}
	}
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return t.end(Unknown)
		}
		number = uint16(n)
	}
	if to == "" {
		return t.end(Unknown)
	}
	*end, *done = netip.AddrPortFrom(addr, number), true
	return accepted
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
