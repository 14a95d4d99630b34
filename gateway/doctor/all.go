package doctor

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"portico/gateway"
	"portico/gateway/publish"
)

// parallel is how many paths are looked at at once.
const parallel = 12

// All diagnoses every forward of the gateway, lost ones too: worst first. The project and the gateway
// are read once for all of them. emit, if not nil, is told how far it is. A forward takes three
// connections at most, twelve are looked at at once: the time is bounded by that.
func (d *Doctor) All(ctx context.Context, emit func(done, total int)) ([]Diagnosis, error) {
	started := time.Now()
	inv, err := d.publisher.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	p := d.publisher.Patient(d.options.Patience)
	s, stateErr := d.observe(ctx, p, inv)
	if stateErr != nil {
		return nil, stateErr
	}
	visits, err := d.visits(ctx, p, s)
	if err != nil || len(visits) == 0 {
		return nil, err
	}
	runner := visits[0].look(ctx)
	first := visits[0].f
	for _, v := range visits[1:] {
		v.f.hostErr = first.hostErr
		if first.host != nil {
			h := *first.host
			v.f.host = &h
		}
	}
	if first.host != nil {
		first.host.conntrack = nil // those of one forward
	}
	connectAll(ctx, visits, runner, emit)
	if first.host != nil && runner != nil && first.lookAgain(ctx, runner) == nil {
		first.host.conntrack = nil
		for _, v := range visits[1:] {
			v.f.host.after, v.f.host.spoofed, v.f.host.counts = first.host.after, first.host.spoofed, first.host.counts
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	out := make([]Diagnosis, len(visits))
	for i, v := range visits {
		out[i] = v.f.diagnose()
		out[i].Started, out[i].Took = started, time.Since(started)
	}
	slices.SortStableFunc(out, worstFirst)
	return out, nil
}

// visits are those of all the gateway's forwards.
func (d *Doctor) visits(ctx context.Context, p *publish.Publisher, s publish.Snapshot) ([]*visit, error) {
	var out []*visit
	logins := sync.OnceValue(func() map[string]publish.Login { return loginsOf(ctx, p, s.Inventory, nil) })
	for _, fwd := range publish.Held(slices.Concat(s.State.Forwards, s.State.Lost)) {
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
