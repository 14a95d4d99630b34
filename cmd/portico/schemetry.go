package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
)

// triedJSON is what formulas give in a subnet.
type triedJSON struct {
	Subnet   netip.Prefix        `json:"subnet"`
	Services []boundsJSON        `json:"services"`
	Problems []schemeProblemJSON `json:"problems"`
	Saved    *string             `json:"saved"` // the configuration file; null: not saved
}

type boundsJSON struct {
	Service  string           `json:"service"`
	Protocol gateway.Protocol `json:"protocol"`
	Port     uint16           `json:"port"`
	Ports    int              `json:"ports"` // in a row
	Formula  string           `json:"formula"`
	Count    int              `json:"count"` // addresses that get a port
	Lowest   uint16           `json:"lowest"`
	Highest  uint16           `json:"highest"`
	First    *schemeEntryJSON `json:"first"` // of the first address; null: none gets a port
	Last     *schemeEntryJSON `json:"last"`
}

func (a *app) schemeTryCommand() *cobra.Command {
	save := ""
	var own []string
	c := &cobra.Command{
		Use: "try FORMULA...", Short: "Check formulas of one's own over a whole subnet, before they are used", Args: needs("formula", anyNumber),
		Long: "Each formula is for ssh, or for the service that is named before it. It is whole-number arithmetic over n (the address's number in\n" +
			"its subnet), oct1 to oct4 (its octets), x (oct4) and y (oct3), also with conditions: n < 100 ? 40000 + n : 50000 + n.",
		Example: "portico scheme try '40000 + n'\nportico scheme try 'ssh=40000+2*n' 'http=40001+2*n' --subnet 10.20.0.0/23\nportico scheme try 'mosh=50000+11*n' --service mosh=udp/+11 --save ours",
		RunE: func(c *cobra.Command, args []string) error {
			prefix, err := a.subnet(c)
			if err != nil {
				return err
			}
			services, err := a.namedServices(own)
			if err != nil {
				return err
			}
			s, err := typedScheme(save, strings.Join(args, "; "), services)
			if err != nil {
				return err
			}
			return a.try(s, prefix, save != "")
		},
	}
	subnetFlag(c)
	c.Flags().StringVar(&save, "save", "", "write the scheme to the configuration file, under this name")
	c.Flags().StringSliceVar(&own, "service", nil, "own services that formulas are for: name=tcp/8080, name=udp/60000-60010 or name=udp/+11")
	return c
}

// namedServices are the catalogue, with own services in place of those of their names.
func (a *app) namedServices(own []string) ([]gateway.Service, error) {
	cfg, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	o, err := a.options(cfg)
	if err != nil {
		return nil, err
	}
	all := o.Services
	for _, text := range own {
		name, spec, _ := strings.Cut(text, "=")
		proto, ports, ok := strings.Cut(spec, "/")
		svc, err := gateway.Service{Name: name, Protocol: gateway.Protocol(proto)}.SetPorts(ports)
		if !ok || name == "" || err != nil || proto != string(gateway.TCP) && proto != string(gateway.UDP) {
			return nil, wrongUse("read --service "+cloud.Clean(text), errors.New("it does not say name, protocol and ports"), "write it as name=tcp/8080")
		}
		all = withService(all, svc)
	}
	return all, nil
}

// typedScheme is a scheme of formulas as they were typed. Where one is wrong the error shows the place.
func typedScheme(name, text string, services []gateway.Service) (*scheme.Scheme, error) {
	if name == "" {
		name = "tried"
	}
	s, err := scheme.Spoken(name, text, services)
	var at *scheme.FormulaError
	switch {
	case errors.As(err, &at) && at.At > 0:
		return nil, wrongUse("use formula", fmt.Errorf("%w: %s", at, marked(cloud.Clean(text), at.At)),
			"formulas are whole-number arithmetic over n, oct1..oct4, x and y, like '30000 + 3*n'")
	case errors.As(err, &at):
		return nil, wrongUse("use formula", at, "write it as ssh=40000+n")
	}
	return s, err
}

// marked is a text with ">>" before the character at a place, from 1.
func marked(text string, at int) string {
	r := []rune(text)
	at = max(0, min(at-1, len(r)))
	return string(r[:at]) + ">>" + string(r[at:])
}

// try shows what a scheme gives in a subnet, and what is wrong with it there.
func (a *app) try(s *scheme.Scheme, subnet netip.Prefix, save bool) error {
	bounds, err := s.Bounds(subnet)
	if err != nil {
		return err
	}
	problems, fatal := a.problems(s, subnet)
	out := triedJSON{Subnet: subnet, Services: []boundsJSON{}, Problems: problems}
	var rows [][]string
	for i, b := range bounds {
		r := s.Services[i]
		line := boundsJSON{
			Service: r.Service.Name, Protocol: r.Service.Protocol, Port: r.Service.Port, Ports: r.Service.Ports(), Formula: r.Formula,
			Count: b.Count, Lowest: b.Lowest, Highest: b.Upper,
		}
		row := []string{r.Service.Name, r.Formula, "no port", "", ""}
		if b.Count > 0 {
			ends := entriesJSON([]scheme.Entry{b.First, b.Last})
			line.First, line.Last = &ends[0], &ends[1]
			row = []string{r.Service.Name, r.Formula, spokenEnd(b.First), spokenEnd(b.Last), fmt.Sprintf("%d-%d for %d addresses", b.Lowest, b.Upper, b.Count)}
		}
		out.Services, rows = append(out.Services, line), append(rows, row)
	}
	if save && !fatal {
		path, err := a.saveScheme(s.Config())
		if err != nil {
			return err
		}
		out.Saved = &path
	}
	if a.flags.json {
		if err := a.printJSON(out); err != nil {
			return err
		}
	} else {
		a.printTable([]string{"SERVICE", "FORMULA", "FIRST", "LAST", "PORTS"}, rows)
	}
	switch {
	case fatal:
		return &gateway.Error{Op: "use these formulas", Target: "in " + subnet.String(), Kind: gateway.Conflict, Err: errors.New("some addresses would not get their ports"), Next: "see above; nothing was saved"}
	case out.Saved != nil && !a.flags.json:
		a.print("\nsaved as scheme %s in %s; use it with --scheme %s\n", s.Name, *out.Saved, s.Name)
	}
	return nil
}

// problems tells what is wrong with a scheme in a subnet; fatal is that some address gets no port.
func (a *app) problems(s *scheme.Scheme, subnet netip.Prefix) (out []schemeProblemJSON, fatal bool) {
	out = []schemeProblemJSON{}
	for _, p := range s.Check(subnet, nil, scheme.NodePorts) {
		out, fatal = append(out, schemeProblemJSON{p.Title, p.Detail, p.Count, p.Fatal()}), fatal || p.Fatal()
		switch {
		case a.flags.json:
		case p.Fatal():
			a.note("%s\n", warning(p.Title, p.Detail))
		default:
			a.note("%s\n", warning(fmt.Sprintf("%d %s", p.Count, p.Title), ""))
		}
	}
	return out, fatal
}

// spokenEnd is "192.168.0.1 -> 40001".
func spokenEnd(e scheme.Entry) string {
	return fmt.Sprintf("%s -> %s", e.Addr, gateway.PortText(e.Port, e.Service.Ports()))
}
