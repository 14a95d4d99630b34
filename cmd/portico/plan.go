package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
)

// planFormats are the values of --format.
var planFormats = []string{"table", "rules", "shell", "openstack", "json"}

func (a *app) planCommand() *cobra.Command {
	var f publishFlags
	var format string
	var exitCode, withdraw bool
	c := &cobra.Command{
		Use: "plan VM...", Short: "Show what publishing would change; changes nothing", Args: needs("VM", anyNumber),
		RunE: func(c *cobra.Command, args []string) error {
			if a.flags.json {
				format = "json"
			}
			if !slices.Contains(planFormats, format) {
				return wrongUse("print the plan as "+cloud.Clean(format), errors.New("this format is not known"), "choose "+strings.Join(planFormats, ", "))
			}
			req, err := f.request(args)
			if err != nil {
				return err
			}
			req.Withdraw = withdraw
			return a.preview(c, req, format, exitCode)
		},
	}
	f.add(c)
	c.Flags().StringVar(&format, "format", "table", "table, rules (what iptables-restore gets), shell (the same by hand), openstack (its part in the cloud by hand) or json")
	c.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 if there is anything to change")
	c.Flags().BoolVar(&withdraw, "withdraw", false, "plan the withdrawal instead")
	return c
}

// preview shows what a request would change; with exitCode the command's exit code says whether that is anything.
func (a *app) preview(c *cobra.Command, req publish.Request, format string, exitCode bool) error {
	_, s, p, err := a.propose(c, req)
	if err != nil {
		return err
	}
	if err := a.printPlan(format, s, p); err != nil {
		return err
	}
	if exitCode && !p.Plan.Empty() {
		return exitError{exitChanges}
	}
	return nil
}

// tableOrJSON is the form of a plan without further wishes.
func (a *app) tableOrJSON() string {
	if a.flags.json {
		return "json"
	}
	return "table"
}

// propose reads the project and the gateway and plans the request.
func (a *app) propose(c *cobra.Command, req publish.Request) (*wiring, publish.Snapshot, publish.Proposal, error) {
	if err := a.checkScheme(req.Scheme); err != nil {
		return nil, publish.Snapshot{}, publish.Proposal{}, err
	}
	w, err := a.wire(c.Context(), a.prompter())
	if err != nil {
		return nil, publish.Snapshot{}, publish.Proposal{}, err
	}
	s, err := w.publisher.SnapshotFor(c.Context(), req)
	if err != nil {
		return w, s, publish.Proposal{}, err
	}
	if req, err = w.publisher.Resolve(c.Context(), s, req); err != nil {
		return w, s, publish.Proposal{}, err
	}
	req.Degraded = a.flags.degraded
	p, err := w.publisher.Plan(c.Context(), s, req)
	return w, s, p, err
}

func (a *app) printPlan(format string, s publish.Snapshot, p publish.Proposal) error {
	switch format {
	case "json":
		return a.printJSON(newPlanJSON(s.Inventory, p))
	case "table":
		a.printPlanTable(p)
	case "rules":
		for _, c := range p.Plan.Changes() {
			a.print("# %s: %s\n", c.Target, c.Title)
			for _, l := range ruleLines(c) {
				a.print("%s\n", l)
			}
		}
	case "shell":
		a.print("%s", p.Text(publish.ShellForm))
	case "openstack":
		a.print("%s", p.Text(publish.OpenStackForm))
	}
	return nil
}

// ruleLines is what iptables-restore gets, or, for a change of another kind, its lines.
func ruleLines(c plan.Change) []string {
	if lines, ok := publish.RestoreInput(c); ok {
		return lines
	}
	var out []string
	for _, l := range c.Before {
		out = append(out, "- "+l)
	}
	for _, l := range c.After {
		out = append(out, "+ "+l)
	}
	return out
}

func (a *app) printPlanTable(p publish.Proposal) {
	for _, w := range p.Plan.Warnings {
		a.print("%s\n", warning(w.Title, w.Detail))
	}
	shown, folds := publish.Folded(p.Items)
	rows := make([][]string, 0, len(shown)+len(folds))
	for _, i := range shown {
		rows = append(rows, []string{a.itemSign(i.Action), i.Forward.PublicText(), "->", i.Forward.PrivateText(), i.Forward.Service.Name, i.Instance, sources(i.Forward)})
	}
	rows = append(rows, foldedRows(folds, func(f publish.Fold, public, private, who string) []string {
		return []string{a.itemSign(f.Action), public, "->", private, f.First.Service.Name, who, sources(f.First)}
	})...)
	if len(rows) > 0 {
		a.printTable([]string{"", "PUBLIC", "", "PRIVATE", "SERVICE", "INSTANCE", "FROM"}, rows)
	}
	a.printSteps(p, through(p))
}

// printCloudPlan prints a plan that has no forwards to show.
func (a *app) printCloudPlan(p publish.Proposal, where string) {
	for _, w := range p.Plan.Warnings {
		a.print("%s\n", warning(w.Title, w.Detail))
	}
	a.printSteps(p, where)
}

// printSteps prints what a plan changes, and what it takes of the project's quotas.
func (a *app) printSteps(p publish.Proposal, where string) {
	if p.Plan.Empty() {
		a.print("%s\n", styleGood.Render("No changes: what was asked for already stands."))
		return
	}
	a.print("\n")
	a.printChanges(p.Plan.Changes())
	a.print("\n")
	a.printQuota(p)
	a.print("%s%s. Nothing else is touched.\n", p.Plan.Summary(), where)
}

// through names what carries the forwards of a plan: " via gw-1 203.0.113.10".
func through(p publish.Proposal) string {
	gw := p.Gateway.Name
	if p.Gateway.FloatingIP.IsValid() {
		gw += " " + p.Gateway.FloatingIP.String()
	}
	switch via := p.AtNeutron(); {
	case gw != "" && len(via) > 0:
		return fmt.Sprintf(" via %s and neutron at %s", gw, joinAddrs(via))
	case len(via) > 0:
		return " via neutron at " + joinAddrs(via)
	case gw != "":
		return " via " + gw
	}
	return ""
}

func (a *app) printQuota(p publish.Proposal) {
	for _, q := range p.Quota {
		limit := "limit unknown"
		switch {
		case q.Known && q.Max < 0:
			limit = "no limit"
		case q.Known:
			limit = fmt.Sprintf("of %d", q.Max)
		}
		a.print("%s\n", styleDim.Render(fmt.Sprintf("%s: %d -> %d (%s)", q.Name, q.Before, q.After, limit)))
	}
}

// shownLines is how many lines of one change the table has of each kind; the other formats have all.
const shownLines = 60

// printChanges prints each change with its lines of before and after.
func (a *app) printChanges(changes []plan.Change) {
	for _, c := range changes {
		a.print("%s %s: %s\n", a.sign(c.Action), styleBold.Render(c.Target), c.Title)
		a.printLines(c.Before, func(l string) string { return styleBad.Render(a.lineSign(plan.Delete) + l) })
		a.printLines(c.After, func(l string) string { return styleGood.Render(a.lineSign(plan.Create) + l) })
	}
}

// printLines prints a change's lines; of very many the first ones.
func (a *app) printLines(lines []string, say func(string) string) {
	for _, l := range lines[:min(len(lines), shownLines)] {
		a.print("    %s\n", say(l))
	}
	if more := len(lines) - shownLines; more > 0 {
		a.print("    %s\n", styleDim.Render(fmt.Sprintf("and %d more; 'portico plan' shows all with --format rules", more)))
	}
}

func action(x plan.Action) string {
	switch x {
	case plan.Create:
		return styleGood.Render("+")
	case plan.Delete:
		return styleBad.Render("-")
	case plan.Update:
		return styleWarn.Render("~")
	}
	return " "
}

func sources(f gateway.Forward) string {
	if len(f.Sources) == 0 {
		return "anywhere"
	}
	return strings.Trim(fmt.Sprint(f.Sources), "[]")
}

func joinAddrs(addrs []netip.Addr) string {
	words := make([]string, len(addrs))
	for i, a := range addrs {
		words[i] = a.String()
	}
	return strings.Join(words, ", ")
}
