package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// everywhere is the project with all its gateways, as a command sees it.
type everywhere struct {
	*wiring
	inventory cloud.Inventory
	gateways  []publish.GatewayView
}

func allGatewaysFlag(c *cobra.Command) *bool {
	return c.Flags().Bool("all-gateways", false, "of every gateway of the project, and not of the one in use alone; one that does not answer is told in its place")
}

// lookEverywhere reads the project and every gateway of it.
func (a *app) lookEverywhere(ctx context.Context) (everywhere, error) {
	if a.flags.gateway != "" {
		return everywhere{}, wrongUse("use --all-gateways", errors.New("--gateway names one of them"), "leave one of the two out")
	}
	w, err := a.wire(ctx, a.prompter())
	if err != nil {
		return everywhere{}, err
	}
	inv, err := w.publisher.Inventory(ctx)
	if err != nil {
		return everywhere{}, err
	}
	e := everywhere{wiring: w, inventory: inv, gateways: w.publisher.EveryGateway(ctx, inv)}
	return e, ctx.Err()
}

// carriedForward is a forward and who carries it: a gateway's name, or "neutron".
type carriedForward struct {
	gateway.Forward
	by    string
	state gateway.State // of that gateway
}

// forwards are those of all gateways that have answered, and Neutron's, by public end.
func (e everywhere) forwards() []carriedForward {
	var out []carriedForward
	for _, g := range e.gateways {
		for _, f := range g.Observed().Forwards {
			out = append(out, carriedForward{f, g.Gateway.Name, g.Observed()})
		}
	}
	for _, f := range e.alone().Forwards() {
		out = append(out, carriedForward{f, publish.NeutronEngine, gateway.State{}})
	}
	slices.SortStableFunc(out, func(a, b carriedForward) int {
		return cmp.Or(a.Public.Compare(b.Public), cmp.Compare(a.Service.Protocol, b.Service.Protocol))
	})
	return out
}

// alone is the project without any gateway: what is left is the cloud's, and Neutron's.
func (e everywhere) alone() publish.Snapshot { return publish.Snapshot{Inventory: e.inventory} }

// together is the project with the drift of all gateways.
func (e everywhere) together() publish.Snapshot {
	s := e.alone()
	s.State = &gateway.State{}
	for _, g := range e.gateways {
		s.State.Drift = append(s.State.Drift, g.Observed().Drift...)
	}
	return s
}

// lookedAtJSON is one gateway that was asked.
type lookedAtJSON struct {
	Name       string     `json:"name"`
	FloatingIP netip.Addr `json:"floating_ip"`
	Reachable  bool       `json:"reachable"`
	Forwards   *int       `json:"forwards"` // null: not reached
	Error      *errorJSON `json:"error,omitempty"`
}

func (e everywhere) lookedAt() []lookedAtJSON {
	out := []lookedAtJSON{}
	for _, g := range e.gateways {
		line := lookedAtJSON{Name: g.Gateway.Name, FloatingIP: g.Gateway.FloatingIP, Reachable: g.Err == nil}
		if g.Err != nil {
			line.Error = newErrorJSON(g.Err)
		} else {
			n := len(g.State.Forwards)
			line.Forwards = &n
		}
		out = append(out, line)
	}
	return out
}

// carriedJSON is a forward with its gateway; Gateway is "" for what Neutron forwards.
type carriedJSON struct {
	countedForwardJSON
	Gateway string `json:"gateway"`
}

func (e everywhere) newCarriedJSON(f carriedForward) carriedJSON {
	out := carriedJSON{countedForwardJSON: countedForwardJSON{newForwardJSON(e.inventory, f.Forward), newTrafficJSON(f.state, f.Forward)}, Gateway: f.by}
	if f.Engine == publish.NeutronEngine {
		out.Gateway = ""
	}
	return out
}

// printAllForwards lists the forwards of every gateway, each row with its gateway.
func (a *app) printAllForwards(e everywhere) error {
	all := e.forwards()
	if a.flags.json {
		out := make([]carriedJSON, 0, len(all))
		for _, f := range all {
			out = append(out, e.newCarriedJSON(f))
		}
		return a.printJSON(map[string]any{"forwards": out, "gateways": e.lookedAt(), "drift": newDriftJSON(e.inventory, e.together().Drift())})
	}
	rows := e.forwardRows(all)
	for _, g := range e.gateways {
		if g.Err != nil {
			rows = append(rows, []string{orDash(g.Gateway.FloatingIP), "", "", "", styleBad.Render("not reached"), "", "", "", g.Gateway.Name})
			a.note("%s\n", warning(g.Gateway.Name+" is not reached", cloud.Explain(g.Err).Why))
		}
	}
	if len(rows) == 0 {
		a.print("%s\n", nothingPublished)
	} else {
		a.printForwardTable(rows)
	}
	a.printOwnDrift(e.together())
	a.printByHand(e.together())
	for _, g := range e.gateways {
		for _, w := range g.Observed().Warnings {
			a.note("%s\n", warning(g.Gateway.Name+": "+w.Title, w.Detail))
		}
	}
	return nil
}

// forwardRows are the rows of forwards; those of a whole subnet are one, of each gateway.
func (e everywhere) forwardRows(all []carriedForward) [][]string {
	var order []string
	of := map[string][]gateway.Forward{}
	state := map[string]gateway.State{}
	for _, f := range all {
		if _, seen := of[f.by]; !seen {
			order = append(order, f.by)
		}
		of[f.by], state[f.by] = append(of[f.by], f.Forward), f.state
	}
	var rows [][]string
	for _, by := range order {
		shown, folds := publish.FoldedForwards(e.inventory, of[by])
		for _, f := range shown {
			connections, data := trafficText(state[by], f)
			rows = append(rows, []string{
				f.PublicText(), string(f.Service.Protocol), f.PrivateText(), f.Service.Name, publish.InstanceName(e.inventory, f.Instance), sources(f), connections, data, by,
			})
		}
		rows = append(rows, foldedRows(folds, func(f publish.Fold, public, private, who string) []string {
			return []string{public, string(f.First.Service.Protocol), private, f.First.Service.Name, who, sources(f.First), "", "", by}
		})...)
	}
	return rows
}

func notReached(err error) string { return "not reached: " + cloud.Explain(err).Why }

// printAllInstances lists the instances, and how each is reachable through any of the gateways.
func (a *app) printAllInstances(e everywhere) error {
	of := map[string][]carriedForward{}
	for _, f := range e.forwards() {
		of[f.Instance] = append(of[f.Instance], f)
	}
	serving := map[string]publish.GatewayView{}
	for _, g := range e.gateways {
		serving[g.Gateway.InstanceID] = g
		for _, m := range g.Gateway.Members {
			serving[m.InstanceID] = g
		}
	}
	delete(serving, "")
	rows := publish.Rows(e.alone())
	if a.flags.json {
		return a.printJSON(map[string]any{"instances": e.instancesJSON(rows, of, serving), "gateways": e.lookedAt()})
	}
	unsure := slices.ContainsFunc(e.gateways, func(g publish.GatewayView) bool { return g.Err != nil })
	table := make([][]string, 0, len(rows))
	for _, r := range rows {
		g, is := serving[r.Instance.ID]
		table = append(table, []string{r.Instance.Name, statusText(r.Instance), addresses(r.Private), reachableByAny(r, of[r.Instance.ID], g, is, unsure)})
	}
	for _, g := range e.gateways {
		if g.Gateway.InstanceID == "" && !g.Gateway.IsPair() { // it is no row of the project's
			table = append(table, []string{g.Gateway.Name, "", g.Gateway.FixedIP.String(), gatewayWord(g)})
		}
	}
	a.printTable([]string{"NAME", "STATUS", "ADDRESS", "REACHABLE"}, table)
	return nil
}

// allInstanceJSON is an instance with the forwards of every gateway. What a gateway that was not reached
// carries is not known.
type allInstanceJSON struct {
	instanceJSON
	Forwards []carriedJSON `json:"forwards"`
}

func (e everywhere) instancesJSON(rows []publish.InstanceRow, of map[string][]carriedForward, serving map[string]publish.GatewayView) []allInstanceJSON {
	out := make([]allInstanceJSON, 0, len(rows))
	v := view{wiring: e.wiring, Snapshot: e.alone()}
	for _, r := range rows {
		line := allInstanceJSON{instanceJSON: newInstanceJSON(v, r), Forwards: []carriedJSON{}}
		_, line.Gateway = serving[r.Instance.ID]
		for _, f := range of[r.Instance.ID] {
			line.Forwards = append(line.Forwards, e.newCarriedJSON(f))
		}
		out = append(out, line)
	}
	return out
}

func gatewayWord(g publish.GatewayView) string {
	if g.Err != nil {
		return "gateway: " + styleBad.Render(notReached(g.Err))
	}
	return "gateway"
}

// reachableByAny says in words how to get to an instance, whichever gateway it is through.
func reachableByAny(r publish.InstanceRow, fs []carriedForward, g publish.GatewayView, isGateway, unsure bool) string {
	text := ""
	add := func(part string) {
		if text != "" {
			text += "  "
		}
		text += part
	}
	for _, p := range r.Public {
		add(styleBold.Render(p.String()))
	}
	if isGateway {
		add(gatewayWord(g))
	}
	for _, f := range fs {
		add(fmt.Sprintf("%s %s", f.Service.Name, styleBold.Render(f.PublicText())))
	}
	switch {
	case text != "" && off(r.Instance):
		return text + styleDim.Render(" (off)")
	case text != "":
		return text
	case len(r.Private) == 0:
		return styleDim.Render("no address")
	case unsure:
		return styleDim.Render("unknown")
	}
	return styleDim.Render("private")
}
