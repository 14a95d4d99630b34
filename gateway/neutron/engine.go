package neutron

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/door"
	"portico/gateway/plan"
)

// Forwardings reads and writes the port forwardings of floating IPs. Deleting what is gone already
// succeeds.
type Forwardings interface {
	PortForwardings(ctx context.Context, floatingIP string) ([]cloud.PortForwarding, error)
	CreatePortForwarding(ctx context.Context, floatingIP string, x cloud.PortForwarding) (cloud.PortForwarding, error)
	UpdatePortForwarding(ctx context.Context, floatingIP string, x cloud.PortForwarding) error
	DeletePortForwarding(ctx context.Context, floatingIP, id string) error
}

// Engine makes forwards on a project's floating IPs. It is a value for one plan: Inventory is the cloud
// as it was read for that, and all that plans are made from.
type Engine struct {
	Forwardings Forwardings
	Groups      door.Groups
	Ports       door.Ports
	Inventory   cloud.Inventory

	// Named limits whose doors a plan may touch to these instances, by ID; nil is all of them.
	Named map[string]bool
	// Services is the catalogue: what forwards that were made elsewhere are called, by their port.
	Services []gateway.Service
	// Adopt names public ports whose forwardings, made elsewhere, a plan takes over.
	Adopt map[gateway.Key]bool

	known  []entry                      // all that stand; see all
	ports  map[instanceAddr]*cloud.Port // see portOf
	places map[string]*Places           // by floating IP
}

type instanceAddr struct {
	instance string
	addr     netip.Addr
}

var _ gateway.Engine = (*Engine)(nil)

// Name is "neutron".
func (e *Engine) Name() string { return Name }

// Observe says what stands. It asks nobody: the inventory has it.
func (e *Engine) Observe(context.Context) (gateway.State, error) {
	s := gateway.State{}
	for _, x := range e.all() {
		if x.ours {
			s.Forwards = append(s.Forwards, x.forward)
		} else {
			s.Drift = append(s.Drift, e.foreign(x))
		}
	}
	gateway.SortForwards(s.Forwards)
	s.Drift = append(s.Drift, e.doorDrift(s.Forwards)...)
	return s, nil
}

// doorDrift says what a plan for these forwards would do to the security groups.
func (e *Engine) doorDrift(forwards []gateway.Forward) []gateway.Drift {
	if e.Inventory.Unknown("ports") || e.Inventory.Unknown("security groups") {
		return nil
	}
	var out []gateway.Drift
	tell := func(kind gateway.DriftKind, steps []plan.Step) {
		for _, s := range steps {
			c := s.Change()
			line := c.Title
			if kind == gateway.Strange && len(c.Before) > 0 { // what stands there, not what is done about it
				line = c.Before[0]
			}
			out = append(out, gateway.Drift{Kind: kind, Where: cloud.Clean(c.Target), Line: cloud.Clean(line)})
		}
	}
	k := e.keeper()
	for _, d := range e.doors(forwards) {
		tell(gateway.Missing, k.Open(d))
		tell(gateway.Strange, k.Shut(d))
	}
	return out
}

// Parts is a plan in the two halves between which others may have theirs: what is new, then what goes.
type Parts struct {
	Open, Shut []plan.Step
	Warnings   []plan.Warning
	Costs      []door.Cost
	Base       []plan.Fingerprint
}

// Plan returns the steps that leave exactly the forwards in want standing. It only computes.
func (e *Engine) Plan(_ context.Context, want []gateway.Forward, _ gateway.State) (plan.Plan, error) {
	p, err := e.Split(want)
	if err != nil {
		return plan.Plan{}, err
	}
	steps := slices.Concat(p.Open, p.Shut)
	return plan.Plan{ID: planID(steps, p.Base), Steps: steps, Warnings: p.Warnings, Base: p.Base}, nil
}

// Split is Plan in two halves.
func (e *Engine) Split(want []gateway.Forward) (Parts, error) {
	changed, gone := e.compare(want)
	if err := e.check(want, changed); err != nil {
		return Parts{}, err
	}
	first, gone := inTheWay(changed, gone)
	made, err := e.forwardingSteps(changed)
	if err != nil {
		return Parts{}, err
	}
	k := e.keeper()
	doors := e.doors(want)
	var open, shut []plan.Step
	for _, d := range doors {
		open = append(open, k.Open(d)...)
		shut = append(shut, k.Shut(d)...)
	}
	p := Parts{Costs: k.Costs(doors...), Warnings: e.warnings(changed, first), Base: []plan.Fingerprint{e.fingerprint()}}
	if err := door.CheckQuota(p.Costs); err != nil {
		return Parts{}, err
	}
	if door.TooMany(p.Costs) { // making before breaking would not fit
		open, shut = slices.Concat(shut, open), nil
	}
	for _, x := range first {
		open = append(open, e.deleteStep(x))
	}
	p.Open = append(open, made...)
	for _, x := range gone {
		p.Shut = append(p.Shut, e.deleteStep(x))
	}
	p.Shut = append(p.Shut, shut...)
	return p, nil
}

// change is a forward that does not stand as it is to: it is made, or old becomes it.
type change struct {
	want gateway.Forward
	old  *entry
}

func (c change) ruleID() string {
	if c.old == nil {
		return ""
	}
	return c.old.rule.ID
}

// socket is one port of a VM, to which Neutron makes one forwarding at most.
type socket struct {
	instance string
	protocol gateway.Protocol
	private  netip.AddrPort
}

func socketOf(f gateway.Forward) socket { return socket{f.Instance, f.Service.Protocol, f.Private} }

// clash reports whether Neutron would refuse two forwards beside each other: they have a public port, or
// a port of a VM, in common.
func clash(a, b gateway.Forward) bool { return a.Meets(b) || sameEnd(a, b) }

// sameEnd reports whether two forwards have a port of a VM in common.
func sameEnd(a, b gateway.Forward) bool {
	return a.Instance == b.Instance && a.Service.Protocol == b.Service.Protocol && a.Private.Addr() == b.Private.Addr() &&
		a.Private.Port() <= b.PrivateLast() && b.Private.Port() <= a.PrivateLast()
}

// compare finds out what to change for exactly these forwards to stand, and what of ours goes. A
// forwarding that is ours, or is adopted, is changed rather than made anew where it stays on its
// address: nobody sees a gap then.
func (e *Engine) compare(want []gateway.Forward) (changed []change, gone []entry) {
	used, all := map[string]bool{}, e.all()
	byKey, bySocket := e.changeable(all)
	var open []gateway.Forward
	for _, f := range want {
		if x := byKey[f.Key()]; x != nil && x.ours && x.forward.Equal(f) && !e.astray(*x) {
			used[x.rule.ID] = true
			continue
		}
		open = append(open, f)
	}
	for _, f := range open {
		c := change{want: f}
		for _, x := range []*entry{bySocket[socketOf(f)], byKey[f.Key()]} {
			if x != nil && !used[x.rule.ID] && x.fip.Address == f.Public.Addr() && c.old == nil {
				c.old, used[x.rule.ID] = x, true
			}
		}
		changed = append(changed, c)
	}
	for _, x := range all {
		if x.ours && !used[x.rule.ID] {
			gone = append(gone, x)
		}
	}
	return changed, gone
}

// changeable finds, of all, what is ours or is adopted: by its public port, and by where it leads.
func (e *Engine) changeable(all []entry) (byKey map[gateway.Key]*entry, bySocket map[socket]*entry) {
	byKey, bySocket = map[gateway.Key]*entry{}, map[socket]*entry{}
	for i := range all {
		if x := &all[i]; x.ours || e.Adopt[x.forward.Key()] {
			byKey[x.forward.Key()], bySocket[socketOf(x.forward)] = x, x
		}
	}
	return byKey, bySocket
}

// inTheWay takes out of what goes that which Neutron wants gone before what is new can be: it makes no
// second forwarding from one public port, nor to one port of a VM.
func inTheWay(changed []change, gone []entry) (first, rest []entry) {
	for _, x := range gone {
		blocks := slices.ContainsFunc(changed, func(c change) bool {
			return clash(c.want, x.forward)
		})
		if blocks {
			first = append(first, x)
		} else {
			rest = append(rest, x)
		}
	}
	return first, rest
}

// Reserved are the public ports of a floating IP that others' forwardings have.
func (e *Engine) Reserved(addr netip.Addr) []gateway.Reserved {
	var out []gateway.Reserved
	for _, x := range e.all() {
		for p := int(x.rule.External); !x.ours && x.fip.Address == addr && p <= int(x.rule.Last()); p++ {
			out = append(out, gateway.Reserved{Protocol: gateway.Protocol(x.rule.Protocol), Port: uint16(p), By: "a forwarding made elsewhere: " + describe(x.rule)})
		}
	}
	return out
}

// all are the forwardings that stand.
func (e *Engine) all() []entry {
	if e.known == nil {
		e.known = entries(&e.Inventory, e.Services)
	}
	return e.known
}

// portOf finds the port that has a forward's private address.
func (e *Engine) portOf(f gateway.Forward) (cloud.Port, bool) {
	if e.ports == nil {
		e.ports = map[instanceAddr]*cloud.Port{}
		for i, p := range e.Inventory.Ports {
			for _, ip := range p.FixedIPs {
				e.ports[instanceAddr{p.DeviceID, ip.Addr}] = &e.Inventory.Ports[i]
			}
		}
	}
	if p := e.ports[instanceAddr{f.Instance, f.Private.Addr()}]; p != nil {
		return *p, true
	}
	return cloud.Port{}, false
}

func (e *Engine) placesOf(f cloud.FloatingIP) *Places {
	if e.places == nil {
		e.places = map[string]*Places{}
	}
	if e.places[f.ID] == nil {
		e.places[f.ID] = PlacesOf(&e.Inventory, f)
	}
	return e.places[f.ID]
}

// fingerprint is a digest of the forwardings that a plan was made from.
func (e *Engine) fingerprint() plan.Fingerprint {
	h := sha256.New()
	for _, x := range e.all() {
		_, _ = fmt.Fprintln(h, x.fip.ID, x.rule)
	}
	return plan.Fingerprint{Source: "port forwardings", Value: hex.EncodeToString(h.Sum(nil))}
}

func planID(steps []plan.Step, base []plan.Fingerprint) string {
	h := sha256.New()
	for _, b := range base {
		_, _ = fmt.Fprintln(h, b.Source, b.Value)
	}
	for _, s := range steps {
		_, _ = fmt.Fprintf(h, "%+v\n", s.Change())
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
