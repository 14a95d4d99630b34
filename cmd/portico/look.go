package main

import (
	"context"
	"fmt"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// view is the project as a command sees it. A gateway that does not answer leaves unknown what it
// carries; why says so. The project's own part is always there.
type view struct {
	*wiring
	publish.Snapshot
	why error // nil: all is known
}

// knows reports whether it is known which forwards there are. Without a gateway there are none.
func (v view) knows() bool {
	return v.why == nil || v.noGateway()
}

func (v view) noGateway() bool {
	return !v.HasGateway() && cloud.KindOf(v.why) == gateway.NotFound
}

// unknown reports whether what a floating IP carries is unknown: that of a gateway that did not
// answer, or, where none was chosen, of any instance.
func (v view) unknown(r publish.FloatingIPRow) bool {
	return !v.knows() && (r.Gateway || !v.HasGateway() && r.InstanceID != "")
}

// look reads the project and the gateway. A gateway that does not answer is no error here: what
// needs it says so, and the rest still has something to say.
func (a *app) look(ctx context.Context) (view, error) {
	w, err := a.wire(ctx, a.prompter())
	if err != nil {
		return view{}, err
	}
	s, err := w.publisher.Snapshot(ctx)
	v := view{wiring: w, Snapshot: s, why: err}
	switch {
	case err == nil:
	case ctx.Err() != nil, s.Inventory.At.IsZero():
		return v, err
	case a.flags.gateway != "" && !s.HasGateway():
		return v, err // the one that was asked for is not there
	}
	return v, nil
}

// lookForList is look with a remark on standard error where something is unknown.
func (a *app) lookForList(ctx context.Context) (view, error) {
	v, err := a.look(ctx)
	if err == nil && !v.knows() {
		x := cloud.Explain(v.why)
		a.note("%s\n", styleWarn.Render(fmt.Sprintf("! %s: %s", x.What, x.Why)))
		a.note("%s\n", styleDim.Render("how instances are reachable is unknown; "+x.Next))
	}
	return v, err
}
