package publish

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views/preview"
)

// cause is why there is no plan. When the gateway's state is not known its own error tells more
// than that it is not known. Advice to choose another scheme names the one that helps.
func (s *Screen) cause() error {
	if s.gwErr != nil && s.snapshot.State == nil && cloud.KindOf(s.planErr) == gateway.Unreachable {
		return s.gwErr
	}
	var e *cloud.Error
	name := s.anyService()
	if !errors.As(s.planErr, &e) || e.Kind != gateway.Invalid || name == "" || !s.outside() {
		return s.planErr
	}
	advised := *e
	advised.Next = "choose " + name + ": it has a port for any service"
	return &advised
}

// anyService is the name of a scheme that has a port for any service, unless one is chosen.
func (s *Screen) anyService() string {
	ranged := func(x scheme.Scheme) bool { return !x.Range.IsZero() }
	i := slices.IndexFunc(s.schemes, ranged)
	if sch, _ := s.chosen(); i < 0 || ranged(sch) {
		return ""
	}
	return s.schemes[i].Name
}

// outside reports whether a service is wanted that the chosen scheme has no formula for.
func (s *Screen) outside() bool {
	sch, _ := s.chosen()
	for _, c := range s.services {
		if _, has := rule(sch, c.service); c.on && !has {
			return true
		}
	}
	for _, w := range words(s.own.Value()) {
		name, spec, _ := strings.Cut(w, "=")
		proto, _, _ := strings.Cut(spec, "/")
		if _, has := rule(sch, gateway.Service{Name: name, Protocol: gateway.Protocol(proto)}); !has {
			return true
		}
	}
	return false
}

// unpublishable names all of several instances that cannot be published: a plan fails at the first.
func (s *Screen) unpublishable(width int, st *themes.Styles) []string {
	var names []string
	for i, id := range s.instances {
		if !placeOf(s.snapshot, id).known() {
			names = append(names, s.names[i])
		}
	}
	if len(s.instances) < 2 || len(names) == 0 || s.snapshot.Inventory.Unknown("ports") {
		return nil
	}
	title := fmt.Sprintf("%d of %d have no address to publish", len(names), len(s.instances))
	return preview.Note(title, strings.Join(names, ", "), width, st)
}
