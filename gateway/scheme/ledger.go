package scheme

import (
	"net/netip"

	"portico/gateway"
)

// Ledger is the public ports of one gateway while they are given out one instance after another.
// What it gives is what [Scheme.Assign] and [Fixed] would give with the forwards that stand by then.
type Ledger struct{ a *assignment }

// NewLedger returns a ledger of what stands and of what others hold.
func NewLedger(standing []gateway.Forward, reserved []gateway.Reserved) *Ledger {
	return &Ledger{newAssignment(standing, reserved)}
}

// Assign is [Scheme.Assign]; what it gives is taken from then on, also when it ends with an error.
func (l *Ledger) Assign(s *Scheme, subnet netip.Prefix, want []Endpoint) ([]Entry, error) {
	return s.assign(l.a, subnet, want)
}

// Fixed is [Fixed]; what it gives is taken from then on, also when it ends with an error.
func (l *Ledger) Fixed(want []Endpoint, ports []uint16) ([]Entry, error) {
	return fixed(l.a, want, ports, MinPort)
}

// FixedAny is [Ledger.Fixed] where no machine has the address, so that every port but 0 may be taken.
func (l *Ledger) FixedAny(want []Endpoint, ports []uint16) ([]Entry, error) {
	return fixed(l.a, want, ports, 1)
}

// Release takes a forward out that stands no more.
func (l *Ledger) Release(f gateway.Forward) { l.a.release(f) }

// Hold enters a forward that stands from now on.
func (l *Ledger) Hold(f gateway.Forward) { l.a.hold(f) }
