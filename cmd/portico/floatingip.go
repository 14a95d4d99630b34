package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway/publish"
)

func (a *app) floatingIPCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "floatingip", Aliases: []string{"fip"}, Short: "Attach, detach, allocate and release floating IPs: plan, confirm, apply, read back",
		Long: "Each makes a plan, shows it, asks, and carries it out. No gateway changes by it, so that no gateway can take it back:\n" +
			"what fails is undone from here, and what stands is read back. 'portico floatingips' lists them.",
		Args: noArgs, SuggestionsMinimumDistance: 2,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.attachCommand(), a.detachCommand(), a.allocateCommand(), a.releaseCommand())
	return c
}

// floatingFlags are those of every command that changes a floating IP.
type floatingFlags struct {
	only    bool   // plan only
	confirm string // what would have to be typed
}

func (f *floatingFlags) add(c *cobra.Command, typed bool) {
	c.Flags().BoolVar(&f.only, "plan", false, "show what it would change, and change nothing")
	if typed {
		c.Flags().StringVar(&f.confirm, "confirm", "", "the address, where it would have to be typed: because it breaks something, or is for good")
	}
}

func (a *app) attachCommand() *cobra.Command {
	var f floatingFlags
	var fixed string
	c := &cobra.Command{
		Use: "attach ADDRESS VM", Short: "Make a free floating IP lead to a VM", Args: exactly("address", "VM"),
		Example: "portico floatingip attach 203.0.113.27 blast-db\nportico floatingip attach 203.0.113.27 blast-db --plan",
		RunE: func(c *cobra.Command, args []string) error {
			return a.changeFloatingIP(c.Context(), publish.FloatingIPRequest{Do: publish.Attach, Address: args[0], Instance: args[1], Fixed: fixed}, f)
		},
	}
	f.add(c, false)
	c.Flags().StringVar(&fixed, "fixed-ip", "", "which of the VM's addresses, where it has several")
	return c
}

func (a *app) detachCommand() *cobra.Command {
	var f floatingFlags
	c := &cobra.Command{
		Use: "detach ADDRESS", Short: "Take a floating IP off what it leads to; the project keeps it", Args: exactly("address"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.changeFloatingIP(c.Context(), publish.FloatingIPRequest{Do: publish.Detach, Address: args[0]}, f)
		},
	}
	f.add(c, true)
	return c
}

func (a *app) allocateCommand() *cobra.Command {
	var f floatingFlags
	req := publish.FloatingIPRequest{Do: publish.Allocate}
	c := &cobra.Command{
		Use: "allocate", Short: "Take another floating IP for the project, within its quota", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.changeFloatingIP(c.Context(), req, f) },
	}
	f.add(c, false)
	c.Flags().StringVar(&req.Network, "network", "", "the external network, by name or ID, where there are several")
	c.Flags().StringVar(&req.Description, "description", "", "what it is for, for whoever lists the addresses")
	return c
}

func (a *app) releaseCommand() *cobra.Command {
	var f floatingFlags
	c := &cobra.Command{
		Use: "release ADDRESS", Short: "Give a free floating IP back to the cloud, for good", Args: exactly("address"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.changeFloatingIP(c.Context(), publish.FloatingIPRequest{Do: publish.Release, Address: args[0]}, f)
		},
	}
	f.add(c, true)
	return c
}

// exactly is for commands that take these words and no others.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return wrongUse("run "+c.CommandPath(), fmt.Errorf("it takes %s, and got %d words", strings.Join(names, " and "), len(args)), c.CommandPath()+" --help")
	}
}

// changeFloatingIP shows a plan about a floating IP, asks, and carries it out. It needs no gateway:
// one that does not answer leaves unknown what an address carries, which the plan then says.
func (a *app) changeFloatingIP(ctx context.Context, req publish.FloatingIPRequest, f floatingFlags) error {
	v, err := a.look(ctx)
	if err != nil {
		return err
	}
	p, err := v.publisher.Plan(ctx, v.Snapshot, publish.Request{FloatingIP: req})
	if err != nil {
		return err
	}
	switch {
	case f.only && a.flags.json:
		return a.printJSON(newPlanJSON(v.Inventory, p))
	case f.only:
		a.printInTheCloud(p)
		return nil
	}
	if err := a.previewed(v.publisher, p, a.printInTheCloud); err != nil {
		return err
	}
	var outcome publish.Outcome
	if !p.Empty() {
		if err := a.confirmFloating(ctx, p, f); err != nil {
			return err
		}
		outcome = v.publisher.Apply(ctx, p, a.watch(v.Snapshot))
	}
	out := changeJSON{Plan: newPlanJSON(v.Inventory, p), Left: []string{}, Notes: append([]string{}, outcome.Notes...), Results: []probeJSON{}}
	out.Applied = outcome.Report.OK() && !p.Empty()
	if !a.flags.json {
		for _, n := range outcome.Notes {
			a.note("%s\n", n)
		}
	}
	if !outcome.Report.OK() {
		return a.failed(out, outcome.Report)
	}
	if !a.flags.json {
		return nil
	}
	return a.printJSON(struct {
		changeJSON
		FloatingIP *floatingIPJSON `json:"floating_ip"` // null: it is gone
	}{out, a.floatingIPNow(ctx, v, p)})
}

// floatingIPNow is the floating IP as it is after the change.
func (a *app) floatingIPNow(ctx context.Context, v view, p publish.Proposal) *floatingIPJSON {
	f, ok := p.FloatingIP()
	if !ok {
		return nil
	}
	now, err := v.client.FloatingIP(ctx, f.ID)
	if err != nil {
		return nil
	}
	s := v.Snapshot
	s.Inventory.FloatingIPs = []cloud.FloatingIP{now}
	out := newFloatingIPJSON(v, publish.FloatingIPRows(s)[0])
	return &out
}

// printInTheCloud prints a plan that changes nothing on a machine.
func (a *app) printInTheCloud(p publish.Proposal) { a.printCloudPlan(p, ", in the cloud") }

// confirmFloating asks. What breaks something, or is for good, has to be typed; --yes does not do for
// that, --confirm does.
func (a *app) confirmFloating(ctx context.Context, p publish.Proposal, f floatingFlags) error {
	word := p.MustType()
	if word == "" {
		return a.confirm(ctx, "Apply?")
	}
	return a.confirmTyped(ctx, word, p.Plan.Warnings[0].Title, f.confirm)
}

// addresses offers the project's floating IPs.
func (a *app) addresses(ctx context.Context) []string {
	w, err := a.wire(ctx, nil)
	if err != nil {
		return nil
	}
	all, err := w.client.FloatingIPs(ctx)
	if err != nil {
		return nil
	}
	out := make([]string, len(all))
	for i, f := range all {
		out[i] = f.Address.String()
	}
	return out
}

func (a *app) addressThenVM(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return offer(a.addresses)(c, args, word)
	}
	return one(a.vmNames)(c, args[1:], word)
}
