package effects

import (
	"context"
	"sync"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/doctor"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// Lazy is a Backend that is connected when it is first needed, so that the console's first frame
// waits for nobody. A connect that failed is tried again with the next refresh.
func Lazy(connect func(context.Context) (Backend, error)) Backend { return &lazy{connect: connect} }

type lazy struct {
	connect func(context.Context) (Backend, error)

	mu      sync.Mutex
	backend Backend
}

func (l *lazy) get(ctx context.Context) (Backend, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backend != nil {
		return l.backend, nil
	}
	b, err := l.connect(ctx)
	if err == nil {
		l.backend = b
	}
	return b, err
}

func (l *lazy) Inventory(ctx context.Context) (cloud.Inventory, error) {
	b, err := l.get(ctx)
	if err != nil {
		return cloud.Inventory{}, err
	}
	return b.Inventory(ctx)
}

func (l *lazy) Observe(ctx context.Context, inv cloud.Inventory) (gateway.Gateway, gateway.State, error) {
	b, err := l.get(ctx)
	if err != nil {
		return gateway.Gateway{}, gateway.State{}, err
	}
	return b.Observe(ctx, inv)
}

// Gateways is empty before the first connection: an inventory comes after it.
func (l *lazy) Gateways(inv cloud.Inventory) []gateway.Gateway {
	l.mu.Lock()
	b := l.backend
	l.mu.Unlock()
	if b == nil {
		return nil
	}
	return b.Gateways(inv)
}

func (l *lazy) Logins(ctx context.Context, inv cloud.Inventory) (map[string]publish.Login, error) {
	b, err := l.get(ctx)
	if err != nil {
		return nil, err
	}
	return b.Logins(ctx, inv)
}

func (l *lazy) Plan(ctx context.Context, s publish.Snapshot, r publish.Request) (publish.Proposal, error) {
	b, err := l.get(ctx)
	if err != nil {
		return publish.Proposal{}, err
	}
	return b.Plan(ctx, s, r)
}

func (l *lazy) All(ctx context.Context, emit func(done, total int)) ([]doctor.Diagnosis, error) {
	b, err := l.get(ctx)
	if err != nil {
		return nil, err
	}
	return b.All(ctx, emit)
}

func (l *lazy) SnapshotFor(ctx context.Context, r publish.Request) (publish.Snapshot, error) {
	b, err := l.get(ctx)
	if err != nil {
		return publish.Snapshot{}, err
	}
	return b.SnapshotFor(ctx, r)
}

func (l *lazy) Apply(ctx context.Context, p publish.Proposal, w publish.Watch) publish.Outcome {
	b, err := l.get(ctx)
	if err != nil {
		return publish.Outcome{Report: plan.Report{PlanID: p.Plan.ID, Err: err}}
	}
	return b.Apply(ctx, p, w)
}

func (l *lazy) Probe(ctx context.Context, fs []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	b, err := l.get(ctx)
	if err != nil {
		return unknown(fs, err, emit)
	}
	return b.Probe(ctx, fs, emit)
}

func (l *lazy) ProbeNew(ctx context.Context, fs []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	b, err := l.get(ctx)
	if err != nil {
		return unknown(fs, err, emit)
	}
	return b.ProbeNew(ctx, fs, emit)
}

func (l *lazy) ProbeFromGateway(ctx context.Context, s publish.Snapshot, targets []probe.Target, emit func(probe.Result)) []probe.Result {
	b, err := l.get(ctx)
	if err != nil {
		return nil // there is no snapshot before the first connection
	}
	return b.ProbeFromGateway(ctx, s, targets, emit)
}

func (l *lazy) Diagnose(ctx context.Context, t doctor.Target, emit func(doctor.Progress)) (doctor.Diagnosis, error) {
	b, err := l.get(ctx)
	if err != nil {
		return doctor.Diagnosis{}, err
	}
	return b.Diagnose(ctx, t, emit)
}

// Copies is empty before the first connection: there is nothing to copy before an inventory.
func (l *lazy) Copies(s publish.Snapshot, id string, f gateway.Forward, logins map[string]publish.Login, keys publish.HostKeyLines) []publish.Copy {
	l.mu.Lock()
	b := l.backend
	l.mu.Unlock()
	if b == nil {
		return nil
	}
	return b.Copies(s, id, f, logins, keys)
}

func (l *lazy) KnownHostKeys(ctx context.Context, id string) publish.HostKeyLines {
	b, err := l.get(ctx)
	if err != nil {
		return publish.HostKeyLines{Why: cloud.Explain(err).Why}
	}
	return b.KnownHostKeys(ctx, id)
}

func (l *lazy) History(ctx context.Context, s publish.Snapshot) ([]history.Record, error) {
	b, err := l.get(ctx)
	if err != nil {
		return nil, err
	}
	return b.History(ctx, s)
}

// unknown is the result of tests that could not be made.
func unknown(fs []gateway.Forward, err error, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	out := map[gateway.Key]probe.Result{}
	for _, f := range fs {
		r := probe.Result{Target: probe.Target{Addr: f.Public, Service: f.Service}, Outcome: probe.Unknown, Detail: err.Error()}
		out[f.Key()] = r
		emit(f.Key(), r)
	}
	return out
}
