package publish

import (
	"context"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
)

// gatewayPatience is what a connection by the gateway has to answer. It is short: a gateway is close
// to what it forwards to.
const gatewayPatience = 3 * time.Second

// PrivateTarget is the private end of a forward, as [Publisher.ProbeFromGateway] tests it.
func PrivateTarget(f gateway.Forward) probe.Target {
	return probe.Target{Addr: f.Private, Service: f.Service}
}

// ProbeFromGateway tests endpoints once with connections that the snapshot's gateway makes for us, and
// returns the results in their order. emit, if not nil, is called with each result as it comes, from the
// caller's goroutine. Latencies include the way to the gateway and back.
//
// What cannot be asked of the gateway is Unknown, with the reason: that there is none, that it does not
// let us in, that its SSH server does not forward (AllowTcpForwarding no), or that it fell silent itself.
func (p *Publisher) ProbeFromGateway(ctx context.Context, s Snapshot, targets []probe.Target, emit func(probe.Result)) []probe.Result {
	if emit == nil {
		emit = func(probe.Result) {}
	}
	if len(targets) == 0 {
		return nil
	}
	runner, dialer, why := p.gatewayDialer(ctx, s)
	if why != "" {
		return unknown(targets, why, emit)
	}
	results := probe.Run(ctx, dialer, targets, probe.Options{Timeout: p.patience}, func(r probe.Result) {
		if r.Outcome != probe.Timeout { // those say something only of a gateway that answers itself
			emit(r)
		}
	})
	p.judgeSilence(ctx, runner, results, emit)
	return results
}

// gatewayDialer connects as seen from the gateway, or says why it can't.
func (p *Publisher) gatewayDialer(ctx context.Context, s Snapshot) (runner gateway.Runner, d probe.Dialer, why string) {
	if !s.HasGateway() {
		return nil, nil, "there is no gateway to ask"
	}
	e, err := p.engine(ctx, s.Host(), s.Inventory)
	if err != nil {
		return nil, nil, "the gateway can't be asked: " + cloud.Explain(err).Why
	}
	d, ok := e.Runner.(probe.Dialer)
	if !ok {
		return nil, nil, "the gateway can't be asked: connections through it are not possible"
	}
	return e.Runner, d, ""
}

// judgeSilence emits the results that timed out. They are Unknown where the gateway does not
// answer us any more: then nobody knows what the endpoints would have done.
func (p *Publisher) judgeSilence(ctx context.Context, runner gateway.Runner, results []probe.Result, emit func(probe.Result)) {
	asked, silent := false, false
	for i, r := range results {
		if r.Outcome != probe.Timeout {
			continue
		}
		if !asked {
			asked, silent = true, !p.answers(ctx, runner)
		}
		if silent {
			results[i].Outcome, results[i].Detail = probe.Unknown, "the gateway itself fell silent"
		}
		emit(results[i])
	}
}

// answers reports whether a gateway still does what it is told.
func (p *Publisher) answers(ctx context.Context, runner gateway.Runner) bool {
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	_, err := runner.Run(ctx, gateway.Command{Args: []string{"true"}})
	return err == nil
}

func unknown(targets []probe.Target, why string, emit func(probe.Result)) []probe.Result {
	out := make([]probe.Result, len(targets))
	for i, t := range targets {
		out[i] = probe.Result{Target: t, Outcome: probe.Unknown, Detail: cloud.Clean(why), At: time.Now()}
		emit(out[i])
	}
	return out
}
