package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/views/tests"
)

// testOptions is how forwards are tested.
type testOptions struct {
	names       []string // of instances; none: all
	fromGateway bool
	interval    time.Duration // between two rounds of a watch
	rounds      int           // of a watch; 0: until it is interrupted
}

// leastInterval keeps a watch from being a burden.
const leastInterval = time.Second

func (a *app) testCommand() *cobra.Command {
	var o testOptions
	var watch bool
	c := &cobra.Command{
		Use: "test [VM...]", Short: "Test forwards with live connections; exit 4 if one fails",
		Long: "Test forwards with live connections from here. With --from-gateway the gateway connects to each VM's own port,\n" +
			"too, so that one sees which side is broken. With --watch they are tested again and again: first a line for\n" +
			"each, then a line for each change, until it is interrupted; with --json each line is one JSON object.",
		Example: "portico test assembly-02 --from-gateway\nportico test --watch --interval 10s",
		RunE: func(c *cobra.Command, args []string) error {
			o.names = args
			if !watch && (c.Flags().Changed("interval") || c.Flags().Changed("count")) {
				return wrongUse("test", errors.New("--interval and --count are about a watch"), "add --watch")
			}
			if o.interval < leastInterval || o.rounds < 0 {
				return wrongUse("watch", errors.New("the interval is at least 1s, and a count not below 0"), "portico test --watch --interval 30s")
			}
			w, err := a.wire(c.Context(), a.prompter())
			if err != nil {
				return err
			}
			if watch {
				return a.watchTests(c.Context(), w, o, pause)
			}
			return a.testOnce(c.Context(), w, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.fromGateway, "from-gateway", false, "test as the gateway sees the VMs, too")
	f.BoolVar(&watch, "watch", false, "test again and again, and print what changes")
	f.DurationVar(&o.interval, "interval", 30*time.Second, "time between two rounds of a watch")
	f.IntVar(&o.rounds, "count", 0, "end a watch after so many rounds; 0 is never")
	return c
}

// testRound is one test of forwards, from here and, if asked for, by the gateway.
type testRound struct {
	forwards []gateway.Forward
	here, gw map[gateway.Key]probe.Result
}

func (w *wiring) test(ctx context.Context, s publish.Snapshot, forwards []gateway.Forward, fromGateway bool) testRound {
	r := testRound{forwards: forwards, gw: map[gateway.Key]probe.Result{}}
	var both sync.WaitGroup
	if fromGateway {
		both.Go(func() {
			targets := make([]probe.Target, len(forwards))
			for i, f := range forwards {
				targets[i] = publish.PrivateTarget(f)
			}
			for i, p := range w.publisher.ProbeFromGateway(ctx, s, targets, nil) {
				r.gw[forwards[i].Key()] = p
			}
		})
	}
	r.here = w.publisher.Probe(ctx, forwards, nil)
	both.Wait()
	return r
}

// failed is how many do not answer from here.
func (r testRound) failed() int {
	n := 0
	for _, f := range r.forwards {
		if r.here[f.Key()].Bad() {
			n++
		}
	}
	return n
}

func (a *app) testOnce(ctx context.Context, w *wiring, o testOptions) error {
	s, err := w.publisher.Standing(ctx)
	if err != nil {
		return err
	}
	forwards, err := forwardsOf(s, o.names)
	if err != nil {
		return err
	}
	r := w.test(ctx, s, forwards, o.fromGateway)
	switch {
	case a.flags.json:
		logins, _ := w.publisher.Logins(ctx, s.Inventory) // only needed for the commands
		out := make([]probeJSON, 0, len(forwards))
		for _, f := range forwards {
			out = append(out, r.json(s, f, logins))
		}
		if err := a.printJSON(map[string]any{"results": out, "failed": r.failed()}); err != nil {
			return err
		}
	case len(forwards) == 0:
		a.print("%s\n", nothingPublished)
	case o.fromGateway:
		a.printBothSides(s, r)
	default:
		a.printResults(s, forwards, r.here)
	}
	if r.failed() > 0 {
		return exitError{exitUnreachable}
	}
	return nil
}

func (r testRound) json(s publish.Snapshot, f gateway.Forward, logins map[string]publish.Login) probeJSON {
	out := newProbeJSON(s.Inventory, f, r.here[f.Key()], logins[f.Instance])
	if g, ok := r.gw[f.Key()]; ok {
		out.FromGateway = &seenJSON{Outcome: g.Outcome, LatencyMS: milliseconds(g.Latency), Detail: g.Detail}
	}
	return out
}

// printBothSides is the table with what the gateway sees, and where the two differ which side is
// broken.
func (a *app) printBothSides(s publish.Snapshot, r testRound) {
	rows := make([][]string, 0, len(r.forwards))
	for _, f := range r.forwards {
		here, gw := r.here[f.Key()], r.gw[f.Key()]
		what, _ := tests.Verdict(here.Outcome, gw.Outcome, s.Gateway.NoSNAT)
		if gw.Outcome == probe.Unknown && here.Bad() {
			what = gw.Detail
		}
		rows = append(rows, []string{a.outcome(here), a.outcome(gw), f.PublicText(), f.Service.Name, publish.InstanceName(s.Inventory, f.Instance), what})
	}
	a.printTable([]string{"TEST", "FROM GATEWAY", "PUBLIC", "SERVICE", "INSTANCE", "SO"}, rows)
}

// forwardsOf returns the forwards of the named instances, or all.
func forwardsOf(s publish.Snapshot, names []string) ([]gateway.Forward, error) {
	if len(names) == 0 {
		return publish.Held(s.Forwards()), nil
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
