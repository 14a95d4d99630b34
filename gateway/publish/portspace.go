package publish

import (
	"cmp"
	"maps"
	"slices"

	"portico/gateway"
	"portico/gateway/scheme"
)

// PortUse is what a run of public ports is used for.
type PortUse string

// The uses. What is in no run is free.
const (
	PortOurs    PortUse = "ours"     // a forward of Portico's
	PortByHand  PortUse = "by hand"  // a rule that is not Portico's
	PortProgram PortUse = "reserved" // a program of the gateway's listens there
)

// PortRun is public ports in a row that one thing has.
type PortRun struct {
	First, Last uint16
	Use         PortUse
	By          string // whose it is: "ssh of jupyter", "sshd, which listens on gw-1", a rule
}

// PortSpace is the public ports of a gateway, of one protocol, from scheme.MinPort on.
type PortSpace struct {
	Protocol gateway.Protocol
	Runs     []PortRun // by port; they do not overlap
	Free     int       // ports that nothing has
	// Local is from where to where the gateway takes ports for its own connections; zero if unknown.
	// NodePorts are those that services of Kubernetes are given, where the gateway is a node.
	Local, NodePorts scheme.Range
}

// PortSpaceOf tells what has the public ports of a snapshot's gateway. Where several have one, the
// first of program, rule by hand and forward is told. It is empty while the gateway has not answered.
func PortSpaceOf(s Snapshot, proto gateway.Protocol) PortSpace {
	out := PortSpace{Protocol: proto, Runs: []PortRun{}, NodePorts: scheme.NodePorts.Range}
	if s.State == nil {
		return out
	}
	out.Local = scheme.Range{First: s.State.LocalPorts[0], Last: s.State.LocalPorts[1]}
	has := holders{}
	has.reserved(s.State.Reserved, proto)
	has.forwards(s, proto)
	out.Runs = has.runs()
	out.Free = scheme.MaxPort - scheme.MinPort + 1 - len(has)
	return out
}

// holder is what has a port.
type holder struct {
	use PortUse
	by  string
}

// holders is what has the ports of one protocol, by port.
type holders map[uint16]holder

// reserved enters what is not Portico's. A program goes before a rule by hand, and the first of each counts.
func (has holders) reserved(rs []gateway.Reserved, proto gateway.Protocol) {
	for _, r := range rs {
		if r.Port < scheme.MinPort || r.Protocol != proto && r.Protocol != "" {
			continue
		}
		h := holder{PortProgram, r.By}
		if r.ByRule {
			h.use = PortByHand
		}
		if old, taken := has[r.Port]; !taken || old.use == PortByHand && h.use == PortProgram {
			has[r.Port] = h
		}
	}
}

// forwards enters those of a snapshot at the ports that nothing has yet.
func (has holders) forwards(s Snapshot, proto gateway.Protocol) {
	names := map[string]string{}
	for _, i := range s.Inventory.Instances {
		names[i.ID] = i.Name
	}
	for _, f := range s.State.Forwards {
		if f.Service.Protocol != proto {
			continue
		}
		h := holder{PortOurs, f.Service.Name + " of " + cmp.Or(names[f.Instance], f.Instance, f.Private.Addr().String())}
		for _, k := range f.Keys() {
			if _, taken := has[k.Public.Port()]; !taken {
				has[k.Public.Port()] = h
			}
		}
	}
}

// runs joins neighbouring ports that one thing has; none is an empty list, not nil.
func (has holders) runs() []PortRun {
	out := []PortRun{}
	for _, p := range slices.Sorted(maps.Keys(has)) {
		h := has[p]
		if n := len(out); n > 0 && out[n-1].Last+1 == p && out[n-1].Use == h.use && out[n-1].By == h.by {
			out[n-1].Last = p
			continue
		}
		out = append(out, PortRun{p, p, h.use, h.by})
	}
	return out
}
