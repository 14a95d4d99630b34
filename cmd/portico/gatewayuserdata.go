package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/gateway/userdata"
)

// userDataFlags are the choices of gateway user-data.
type userDataFlags struct {
	format, name string
	subnets      []string
	mapping      publishFlags
}

func (a *app) userDataCommand() *cobra.Command {
	var f userDataFlags
	c := &cobra.Command{
		Use: "user-data", Short: "Print what makes a new VM a gateway at its first boot", Args: noArgs,
		Long: "A boot script, or cloud-config, for any image with cloud-init: it waits for the metadata service, finds the VM's own address, turns IP\n" +
			"forwarding on, makes Portico's chains and keeps all of it over reboots. A second run changes nothing. The script needs iptables on the\n" +
			"image; cloud-config installs it. What it did is in /var/log/portico-boot.log there.\n\n" +
			"With --subnet the gateway carries forwards for every address of that subnet from its first boot on. Doors in security groups a boot\n" +
			"script cannot open: 'portico repair' does, once the gateway has its floating IP. Without --subnet no cloud is needed.",
		Example: "portico gateway user-data >boot.sh\nportico gateway user-data --subnet lan --service ssh,http --scheme per-service >boot.sh\n" +
			"openstack server create --user-data boot.sh --image debian-12 --flavor small --network lan gw-1",
		RunE: func(c *cobra.Command, _ []string) error { return a.userData(c.Context(), f) },
	}
	fs := c.Flags()
	fs.StringVar(&f.format, "format", "script", "script or cloud-config")
	fs.StringVar(&f.name, "name", "", "the gateway's name, for the comment that says what it is for")
	fs.StringSliceVar(&f.subnets, "subnet", nil, "subnets to forward to, by name, ID or CIDR: every address that can hold a VM")
	fs.StringSliceVar(&f.mapping.services, "service", nil, "with --subnet: services, as for publish (default ssh)")
	fs.StringVar(&f.mapping.scheme, "scheme", "", "with --subnet: the port scheme, see 'portico scheme list' (default: the configured one)")
	fs.StringSliceVar(&f.mapping.from, "from", nil, "with --subnet: who may connect: CIDR, address or anywhere (default anywhere)")
	_ = c.RegisterFlagCompletionFunc("format", fixed("script", "cloud-config"))
	return c
}

// userDataJSON is what gateway user-data prints with --json.
type userDataJSON struct {
	Format   string         `json:"format"`
	UserData string         `json:"user_data"`
	Size     int            `json:"size"`  // in base64, as it is sent
	Limit    int            `json:"limit"` // what Nova takes of that
	Forwards int            `json:"forwards"`
	Warnings []plan.Warning `json:"warnings"`
}

func (a *app) userData(ctx context.Context, f userDataFlags) error {
	o := userdata.Options{Name: f.name}
	m, err := a.bootMapping(ctx, f)
	if err != nil {
		return err
	}
	o.Forwards, o.Covers = m.Forwards, m.Covers
	text, err := renderUserData(f.format, o)
	if err != nil {
		return err
	}
	if a.flags.json {
		warnings := append([]plan.Warning{}, m.Warnings...)
		return a.printJSON(userDataJSON{f.format, text, userdata.Size(text), userdata.Limit, len(o.Forwards), warnings})
	}
	for _, w := range m.Warnings {
		a.note("%s\n", warning(w.Title, w.Detail))
	}
	a.print("%s", text)
	return nil
}

// bootMapping is what the gateway is to carry; nothing where no subnet is named, for which no cloud is needed.
func (a *app) bootMapping(ctx context.Context, f userDataFlags) (publish.BootMapping, error) {
	f.mapping.engine = "nat"
	req, err := f.mapping.request(nil)
	switch {
	case err != nil:
		return publish.BootMapping{}, err
	case req.FromMe:
		return publish.BootMapping{}, wrongUse("use --from me", errors.New("no gateway is there yet to see where you come from"), "name the address: --from 198.51.100.7")
	case len(f.subnets) == 0 && (len(f.mapping.services) > 0 || f.mapping.scheme != "" || len(f.mapping.from) > 0):
		return publish.BootMapping{}, wrongUse("map services", errors.New("no subnet is named"), "name one with --subnet, or leave --service, --scheme and --from out")
	case len(f.subnets) == 0:
		return publish.BootMapping{}, nil
	}
	if err := a.checkScheme(req.Scheme); err != nil {
		return publish.BootMapping{}, err
	}
	w, err := a.wire(ctx, a.prompter())
	if err != nil {
		return publish.BootMapping{}, err
	}
	inv, err := w.publisher.Inventory(ctx)
	if err != nil {
		return publish.BootMapping{}, err
	}
	return w.publisher.BootMapping(inv, publish.BootRequest{Subnets: f.subnets, Services: req.Services, Scheme: req.Scheme, Sources: req.Sources})
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
