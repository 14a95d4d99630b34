package netfilter

import (
	"fmt"
	"net/netip"
)

// Packet is one packet on its way into or out of a gateway: the first of its connection, or,
// with Established, a later one in either direction.
type Packet struct {
	In         string // interface it comes in by; "" when not known
	Out        string // interface it will leave by; "" when not known
	Originated bool   // sent by the gateway itself: it passes OUTPUT instead of PREROUTING
	Proto      string // "tcp", "udp", "icmp"
	Src, Dst   netip.AddrPort
	// Established is a packet of a connection that is known already. It passes no nat rules: Src
	// and Dst are as filter rules see them, Original is where the connection's first packet was
	// sent, and DNATed, SNATed say what was done to it.
	Established    bool
	Original       netip.AddrPort
	DNATed, SNATed bool
	// Local tells the gateway's own addresses; nil is none.
	Local func(netip.Addr) bool
	// Masquerade is the address MASQUERADE gives, that of the interface it leaves by.
	Masquerade netip.Addr
}

// Outcome is how a packet's way ends.
type Outcome int

// The outcomes. Unknown is the zero value.
const (
	Unknown   Outcome = iota // a rule that could decide cannot be judged from the text
	Delivered                // to the gateway itself
	Forwarded                // sent on, to Verdict.Dst
	Dropped                  // no answer: the client times out
	Rejected                 // with an answer: the client is refused
)

// String is one word for the outcome.
func (o Outcome) String() string {
	names := [...]string{"unknown", "delivered", "forwarded", "dropped", "rejected"}
	if o < 0 || int(o) >= len(names) {
		return fmt.Sprintf("outcome %d", int(o))
	}
	return names[o]
}

// Hop is one rule that the packet matched, or the policy that decided where no rule did.
type Hop struct {
	Table, Chain string
	Rule         Rule
	Policy       string // set, and Rule empty, when the chain's policy decided
}

// String is "nat PREROUTING: -j PORTICO-PREROUTING".
func (h Hop) String() string {
	if h.Policy != "" {
		return fmt.Sprintf("%s %s: policy %s", h.Table, h.Chain, h.Policy)
	}
	return fmt.Sprintf("%s %s: %s", h.Table, h.Chain, oneLine(h.Rule))
}

// Verdict is where a packet ends, with its addresses after NAT, and the rules it met. Of an
// Unknown one the last hop is the rule that could not be judged.
type Verdict struct {
	Outcome        Outcome
	Src, Dst       netip.AddrPort
	DNATed, SNATed bool
	Hops           []Hop
}

// Trace follows a packet through the tables raw, mangle, nat and filter in the kernel's order. It
// knows the rules alone: not routes, ip_forward, or what other programs hook into the kernel.
// A rule with a match or a target it does not know, and that the packet does not miss by what it
// does know, ends the trace as Unknown.
func (r Ruleset) Trace(p Packet) Verdict {
	t := &tracer{rules: r, packet: p, original: p.Dst, originalSrc: p.Src}
	t.Src, t.Dst = p.Src, p.Dst
	if p.Established {
		t.DNATed, t.SNATed, t.original = p.DNATed, p.SNATed, p.Original
	}
	first := "PREROUTING"
	if p.Originated {
		first = "OUTPUT"
	}
	if t.hook(first) {
		return t.Verdict
	}
	switch local := p.Local != nil && p.Local(t.Dst.Addr()); {
	case local && !p.Originated:
		if !t.hook("INPUT") {
			t.Outcome = Delivered
		}
	case local:
		if !t.hook("POSTROUTING") && !t.hook("INPUT") {
			t.Outcome = Delivered
		}
	case !p.Originated && t.hook("FORWARD"):
	default:
		if !t.hook("POSTROUTING") {
			t.Outcome = Forwarded
		}
	}
	return t.Verdict
}

// Reply is the answer to a packet that was forwarded, as the gateway's filter rules see it.
func (v Verdict) Reply(to Packet) Packet {
	return Packet{
		In: to.Out, Out: to.In, Proto: to.Proto, Src: v.Dst, Dst: to.Src, Local: to.Local,
		Established: true, Original: to.Dst, DNATed: v.DNATed, SNATed: v.SNATed,
	}
}

// tableOrder is the order in which the tables see a packet at one hook. Source NAT, at INPUT
// and POSTROUTING, comes after filtering.
var tableOrder = map[string][]string{
	"PREROUTING":  {"raw", "mangle", "nat"},
	"INPUT":       {"mangle", "filter", "security", "nat"},
	"FORWARD":     {"mangle", "filter", "security"},
	"OUTPUT":      {"raw", "mangle", "nat", "filter", "security"},
	"POSTROUTING": {"mangle", "nat"},
}

// The kernel refuses chains that call one another in a circle; text can say so. maxDepth is how
// deep they may call one another here, maxRules how many rules one packet may meet.
const (
	maxDepth = 64
	maxRules = 1 << 20
)

// tracer is a packet under way: the verdict so far, with its present addresses.
type tracer struct {
	Verdict
	rules                 Ruleset
	packet                Packet
	original, originalSrc netip.AddrPort
	met                   int // rules so far
}

// decision is what became of a packet in one chain.
type decision int

const (
	fellThrough decision = iota // back to where it came from
	accepted                    // done with this table at this hook
	ended                       // the verdict is final
)

// hook passes the packet through all tables at one hook and reports whether its way ended there.
func (t *tracer) hook(chain string) bool {
	for _, name := range tableOrder[chain] {
		table, ok := t.rules.Table(name)
		if !ok || name == "nat" && t.packet.Established {
			continue
		}
		c, ok := table.Chain(chain)
		if !ok {
			continue
		}
		d := t.chain(table, c, 0)
		if d == fellThrough && c.Policy == "DROP" {
			t.Hops = append(t.Hops, Hop{Table: name, Chain: chain, Policy: c.Policy})
			t.Outcome, d = Dropped, ended
		}
		if d == ended {
			return true
		}
	}
	return false
}

func (t *tracer) chain(table Table, c Chain, depth int) decision {
	for _, r := range c.Rules {
		if t.met++; t.met > maxRules {
			return t.end(Unknown)
		}
		f := readRule(r)
		judged := f.judge(t)
		if judged == no || judged == maybe && (f.target == "" || harmless[f.target]) {
			continue
		}
		t.Hops = append(t.Hops, Hop{Table: table.Name, Chain: c.Name, Rule: r})
		if judged == maybe {
			return t.end(Unknown)
		}
		if f.target == "RETURN" {
			return fellThrough
		}
		next, isChain := table.Chain(f.target)
		if !isChain {
			if d := t.act(f); d != fellThrough {
				return d
			}
			continue
		}
		if depth == maxDepth {
			return t.end(Unknown)
		}
		if d := t.chain(table, next, depth+1); d != fellThrough || f.goTo {
			return d
		}
	}
	return fellThrough
}

func (t *tracer) end(o Outcome) decision {
	t.Outcome = o
	return ended
}
