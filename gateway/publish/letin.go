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

// elsewhere reports whether a service of an instance has a forward already.
func (w *wanted) elsewhere(id string, svc gateway.Service) bool {
	return len(w.set.left(slices.Clone(w.set.byOwner[owner{id, svc.Name, svc.Protocol}]))) > 0
}
