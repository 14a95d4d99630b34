package publish

import (
	"errors"

	"portico/cloud"
	"portico/gateway"
)

// WhyReadOnly says why nothing may be changed in a project, or "": because the operator said so
// when starting, or because the cloud gives him no more.
func WhyReadOnly(started bool, id cloud.Identity) string {
	switch {
	case started:
		return "it was started read-only"
	case id.ReadOnly:
		return "your role in this project is reader"
	}
	return ""
}

// Refuses says why Apply would refuse a proposal before it did anything; nil where it would not.
func (p *Publisher) Refuses(pr Proposal) error { return p.refuse(pr) }

// refuse is the one place that all changes pass: nil, or why this one must not be made. Nothing was
// asked or changed then.
func (p *Publisher) refuse(pr Proposal) error {
	by, identity := pr.origin()
	if by == nil {
		return &gateway.Error{Op: "apply the plan", Kind: gateway.Invalid, Err: errors.New("nobody has planned it"), Next: "plan it first"}
	}
	if by != p {
		return &gateway.Error{Op: "apply the plan", Kind: gateway.Invalid, Err: errors.New("it was made for another project"), Next: "plan it again in this one"}
	}
	why := WhyReadOnly(p.options.ReadOnly, identity)
	if why == "" {
		return nil
	}
	next := "start without --read-only, and without 'read_only: true' in the configuration"
	if !p.options.ReadOnly {
		next = "ask the project's administrator for the role member"
	}
	return &gateway.Error{Op: "change anything", Kind: gateway.Permission, Err: errors.New("this Portico only looks: " + why), Next: next}
}

// origin is who has planned a proposal, and for which project; nil where nobody has.
func (p Proposal) origin() (*Publisher, cloud.Identity) {
	switch {
	case p.creation != nil:
		return p.creation.by, p.creation.from
	case p.floating != nil:
		return p.floating.by, p.floating.from
	case p.pair != nil:
		return p.pair.by, p.pair.from
	case p.local != nil:
		return p.local.by, p.local.from
	case p.neutron != nil:
		return p.neutron.by, p.neutron.from
	case p.runner == nil || p.engine == nil:
		return nil, cloud.Identity{}
	}
	return p.runner.p, p.engine.Inventory.Identity
}
