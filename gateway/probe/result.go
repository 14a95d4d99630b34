package probe

import (
	"net/netip"
	"time"

	"portico/gateway"
)

// Outcome is what a probe found.
type Outcome string

// The outcomes. Unknown means the probe could not tell; it is neither good nor bad.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused"
	Timeout Outcome = "timeout"
	Wrong   Outcome = "wrong service"
	Unknown Outcome = "unknown"
)

// Target is one endpoint to test and the service that should answer there.
type Target struct {
	Addr    netip.AddrPort
	Service gateway.Service
}

// Result is the outcome of one probe.
type Result struct {
	Target  Target
	Outcome Outcome
	Latency time.Duration // from the first packet to the answer that decided; 0 if none came
	Detail  string        // cleaned: the banner, the status line, the certificate's name and expiry, or why not
	At      time.Time
}

// Bad reports whether the service did not answer as it should; what could not be told is not bad.
func (r Result) Bad() bool { return r.Outcome != OK && r.Outcome != Unknown }
