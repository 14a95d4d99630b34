package emulator

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"portico/gateway/netfilter"
)

// synSize is the size of a connection's first packet, which is what nat rules count (RFC 793
// header with the options Linux sends).
const synSize = 60

// way is what becomes of a client's connection to a public port.
type way struct {
	verdict  Verdict
	why      string // for people
	src, dst netip.AddrPort
	dial     Dial
	hops     []netfilter.Hop // the rules it met
}

// follow works out the way of a new connection. count lets the rules it meets count it.
func (g *Gateway) follow(client netip.AddrPort, port uint16, count bool) way {
	if !g.config.Allow(port, client.Addr()) {
		return way{verdict: Dropped, why: "the gateway's security group"}
	}
	packet := netfilter.Packet{
		In: g.config.Device, Out: g.config.Device, Proto: "tcp", Src: client, Dst: netip.AddrPortFrom(g.config.FixedIP, port),
		// Loopback is not among them: the clients here come from it.
		Local:      func(a netip.Addr) bool { return a == g.config.FixedIP },
		Masquerade: g.config.FixedIP,
	}
	v := g.kernel.Trace(packet, count, synSize)
	w := way{verdict: Dropped, src: v.Src, dst: v.Dst, hops: v.Hops}
	switch v.Outcome {
	case netfilter.Delivered:
		w.verdict, w.why = Refused, "nothing on the gateway listens there"
	case netfilter.Rejected:
		w.verdict, w.why = Refused, "a rule rejects it"
	case netfilter.Dropped:
		w.why = "a rule drops it"
	case netfilter.Unknown:
		w.why = "a rule that is not understood"
	case netfilter.Forwarded:
		return g.beyond(packet, v, w)
	}
	return w
}

// beyond is the way of a packet that the rules send on.
func (g *Gateway) beyond(packet netfilter.Packet, v netfilter.Verdict, w way) way {
	switch {
	case !g.kernel.Forwarding():
		w.why = "ip_forward is off"
	case !v.SNATed && !g.config.RoutesBack:
		w.why = "the VM's answer takes another way"
	case g.kernel.Trace(v.Reply(packet), false, 0).Outcome != netfilter.Forwarded:
		w.why = "the rules do not let the answer through"
	default:
		w.why = "the VM"
		w.dial, w.verdict = g.config.Reach(v.Src.Addr(), v.Dst)
	}
	return w
}

// forwarded lists the TCP ports that rules of the nat table send elsewhere, on whatever
// condition: where one may lead has to be traced.
func forwarded(rules netfilter.Ruleset) []uint16 {
	table, _ := rules.Table("nat")
	var out []uint16
	for _, c := range table.Chains {
		for _, r := range c.Rules {
			if target, _ := r.Target(); target != "DNAT" && target != "REDIRECT" {
				continue
			}
			for i, w := range r.Args {
				if (w == "--dport" || w == "--dports") && i+1 < len(r.Args) && (i == 0 || r.Args[i-1] != "!") && slices.Contains(r.Args, "tcp") {
					out = append(out, portList(r.Args[i+1])...)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// portList expands "22,80,443:445".
func portList(list string) []uint16 {
	var out []uint16
	for item := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(item, ":")
		if !isRange {
			last = first
		}
		low, err1 := strconv.ParseUint(first, 10, 16)
		high, err2 := strconv.ParseUint(last, 10, 16)
		if err1 != nil || err2 != nil {
			continue
		}
		for p := low; p <= high; p++ {
			out = append(out, uint16(p))
		}
	}
	return out
}
