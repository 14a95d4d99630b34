package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/gateway/publish"
)

// completionWait is how long a shell waits for the cloud. Without an answer nothing is offered.
const completionWait = 3 * time.Second

// completable is what a shell takes without quoting, and no program for an option; names come from
// outside.
var completable = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@-]*$`)

// completer offers values for the word under the cursor.
type completer = cobra.CompletionFunc

// offer is a completer that knows its values when it is asked. Files are never meant.
func offer(values func(context.Context) []string) completer {
	return func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(c.Context(), completionWait)
		defer cancel()
		return slices.DeleteFunc(values(ctx), func(v string) bool { return !completable.MatchString(v) }), cobra.ShellCompDirectiveNoFileComp
	}
}

// fixed offers values that are always the same.
func fixed(values ...string) completer {
	return offer(func(context.Context) []string { return values })
}

// several is for flags that take a list: what stands before the last comma is kept.
func several(values func(context.Context) []string) completer {
	one := offer(values)
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		out, directive := one(c, args, word)
		done := word[:strings.LastIndex(word, ",")+1]
		given := strings.Split(done, ",")
		var full []string
		for _, v := range out {
			if !slices.Contains(given, v) {
				full = append(full, done+v)
			}
		}
		return full, directive | cobra.ShellCompDirectiveNoSpace
	}
}

// vms offers the project's instances that are not named yet; first is for commands that take one.
func (a *app) vms(first bool) completer {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if first && len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault // of ssh's own arguments one may be a file
		}
		return offer(func(ctx context.Context) []string {
			return slices.DeleteFunc(a.vmNames(ctx), func(n string) bool { return slices.Contains(args, n) })
		})(c, args, word)
	}
}

// offering reads the project for what a shell is offered; without an answer nothing is.
func (a *app) offering(ctx context.Context) (*wiring, cloud.Inventory, bool) {
	w, err := a.wire(ctx, nil)
	if err != nil {
		return nil, cloud.Inventory{}, false
	}
	inv, err := w.publisher.Inventory(ctx)
	return w, inv, err == nil
}

// vmNames are names, or IDs where a name is not unique or would have to be quoted.
func (a *app) vmNames(ctx context.Context) []string {
	_, inv, ok := a.offering(ctx)
	if !ok {
		return nil
	}
	count := map[string]int{}
	for _, i := range inv.Instances {
		count[i.Name]++
	}
	var out []string
	for _, i := range inv.Instances {
		if count[i.Name] == 1 && completable.MatchString(i.Name) {
			out = append(out, i.Name)
		} else {
			out = append(out, i.ID)
		}
	}
	return out
}

func (a *app) gatewayNames(ctx context.Context) []string {
	w, inv, ok := a.offering(ctx)
	if !ok {
		return nil
	}
	var out []string
	for _, g := range w.publisher.Gateways(inv) {
		out = append(out, g.Name)
	}
	return out
}

// subnetNames are names, or IDs where a name is not unique or would have to be quoted.
func (a *app) subnetNames(ctx context.Context) []string {
	_, inv, ok := a.offering(ctx)
	if !ok {
		return nil
	}
	var out []string
	for _, n := range inv.Subnets {
		if found, err := publish.ResolveSubnet(inv, n.Name); err == nil && found.ID == n.ID && completable.MatchString(n.Name) {
			out = append(out, n.Name)
		} else {
			out = append(out, n.ID)
		}
	}
	return out
}

// configured are the options from the configuration, which needs no cloud.
func (a *app) configured() publish.Options {
	cfg, err := a.loadConfig()
	if err != nil {
		return publish.Options{}
	}
	o, err := a.options(cfg)
	if err != nil {
		return publish.Options{}
	}
	return o
}

func (a *app) serviceNames(context.Context) []string {
	var out []string
	for _, s := range a.configured().Services {
		out = append(out, s.Name)
	}
	return out
}

func (a *app) themeNames(context.Context) []string {
	cfg, err := a.loadConfig()
	if err != nil {
		return nil
	}
	return themeNames(cfg.palettes())
}

func (a *app) schemeNames(context.Context) []string {
	var out []string
	for _, s := range a.configured().Schemes {
		out = append(out, s.Name)
	}
	return out
}

// addCompletion teaches the shell every command's words. Where nothing is said, and for flags that
// name no file, there is nothing to complete: never the files of this folder.
func (a *app) addCompletion(root *cobra.Command) {
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	flags := map[string]completer{
		"gateway": offer(a.gatewayNames), "service": several(a.serviceNames), "scheme": offer(a.schemeNames),
		"format": fixed(planFormats...), "engine": fixed(engineNames...), "from": several(func(context.Context) []string { return []string{"anywhere", "me"} }),
		"subnet": several(a.subnetNames), "via": offer(a.addresses),
		"members": several(a.vmNames), "floating-ip": offer(a.addresses), "theme": offer(a.themeNames), "world": fixed(emulator.Worlds()...),
	}
	file := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	flags["config"], flags["debug"] = file, file
	args := map[string]completer{
		"plan": a.vms(false), "publish": a.vms(false), "withdraw": a.vms(false), "test": a.vms(false), "ssh": a.vms(true),
		"repair": a.vms(false), "doctor": a.vms(false), "adopt": a.ports,
		"gateway prepare": one(a.vmNames), "gateway retire": one(a.gatewayNames), "gateway unpair": one(a.gatewayNames),
		"floatingip attach": a.addressThenVM, "floatingip detach": one(a.addresses), "floatingip release": one(a.addresses),
		"scheme show": one(a.schemeNames), "history show": one(a.recordIDs),
	}
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		c.ValidArgsFunction = args[strings.TrimPrefix(c.CommandPath(), root.Name()+" ")]
		for name, f := range flags {
			if c.LocalNonPersistentFlags().Lookup(name) != nil || c.PersistentFlags().Lookup(name) != nil {
				_ = c.RegisterFlagCompletionFunc(name, f) // fails for a flag that is not there, or registered twice
			}
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// one offers values for the first word.
func one(values func(context.Context) []string) completer {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return offer(values)(c, args, word)
	}
}

// recordIDs are those of this machine's records of the project: the gateway would take too long.
func (a *app) recordIDs(ctx context.Context) []string {
	out := []string{lastRecord}
	w, inv, ok := a.offering(ctx)
	if !ok {
		return out
	}
	records, _ := w.publisher.History(ctx, publish.Snapshot{Inventory: inv}) // what can be read is offered
	for _, r := range records {
		out = append(out, r.ID)
	}
	return out
}
