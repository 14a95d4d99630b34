package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
)

func (a *app) schemeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "scheme", Short: "Port schemes: list them, show one, look a port up", Args: noArgs, SuggestionsMinimumDistance: 2,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.schemeListCommand(), a.schemeShowCommand(), a.schemePortCommand())
	return c
}

// schemes are the built-in ones and those of the configuration; no cloud is needed for them.
func (a *app) schemes() ([]scheme.Scheme, error) {
	cfg, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	o, err := a.options(cfg)
	return o.Schemes, err
}

type schemeJSON struct {
	Name     string            `json:"name"`
	Title    string            `json:"title"`
	From     string            `json:"from"`
	Default  bool              `json:"default"`
	Services []schemeRuleJSON  `json:"services"`
	Range    map[string]uint16 `json:"range,omitempty"`
}

type schemeRuleJSON struct {
	Service  string           `json:"service"`
	Protocol gateway.Protocol `json:"protocol"`
	Port     uint16           `json:"port"` // 0: the same as the public one
	Formula  string           `json:"formula"`
}

func (a *app) schemeListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The schemes one can choose from", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := a.schemes()
			if err != nil {
				return err
			}
			list, rows := []schemeJSON{}, [][]string{}
			for i, s := range all {
				j := schemeJSON{Name: s.Name, Title: s.Title, From: s.From, Default: i == 0, Services: []schemeRuleJSON{}}
				text := ""
				for _, r := range s.Services {
					j.Services = append(j.Services, schemeRuleJSON{r.Service.Name, r.Service.Protocol, r.Service.Port, r.Formula})
					text += fmt.Sprintf("%s %s  ", r.Service.Name, r.Formula)
				}
				if !s.Range.IsZero() {
					j.Range = map[string]uint16{"first": s.Range.First, "last": s.Range.Last}
					text = "any service " + s.Range.String()
				}
				name := s.Name
				if j.Default {
					name += " (default)"
				}
				list, rows = append(list, j), append(rows, []string{name, text, s.Title})
			}
			if a.flags.json {
				return a.printJSON(map[string]any{"schemes": list})
			}
			a.printTable([]string{"NAME", "PORTS", "WHAT"}, rows)
			return nil
		},
	}
}

type schemeEntryJSON struct {
	Address  netip.Addr       `json:"address"`
	Service  string           `json:"service"`
	Protocol gateway.Protocol `json:"protocol"`
	Public   uint16           `json:"public_port"`
	Private  uint16           `json:"private_port"`
}

func (a *app) printEntries(key string, entries []scheme.Entry) error {
	list, rows := []schemeEntryJSON{}, [][]string{}
	for _, e := range entries {
		list = append(list, schemeEntryJSON{e.Addr, e.Service.Name, e.Service.Protocol, e.Port, e.Service.Port})
		rows = append(rows, []string{strconv.Itoa(int(e.Port)), string(e.Service.Protocol), fmt.Sprintf("%s:%d", e.Addr, e.Service.Port), e.Service.Name})
	}
	if a.flags.json {
		return a.printJSON(map[string]any{key: list})
	}
	a.printTable([]string{"PORT", "PROTO", "LEADS TO", "SERVICE"}, rows)
	return nil
}

func (a *app) schemeShowCommand() *cobra.Command {
	var subnet string
	c := &cobra.Command{
		Use: "show NAME", Short: "Every port a scheme gives in a subnet, and what is wrong with it there", Args: needs("scheme", 1),
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := a.schemes()
			if err != nil {
				return err
			}
			s, err := findScheme(all, args[0])
			if err != nil {
				return err
			}
			prefix, err := parseSubnet(subnet)
			if err != nil {
				return err
			}
			for _, p := range s.Check(prefix, nil, scheme.NodePorts) {
				a.note("%s %s\n", styleWarn.Render("! "+p.Title), styleDim.Render(p.Detail))
			}
			table, err := s.Table(prefix)
			if err != nil {
				return err
			}
			return a.printEntries("ports", table)
		},
	}
	c.Flags().StringVar(&subnet, "subnet", "192.168.0.0/24", "the subnet, as CIDR")
	return c
}

func (a *app) schemePortCommand() *cobra.Command {
	var subnet, name string
	c := &cobra.Command{
		Use: "port PORT", Short: "Which address and service a public port leads to", Args: needs("port", 1), Example: "portico scheme port 30117 --subnet 192.168.0.0/24",
		RunE: func(_ *cobra.Command, args []string) error {
			port, err := strconv.ParseUint(args[0], 10, 16)
			if err != nil || port == 0 {
				return wrongUse("read port "+cloud.Clean(args[0]), errors.New("a port is a number from 1 to 65535"), "portico scheme port 30117")
			}
			all, err := a.schemes()
			if err != nil {
				return err
			}
			s, err := findScheme(all, name)
			if err != nil {
				return err
			}
			prefix, err := parseSubnet(subnet)
			if err != nil {
				return err
			}
			var found []scheme.Entry
			for _, proto := range []gateway.Protocol{gateway.TCP, gateway.UDP} {
				matches, err := s.Reverse(prefix, uint16(port), proto)
				if err != nil {
					return err
				}
				for _, m := range matches {
					found = append(found, scheme.Entry{Addr: m.Addr, Service: m.Service, Port: uint16(port)})
				}
			}
			if len(found) == 0 && !a.flags.json {
				return &gateway.Error{
					Op: "find what has port", Target: args[0], Kind: gateway.NotFound, Err: fmt.Errorf("scheme %s gives it to no address of %s", s.Name, prefix),
					Next: "try another --scheme or --subnet",
				}
			}
			return a.printEntries("matches", found)
		},
	}
	c.Flags().StringVar(&subnet, "subnet", "192.168.0.0/24", "the subnet, as CIDR")
	c.Flags().StringVar(&name, "scheme", "", "the scheme (default: the configured one)")
	return c
}

func parseSubnet(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, wrongUse("read --subnet "+cloud.Clean(text), fmt.Errorf("%s is no network", cloud.Clean(text)), "write it as 192.168.0.0/24")
	}
	return p.Masked(), nil
}
