package nat

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"portico/gateway/netfilter"
	"portico/gateway/plan"
)

// firstStep puts our jump first in FORWARD, before rules of others that drop what it accepts; nil when
// it is first or does not stand. Nothing of others moves: only our own rule changes its place.
func (e *Engine) firstStep(seen *observed) *hostStep {
	filter, _ := seen.rules.Table(tableFilter)
	c, _ := filter.Chain("FORWARD")
	at := 1 + slices.IndexFunc(c.Rules, func(r netfilter.Rule) bool { return slices.Equal(r.Args, []string{"-j", chainForward}) })
	if at <= 1 {
		return nil
	}
	move := func(to int) string {
		return "*filter\n-D FORWARD -j " + chainForward + "\n-I FORWARD " + strconv.Itoa(to) + " -j " + chainForward + "\nCOMMIT\n"
	}
	touched, sum := false, ""
	return &hostStep{
		change: plan.Change{
			ID: "first", Target: e.Gateway.Name + " iptables filter", Title: "accept forwards of Portico's before anything else drops them", Action: plan.Update,
			Before: []string{fmt.Sprintf("-I FORWARD %d -j %s", at, chainForward)}, After: []string{"-I FORWARD 1 -j " + chainForward},
			Host: e.Gateway.Name, Shell: heredoc("iptables-restore --noflush --counters -w 10", move(1)),
			Cleanup: heredoc("iptables-restore --noflush --counters -w 10", move(at)),
		},
		do: func(ctx context.Context) error {
			var err error
			sum, err = e.restore(ctx, tableFilter, seen.sums[tableFilter], move(1))
			touched = err == nil || !refused(err)
			return err
		},
		undo: func(ctx context.Context) error {
			if !touched || sum == "" {
				return nil // the gateway's own rollback knows how it was
			}
			_, err := e.restore(ctx, tableFilter, sum, move(at))
			return err
		},
	}
}
