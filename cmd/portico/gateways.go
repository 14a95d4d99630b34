package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

func (a *app) gatewaysCommand() *cobra.Command {
	var all *bool
	c := &cobra.Command{
		Use: "gateways", Short: "What can carry forwards, and the state of the one in use", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if *all {
				return a.printEveryGateway(c.Context())
			}
			v, err := a.lookForList(c.Context())
			if err != nil {
				return err
			}
			out := gatewayList(v)
			if a.flags.json {
				return a.printJSON(map[string]any{"gateways": out})
			}
			a.printGateways(out)
			if v.State != nil {
				for _, w := range publish.Pending(*v.State) {
					a.note("%s\n", warning(w.Title, w.Detail))
				}
				a.printOwnDrift(v.Snapshot)
			}
			return nil
		},
	}
	all = allGatewaysFlag(c)
	return c
}

// printEveryGateway lists what can carry forwards, with the state of each that does.
func (a *app) printEveryGateway(ctx context.Context) error {
	e, err := a.lookEverywhere(ctx)
	if err != nil {
		return err
	}
	one, none := e.publisher.FindGateway(e.inventory)
	views := make([]view, len(e.gateways))
	for i, g := range e.gateways {
		views[i] = view{wiring: e.wiring, Snapshot: g.Snapshot, why: g.Err}
	}
	out := gatewayList(view{wiring: e.wiring, Snapshot: e.alone()}, views...)
	for i := range out {
		out[i].Chosen = none == nil && out[i].Name == one.Name && out[i].FixedIP == one.FixedIP
	}
	if a.flags.json {
		return a.printJSON(map[string]any{"gateways": out})
	}
	a.printGateways(out)
	for _, v := range views {
		for _, w := range publish.Pending(v.Observed()) {
			a.note("%s\n", warning(v.Gateway.Name+": "+w.Title, w.Detail))
		}
	}
	a.printOwnDrift(e.together())
	return nil
}

// gatewayList lists what can carry forwards, with what was found on the one in use, and on others that were
// looked at.
func gatewayList(v view, others ...view) []gatewayJSON {
	out := []gatewayJSON{}
	for _, g := range v.publisher.Gateways(v.Inventory) {
		line := gatewayJSON{Name: g.Name, InstanceID: g.InstanceID, FloatingIP: g.FloatingIP, FixedIP: g.FixedIP, Facts: []factJSON{}}
		line.Members = newMembersJSON(g, nil)
		for _, v := range append([]view{v}, others...) {
			if v.HasGateway() && g.PortID == v.Gateway.PortID && g.FixedIP == v.Gateway.FixedIP {
				line.found(v)
			}
		}
		out = append(out, line)
	}
	return out
}

// found notes what was found on a gateway.
func (line *gatewayJSON) found(v view) {
	line.Chosen = true
	reached := v.State != nil
	line.Reachable = &reached
	switch {
	case reached:
		n := len(v.State.Forwards)
		line.Forwards = &n
		line.Prepared = &v.State.Prepared
		line.Members = newMembersJSON(v.Gateway, v.State.Members)
		line.Drift = newDriftJSON(v.Inventory, v.State.Drift)
		line.measure(v)
		line.Armed, line.RolledBack = newPendingJSON(*v.State)
		for _, f := range v.State.Facts {
			line.Facts = append(line.Facts, factJSON(f))
		}
	case v.why != nil:
		line.Error = newErrorJSON(v.why)
	}
}

// newMembersJSON lists the hosts of a pair with what was found there; states are none where nobody looked.
func newMembersJSON(g gateway.Gateway, states []gateway.MemberState) []memberJSON {
	if !g.IsPair() {
		return nil
	}
	var out []memberJSON
	for i, m := range g.Members {
		line := memberJSON{Name: m.Name, InstanceID: m.InstanceID, FixedIP: m.FixedIP, FloatingIP: m.FloatingIP}
		if i < len(states) {
			reached := states[i].Err == nil
			line.Reachable = &reached
			if reached {
				line.Active, line.Running = &states[i].Active, &states[i].Running
			} else {
				line.Error = newErrorJSON(states[i].Err)
			}
		}
		out = append(out, line)
	}
	return out
}

func (a *app) printGateways(list []gatewayJSON) {
	rows := make([][]string, 0, len(list))
	for _, g := range list {
		state := styleDim.Render("not in use")
		switch {
		case g.Reachable != nil && *g.Reachable:
			state = gatewayState(g)
		case g.Reachable != nil:
			state = styleBad.Render("not reached")
		}
		forwards := ""
		if g.Forwards != nil {
			forwards = fmt.Sprint(*g.Forwards)
		}
		var facts []string
		for _, f := range g.Facts {
			text := f.Name + " " + f.Value
			if !f.OK {
				text = styleBad.Render(text)
			}
			facts = append(facts, text)
		}
		if g.Error != nil {
			facts = append(facts, styleBad.Render(g.Error.Why))
		}
		rows = append(rows, []string{g.Name, orDash(g.FloatingIP), g.FixedIP.String(), state, forwards, portsText(g.Capacity), strings.Join(facts, ", ")})
	}
	a.printTable([]string{"NAME", "FLOATING IP", "FIXED IP", "STATE", "FORWARDS", "PORTS", "FACTS"}, rows)
}

// orDash is an address, or a dash where there is none.
func orDash(a netip.Addr) string {
	if !a.IsValid() {
		return "-"
	}
	return a.String()
}

// gatewayState is the state of a gateway that answers, in the console's words.
func gatewayState(g gatewayJSON) string {
	switch {
	case g.Armed != nil:
		return styleWarn.Render("being changed")
	case len(g.RolledBack) > 0:
		return styleWarn.Render("took a change back")
	}
	for _, f := range g.Facts {
		switch {
		case f.OK:
		case f.Name == "drift":
			return styleWarn.Render("drifted")
		default:
			return styleWarn.Render(f.Name + " " + f.Value)
		}
	}
	return styleGood.Render("ready")
}

func (a *app) forwardsCommand() *cobra.Command {
	var all *bool
	c := &cobra.Command{
		Use: "forwards", Short: "What is published: public endpoint, private endpoint, instance, who may come in", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if *all {
				e, err := a.lookEverywhere(c.Context())
				if err != nil {
					return err
				}
				return a.printAllForwards(e)
			}
			v, err := a.look(c.Context())
			if err != nil {
				return err
			}
			return a.printForwards(v)
		},
	}
	all = allGatewaysFlag(c)
	return c
}

func (a *app) printForwards(v view) error {
	s, forwards, drift := v.Snapshot, v.Forwards(), v.Drift()
	switch {
	case v.why != nil && len(forwards)+len(drift) == 0:
		return v.why
	case !v.knows():
		x := cloud.Explain(v.why)
		a.note("%s\n", styleWarn.Render(fmt.Sprintf("! %s: %s; what the gateway forwards is not listed", x.What, x.Why)))
	}
	if a.flags.json {
		out := make([]countedForwardJSON, 0, len(forwards))
		for _, f := range forwards {
			out = append(out, countedForwardJSON{newForwardJSON(s.Inventory, f), newTrafficJSON(s.Observed(), f)})
		}
		return a.printJSON(map[string]any{"forwards": out, "drift": newDriftJSON(s.Inventory, drift)})
	}
	shown, folds := publish.FoldedForwards(s.Inventory, forwards)
	rows := make([][]string, 0, len(shown)+len(folds))
	for _, f := range shown {
		connections, data := trafficText(s.Observed(), f)
		rows = append(rows, []string{
			f.PublicText(), string(f.Service.Protocol), f.PrivateText(), f.Service.Name, publish.InstanceName(s.Inventory, f.Instance), sources(f), connections, data, carrier(s, f),
		})
	}
	rows = append(rows, foldedRows(folds, func(f publish.Fold, public, private, who string) []string {
		return []string{public, string(f.First.Service.Protocol), private, f.First.Service.Name, who, sources(f.First), "", "", carrier(s, f.First)}
	})...)
	if len(rows) == 0 {
		a.print("%s\n", nothingPublished)
	} else {
		a.printForwardTable(rows)
	}
	a.printOwnDrift(s)
	a.printByHand(s)
	for _, warn := range s.Observed().Warnings {
		a.note("%s\n", warning(warn.Title, warn.Detail))
	}
	return nil
}

var forwardColumns = []string{"PUBLIC", "PROTO", "PRIVATE", "SERVICE", "INSTANCE", "FROM", "CONNS", "DATA", "BY"}

// printForwardTable leaves out, on a narrow terminal, what the other columns can do without.
func (a *app) printForwardTable(rows [][]string) {
	a.printTable(spare(forwardColumns, rows, a.width(), "DATA", "CONNS", "PROTO", "PRIVATE"))
}

// carrier is who carries a forward, where it may be another than the gateway.
func carrier(s publish.Snapshot, f gateway.Forward) string {
	if f.Engine == publish.NeutronEngine || !s.HasGateway() {
		return f.Engine
	}
	return s.Gateway.Name
}

// nothingPublished is the answer where a table would have no rows.
const nothingPublished = "nothing is published"
