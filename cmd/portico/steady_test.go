package main

import (
	"context"
	"regexp"
	"sync/atomic"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/doctor"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/tui/effects"
)

// steady takes the same time for everything.
type steady struct {
	effects.Combined
	clock  *clock
	onStep func(done, of int) // when so many changes are done; nil: nobody looks
}

// clock stands still until it is moved.
type clock struct{ moved atomic.Int64 }

func (c *clock) now() time.Time { return screenTime.Add(time.Duration(c.moved.Load())) }

func (s steady) Inventory(ctx context.Context) (cloud.Inventory, error) {
	inv, err := s.Publisher.Inventory(ctx)
	inv.At = s.clock.now()
	return inv, err
}

// History has a record a day.
func (s steady) History(ctx context.Context, snap publish.Snapshot) ([]history.Record, error) {
	records, err := s.Publisher.History(ctx, snap)
	for i := range records {
		records[i].At = screenTime.Add(-time.Duration(i) * 26 * time.Hour)
		records[i].Ended = records[i].At.Add(2 * time.Second)
	}
	return records, err
}

func (s steady) Apply(ctx context.Context, p publish.Proposal, w publish.Watch) publish.Outcome {
	step, guard, test := w.Step, w.Guard, w.Probe
	done := 0
	w.Step = func(e plan.Event) {
		if e.Elapsed > 0 {
			e.Elapsed = 120 * time.Millisecond
		}
		step(e)
		if e.State == plan.Done {
			if done++; s.onStep != nil {
				s.onStep(done, len(p.Plan.Steps))
			}
		}
	}
	w.Guard = func(g publish.Guard) {
		g.Until = screenTime.Add(time.Until(g.Until).Round(time.Minute))
		guard(g)
	}
	if test != nil {
		w.Probe = func(k gateway.Key, r probe.Result) { test(k, steadyResult(r)) }
	}
	return s.Publisher.Apply(ctx, p, w)
}

func (s steady) Probe(ctx context.Context, fs []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	return s.Publisher.Probe(ctx, fs, func(k gateway.Key, r probe.Result) { emit(k, steadyResult(r)) })
}

func (s steady) ProbeNew(ctx context.Context, fs []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	return s.Publisher.ProbeNew(ctx, fs, func(k gateway.Key, r probe.Result) { emit(k, steadyResult(r)) })
}

// Observe tells of the same traffic whatever the tests have sent.
func (s steady) Observe(ctx context.Context, inv cloud.Inventory) (gateway.Gateway, gateway.State, error) {
	gw, state, err := s.Publisher.Observe(ctx, inv)
	state.Traffic = gateway.Traffic{Forwards: map[gateway.Key]gateway.ForwardTraffic{}}
	for i, f := range state.Forwards {
		c := gateway.Counter{Packets: 4200 * uint64(i+1), Bytes: 31_700 * uint64(i+1)}
		state.Traffic.Forwards[f.Key()] = gateway.ForwardTraffic{Connections: uint64(3 * (i + 1)), Counter: c, Sharing: 1}
		state.Traffic.Total.Packets += c.Packets
		state.Traffic.Total.Bytes += c.Bytes
	}
	return gw, state, err
}

// KnownHostKeys are the same for every machine of the demo.
func (s steady) KnownHostKeys(context.Context, string) publish.HostKeyLines {
	return publish.HostKeyLines{Lines: []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGYcvBPkbsZ0p8RQqWwXW0d0kT1n8QmGZ9Y9yq1b2C3d"}}
}

// local is where the demo's gateway listens for ssh.
var local = regexp.MustCompile(`127\.0\.0\.1:\d+`)

func (s steady) Copies(snap publish.Snapshot, id string, f gateway.Forward, logins map[string]publish.Login, keys publish.HostKeyLines) []publish.Copy {
	out := s.Publisher.Copies(snap, id, f, logins, keys)
	for i := range out {
		out[i].Text = local.ReplaceAllString(out[i].Text, snap.Gateway.FloatingIP.String())
	}
	return out
}

func (s steady) ProbeFromGateway(ctx context.Context, snap publish.Snapshot, targets []probe.Target, emit func(probe.Result)) []probe.Result {
	return s.Publisher.ProbeFromGateway(ctx, snap, targets, func(r probe.Result) { emit(steadyResult(r)) })
}

func (s steady) Diagnose(ctx context.Context, t doctor.Target, emit func(doctor.Progress)) (doctor.Diagnosis, error) {
	d, err := s.Diagnoser.Diagnose(ctx, t, emit)
	d.Started, d.Took = s.clock.now(), 3100*time.Millisecond
	return d, err
}

func steadyResult(r probe.Result) probe.Result {
	r.At = screenTime
	if r.Outcome == probe.OK {
		r.Latency = 12 * time.Millisecond
	}
	return r
}

var screenTime = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
