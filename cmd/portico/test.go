package main

import (
	"errors"

	"github.com/spf13/cobra"

	"portico/gateway"
	"portico/gateway/publish"
)

func (a *app) testCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test [VM...]", Short: "Test forwards with live connections; exit 4 if one fails",
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.wire(c.Context(), a.prompter())
			if err != nil {
				return err
			}
			s, err := w.publisher.Snapshot(c.Context())
			if err != nil {
				return err
			}
			forwards, err := forwardsOf(s, args)
			if err != nil {
				return err
			}
			logins, _ := w.publisher.Logins(c.Context(), s.Inventory) // only needed for the commands
			results := w.publisher.Probe(c.Context(), forwards, nil)
			failed := 0
			out := make([]probeJSON, 0, len(forwards))
			for _, f := range forwards {
				if results[f.Key()].Bad() {
					failed++
				}
				out = append(out, newProbeJSON(s.Inventory, f, results[f.Key()], logins[f.Instance]))
			}
			if a.flags.json {
				if err := a.printJSON(map[string]any{"results": out, "failed": failed}); err != nil {
					return err
				}
			} else if len(forwards) == 0 {
				a.print("%s\n", nothingPublished)
			} else {
				a.printResults(s, forwards, results)
			}
			if failed > 0 {
				return exitError{exitUnreachable}
			}
			return nil
		},
	}
}

// forwardsOf returns the forwards of the named instances, or all.
func forwardsOf(s publish.Snapshot, names []string) ([]gateway.Forward, error) {
	if len(names) == 0 {
		return s.State.Forwards, nil
	}
	var out []gateway.Forward
	for _, name := range names {
		row, err := publish.FindRow(s, name)
		if err != nil {
			return nil, err
		}
		if len(row.Forwards) == 0 {
			return nil, &gateway.Error{
				Op: "test", Target: row.Instance.Name, Kind: gateway.NotFound, Err: errors.New("nothing of it is published"), Next: "portico publish " + gateway.Quote(row.Instance.Name),
			}
		}
		out = append(out, row.Forwards...)
	}
	return out, nil
}
