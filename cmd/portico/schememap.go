package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views/portspace"
)

// portSpaceJSON is the public ports of a gateway, of one protocol; what is in no run is free.
type portSpaceJSON struct {
	Protocol gateway.Protocol `json:"protocol"`
	Free     int              `json:"free"`
	Runs     []portRunJSON    `json:"runs"`
}

type portRunJSON struct {
	First uint16          `json:"first"`
	Last  uint16          `json:"last"`
	Use   publish.PortUse `json:"use"` // ours, by hand, reserved
	By    string          `json:"by"`
}

type portsJSON struct {
	First uint16 `json:"first"`
	Last  uint16 `json:"last"`
}

func newPortsJSON(r scheme.Range) *portsJSON {
	if r.IsZero() {
		return nil
	}
	return &portsJSON{r.First, r.Last}
}

func (a *app) schemeMapCommand() *cobra.Command {
	return &cobra.Command{
		Use: "map", Short: "A picture of the gateway's public ports: free, published, made by hand, held by its programs", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := a.wire(c.Context(), a.prompter())
			if err != nil {
				return err
			}
			s, err := w.publisher.Snapshot(c.Context())
			if err != nil {
				return err
			}
			if a.flags.json || a.flags.plain {
				return a.printPortSpace(s)
			}
			cfg, err := a.loadConfig()
			if err != nil {
				return err
			}
			palette, err := a.palette(cfg)
			if err != nil {
				return err
			}
			for _, line := range portspace.Lines(s, s.Gateway.Name, themes.New(palette, a.darkTerminal()), max(a.width(), 60), 40) {
				a.print("%s\n", line)
			}
			return nil
		},
	}
}

// printPortSpace lists what has the ports.
func (a *app) printPortSpace(s publish.Snapshot) error {
	out := struct {
		Gateway    string          `json:"gateway"`
		LocalPorts *portsJSON      `json:"local_ports"` // for the gateway's own connections; null: not known
		NodePorts  *portsJSON      `json:"node_ports"`  // of Kubernetes' services, where the gateway is a node
		Protocols  []portSpaceJSON `json:"protocols"`
	}{Gateway: s.Gateway.Name}
	var rows [][]string
	for _, proto := range []gateway.Protocol{gateway.TCP, gateway.UDP} {
		space := publish.PortSpaceOf(s, proto)
		line := portSpaceJSON{proto, space.Free, []portRunJSON{}}
		for _, r := range space.Runs {
			line.Runs = append(line.Runs, portRunJSON(r))
			rows = append(rows, []string{string(proto) + " " + gateway.PortText(r.First, int(r.Last)-int(r.First)+1), string(r.Use), r.By})
		}
		out.LocalPorts, out.NodePorts, out.Protocols = newPortsJSON(space.Local), newPortsJSON(space.NodePorts), append(out.Protocols, line)
	}
	if a.flags.json {
		return a.printJSON(out)
	}
	for _, p := range out.Protocols {
		a.print("%s: %d ports are free.\n", p.Protocol, p.Free)
	}
	if out.LocalPorts != nil {
		a.print("for %s's own connections: %s\n", s.Gateway.Name, fmt.Sprintf("%d-%d", out.LocalPorts.First, out.LocalPorts.Last))
	}
	a.printTable([]string{"PORTS", "USE", "BY"}, rows)
	return nil
}
