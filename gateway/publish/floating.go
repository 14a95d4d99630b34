package publish

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/floating"
	"portico/gateway/plan"
)

// FloatingIPVerb is what a request does with a floating IP.
type FloatingIPVerb string

// The verbs.
const (
	Attach   FloatingIPVerb = "attach"
	Detach   FloatingIPVerb = "detach"
	Allocate FloatingIPVerb = "allocate"
	Release  FloatingIPVerb = "release"
)

// FloatingIPRequest is what an operator asks of one floating IP. The zero value asks nothing: then
// the request it is part of is about forwards.
type FloatingIPRequest struct {
	Do      FloatingIPVerb
	Address string // of the floating IP, or its ID; "" to allocate one
	// Instance, by name or ID, is what to attach it to; Fixed which of its addresses, "" the
	// only one that can have it.
	Instance string
	Fixed    string
	// Network, by name or ID, is where to allocate from; "" is the only external one, or the one that
	// the project's routers lead to.
	Network     string
	Description string // of an allocated one
}

// floatingChange is what a proposal about a floating IP has besides its plan.
type floatingChange struct {
	verb  FloatingIPVerb
	fip   cloud.FloatingIP
	place floating.Target // attach
	made  *floating.Allocation
	name  string // of the instance it is about, or ""
	cloud floating.Cloud
	from  cloud.Identity
	by    *Publisher
	typed string
}

// AboutFloatingIP reports whether a proposal changes a floating IP, and no gateway.
func (p Proposal) AboutFloatingIP() bool { return p.floating != nil }

// MustType is what an operator has to type to confirm, because it cannot be taken back or breaks
// what others use; "" where yes is enough.
func (p Proposal) MustType() string {
	if p.floating == nil {
		return ""
	}
	return p.floating.typed
}

// Subject is what a proposal about a floating IP is about: "203.0.113.27 to web-portal".
func (p Proposal) Subject() string {
	if p.floating == nil {
		return ""
	}
	f := p.floating
	switch f.verb {
	case Attach:
		return f.fip.Address.String() + " to " + f.name
	case Detach:
		return f.fip.Address.String() + " from " + f.name
	case Allocate:
		if f.made.Made.Address.IsValid() {
			return f.made.Made.Address.String()
		}
		return "a floating IP"
	case Release:
	}
	return f.fip.Address.String()
}

// FloatingIP is the floating IP that a proposal is about; of one to allocate it is known when it has
// been applied.
func (p Proposal) FloatingIP() (cloud.FloatingIP, bool) {
	switch {
	case p.floating == nil:
		return cloud.FloatingIP{}, false
	case p.floating.verb == Allocate:
		return p.floating.made.Made, p.floating.made.Made.ID != ""
	}
	return p.floating.fip, true
}

// noRollback is said in every preview: what protects other plans does not protect these.
var noRollback = plan.Warning{
	Title:  "no rollback is armed",
	Detail: "only the cloud changes; what fails is undone from here, and what stands is read back",
}

// planFloatingIP plans what is asked of one floating IP, from the snapshot alone. It needs no gateway.
func (p *Publisher) planFloatingIP(s Snapshot, req Request) (Proposal, error) {
	w := floatingPlan{p: p, s: s, req: req.FloatingIP}
	c := p.options.FloatingIPs
	if c == nil {
		return Proposal{}, &gateway.Error{Op: string(w.req.Do) + " a floating IP", Kind: gateway.Internal, Err: errors.New("this program was put together without a way to do that")}
	}
	w.change = floatingChange{verb: w.req.Do, cloud: c, from: s.Inventory.Identity, by: p, made: &floating.Allocation{}}
	var step plan.Step
	var err error
	switch w.req.Do {
	case Attach:
		step, err = w.attach()
	case Detach:
		step, err = w.detach()
	case Allocate:
		step, err = w.allocate()
	case Release:
		step, err = w.release()
	default:
		err = w.problem(gateway.Invalid, "there is no such verb", "attach, detach, allocate or release")
	}
	if err != nil {
		return Proposal{}, err
	}
	pr := Proposal{Request: req, Quota: w.quota, floating: &w.change}
	if step == nil {
		return pr, nil
	}
	pr.Plan = plan.Plan{Steps: []plan.Step{step}, Warnings: append(w.warnings, noRollback), Base: []plan.Fingerprint{{Source: step.Change().Target, Value: fmt.Sprintf("%+v", w.change.fip)}}}
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v %+v", step.Change(), pr.Plan.Base))
	pr.Plan.ID = hex.EncodeToString(sum[:])[:12]
	return pr, nil
}

// floatingPlan is a plan about a floating IP in the making.
type floatingPlan struct {
	p        *Publisher
	s        Snapshot
	req      FloatingIPRequest
	change   floatingChange
	quota    []QuotaLine
	warnings []plan.Warning
}

func (w *floatingPlan) problem(kind gateway.Kind, why, next string) error {
	what := w.req.Address
	if w.change.fip.Address.IsValid() {
		what = w.change.fip.Address.String()
	}
	return &gateway.Error{Op: string(w.req.Do), Target: strings.TrimSpace("floating IP " + what), Kind: kind, Err: errors.New(why), Next: next}
}

func (w *floatingPlan) warn(title, detail string) {
	w.warnings = append(w.warnings, plan.Warning{Title: title, Detail: detail})
}

// find looks the floating IP up that was named.
func (w *floatingPlan) find() error {
	inv := &w.s.Inventory
	if inv.Unknown("floating IPs") {
		return w.problem(gateway.Permission, "the floating IPs of this project cannot be read", "")
	}
	for _, f := range inv.FloatingIPs {
		if f.ID == w.req.Address || f.Address.String() == w.req.Address {
			w.change.fip = f
			return nil
		}
	}
	var known []string
	for _, f := range inv.FloatingIPs {
		known = append(known, f.Address.String())
	}
	next := "this project has none; 'portico floatingip allocate' takes one"
	if len(known) > 0 {
		next = "it has " + strings.Join(known, ", ")
	}
	return w.problem(gateway.NotFound, "this project has no such floating IP", next)
}

func (w *floatingPlan) attach() (plan.Step, error) {
	if err := w.find(); err != nil {
		return nil, err
	}
	f, inv := w.change.fip, &w.s.Inventory
	i, err := resolveInstance(*inv, w.req.Instance)
	if err != nil {
		return nil, err
	}
	w.change.name = i.Name
	switch holder := w.holder(); {
	case len(f.Forwardings) > 0:
		return nil, w.problem(gateway.Conflict, fmt.Sprintf("it has %d port forwardings of Neutron's, and can lead to a port or have those", len(f.Forwardings)), "delete them first: openstack floating ip port forwarding list "+f.ID)
	case f.PortID != "" && w.onInstance(i.ID):
		return nil, nil // it is there already
	case f.PortID != "":
		return nil, w.problem(gateway.Conflict, "it is attached to "+holder, "take it off there first: portico floatingip detach "+f.Address.String())
	}
	t, err := w.place(i)
	if err != nil {
		return nil, err
	}
	w.change.place = t
	if t.Doubt != "" {
		w.warn("it may be refused", t.Doubt)
	}
	if i.Status != "ACTIVE" {
		w.warn(i.Name+" does not run", "status "+i.Status+"; the address leads to it all the same")
	}
	w.severalGateways(t)
	w.warn("who can reach "+i.Name+" is decided by its security groups", "it can be reached from outside then, on the ports they open: "+groupNames(*inv, t.Port))
	return floating.AttachStep(w.change.cloud, f, t.Port.ID, t.Fixed.Addr, i.Name), nil
}

// onInstance reports whether the floating IP leads to this instance already, at the address that was
// asked for.
func (w *floatingPlan) onInstance(id string) bool {
	f := w.change.fip
	return slices.ContainsFunc(w.s.Inventory.InstancePorts(id), func(p cloud.Port) bool { return p.ID == f.PortID }) && (w.req.Fixed == "" || f.FixedIP.String() == w.req.Fixed)
}

// holder names what the floating IP is attached to.
func (w *floatingPlan) holder() string {
	for _, r := range FloatingIPRows(w.s) {
		if r.FloatingIP.ID == w.change.fip.ID {
			return r.Attached
		}
	}
	return ""
}

// place chooses the instance's address that the floating IP is to lead to.
func (w *floatingPlan) place(i cloud.Instance) (floating.Target, error) {
	var can []floating.Target
	var why []string
	for _, t := range floating.Targets(&w.s.Inventory, w.change.fip) {
		switch {
		case t.Instance.ID != i.ID, w.req.Fixed != "" && t.Fixed.Addr.String() != w.req.Fixed:
		case t.Why != "":
			why = append(why, strings.TrimPrefix(t.Fixed.Addr.String()+": ", "invalid IP: ")+t.Why)
		default:
			can = append(can, t)
		}
	}
	switch {
	case len(can) == 1:
		return can[0], nil
	case len(can) > 1:
		var addrs []string
		for _, t := range can {
			addrs = append(addrs, t.Fixed.Addr.String())
		}
		return floating.Target{}, w.problem(gateway.Invalid, i.Name+" has several addresses: "+strings.Join(addrs, ", "), "name one with --fixed-ip")
	case len(why) == 0:
		return floating.Target{}, w.problem(gateway.NotFound, fmt.Sprintf("%s has no address %s", i.Name, w.req.Fixed), "'portico list' shows its addresses")
	}
	return floating.Target{}, w.problem(gateway.Conflict, i.Name+" cannot have it: "+strings.Join(why, "; "), attachNext(strings.Join(why, " ")))
}

func attachNext(why string) string {
	switch {
	case strings.Contains(why, "already has"):
		return "detach the one it has first, or choose another instance"
	case strings.Contains(why, "router"):
		return "join its subnet to that network by a router (openstack router add subnet), or choose another instance"
	}
	return "choose another instance"
}

// severalGateways warns when no plan could tell any more which instance is the gateway.
func (w *floatingPlan) severalGateways(t floating.Target) {
	if _, err := w.p.FindGateway(w.s.Inventory); err != nil {
		return
	}
	next := w.s.Inventory
	next.FloatingIPs = slices.Clone(next.FloatingIPs)
	for i, f := range next.FloatingIPs {
		if f.ID == w.change.fip.ID {
			next.FloatingIPs[i].PortID, next.FloatingIPs[i].FixedIP = t.Port.ID, t.Fixed.Addr
		}
	}
	if _, err := w.p.FindGateway(next); cloud.KindOf(err) == gateway.Invalid {
		w.warn("there are several possible gateways then", "Portico must be told which one: 'gateway: "+w.s.Gateway.Name+"' in the configuration file, or --gateway")
	}
}

// groupNames names the security groups of a port.
func groupNames(inv cloud.Inventory, p cloud.Port) string {
	if !p.PortSecurity {
		return "none, port security is off and everything is open"
	}
	var names []string
	for _, id := range p.Groups {
		g, ok := inv.Group(id)
		if !ok {
			g.Name = id
		}
		names = append(names, g.Name)
	}
	return cmp.Or(strings.Join(names, ", "), "none, so that nothing is open")
}
