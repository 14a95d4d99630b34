package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
)

func (a *app) publishCommand() *cobra.Command {
	var f publishFlags
	c := &cobra.Command{
		Use: "publish VM...", Short: "Make services of VMs reachable: plan, confirm, apply, test", Args: needs("VM", anyNumber),
		Example: "portico publish assembly-02 --service ssh,http\nportico publish assembly-02 --from 198.51.100.0/24 --yes",
		RunE: func(c *cobra.Command, args []string) error {
			req, err := f.request(args)
			if err != nil {
				return err
			}
			return a.change(c, req)
		},
	}
	f.add(c)
	return c
}

func (a *app) withdrawCommand() *cobra.Command {
	var services []string
	c := &cobra.Command{
		Use: "withdraw VM...", Short: "Take back what was published", Args: needs("VM", anyNumber),
		RunE: func(c *cobra.Command, args []string) error {
			return a.change(c, publish.Request{Instances: args, Services: services, Withdraw: true})
		},
	}
	c.Flags().StringSliceVar(&services, "service", nil, "only these services (default all)")
	return c
}

// changeJSON is what publish and withdraw print with --json.
type changeJSON struct {
	Plan    planJSON    `json:"plan"`
	Applied bool        `json:"applied"`
	Error   *errorJSON  `json:"error,omitempty"`
	Left    []string    `json:"left"` // what could not be undone
	Results []probeJSON `json:"results"`
}

// change shows a plan, asks, applies it and proves it.
func (a *app) change(c *cobra.Command, req publish.Request) error {
	w, s, p, err := a.propose(c, req)
	if err != nil {
		return err
	}
	if !a.flags.json {
		a.printPlanTable(p)
	}
	out := changeJSON{Plan: newPlanJSON(s.Inventory, p), Left: []string{}, Results: []probeJSON{}}
	if !p.Plan.Empty() {
		if err := a.confirm(c.Context(), "Apply?"); err != nil {
			return err
		}
		report := w.publisher.Apply(c.Context(), p, a.progress)
		out.Applied = report.OK()
		if !report.OK() {
			return a.failed(out, report)
		}
	}
	failed, proveErr := a.prove(c.Context(), w, s, p, &out)
	if a.flags.json {
		if err := a.printJSON(out); err != nil {
			return err
		}
	}
	if proveErr != nil {
		return &gateway.Error{Op: "test what was published", Kind: gateway.Unreachable, Err: errors.New("interrupted: " + proveErr.Error()), Next: "everything was applied; portico test"}
	}
	if failed > 0 {
		return exitError{exitUnreachable}
	}
	return nil
}

func (a *app) progress(e plan.Event) {
	if a.flags.json {
		return
	}
	line := e.Change.Target + ": " + e.Change.Title
	took := styleDim.Render(views.Latency(e.Elapsed))
	switch e.State {
	case plan.Done:
		a.note("%s %s %s\n", styleGood.Render("✓"), line, took)
	case plan.Failed:
		a.note("%s %s %s\n", styleBad.Render("✗"), line, took)
	case plan.Undone:
		a.note("%s undone: %s %s\n", styleWarn.Render("~"), line, took)
	case plan.Left:
		a.note("%s could not be undone: %s: %s\n", styleBad.Render("!"), line, cloud.Clean(e.Err.Error()))
	case plan.Pending, plan.Running, plan.Undoing:
	}
}

// failed reports an apply that did not succeed: with what is left, it is partly applied.
func (a *app) failed(out changeJSON, report plan.Report) error {
	for _, c := range report.Left {
		out.Left = append(out.Left, c.Target+": "+c.Title)
		if !a.flags.json {
			a.note("left behind: %s: %s; to take it back:\n", c.Target, c.Title)
			for _, l := range c.Cleanup {
				a.note("    %s\n", l)
			}
		}
	}
	if a.flags.json {
		out.Error = newErrorJSON(report.Err)
		if err := a.printJSON(out); err != nil {
			return err
		}
	}
	if len(report.Left) > 0 {
		return &gateway.Error{
			Op: "apply the plan", Kind: gateway.Partial, Err: fmt.Errorf("%w; %d of its changes could not be undone", report.Err, len(report.Left)),
			Next: "undo what is listed above by hand, then plan again",
		}
	}
	return report.Err
}

// prove probes what was asked for and prints the commands to use it.
func (a *app) prove(ctx context.Context, w *wiring, s publish.Snapshot, p publish.Proposal, out *changeJSON) (failed int, err error) {
	forwards := p.Want()
	if len(forwards) == 0 {
		return 0, nil
	}
	logins, _ := w.publisher.Logins(ctx, s.Inventory) // a login that is not known is left out of the command
	results := w.publisher.ProbeNew(ctx, forwards, nil)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for _, f := range forwards {
		r := results[f.Key()]
		out.Results = append(out.Results, newProbeJSON(s.Inventory, f, r, logins[f.Instance]))
		if bad(r.Outcome) {
			failed++
		}
	}
	if !a.flags.json {
		a.print("\n")
		a.printResults(s, forwards, results)
		a.printCommands(s, forwards, logins)
	}
	return failed, nil
}

func bad(o probe.Outcome) bool { return o != probe.OK && o != probe.Unknown }

func (a *app) printResults(s publish.Snapshot, forwards []gateway.Forward, results map[gateway.Key]probe.Result) {
	rows := make([][]string, 0, len(forwards))
	for _, f := range forwards {
		r := results[f.Key()]
		rows = append(rows, []string{outcome(r), f.Public.String(), f.Service.Name, publish.InstanceName(s.Inventory, f.Instance), r.Detail})
	}
	a.printTable([]string{"TEST", "PUBLIC", "SERVICE", "INSTANCE", "ANSWER"}, rows)
}

func outcome(r probe.Result) string {
	word, _ := views.OutcomeWord(r, &themes.Styles{}, false)
	switch r.Outcome {
	case probe.OK:
		return styleGood.Render(word)
	case probe.Refused, probe.Timeout, probe.Wrong:
		return styleBad.Render(word)
	case probe.Unknown:
	}
	return styleDim.Render(word)
}

func (a *app) printCommands(s publish.Snapshot, forwards []gateway.Forward, logins map[string]publish.Login) {
	for _, f := range forwards {
		if f.Service.Name == "ssh" {
			a.print("\n%s\n", styleBold.Render(publish.SSHCommand(f, logins[f.Instance])))
			if l := logins[f.Instance]; l.KeyName != "" && l.KeyFile == "" {
				a.note("%s\n", styleDim.Render("the key pair "+l.KeyName+" of "+publish.InstanceName(s.Inventory, f.Instance)+" is not in ~/.ssh here"))
			}
		}
	}
}
