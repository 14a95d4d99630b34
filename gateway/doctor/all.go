package doctor

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"portico/cloud"
	"portico/gateway"
	forwarding "portico/gateway/neutron"
	"portico/gateway/publish"
)

// parallel is how many paths are looked at at once.
const parallel = 12

// All diagnoses every forward of Portico's, those of the gateway, lost ones too, and those of Neutron: worst
// first. The project and the gateway are read once for all of them. emit, if not nil, is told how far it is.
// A forward takes three connections at most, twelve are looked at at once: the time is bounded by that. Where
// the gateway cannot be looked at, the diagnoses of Neutron's forwards come with the error.
func (d *Doctor) All(ctx context.Context, emit func(done, total int)) ([]Diagnosis, error) {
	started := time.Now()
	inv, err := d.publisher.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	p := d.publisher.Patient(d.options.Patience)
	s, stateErr := d.observe(ctx, p, inv)
	byNeutron := forwarding.Forwards(&inv)
	if cloud.KindOf(stateErr) == gateway.NotFound && stateErr != nil && len(byNeutron) > 0 && !s.HasGateway() {
		stateErr = nil // there is none, and none is needed
	}
	logins := sync.OnceValue(func() map[string]publish.Login { return loginsOf(ctx, p, s.Inventory, nil) })
	var onGateway []*visit
	if s.State != nil {
		if onGateway, err = d.visits(p, s, publish.Held(slices.Concat(s.State.Forwards, s.State.Lost)), logins); err != nil {
			return nil, err
		}
	}
	others, err := d.visits(p, s, byNeutron, logins)
	if err != nil {
		return nil, err
	}
	d.lookAtAll(ctx, onGateway, others, emit)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var out []Diagnosis
	for _, v := range slices.Concat(onGateway, others) {
		x := v.f.diagnose()
		x.Started, x.Took = started, time.Since(started)
		out = append(out, x)
	}
	slices.SortStableFunc(out, worstFirst)
	return out, stateErr
}

// lookAtAll looks at the gateway once for all of its forwards, before and after all connections.
func (d *Doctor) lookAtAll(ctx context.Context, onGateway, others []*visit, emit func(done, total int)) {
	if len(onGateway) == 0 {
		connectAll(ctx, others, nil, emit)
		return
	}
	runner := onGateway[0].look(ctx)
	first := onGateway[0].f
	for _, v := range onGateway[1:] {
		v.f.hostErr = first.hostErr
		if first.host != nil {
			h := *first.host
			v.f.host = &h
		}
	}
	if first.host != nil {
		first.host.conntrack = nil // those of one forward
	}
	connectAll(ctx, slices.Concat(onGateway, others), runner, emit)
	if first.host != nil && runner != nil && first.lookAgain(ctx, runner) == nil {
		first.host.conntrack = nil
		for _, v := range onGateway[1:] {
			v.f.host.after, v.f.host.spoofed, v.f.host.counts = first.host.after, first.host.spoofed, first.host.counts
		}
	}
}

// visits are those of forwards.
func (d *Doctor) visits(p *publish.Publisher, s publish.Snapshot, forwards []gateway.Forward, logins func() map[string]publish.Login) ([]*visit, error) {
	var out []*visit
	for _, fwd := range forwards {
		f := newFacts(s, nil)
		if err := (&resolver{p: p, s: s, f: f}).resolve(Target{Public: fwd.Public, Protocol: fwd.Service.Protocol}); err != nil {
			return nil, err
		}
		out = append(out, &visit{d: d, p: p, s: s, f: f, many: true, logins: logins})
	}
	return out, nil
}

func connectAll(ctx context.Context, visits []*visit, runner gateway.Runner, emit func(done, total int)) {
	var mu sync.Mutex
	done := 0
	slots := make(chan struct{}, parallel)
	var work sync.WaitGroup
	for _, v := range visits {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			v.connect(ctx, runner)
			v.asClient(ctx)
			mu.Lock()
			defer mu.Unlock()
			done++
			if emit != nil {
				emit(done, len(visits))
			}
		})
	}
	work.Wait()
}

func worstFirst(a, b Diagnosis) int {
	return cmp.Or(severity[b.Verdict]-severity[a.Verdict], strings.Compare(a.Instance, b.Instance), a.Forward.Public.Compare(b.Forward.Public))
}
