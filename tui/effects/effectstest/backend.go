// Package effectstest is a Backend that holds state, for the console's tests: what is applied
// stands afterwards, and what does not stand does not answer.
package effectstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"portico/cloud"
	"portico/gateway"
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
	Records      []history.Record            // newest first; Apply adds to them
	HistoryErr   error
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

// Plan gives ssh 30000+n, http 31000+n and https 32000+n, with one step a forward.
func (b *Backend) Plan(_ context.Context, s publish.Snapshot, req publish.Request) (publish.Proposal, error) {
	p := publish.Proposal{Request: req, Gateway: s.Gateway, Plan: plan.Plan{ID: "plan-1"}}
	if s.State == nil {
		return p, &cloud.Error{Op: "plan", Kind: cloud.Unreachable, Err: errors.New("what stands on the gateway is not known yet")}
	}
	of := viewtest.Project{Inventory: s.Inventory, Gateway: s.Gateway}
	for _, id := range req.Instances {
		if req.Withdraw {
			for _, f := range s.State.Forwards {
				if f.Instance == id && (len(req.Services) == 0 || slices.Contains(req.Services, f.Service.Name)) {
					b.add(&p, s, f, plan.Delete)
				}
			}
			continue
		}
		services := req.Services
		if len(services) == 0 {
			services = []string{"ssh"}
		}
		for _, name := range services {
			f := of.Forward(id, name)
			if !slices.ContainsFunc(s.State.Forwards, f.Equal) {
				b.add(&p, s, f, plan.Create)
			}
		}
	}
	return p, nil
}

func (b *Backend) add(p *publish.Proposal, s publish.Snapshot, f gateway.Forward, a plan.Action) {
	p.Items = append(p.Items, publish.Item{Action: a, Forward: f, Instance: publish.InstanceName(s.Inventory, f.Instance)})
	p.Plan.Steps = append(p.Plan.Steps, &step{b: b, f: f, action: a})
}

// step puts one forward in place or takes it away.
type step struct {
	b      *Backend
	f      gateway.Forward
	action plan.Action
}

func (s *step) Change() plan.Change {
	c := plan.Change{ID: s.f.Public.String(), Target: s.b.Gateway.Name + " iptables nat", Title: s.f.String(), Action: s.action}
	rule := fmt.Sprintf("-A PORTICO-PREROUTING -p tcp --dport %d -j DNAT --to-destination %s", s.f.Public.Port(), s.f.Private)
	if s.action == plan.Delete {
		c.Before = []string{rule}
	} else {
		c.After = []string{rule}
	}
	return c
}

func (s *step) Do(ctx context.Context) error {
	s.b.mu.Lock()
	hold, fails, takes := s.b.Hold, s.b.FailStep != "" && s.b.FailStep == s.f.String(), s.b.StepTime
	s.b.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if takes > 0 {
		time.Sleep(takes)
	}
	if fails {
		return &cloud.Error{Op: "restore the rules of", Target: "gw-1", Kind: cloud.Permission, Err: errors.New("sudo: a password is required"), Next: "allow sudo without a password"}
	}
	s.set(s.action != plan.Delete)
	return ctx.Err()
}

func (s *step) Undo(context.Context) error { s.set(s.action == plan.Delete); return nil }

func (s *step) set(stands bool) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.State.Forwards = slices.DeleteFunc(slices.Clone(s.b.State.Forwards), func(f gateway.Forward) bool { return f.Key() == s.f.Key() })
	if stands {
		s.b.State.Forwards = append(s.b.State.Forwards, s.f)
		gateway.SortForwards(s.b.State.Forwards)
	}
}

// Apply carries the steps out and tests what they made.
func (b *Backend) Apply(ctx context.Context, p publish.Proposal, w publish.Watch) publish.Outcome {
	_ = b.enter(ctx, "Apply")
	report := plan.Apply(ctx, p.Plan, w.Step)
	r := history.Record{
		ID: history.NewID(Start, fmt.Sprintf("%s-%d", p.Plan.ID, b.Calls("Apply"))), By: "debian@console", At: Start, Ended: Start.Add(time.Second),
		Gateway: p.Gateway.Name, Title: publish.Title(p), Changes: history.Slim(p.Plan.Changes()), Result: history.Applied,
	}
	if !report.OK() {
		r.Result, r.Error = history.Undone, report.Err.Error()
	}
	b.Change(func(b *Backend) { b.Records = append([]history.Record{r}, b.Records...) })
	return publish.Outcome{Report: report}
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
	_ = b.enter(ctx, "Probe")
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
