package main

import (
	"errors"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway/userdata"
)

// gatewayCommand is the parent of what is done to gateways themselves.
func (a *app) gatewayCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "gateway", Short: "Make a gateway, or end one: create, prepare, user data, retire", Args: noArgs, SuggestionsMinimumDistance: 2,
		Long: "A gateway is a Linux machine with a floating IP that forwards ports to private VMs. Any can serve: publishing makes all it needs.\n" +
			"A prepared one keeps its chains, IP forwarding and group when nothing is published. 'portico gateways' lists them.",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.userDataCommand(), a.createCommand(), a.prepareCommand(), a.retireCommand())
	return c
}

func (a *app) userDataCommand() *cobra.Command {
	var format string
	var o userdata.Options
	c := &cobra.Command{
		Use: "user-data", Short: "Print what makes a new VM a gateway at its first boot", Args: noArgs,
		Long: "A boot script, or cloud-config, for any image with cloud-init: it waits for the metadata service, finds the VM's own address, turns IP\n" +
			"forwarding on, makes Portico's chains and keeps all of it over reboots. A second run changes nothing. The script needs iptables on the\n" +
			"image; cloud-config installs it. What it did is in /var/log/portico-boot.log there.",
		Example: "portico gateway user-data >boot.sh\nopenstack server create --user-data boot.sh --image debian-12 --flavor small --network lan gw-1",
		RunE: func(*cobra.Command, []string) error {
			text, err := renderUserData(format, o)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(map[string]any{"format": format, "user_data": text, "limit": userdata.Limit, "size": userdata.Size(text), "forwards": len(o.Forwards)})
			}
			a.print("%s", text)
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", "script", "script or cloud-config")
	c.Flags().StringVar(&o.Name, "name", "", "the gateway's name, for the comment that says what it is for")
	_ = c.RegisterFlagCompletionFunc("format", fixed("script", "cloud-config"))
	return c
}

func renderUserData(format string, o userdata.Options) (string, error) {
	switch format {
	case "script":
		return userdata.Script(o)
	case "cloud-config":
		return userdata.CloudConfig(o)
	}
	return "", wrongUse("print user data as "+cloud.Clean(format), errors.New("this format is not known"), "choose script or cloud-config")
}
