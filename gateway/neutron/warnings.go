package neutron

import (
	"fmt"

	"portico/gateway"
	"portico/gateway/plan"
)

// warnings are what to know of the changes before saying yes.
func (e *Engine) warnings(changed []change, first []entry) []plan.Warning {
	var out []plan.Warning
	open := 0
	for _, c := range changed {
		if len(c.want.Sources) == 0 {
			open++
		}
		if i, ok := e.Inventory.Instance(c.want.Instance); ok {
			f := e.floatingIP(c.want)
			if place, err := e.placesOf(f.fip).On(i); err == nil && place.Doubt != "" {
				out = append(out, plan.Warning{Title: "it may be refused", Detail: place.Doubt})
			}
			out = append(out, e.wider(i.Name, c.want)...)
		}
	}
	if open > 0 {
		out = append(out, plan.Warning{Title: "open to the whole internet", Detail: fmt.Sprintf("anybody may connect to %d of these forwards; name the networks that may, if that is not meant", open)})
	}
	for _, x := range first {
		for _, c := range changed {
			if sameEnd(c.want, x.forward) {
				out = append(out, plan.Warning{
					Title:  fmt.Sprintf("%s cannot be reached for a moment", x.forward.Public),
					Detail: "Neutron makes no second forwarding to one port of a VM: the one there is goes before the one at " + c.want.Public.String() + " is made",
				})
			}
		}
	}
	return dedupe(out)
}

// wider tells of other groups of the VM that let in more than a forward is to.
func (e *Engine) wider(name string, f gateway.Forward) []plan.Warning {
	p, ok := e.portOf(f)
	if !ok || len(f.Sources) == 0 {
		return nil
	}
	if _, anybody := admitted(&e.Inventory, e.withoutOurs(p), f.Service.Protocol, f.Private.Port()); !anybody {
		return nil
	}
	return []plan.Warning{{
		Title:  name + " lets in more than that",
		Detail: fmt.Sprintf("another of its security groups opens %s port %d to anybody, and with Neutron the VM's groups alone decide who comes in", f.Service.Protocol, f.Private.Port()),
	}}
}

// floatingIP finds a forward's floating IP.
func (e *Engine) floatingIP(f gateway.Forward) entry {
	for _, x := range e.Inventory.FloatingIPs {
		if x.Address == f.Public.Addr() {
			return entry{fip: x}
		}
	}
	return entry{}
}

func dedupe(in []plan.Warning) []plan.Warning {
	seen := map[plan.Warning]bool{}
	var out []plan.Warning
	for _, w := range in {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}
