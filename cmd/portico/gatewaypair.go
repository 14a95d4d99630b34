package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway/publish"
)

func (a *app) pairCommand() *cobra.Command {
	var members []string
	var address string
	var only bool
	req := publish.PairRequest{Do: publish.MakePair}
	c := &cobra.Command{
		Use: "pair NAME", Short: "Make two VMs one gateway: a shared address that goes to the one that works", Args: exactly("name"),
		Long: "The VMs share a private address, which keepalived (VRRP) gives to the one that works, and a floating IP leads to it. 'portico publish\n" +
			"--gateway NAME' then makes the same rules on both, all or nothing. Given again for a pair that stands, it makes what is missing.\n" +
			"Needs: keepalived on both, a network of this project (others let nobody allow addresses), a free floating IP, and a way to each VM by SSH.\n" +
			"When the other host takes over, new connections are let in within about 2 s; those that are open break.",
		Example: "portico gateway pair front --members gw-1,gw-2 --floating-ip 203.0.113.27\nportico publish assembly-02 --gateway front",
		RunE: func(c *cobra.Command, args []string) error {
			req.Name, req.Hosts = args[0], members
			if address != "" {
				addr, err := netip.ParseAddr(address)
				if err != nil || !addr.Is4() {
					return wrongUse("read --address "+cloud.Clean(address), fmt.Errorf("%s is not an IPv4 address", cloud.Clean(address)), "name a free address of the VMs' subnet, or leave it out")
				}
				req.Address = addr
			}
			return a.changePair(c.Context(), req, only)
		},
	}
	c.Flags().StringSliceVar(&members, "members", nil, "the two VMs, by name or ID: gw-1,gw-2")
	c.Flags().StringVar(&address, "address", "", "the private address to share (default: a free one of the VMs' subnet)")
	c.Flags().StringVar(&req.FloatingIP, "floating-ip", "", "the floating IP that leads there (default: the only free one)")
	c.Flags().BoolVar(&only, "plan", false, "show what it would change, and change nothing")
	return c
}

func (a *app) unpairCommand() *cobra.Command {
	var only bool
	req := publish.PairRequest{Do: publish.EndPair}
	c := &cobra.Command{
		Use: "unpair NAME", Short: "End a pair: the VMs stay, each by itself, and the floating IP is free", Args: exactly("name"),
		Long: "Withdraw what is published through the pair first. --degraded ends it although one VM does not answer; what to do there later is said.",
		RunE: func(c *cobra.Command, args []string) error {
			req.Name, req.Degraded = args[0], a.flags.degraded
			return a.changePair(c.Context(), req, only)
		},
	}
	c.Flags().BoolVar(&only, "plan", false, "show what it would change, and change nothing")
	return c
}

// degradable gives a command the flag by which it changes one host of a pair without the other.
func (a *app) degradable(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&a.flags.degraded, "degraded", false, "change a pair although one of its two hosts does not answer, which 'portico repair' has to make the same later")
	return c
}

// changePair shows a plan about a pair, asks, and carries it out.
func (a *app) changePair(ctx context.Context, r publish.PairRequest, only bool) error {
	w, err := a.wire(ctx, a.prompter())
	if err != nil {
		return err
	}
	req := publish.Request{Pair: r}
	s, p, err := planAnew(ctx, w.publisher, req)
	if err != nil {
		return err
	}
	switch {
	case only && a.flags.json:
		return a.printJSON(newPlanJSON(s.Inventory, p))
	case only:
		a.printCloudPlan(p, "")
		return nil
	}
	if err := a.previewed(w.publisher, p, func(p publish.Proposal) { a.printCloudPlan(p, "") }); err != nil {
		return err
	}
	s, p, outcome, err := a.carryOut(ctx, w.publisher, s, p, req)
	if err != nil {
		return err
	}
	out := changeJSON{Plan: newPlanJSON(s.Inventory, p), Left: []string{}, Notes: append([]string{}, outcome.Notes...), Results: []probeJSON{}}
	out.Applied = outcome.Report.OK() && !p.Empty()
	if !outcome.Report.OK() {
		return a.failed(out, outcome.Report)
	}
	if a.flags.json {
		return a.printJSON(out)
	}
	for _, n := range outcome.Notes {
		a.note("%s\n", n)
	}
	return nil
}
