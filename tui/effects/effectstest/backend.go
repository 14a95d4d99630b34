// Package effectstest is a Backend that holds state, for the console's tests: what is applied
// stands afterwards, and what does not stand does not answer.
package effectstest

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/doctor"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/tui/effects"
	"portico/views/viewtest"
)

// Backend is a project and a gateway in memory. Set its fields through Change once it is in use.
type Backend struct {
	mu    sync.Mutex
	calls map[string]int

	Project      cloud.Inventory
	Gateway      gateway.Gateway
	State        gateway.State
	LoginsByID   map[string]publish.Login
	InventoryErr error
	ObserveErr   error
	Deaf         map[gateway.Key]int         // forwards that time out, for so many probes
	FailStep     string                      // the title of a step that fails
	StepTime     time.Duration               // how long a step takes
	Panic        bool                        // the next read panics
	Hold         chan struct{}               // steps wait until it is closed
	BeforeRead   func(context.Context) error // asked before the gateway is observed
	Slow         time.Duration               // how long reading takes
	Others       []gateway.Gateway           // that are not in use
	Held         string                      // who is changing the gateway: an apply waits for Release
	Release      chan struct{}               // closed when they have ended
	Stale        func(*Backend)              // what somebody else changes before the next apply begins
	HoldProbes   chan struct{}               // tests outside of an apply wait until it is closed
	HoldTests    chan struct{}               // tests within an apply wait until it is closed
	TimeOut      chan struct{}               // closed when nobody has answered in time
	Lost         bool                        // undoing fails: the gateway puts its part back by itself
	Notes        []string                    // of the next apply
	Records      []history.Record            // newest first; Apply adds to them
	HistoryErr   error
	HostKeys     map[string]publish.HostKeyLines  // by instance
	Inside       map[netip.AddrPort]probe.Outcome // what the gateway sees of private ends; others are OK
	Diagnosis    doctor.Diagnosis                 // the answer to every question
	DiagnosisErr error
	HoldHops     chan struct{} // a diagnosis waits after its first hop until it is closed
	Asked        doctor.Target // what was diagnosed last
}

var _ effects.Backend = (*Backend)(nil)

// Start is when a test's time begins.
var Start = viewtest.Start

// Project is a backend with a small project; the page that one instance serves does not answer.
func Project() *Backend {
	b := hold(viewtest.Small())
	b.Deaf = map[gateway.Key]int{b.State.Forwards[4].Key(): 1000}
	at := Start.Add(-2 * time.Hour)
	b.Records = []history.Record{{
		Version: 1, ID: history.NewID(at, "0f1e2d3c4b5a"), By: "debian@console", At: at, Ended: at.Add(time.Second), Gateway: b.Gateway.Name,
		Title: "publish assembly-02: ssh, http", Result: history.Applied,
		Changes: []plan.Change{{ID: "nat", Target: "gw-1 iptables nat", Title: "forward tcp 31011", Action: plan.Create, After: []string{"-A PORTICO-PREROUTING -p tcp --dport 31011"}}},
	}}
	return b
}

// Many is a backend with n instances, every second one published.
func Many(n int) *Backend { return hold(viewtest.Many(n)) }

func hold(p *viewtest.Project) *Backend {
	return &Backend{Project: p.Inventory, Gateway: p.Gateway, State: p.State, LoginsByID: p.Logins}
}

// Change changes the backend while it is in use.
func (b *Backend) Change(f func(*Backend)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(b)
}

// Calls is how often a method was called.
func (b *Backend) Calls(method string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[method]
}

func (b *Backend) enter(ctx context.Context, method string) error {
	b.mu.Lock()
	if b.calls == nil {
		b.calls = map[string]int{}
	}
	b.calls[method]++
	boom, slow := b.Panic, b.Slow
	b.Panic = false
	b.mu.Unlock()
	if boom {
		panic("a test's panic")
	}
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// Inventory returns the project.
func (b *Backend) Inventory(ctx context.Context) (cloud.Inventory, error) {
	if err := b.enter(ctx, "Inventory"); err != nil {
		return cloud.Inventory{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Project, b.InventoryErr
}

// Observe returns the gateway and what stands there.
func (b *Backend) Observe(ctx context.Context, _ cloud.Inventory) (gateway.Gateway, gateway.State, error) {
	if err := b.enter(ctx, "Observe"); err != nil {
		return gateway.Gateway{}, gateway.State{}, err
	}
	b.mu.Lock()
	ask := b.BeforeRead
	b.mu.Unlock()
	if ask != nil {
		if err := ask(ctx); err != nil {
			return b.Gateway, gateway.State{}, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ObserveErr != nil {
		return b.Gateway, gateway.State{}, b.ObserveErr
	}
	s := b.State
	s.Forwards = slices.Clone(s.Forwards)
	return b.Gateway, s, nil
}

// Logins returns how to log in.
func (b *Backend) Logins(ctx context.Context, _ cloud.Inventory) (map[string]publish.Login, error) {
	err := b.enter(ctx, "Logins")
	return b.LoginsByID, err
}

// Gateways lists the one in use and the others.
func (b *Backend) Gateways(cloud.Inventory) []gateway.Gateway {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]gateway.Gateway{b.Gateway}, b.Others...)
}

// History returns what was applied.
func (b *Backend) History(ctx context.Context, _ publish.Snapshot) ([]history.Record, error) {
	if err := b.enter(ctx, "History"); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Records, b.HistoryErr
}

// Probe says OK for what stands and is not deaf.
func (b *Backend) Probe(ctx context.Context, fs []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	b.mu.Lock()
	hold := b.HoldProbes
	b.mu.Unlock()
	_ = b.enter(ctx, "Probe")
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	out := map[gateway.Key]probe.Result{}
	for _, f := range fs {
		r := b.one(f)
		out[f.Key()] = r
		emit(f.Key(), r)
	}
	return out
}

func (b *Backend) one(f gateway.Forward) probe.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := probe.Result{Target: probe.Target{Addr: f.Public, Service: f.Service}, Outcome: probe.Refused}
	switch {
	case b.Deaf[f.Key()] > 0:
		b.Deaf[f.Key()]--
		r.Outcome = probe.Timeout
	case slices.ContainsFunc(b.State.Forwards, func(s gateway.Forward) bool { return s.Key() == f.Key() }):
		r.Outcome, r.Latency = probe.OK, 12*time.Millisecond
	}
	return r
}

// ProbeNew probes until all answer, at most ten times.
func (b *Backend) ProbeNew(ctx context.Context, fs []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	out := map[gateway.Key]probe.Result{}
	for range 10 {
		out = b.Probe(ctx, fs, emit)
		fs = slices.DeleteFunc(slices.Clone(fs), func(f gateway.Forward) bool { return out[f.Key()].Outcome == probe.OK })
		if len(fs) == 0 {
			break
		}
	}
	return out
}
