package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
)

// wrongUse is an error of Kind Invalid about how the program was called.
func wrongUse(what string, err error, next string) error {
	return &gateway.Error{Op: what, Kind: gateway.Invalid, Err: err, Next: next}
}

// badFlag is what a command says of a flag that it does not have or cannot read.
func badFlag(c *cobra.Command, err error) error {
	text := cloud.Clean(err.Error())
	// The standard library's own words after the last ": " tell of its functions, not of the flag.
	if what, _, ok := strings.Cut(text, " flag: strconv."); ok {
		text = what + ": it is not a number"
	} else if what, _, ok := strings.Cut(text, " flag: time: "); ok {
		text = what + ": it is not a duration, as 90s or 2m"
	}
	return wrongUse("run "+c.CommandPath(), errors.New(text), c.CommandPath()+" --help")
}

// noArgs is for commands that take none. Where a command has others below it, a word that is none
// of them is perhaps a misspelt one.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := cloud.Clean(args[0])
	if !c.HasSubCommands() {
		return wrongUse("run "+c.CommandPath(), fmt.Errorf("it takes no arguments, and got %q", word), c.CommandPath()+" --help")
	}
	next := c.CommandPath() + " --help"
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		next = "did you mean '" + c.CommandPath() + " " + strings.Join(near, "' or '"+c.CommandPath()+" ") + "'? Else: " + next
	}
	return wrongUse("run "+c.CommandPath()+" "+word, errors.New("there is no such command"), next)
}

// checkBuiltin makes cobra's own commands, help and completion, refuse a word they do not know.
func checkBuiltin(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Args = func(_ *cobra.Command, args []string) error {
				found, rest, _ := root.Find(args)
				return noArgs(found, rest)
			}
		case "completion":
			c.Args, c.SuggestionsMinimumDistance = noArgs, root.SuggestionsMinimumDistance
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
}

// needs is for commands that must be told what to work on; what is "VM", "scheme" or "port".
func needs(what string, atMost int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return wrongUse("run "+c.CommandPath(), fmt.Errorf("no %s is named", what), fmt.Sprintf("name a %s; %s --help", what, c.CommandPath()))
		case atMost > 0 && len(args) > atMost:
			return wrongUse("run "+c.CommandPath(), fmt.Errorf("one %s is enough, and got %d words", what, len(args)), c.CommandPath()+" --help")
		}
		return nil
	}
}

// anyNumber is atMost for a command that takes as many as are given.
const anyNumber = 0

// findScheme is scheme.Find for a name that the user gave: one that does not exist is bad input.
func findScheme(all []scheme.Scheme, name string) (*scheme.Scheme, error) {
	s, err := scheme.Find(all, name)
	if err != nil {
		x := cloud.Explain(err)
		return nil, wrongUse(strings.TrimPrefix(x.What, "could not "), errors.New(x.Why), x.Next)
	}
	return s, nil
}

// checkScheme refuses a scheme that does not exist before anything is asked of the cloud.
func (a *app) checkScheme(name string) error {
	if name == "" {
		return nil
	}
	all, err := a.schemes()
	if err != nil {
		return err
	}
	_, err = findScheme(all, name)
	return err
}
