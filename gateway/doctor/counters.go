package doctor

import (
	"net/netip"
	"strconv"

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
			if key, ok := countedBy(r); ok {
				out[key] += r.Packets
			}
		}
	}
	return out
}

// countedBy reads a DNAT rule for one port; others are not asked for.
func countedBy(r netfilter.Rule) (counted, bool) {
	var key counted
	for i := 0; i+1 < len(r.Args); i++ {
		switch word := r.Args[i+1]; r.Args[i] {
		case "-p":
			key.protocol = gateway.Protocol(word)
		case "--dport":
			n, _ := strconv.ParseUint(word, 10, 16)
			key.port = uint16(n)
		case "--to-destination":
			key.to, _ = netip.ParseAddrPort(word)
		}
	}
	return key, key.port != 0 && key.to.IsValid()
}
