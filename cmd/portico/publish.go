package main

import (
	"context"

	"github.com/spf13/cobra"

	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
)

func (a *app) publishCommand() *cobra.Command {
	var f publishFlags
	c := &cobra.Command{
		Use: "publish VM...", Short: "Make services of VMs reachable: plan, confirm, apply, test", Args: needs("VM", anyNumber),
		Example: "portico publish assembly-02 --service ssh,http\nportico publish assembly-02 --from 198.51.100.0/24 --yes\nportico publish --subnet lan --service ssh,http\nportico publish --subnet 192.168.0.0/24 --existing",
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
	var services, subnets []string
	c := &cobra.Command{
		Use: "withdraw VM...", Short: "Take back what was published", Args: needs("VM", anyNumber),
		RunE: func(c *cobra.Command, args []string) error {
			return a.change(c, publish.Request{Instances: args, Subnets: subnets, Services: services, Withdraw: true})
		},
	}
	c.Flags().StringSliceVar(&services, "service", nil, "only these services (default all)")
	addSubnets(c, &subnets, "what was published of whole subnets, by name, ID or CIDR, in place of VMs")
	return c
}

// prove probes what was asked for, as far as it was not while it was made, and prints the commands to use it.
func (a *app) prove(ctx context.Context, w *wiring, s publish.Snapshot, p publish.Proposal, results map[gateway.Key]probe.Result, out *changeJSON) (failed int, err error) {
	forwards := publish.Held(p.Want())
	if len(forwards) == 0 {
		return 0, nil
	}
	logins, _ := w.publisher.Logins(ctx, s.Inventory) // a login that is not known is left out of the command
	results = w.publisher.ProbeRest(ctx, forwards, results)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for _, f := range forwards {
		r := results[f.Key()]
		out.Results = append(out.Results, newProbeJSON(s.Inventory, f, r, logins[f.Instance]))
		if r.Bad() {
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

func (a *app) printResults(s publish.Snapshot, forwards []gateway.Forward, results map[gateway.Key]probe.Result) {
	rows := make([][]string, 0, len(forwards))
	for _, f := range forwards {
		r := results[f.Key()]
		rows = append(rows, []string{a.outcome(r), f.PublicText(), f.Service.Name, publish.InstanceName(s.Inventory, f.Instance), r.Detail})
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
