package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"portico/gateway"
	"portico/gateway/publish"
)

func (a *app) adoptCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "adopt [PORT...]", Short: "Take over forwards made by hand on the gateway, by their public ports",
		Long: "Adopt makes Portico's rules and removes the DNAT rules made by hand in the same restore, together with the SNAT rules that serve\n" +
			"just them. 'portico forwards' lists what can be adopted, and why the rest cannot.",
		Example: "portico adopt 30011\nportico adopt tcp/30011 udp/60001\nportico adopt --all",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case !all && len(args) == 0:
				return wrongUse("run portico adopt", errors.New("no port is named"), "name a port or use --all; 'portico forwards' lists them")
			case all && len(args) > 0:
				return wrongUse("run portico adopt", errors.New("both ports and --all are given"), "leave one of them out")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return a.change(c, publish.Request{Adopt: args, AdoptAll: all})
		},
	}
	c.Flags().BoolVar(&all, "all", false, "all that can be adopted")
	return c
}

// adoptable offers the public ports that can be adopted: with their protocol where both have one.
func (a *app) adoptable(ctx context.Context) []string {
	w, err := a.wire(ctx, nil)
	if err != nil {
		return nil
	}
	s, err := w.publisher.Standing(ctx)
	if err != nil {
		return nil
	}
	count, keys := map[string]int{}, map[gateway.Key]bool{}
	var found []gateway.Forward
	for _, d := range s.Drift() {
		if d.Kind == gateway.Foreign && d.Forward != nil && !keys[d.Forward.Key()] {
			keys[d.Forward.Key()] = true
			count[fmt.Sprint(d.Forward.Public.Port())]++
			found = append(found, *d.Forward)
		}
	}
	out := make([]string, 0, len(found))
	for _, f := range found {
		port := fmt.Sprint(f.Public.Port())
		if count[port] > 1 {
			port = string(f.Service.Protocol) + "/" + port
		}
		out = append(out, port)
	}
	return out
}

// printOwnDrift shows what is not as plans left it, and which forwards lead astray.
func (a *app) printOwnDrift(s publish.Snapshot) {
	var own, astray [][]string
	for _, d := range s.Drift() {
		switch d.Kind {
		case gateway.Strange, gateway.Missing:
			own = append(own, []string{string(d.Kind), d.Where, d.Line})
		case gateway.Gone:
			astray = append(astray, []string{styleWarn.Render(string(d.Kind)), d.Line, d.Why})
		case gateway.Reused:
			astray = append(astray, []string{styleBad.Render(string(d.Kind)), d.Line, d.Why})
		case gateway.Foreign:
		}
	}
	if len(own) > 0 {
		a.print("\nnot as plans left it; portico repair puts it right\n")
		a.printTable([]string{"DRIFT", "WHERE", "WHAT"}, own)
	}
	if len(astray) > 0 {
		a.print("\nforwards that lead astray; portico sync withdraws them, or leads them to their VM's new address\n")
		a.printTable([]string{"DRIFT", "FORWARD", "WHY"}, astray)
	}
}

// printByHand shows the forwards that were made by hand, and what can become of them.
func (a *app) printByHand(s publish.Snapshot) {
	var foreign [][]string
	for _, d := range s.Drift() {
		if d.Kind != gateway.Foreign {
			continue
		}
		means := d.Why
		if f := d.Forward; f != nil {
			means = fmt.Sprintf("can be adopted: %s of %s", f.Service.Name, publish.InstanceName(s.Inventory, f.Instance))
		}
		foreign = append(foreign, []string{strings.TrimPrefix(d.Line, "-A "), means})
	}
	if len(foreign) > 0 {
		a.print("\nforwards made by hand; portico adopt takes over those that can be\n")
		a.printTable([]string{"RULE", "PORTICO SAYS"}, foreign)
	}
}

// ports completes public ports that are not named yet.
func (a *app) ports(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return offer(func(ctx context.Context) []string {
		return slices.DeleteFunc(a.adoptable(ctx), func(p string) bool { return slices.Contains(args, p) })
	})(c, args, word)
}
