package publish

import (
	"net/netip"
	"slices"

	"portico/gateway"
)

// letIn is who may come in by a forward that a cover makes for an instance: whom the cover says, if that was
// asked for; else whom the instance's own forward let in, if it had one.
func (w *wanted) letIn(c gateway.Cover, f gateway.Forward, told bool) []netip.Prefix {
	if told && !w.req.KeepSources {
		return c.Sources
	}
	if sources, moved := w.moved[ownerOf(f)]; moved {
		return sources
	}
	if own := w.set.left(slices.Clone(w.set.byOwner[ownerOf(f)])); len(own) > 0 {
		return w.had(f.Instance, f.Service, f.Private.Addr()).Sources
	}
	return c.Sources
}

// leaves reports whether a cover leaves a service of an instance at the port that it has. A sync leaves one
// alone, too, that is reached by another of the instance's addresses: nobody has asked to lead it here.
func (w *wanted) leaves(c gateway.Cover, p Place, svc gateway.Service, told bool) bool {
	own, ok := w.stands(p.Instance, svc, p.Addr)
	if !ok {
		return !told && len(w.set.left(slices.Clone(w.set.byOwner[owner{p.Instance, svc.Name, svc.Protocol}]))) > 0
	}
	if !samePorts(own, svc) || told && !w.req.KeepPorts {
		return false
	}
	if told {
		own.Sources = w.letIn(c, own, told)
		w.put(w.dir.byID[p.Instance], own)
	}
	return true
}

// had finds what a service of an instance is reached by now: at this address, at another one, which the
// instance may have no longer, or by the rule of its subnet. Wherever it leads from now on, it is not opened
// to more for that.
func (w *wanted) had(id string, svc gateway.Service, addr netip.Addr) gateway.Forward {
	if f, ok := w.stands(id, svc, addr); ok {
		return f
	}
	if own := w.set.left(slices.Clone(w.set.byOwner[owner{id, svc.Name, svc.Protocol}])); len(own) > 0 {
		return w.set.list[own[0]]
	}
	f, _ := w.set.stands(owner{addr.String(), svc.Name, svc.Protocol}, addr)
	return f
}
