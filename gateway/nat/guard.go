package nat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/rollback"
)

// Switch is the gateway's own rollback, on each of its hosts.
func (e *Engine) Switch() *rollback.Switch {
	all := e.engines()
	s := all[0].hostSwitch()
	for _, m := range all[1:] {
		s.Peers = append(s.Peers, m.hostSwitch())
	}
	return s
}

func (e *Engine) hostSwitch() *rollback.Switch {
	return &rollback.Switch{Gateway: e.Gateway, Runner: e.Runner, Files: ourFiles}
}

// engines are those of the gateway's hosts.
func (e *Engine) engines() []*Engine {
	if len(e.Members) > 0 {
		return e.Members
	}
	return []*Engine{e}
}

// Arm arms the rollback on every host that a plan of this engine changes, if they still are as the plan
// saw them; see [rollback.ArmAll].
func (e *Engine) Arm(ctx context.Context, r history.Record, window time.Duration, p plan.Plan) (*rollback.Lease, error) {
	var all []rollback.Host
	for _, h := range e.engines() {
		sums := h.Sums(p.Base)
		if sums != (rollback.Sums{}) { // else nobody saw it, and the plan leaves it alone
			s := h.hostSwitch()
			s.Files = append(s.Files[:len(s.Files):len(s.Files)], h.keptIn(p.Base)...)
			all = append(all, rollback.Host{Switch: s, Sums: sums})
		}
	}
	return rollback.ArmAll(ctx, r, window, all)
}

// Sums are what a base says of this engine's host; zero when it says nothing.
func (e *Engine) Sums(base []plan.Fingerprint) rollback.Sums {
	var out rollback.Sums
	for _, b := range base {
		switch b.Source {
		case e.source(tableNAT):
			out.NAT = b.Value
		case e.source(tableFilter):
			out.Filter = b.Value
		case e.source(sourceFiles):
			out.Files = b.Value
		}
	}
	return out
}

// sourceFiles names our files in a plan's base.
const sourceFiles = "files"

// source names what a fingerprint is of.
func (e *Engine) source(of string) string {
	if of == sourceFiles || of == sourceKept {
		return e.Gateway.Name + " " + of
	}
	return e.Gateway.Name + " iptables " + of
}

// base is what a plan made from an observation insists on.
func (e *Engine) base(seen *observed) []plan.Fingerprint {
	h := sha256.New()
	for _, f := range ourFiles {
		_, _ = h.Write([]byte(seen.files[f]))
	}
	return []plan.Fingerprint{
		{Source: e.source(tableNAT), Value: seen.sums[tableNAT]},
		{Source: e.source(tableFilter), Value: seen.sums[tableFilter]},
		{Source: e.source(sourceFiles), Value: hex.EncodeToString(h.Sum(nil))},
	}
}
