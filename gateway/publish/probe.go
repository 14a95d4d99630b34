package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"portico/gateway"
	"portico/gateway/probe"
)

// Probe tests forwards once, from here.
func (p *Publisher) Probe(ctx context.Context, forwards []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	targets := make([]probe.Target, len(forwards))
	for i, f := range forwards {
		targets[i] = probe.Target{Addr: f.Public, Service: f.Service}
	}
	limited := map[gateway.Key]string{}
	for _, f := range forwards {
		if len(f.Sources) > 0 {
			limited[f.Key()] = strings.Trim(fmt.Sprint(f.Sources), "[]")
		}
	}
	out := make(map[gateway.Key]probe.Result, len(forwards))
	probe.Run(ctx, p.options.Dialer, targets, probe.Options{}, func(r probe.Result) {
		k := gateway.Key{Protocol: r.Target.Service.Protocol, Public: r.Target.Addr}
		if from := limited[k]; from != "" && r.Outcome == probe.Timeout {
			// Nobody here knows with which address we arrive there.
			r.Outcome, r.Detail = probe.Unknown, "no answer; only "+from+" may connect, and this machine may be another"
		}
		out[k] = r
		if emit != nil {
			emit(k, r)
		}
	})
	return out
}

// settling is how long a cloud may take to make a security-group rule effective: agents are told
// asynchronously.
const settling = 20 * time.Second

// slow is a latency that tells of a lost first packet rather than of the way: TCP sends it again
// after a second.
const slow = 900 * time.Millisecond

// ProbeNew tests forwards that were just made, again and again until they answer or the cloud
// has had the time it needs. emit gets each forward's latest result. One that answered only when
// its door opened is tested once more, for a latency that means something.
func (p *Publisher) ProbeNew(ctx context.Context, forwards []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	deadline := time.Now().Add(p.settling)
	results := map[gateway.Key]probe.Result{}
	again := map[gateway.Key]bool{}
	for todo := forwards; ; {
		for k, r := range p.Probe(ctx, todo, emit) {
			results[k] = r
		}
		todo = slices.DeleteFunc(slices.Clone(todo), func(f gateway.Forward) bool {
			r := results[f.Key()]
			if r.Outcome == probe.OK && r.Latency > slow && !again[f.Key()] {
				again[f.Key()] = true
				return false
			}
			return r.Outcome == probe.OK || r.Outcome == probe.Unknown || r.Outcome == probe.Wrong
		})
		if len(todo) == 0 || time.Now().After(deadline) {
			return results
		}
		select {
		case <-ctx.Done():
			return results
		case <-time.After(time.Second):
		}
	}
}

// ProbeRest tests those forwards once that have no result yet.
func (p *Publisher) ProbeRest(ctx context.Context, forwards []gateway.Forward, known map[gateway.Key]probe.Result) map[gateway.Key]probe.Result {
	rest := slices.DeleteFunc(slices.Clone(forwards), func(f gateway.Forward) bool {
		_, tested := known[f.Key()]
		return tested
	})
	out := p.Probe(ctx, rest, nil)
	for k, r := range known {
		out[k] = r
	}
	return out
}
