package doctor

import (
	"net/netip"
	"strconv"
	"strings"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// counted is what a DNAT rule sends where.
type counted struct {
	protocol gateway.Protocol
	port     uint16
	to       netip.AddrPort
}

func countedOf(f gateway.Forward) counted {
	return counted{f.Service.Protocol, f.Public.Port(), f.Private}
}

// counts is what the rules that carry forwards have counted. It is made once for each reading: to look
// for one forward among the rules of thousands takes long, and it is asked for often.
type counts map[counted]uint64

func readCounts(rules netfilter.Ruleset) counts {
	out := counts{}
	nat, _ := rules.Table("nat")
	for _, c := range nat.Chains {
		for _, r := range c.Rules {
			if target, _ := r.Target(); target != "DNAT" {
				continue
			}
			for _, key := range countedBy(r) {
				out[key] += r.Packets
			}
		}
	}
	return out
}

// maxCounted is how many ports a rule may be for: those of Portico's are for 16 at most, which are
// counted together.
const maxCounted = 16

// countedBy reads which public ports a DNAT rule is for, and where each leads; others are not asked
// for.
func countedBy(r netfilter.Rule) []counted {
	var key counted
	dport, to := "", ""
	for i := 0; i+1 < len(r.Args); i++ {
		switch word := r.Args[i+1]; r.Args[i] {
		case "-p":
			key.protocol = gateway.Protocol(word)
		case "--dport":
			dport = word
		case "--to-destination":
			to = word
		}
	}
	first, last, isRange := strings.Cut(dport, ":")
	if !isRange {
		last = first
	}
	a, err1 := strconv.ParseUint(first, 10, 16)
	b, err2 := strconv.ParseUint(last, 10, 16)
	if err1 != nil || err2 != nil || a == 0 || b-a >= maxCounted {
		return nil
	}
	var out []counted
	for p := a; p <= b; p++ {
		key.port = uint16(p)
		if end, ok := netfilter.Translated(to, netip.AddrPortFrom(netip.IPv4Unspecified(), key.port)); ok && !end.Addr().IsUnspecified() {
			key.to = end
			out = append(out, key)
		}
	}
	return out
}
