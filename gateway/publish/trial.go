package publish

import (
	"net/netip"

	"portico/gateway"
	"portico/gateway/scheme"
)

// Trial is what formulas give over a whole subnet, and what is wrong with them there.
type Trial struct {
	Scheme   *scheme.Scheme
	Bounds   []scheme.Bounds // one for each of the scheme's services
	Problems []scheme.Problem
	Err      error // why nothing could be computed: a subnet that is too large
}

// Fatal reports whether some address of the subnet does not get its port.
func (t Trial) Fatal() bool {
	for _, p := range t.Problems {
		if p.Fatal() {
			return true
		}
	}
	return t.Err != nil
}

// Try computes a scheme for each address of a subnet, against what a snapshot's gateway has reserved.
// It takes about a microsecond for each service of each address.
func Try(s Snapshot, sch *scheme.Scheme, subnet netip.Prefix) Trial {
	t := Trial{Scheme: sch}
	if t.Bounds, t.Err = sch.Bounds(subnet); t.Err != nil {
		return t
	}
	var reserved []gateway.Reserved
	if s.State != nil {
		reserved = s.State.Reserved
	}
	t.Problems = sch.Check(subnet, reserved, scheme.NodePorts)
	return t
}
