package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway/publish"
)

func (a *app) listCommand() *cobra.Command {
	var all *bool
	c := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "Instances, their addresses, and how each is reachable", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if *all {
				e, err := a.lookEverywhere(c.Context())
				if err != nil {
					return err
				}
				return a.printAllInstances(e)
			}
			v, err := a.lookForList(c.Context())
			if err != nil {
				return err
			}
			return a.printInstances(v)
		},
	}
	all = allGatewaysFlag(c)
	return c
}

func (a *app) printInstances(v view) error {
	rows := publish.Rows(v.Snapshot)
	if a.flags.json {
		out := make([]instanceJSON, 0, len(rows))
		for _, r := range rows {
			out = append(out, newInstanceJSON(v, r))
		}
		return a.printJSON(map[string]any{"instances": out})
	}
	table := make([][]string, 0, len(rows))
	for _, r := range rows {
		table = append(table, []string{r.Instance.Name, statusText(r.Instance), addresses(r.Private), reachable(v, r)})
	}
	a.printTable([]string{"NAME", "STATUS", "ADDRESS", "REACHABLE"}, table)
	return nil
}

// statusWords are Nova's states where the console has other words for them.
var statusWords = map[string]string{
	"SHUTOFF": "shut off", "BUILD": "building", "REBOOT": "rebooting", "HARD_REBOOT": "rebooting", "REBUILD": "rebuilding", "RESIZE": "resizing",
	"VERIFY_RESIZE": "resized, to confirm", "PASSWORD": "setting password", "SHELVED_OFFLOADED": "shelved", "SOFT_DELETED": "deleted", "": "unknown",
}

func statusText(i cloud.Instance) string {
	text, ok := statusWords[i.Status]
	if !ok {
		text = words(i.Status)
	}
	if i.TaskState != "" && i.Status != "BUILD" {
		text += " (" + words(i.TaskState) + ")"
	}
	switch i.Status {
	case "ACTIVE":
		return styleGood.Render(text)
	case "ERROR":
		return styleBad.Render(text)
	}
	return styleDim.Render(text)
}

func words(s string) string {
	return strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(s))
}

// off reports whether nothing can answer on the instance.
func off(i cloud.Instance) bool {
	switch i.Status {
	case "SHUTOFF", "SHELVED", "SHELVED_OFFLOADED", "PAUSED", "SUSPENDED", "DELETED", "SOFT_DELETED":
		return true
	}
	return false
}

func addresses(addrs []netip.Addr) string {
	parts := make([]string, len(addrs))
	for i, a := range addrs {
		parts[i] = a.String()
	}
	return strings.Join(parts, " ")
}

// reachable says in words how to get to an instance.
func reachable(v view, r publish.InstanceRow) string {
	var parts []string
	for _, p := range r.Public {
		parts = append(parts, styleBold.Render(p.String()))
	}
	if r.Gateway {
		parts = append(parts, "gateway")
	}
	for _, f := range r.Forwards {
		parts = append(parts, fmt.Sprintf("%s %s", f.Service.Name, styleBold.Render(f.PublicPorts())))
	}
	if len(parts) > 0 && off(r.Instance) {
		parts[len(parts)-1] += styleDim.Render(" (off)")
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, "  ")
	case len(r.Private) == 0:
		return styleDim.Render("no address")
	case !v.knows():
		return styleDim.Render("unknown")
	}
	return styleDim.Render("private")
}

func (a *app) floatingIPsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "floatingips", Aliases: []string{"fips"}, Short: "Floating IPs, what each is attached to, and which are free", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v, err := a.lookForList(c.Context())
			if err != nil {
				return err
			}
			rows := publish.FloatingIPRows(v.Snapshot)
			if a.flags.json {
				out := make([]floatingIPJSON, 0, len(rows))
				for _, r := range rows {
					out = append(out, newFloatingIPJSON(v, r))
				}
				return a.printJSON(map[string]any{"floating_ips": out})
			}
			table := make([][]string, 0, len(rows))
			for _, r := range rows {
				table = append(table, []string{r.FloatingIP.Address.String(), strings.ToLower(r.FloatingIP.Status), a.attached(r), carries(v, r)})
			}
			a.printTable([]string{"ADDRESS", "STATUS", "ATTACHED TO", "CARRIES"}, table)
			return nil
		},
	}
}

func newFloatingIPJSON(v view, r publish.FloatingIPRow) floatingIPJSON {
	out := floatingIPJSON{
		ID: r.FloatingIP.ID, Address: r.FloatingIP.Address, Status: r.FloatingIP.Status, Free: r.Free(),
		Attached: r.Attached, InstanceID: r.InstanceID, Gateway: r.Gateway,
	}
	if !v.unknown(r) {
		out.Carries = &r.Carries
	}
	if r.FloatingIP.FixedIP.IsValid() {
		out.FixedIP = r.FloatingIP.FixedIP.String()
	}
	return out
}

func (a *app) attached(r publish.FloatingIPRow) string {
	switch {
	case r.Free():
		return styleGood.Render(a.word("free", "nothing: it is free"))
	case r.Gateway:
		return r.Attached + " (gateway)"
	}
	return r.Attached
}

func carries(v view, r publish.FloatingIPRow) string {
	switch {
	case v.unknown(r):
		return styleDim.Render("unknown")
	case r.Carries == 0:
		return styleDim.Render("no forwards")
	case r.Carries == 1:
		return "1 forward"
	}
	return fmt.Sprintf("%d forwards", r.Carries)
}
