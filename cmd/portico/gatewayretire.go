package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// retireFlags are the choices of gateway retire.
type retireFlags struct {
	only, detach, release bool
	confirm               string
}

func (a *app) retireCommand() *cobra.Command {
	var f retireFlags
	c := &cobra.Command{
		Use: "retire GATEWAY", Short: "End a gateway: withdraw all it carries, and remove all that is Portico's", Args: needs("gateway", 1),
		Long: "Its forwards are withdrawn, and its chains, boot files, units and security groups go. IP forwarding is turned off if it was off before and\n" +
			"nobody else relies on it; what stays is said. The VM itself stays. Its floating IP stays, too, unless --detach or --release says otherwise.",
		Example: "portico gateway retire gw-1 --plan\nportico gateway retire gw-1 --release --confirm 203.0.113.10 --yes",
		RunE:    func(c *cobra.Command, args []string) error { return a.retireGateway(c.Context(), args[0], f) },
	}
	c.Flags().BoolVar(&f.only, "plan", false, "show what it would change, and change nothing")
	c.Flags().BoolVar(&f.detach, "detach", false, "take its floating IP off it afterwards; the project keeps it")
	c.Flags().BoolVar(&f.release, "release", false, "give its floating IP back to the cloud afterwards, for good")
	c.Flags().StringVar(&f.confirm, "confirm", "", "with --release: the address, which would have to be typed")
	return c
}

func (a *app) retireGateway(ctx context.Context, name string, f retireFlags) error {
	w, err := a.wire(ctx, a.prompter())
	if err != nil {
		return err
	}
	pub := w.publisher.At(gateway.Gateway{Name: name})
	s, err := pub.Snapshot(ctx)
	if err != nil {
		return err
	}
	gw := s.Gateway
	p, err := pub.Plan(ctx, s, publish.Request{Make: publish.Retire, On: gw})
	if err != nil {
		return err
	}
	switch {
	case f.only && a.flags.json:
		return a.printJSON(newPlanJSON(s.Inventory, p))
	case f.only:
		a.printPlanTable(p)
		a.sayAddress(gw, f)
		return nil
	}
	if err := a.previewed(pub, p, a.printPlanTable); err != nil {
		return err
	}
	if !a.flags.json {
		a.sayAddress(gw, f)
	}
	if err := a.askAddress(ctx, gw, f, p.Empty()); err != nil {
		return err
	}
	out := gatewayChangeJSON{Gateway: gw.Name}
	return a.carryOutGateway(ctx, pub, s, p, &out, func(err error) error {
		if err != nil {
			return err
		}
		return a.freeAddress(ctx, w, gw, f, &out)
	})
}

// askAddress asks about the floating IP what is not asked along with what is retired.
func (a *app) askAddress(ctx context.Context, gw gateway.Gateway, f retireFlags, alone bool) error {
	switch {
	case !gw.FloatingIP.IsValid():
	case f.release:
		return a.confirmTyped(ctx, gw.FloatingIP.String(), "the floating IP is given back for good", f.confirm)
	case f.detach && alone:
		return a.confirm(ctx, "Detach it?")
	}
	return nil
}

// sayAddress says what becomes of the gateway's floating IP.
func (a *app) sayAddress(gw gateway.Gateway, f retireFlags) {
	switch {
	case !gw.FloatingIP.IsValid():
	case f.release:
		a.print("Then %s is taken off %s and given back to the cloud, for good.\n", gw.FloatingIP, cloud.Clean(gw.Name))
	case f.detach:
		a.print("Then %s is taken off %s; the project keeps it.\n", gw.FloatingIP, cloud.Clean(gw.Name))
	default:
		a.print("%s stays attached to %s.\n", gw.FloatingIP, cloud.Clean(gw.Name))
	}
}

// freeAddress takes the floating IP off a gateway that is one no more, and gives it back where that was
// asked for.
func (a *app) freeAddress(ctx context.Context, w *wiring, gw gateway.Gateway, f retireFlags, out *gatewayChangeJSON) error {
	var do []publish.FloatingIPVerb
	switch {
	case !gw.FloatingIP.IsValid():
	case f.release:
		do = []publish.FloatingIPVerb{publish.Detach, publish.Release}
	case f.detach:
		do = []publish.FloatingIPVerb{publish.Detach}
	}
	done := map[publish.FloatingIPVerb]string{publish.Detach: "detached", publish.Release: "released"}
	for _, verb := range do {
		inv, err := w.publisher.Inventory(ctx)
		if err != nil {
			return err
		}
		if err := stillOf(inv, gw); err != nil {
			return err
		}
		s := publish.Snapshot{Inventory: inv}
		p, err := w.publisher.Plan(ctx, s, publish.Request{FloatingIP: publish.FloatingIPRequest{Do: verb, Address: gw.FloatingIP.String()}})
		if err != nil {
			return err
		}
		if r := w.publisher.Apply(ctx, p, a.watch(s)).Report; !r.OK() {
			return a.leftBehind(r)
		}
		out.FloatingIP = &addressDoneJSON{gw.FloatingIP, done[verb]}
	}
	return nil
}

// stillOf refuses a floating IP that somebody has made lead to another machine since.
func stillOf(inv cloud.Inventory, gw gateway.Gateway) error {
	for _, x := range inv.FloatingIPs {
		if x.Address != gw.FloatingIP || x.PortID == "" || len(gw.PortIDs()) == 0 || slices.Contains(gw.PortIDs(), x.PortID) {
			continue
		}
		return &gateway.Error{
			Op: "take " + x.Address.String() + " off", Target: gw.Name, Kind: gateway.Conflict, Err: errors.New("it leads to another machine by now"),
			Next: "the gateway is retired; see 'portico floatingips' for where its address leads",
		}
	}
	return nil
}

// confirmTyped asks for a word, because what it is about is for good: --yes does not do for that, --confirm
// does.
func (a *app) confirmTyped(ctx context.Context, word, why, given string) error {
	switch {
	case given == word:
		return nil
	case given != "":
		return wrongUse("confirm it", fmt.Errorf("--confirm says %s, and this is about %s", cloud.Clean(given), word), "nothing was changed")
	case a.flags.yes, !a.interactive():
		return &gateway.Error{
			Op: "go on without being asked", Kind: gateway.Invalid, Err: errors.New(cloud.Clean(why) + ", which --yes is not enough for"),
			Next: "if it is meant: --confirm " + word,
		}
	}
	a.note("Type %s to go on: ", word)
	answer, err := a.asker().line(ctx)
	if err != nil {
		return err
	}
	if strings.TrimSpace(answer) != word {
		a.note("Nothing was changed.\n")
		return exitError{exitFailed}
	}
	return nil
}
