package main

import (
	"errors"

	"github.com/spf13/cobra"

	"portico/gateway/publish"
)

func (a *app) syncCommand() *cobra.Command {
	var subnets []string
	var only, exitCode bool
	c := &cobra.Command{
		Use: "sync", Short: "Bring the forwards into step with the project: VMs that came, went, or have another address", Args: noArgs,
		Long: "Sync publishes the VMs that came to a subnet which 'publish --subnet' published, and opens their doors. Forwards whose VM is gone are withdrawn,\n" +
			"and those whose VM has another address lead there, so that none reaches a VM that it was not made for.\n" +
			"What is published how is read from the gateway. Like every change it is planned, shown and asked about first.",
		Example: "portico sync\nportico sync --subnet lan --yes\nportico sync --plan --exit-code",
		RunE: func(c *cobra.Command, _ []string) error {
			req := publish.Request{Sync: true, Subnets: subnets}
			if only || exitCode {
				return a.preview(c, req, a.tableOrJSON(), exitCode)
			}
			return a.change(c, req)
		},
	}
	c.Flags().BoolVar(&only, "plan", false, "show what it would change, and change nothing")
	c.Flags().BoolVar(&exitCode, "exit-code", false, "as --plan, and exit with 3 if there is anything to change")
	c.Flags().StringSliceVar(&subnets, "subnet", nil, "only these subnets, by name, ID or CIDR")
	return c
}

// vmsOrSubnets is for commands that take VMs, or subnets in their place.
func vmsOrSubnets(subnets *[]string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(*subnets) == 0:
			return needs("VM", anyNumber)(c, args)
		case len(args) > 0:
			return wrongUse("run "+c.CommandPath(), errors.New("VMs are named, and subnets"), "name VMs, or whole subnets with --subnet")
		}
		return nil
	}
}

// addSubnets adds the flag that names subnets in the place of VMs.
func addSubnets(c *cobra.Command, subnets *[]string, what string) {
	c.Flags().StringSliceVar(subnets, "subnet", nil, what)
	c.Args = vmsOrSubnets(subnets)
}
