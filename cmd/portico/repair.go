package main

import (
	"github.com/spf13/cobra"

	"portico/gateway/publish"
)

func (a *app) repairCommand() *cobra.Command {
	return &cobra.Command{
		Use: "repair [VM...]", Short: "Put right what is Portico's: make again what is missing, remove what no plan made",
		Long: "Repair keeps the forwards that stand and makes everything they need again: rules, jumps, boot files, IP forwarding, security groups.\n" +
			"What stands in Portico's chains and groups and no plan made goes. With VMs, only their doors are touched besides the gateway's own.\n" +
			"Nothing of others is touched. 'portico gateways' and 'portico forwards' show what has drifted.",
		Example: "portico repair\nportico repair assembly-02 --yes",
		RunE: func(c *cobra.Command, args []string) error {
			return a.change(c, publish.Request{Instances: args, Repair: true})
		},
	}
}
