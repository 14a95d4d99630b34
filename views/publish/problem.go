package publish

import (
	"errors"
	"fmt"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/themes"
	"portico/views/preview"
)

// cause is why there is no plan. When the gateway's state is not known its own error tells more
// than that it is not known. Advice to choose another scheme names one that helps.
func (s *Screen) cause() error {
	if s.gwErr != nil && s.snapshot.State == nil && cloud.KindOf(s.planErr) == gateway.Unreachable {
		return s.gwErr
	}
	var e *cloud.Error
	if bad := s.misfits(); len(bad) > 0 && errors.As(s.planErr, &e) && e.Kind == gateway.Invalid {
		advised := *e
		advised.Next = "f leaves out " + preview.Count(len(bad), "VM") + " without an address"
		return &advised
	}
	name := s.way()
	if !errors.As(s.planErr, &e) || e.Kind != gateway.Invalid && e.Kind != gateway.Conflict || name == "" {
		return s.planErr
	}
	advised := *e
	advised.Next = "choose " + name + ", which has a free port for each; f does"
	return &advised
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
