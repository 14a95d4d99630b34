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

// Switch is the gateway's own rollback.
func (e *Engine) Switch() *rollback.Switch {
	return &rollback.Switch{Gateway: e.Gateway, Runner: e.Runner, Files: ourFiles}
}

// Arm arms the gateway's rollback for a plan of this engine, if the gateway still is as the plan
// saw it; see [rollback.Switch.Arm].
func (e *Engine) Arm(ctx context.Context, r history.Record, window time.Duration, p plan.Plan) (*rollback.Lease, error) {
	var sums rollback.Sums
	for _, b := range p.Base {
		switch b.Source {
		case e.source(tableNAT):
			sums.NAT = b.Value
		case e.source(tableFilter):
			sums.Filter = b.Value
		case e.source(sourceFiles):
			sums.Files = b.Value
		}
	}
	return e.Switch().Arm(ctx, r, window, sums)
}

// sourceFiles names our files in a plan's base.
const sourceFiles = "files"

// source names what a fingerprint is of.
func (e *Engine) source(of string) string {
	if of == sourceFiles {
		return e.Gateway.Name + " files"
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
