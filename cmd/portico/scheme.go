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
	c.AddCommand(a.schemeListCommand(), a.schemeShowCommand(), a.schemePortCommand(), a.schemeTryCommand(), a.schemeMapCommand())
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
	Port     uint16           `json:"port"`  // 0: the same as the public one
	Ports    int              `json:"ports"` // in a row
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
					j.Services = append(j.Services, schemeRuleJSON{r.Service.Name, r.Service.Protocol, r.Service.Port, r.Service.Ports(), r.Formula})
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
	Ports    int              `json:"ports"` // in a row, from these on
}

func entriesJSON(entries []scheme.Entry) []schemeEntryJSON {
	list := make([]schemeEntryJSON, 0, len(entries))
	for _, e := range entries {
		list = append(list, schemeEntryJSON{e.Addr, e.Service.Name, e.Service.Protocol, e.Port, e.Service.Port, e.Service.Ports()})
	}
	return list
}

func (a *app) printEntries(entries []scheme.Entry) {
	rows := make([][]string, 0, len(entries))
	for _, e := range entries {
		rows = append(rows, []string{gateway.PortText(e.Port, e.Service.Ports()), string(e.Service.Protocol), fmt.Sprintf("%s:%s", e.Addr, e.Service.PortText()), e.Service.Name})
	}
	a.printTable([]string{"PORT", "PROTO", "LEADS TO", "SERVICE"}, rows)
}

type schemeProblemJSON struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Count  int    `json:"count"` // how many endpoints have it
	Fatal  bool   `json:"fatal"` // some endpoint cannot get its port
}

func (a *app) schemeShowCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "show NAME", Short: "Every port a scheme gives in a subnet, and what is wrong with it there", Args: needs("scheme", 1),
		RunE: func(c *cobra.Command, args []string) error {
			all, err := a.schemes()
			if err != nil {
				return err
			}
			s, err := findScheme(all, args[0])
			if err != nil {
				return err
			}
			prefix, err := a.subnet(c)
			if err != nil {
				return err
			}
			return a.showScheme(s, prefix)
		},
	}
	subnetFlag(c)
	return c
}

func (a *app) showScheme(s *scheme.Scheme, subnet netip.Prefix) error {
	problems, _ := a.problems(s, subnet)
	table, err := s.Table(subnet)
	if a.flags.json {
		return errors.Join(a.printJSON(map[string]any{"subnet": subnet, "ports": entriesJSON(table), "problems": problems}), err)
	}
	if err == nil {
		a.printEntries(table)
	}
	return err
}

func (a *app) schemePortCommand() *cobra.Command {
	var name string
	c := &cobra.Command{
		Use: "port PORT", Short: "Which address and service a public port leads to", Args: needs("port", 1), Example: "portico scheme port 30117 --subnet 192.168.0.0/24",
		RunE: func(c *cobra.Command, args []string) error {
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
			prefix, err := a.subnet(c)
			if err != nil {
				return err
			}
			found, err := reverse(s, prefix, uint16(port))
			if err != nil {
				return err
			}
			if a.flags.json {
				_ = a.printJSON(map[string]any{"subnet": prefix, "matches": entriesJSON(found)})
			}
			if len(found) == 0 {
				return &gateway.Error{
					Op: "find what has port", Target: args[0], Kind: gateway.NotFound, Err: fmt.Errorf("scheme %s gives it to no address of %s", s.Name, prefix),
					Next: "try another --scheme or --subnet",
				}
			}
			if !a.flags.json {
				a.printEntries(found)
			}
			return nil
		},
	}
	subnetFlag(c)
	c.Flags().StringVar(&name, "scheme", "", "the scheme (default: the configured one)")
	return c
}

// reverse is every (address, service) that the scheme gives the port.
func reverse(s *scheme.Scheme, subnet netip.Prefix, port uint16) ([]scheme.Entry, error) {
	var found []scheme.Entry
	for _, proto := range []gateway.Protocol{gateway.TCP, gateway.UDP} {
		matches, err := s.Reverse(subnet, port, proto)
		if err != nil {
			return nil, err
		}
		for _, m := range matches {
			found = append(found, scheme.Entry{Addr: m.Addr, Service: m.Service, Port: port})
		}
	}
	return found, nil
}

func subnetFlag(c *cobra.Command) {
	c.Flags().String("subnet", "192.168.0.0/24", "the subnet, as CIDR")
}

// subnet is what --subnet says. These commands need no cloud, so nothing else tells which subnet
// is meant: what is assumed is said.
func (a *app) subnet(c *cobra.Command) (netip.Prefix, error) {
	flag := c.Flags().Lookup("subnet")
	text := flag.Value.String()
	if !flag.Changed {
		a.note("%s\n", styleDim.Render("for subnet "+text+"; choose another with --subnet"))
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, wrongUse("read --subnet "+cloud.Clean(text), fmt.Errorf("%s is no network", cloud.Clean(text)), "write it as 192.168.0.0/24")
	}
	return p.Masked(), nil
}
