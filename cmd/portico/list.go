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

// snapshot reads the project and the gateway. A gateway that does not answer is a remark, not a
// failure: the lists still have something to say.
func (a *app) snapshot(ctx context.Context) (*wiring, publish.Snapshot, error) {
	w, err := a.wire(ctx, a.prompter())
	if err != nil {
		return nil, publish.Snapshot{}, err
	}
	s, err := w.publisher.Snapshot(ctx)
	if err == nil || len(s.Inventory.Instances) == 0 && s.Inventory.At.IsZero() {
		return w, s, err
	}
	if a.flags.gateway != "" && !s.HasGateway() {
		return w, s, err // the one that was asked for is not there
	}
	if s.HasGateway() || cloud.KindOf(err) != gateway.NotFound {
		x := cloud.Explain(err)
		a.note("%s\n", styleWarn.Render(fmt.Sprintf("%s: %s", x.What, x.Why)))
		a.note("%s\n", styleDim.Render("how instances are reachable is unknown; "+x.Next))
	}
	return w, s, nil
}

func (a *app) listCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "Instances, their addresses, and how each is reachable", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, s, err := a.snapshot(c.Context())
			if err != nil {
				return err
			}
			rows := publish.Rows(s)
			if a.flags.json {
				out := make([]instanceJSON, 0, len(rows))
				for _, r := range rows {
					out = append(out, newInstanceJSON(s, r))
				}
				return a.printJSON(map[string]any{"instances": out})
			}
			table := make([][]string, 0, len(rows))
			for _, r := range rows {
				table = append(table, []string{r.Instance.Name, statusText(r.Instance), addresses(r.Private), reachable(s, r)})
			}
			a.printTable([]string{"NAME", "STATUS", "ADDRESS", "REACHABLE"}, table)
			return nil
		},
	}
}

func statusText(i cloud.Instance) string {
	text := strings.ToLower(i.Status)
	if i.TaskState != "" {
		text += " (" + i.TaskState + ")"
	}
	switch i.Status {
	case "ACTIVE":
		return styleGood.Render(text)
	case "ERROR":
		return styleBad.Render(text)
	}
	return styleDim.Render(text)
}

func addresses(addrs []netip.Addr) string {
	parts := make([]string, len(addrs))
	for i, a := range addrs {
		parts[i] = a.String()
	}
	return strings.Join(parts, " ")
}

// reachable says in words how to get to an instance.
func reachable(s publish.Snapshot, r publish.InstanceRow) string {
	var parts []string
	for _, p := range r.Public {
		parts = append(parts, styleBold.Render(p.String()))
	}
	if r.Gateway {
		parts = append(parts, "gateway")
	}
	for _, f := range r.Forwards {
		parts = append(parts, fmt.Sprintf("%s %s", f.Service.Name, styleBold.Render(fmt.Sprint(f.Public.Port()))))
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, "  ")
	case s.HasGateway() && s.State == nil:
		return styleDim.Render("unknown")
	}
	return styleDim.Render("private")
}

func (a *app) floatingIPsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "floatingips", Aliases: []string{"fips"}, Short: "Floating IPs, what each is attached to, and which are free", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, s, err := a.snapshot(c.Context())
			if err != nil {
				return err
			}
			rows := publish.FloatingIPRows(s)
			if a.flags.json {
				out := make([]floatingIPJSON, 0, len(rows))
				for _, r := range rows {
					out = append(out, newFloatingIPJSON(r))
				}
				return a.printJSON(map[string]any{"floating_ips": out})
			}
			table := make([][]string, 0, len(rows))
			for _, r := range rows {
				table = append(table, []string{r.FloatingIP.Address.String(), strings.ToLower(r.FloatingIP.Status), attached(r), carries(r)})
			}
			a.printTable([]string{"ADDRESS", "STATUS", "ATTACHED TO", "CARRIES"}, table)
			return nil
		},
	}
}

func newFloatingIPJSON(r publish.FloatingIPRow) floatingIPJSON {
	out := floatingIPJSON{
		ID: r.FloatingIP.ID, Address: r.FloatingIP.Address, Status: r.FloatingIP.Status, Free: r.Free(),
		Attached: r.Attached, InstanceID: r.InstanceID, Gateway: r.Gateway, Carries: r.Carries,
	}
	if r.FloatingIP.FixedIP.IsValid() {
		out.FixedIP = r.FloatingIP.FixedIP.String()
	}
	return out
}

func attached(r publish.FloatingIPRow) string {
	switch {
	case r.Free():
		return styleGood.Render("free")
	case r.Gateway:
		return r.Attached + " (gateway)"
	}
	return r.Attached
}

func carries(r publish.FloatingIPRow) string {
	switch r.Carries {
	case 0:
		return styleDim.Render("no forwards")
	case 1:
		return "1 forward"
	}
	return fmt.Sprintf("%d forwards", r.Carries)
}
