package publish

import (
	"cmp"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
)

// What a request does with rules made by hand that lead to addresses which nobody has.
const (
	VacantLeave  = ""
	VacantAdopt  = "adopt"  // as forwards of their subnet: they lead to whoever gets the address
	VacantRemove = "remove" // they go, and nothing comes in their place
)

// Reason is why rules made by hand stay as they are, and how many.
type Reason struct {
	Why   string
	Count int
}

// ByHand is what was made by hand on a gateway, as a whole: what a script, a file of rules or a
// person has left there.
type ByHand struct {
	Rules      int               // DNAT rules
	Companions int               // rules that give the gateway's address to what they send on, and to nothing else
	Forwards   []gateway.Forward // to instances
	Vacant     []gateway.Forward // to addresses that nobody has
	Staying    []Reason          // the others, by reason
	Kept       []string          // files on the gateway that bring DNAT rules of others back at boot

	// Scheme is the name of the scheme that gives most of Forwards and Vacant their ports, "" if no known
	// one does; Formulas are then those they seem to follow, as one could configure them, if any. Odd are
	// the forwards that neither explains.
	Scheme   string
	Formulas *scheme.Config
	Odd      []gateway.Forward
}

// ByHand sums up what was made by hand on the snapshot's gateway; nothing while it has not answered.
func (p *Publisher) ByHand(s Snapshot) ByHand { return ByHandOf(s, p.options.Schemes) }

// ByHandOf is [Publisher.ByHand] with schemes of one's own choice.
func ByHandOf(s Snapshot, schemes []scheme.Scheme) ByHand {
	var out ByHand
	if s.State == nil {
		return out
	}
	out.Companions, out.Kept = s.State.Companions, s.State.Kept
	seen, reasons := map[gateway.Key]bool{}, map[string]int{}
	for _, d := range s.State.Drift {
		if d.Kind != gateway.Foreign {
			continue
		}
		out.Rules++
		switch f := cmp.Or(d.Forward, d.Vacant); {
		case f == nil:
			reasons[d.Why]++
		case seen[f.Key()]:
		case d.Vacant != nil:
			seen[f.Key()], out.Vacant = true, append(out.Vacant, *f)
		default:
			seen[f.Key()], out.Forwards = true, append(out.Forwards, *f)
		}
	}
	for why, n := range reasons {
		out.Staying = append(out.Staying, Reason{why, n})
	}
	slices.SortFunc(out.Staying, func(a, b Reason) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Why, b.Why)) })
	out.recognise(s, schemes)
	return out
}

// recognise finds the scheme that the forwards follow.
func (b *ByHand) recognise(s Snapshot, schemes []scheme.Scheme) {
	subnet, ok := homeSubnet(s)
	all := slices.Concat(b.Forwards, b.Vacant)
	if !ok || len(all) == 0 {
		return
	}
	entries := make([]scheme.Entry, len(all))
	byKey := make(map[gateway.Key]gateway.Forward, len(all))
	for i, f := range all {
		entries[i] = scheme.Entry{Addr: f.Private.Addr(), Service: f.Service, Port: f.Public.Port()}
		byKey[f.Key()] = f
	}
	known, odd := scheme.Recognise(schemes, subnet, entries)
	if known != nil {
		b.Scheme = known.Name
	} else if c, rest := scheme.Infer("imported", subnet, entries); len(c.Services) > 0 {
		b.Formulas, odd = &c, rest
	}
	for _, e := range odd {
		k := gateway.Key{Protocol: e.Service.Protocol, Public: addrPort(all[0].Public.Addr(), e.Port)}
		b.Odd = append(b.Odd, byKey[k])
	}
	gateway.SortForwards(b.Odd)
}

// Text says in words what the forwards made by hand follow.
func (b ByHand) Text() string {
	n := len(b.Forwards) + len(b.Vacant)
	odd := ""
	if len(b.Odd) > 0 {
		odd = ", " + cloud.Clean(counted(len(b.Odd), "odd one"))
	}
	switch {
	case b.Rules == 0:
		return "nothing was made by hand"
	case n == 0:
		return "none of them can be adopted"
	case b.Scheme != "":
		return "scheme " + b.Scheme + odd
	case b.Formulas != nil:
		text := "no known scheme; the ports follow "
		for i, r := range b.Formulas.Services {
			if i > 0 {
				text += ", "
			}
			text += r.Service + " " + r.Formula
		}
		return text + odd
	}
	return "no known scheme" + odd
}
