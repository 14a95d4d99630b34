package main

import "github.com/spf13/cobra"

// gatewayCommand is the parent of what is done to gateways themselves.
func (a *app) gatewayCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "gateway", Short: "Make a gateway, or end one: create, prepare, user data, retire, pair", Args: noArgs, SuggestionsMinimumDistance: 2,
		Long: "A gateway is a Linux machine with a floating IP that forwards ports to private VMs. Any can serve: publishing makes all it needs.\n" +
			"A prepared one keeps its chains, IP forwarding and group when nothing is published. 'portico gateways' lists them.",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.userDataCommand(), a.createCommand(), a.prepareCommand(), a.retireCommand(), a.pairCommand(), a.degradable(a.unpairCommand()))
	return c
}
