package doctor

import (
	"context"
	"errors"
	"sync"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// Options is what a diagnosis may use beside the project and its gateway.
type Options struct {
	// SSH looks at a public end as an ssh client would: the host key, and whether it is let in. It
	// must change nothing and ask nobody. nil: that is not looked at.
	SSH func(ctx context.Context, ask SSHAsk) (SSHSeen, error)
	// Patience bounds each connection that is tried; 0 is 3 s.
	Patience time.Duration
}

// Doctor diagnoses paths of one project.
type Doctor struct {
	publisher *publish.Publisher
	options   Options
}

// New returns a Doctor for the project that p works on.
func New(p *publish.Publisher, o Options) *Doctor {
	if o.Patience <= 0 {
		o.Patience = 3 * time.Second
	}
	return &Doctor{publisher: p, options: o}
}

// Diagnose looks at one path. It reads the project and the gateway anew, and changes nothing. emit,
// if not nil, is called in order from one goroutine at a time with the ladder as it fills. The error
// says that nothing could be diagnosed: the target is unknown, or the cloud did not answer; a path
// that is broken is no error.
func (d *Doctor) Diagnose(ctx context.Context, t Target, emit func(Progress)) (Diagnosis, error) {
	started := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of what nobody waited for
	inv, err := d.publisher.Inventory(ctx)
	if err != nil {
		return Diagnosis{}, err
	}
	t, pasted, err := normal(d.publisher, inv, t)
	if err != nil {
		return Diagnosis{}, err
	}
	p := d.publisher
	if gw, found := gatewayFor(p, inv, t); found {
		p = p.At(gw)
	}
	p = p.Patient(d.options.Patience)
	s, stateErr := d.observe(ctx, p, inv)
	if ctx.Err() != nil {
		return Diagnosis{}, ctx.Err()
	}
	f := newFacts(s, stateErr)
	f.pasted = pasted
	if err := (&resolver{p: p, s: s, f: f}).resolve(t); err != nil {
		return Diagnosis{}, err
	}
	v := &visit{d: d, p: p, s: s, f: f, emit: emit, logins: sync.OnceValue(func() map[string]publish.Login { return loginsOf(ctx, p, inv, f.vm) })}
	v.run(ctx)
	if ctx.Err() != nil {
		return Diagnosis{}, ctx.Err()
	}
	out := f.diagnose()
	out.Started, out.Took = started, time.Since(started)
	return out, nil
}

// observe reads what stands on the gateway, and gives up on one that nobody can reach: whoever waits
// for a diagnosis should not wait for the very time-out that they ask about.
func (d *Doctor) observe(ctx context.Context, p *publish.Publisher, inv cloud.Inventory) (publish.Snapshot, error) {
	gw, err := p.FindGateway(inv)
	s := publish.Snapshot{Inventory: inv, Gateway: gw}
	if err != nil {
		return s, err
	}
	bounded, end := context.WithTimeoutCause(ctx, d.observeTime(), &gateway.Error{
		Op: "look at", Target: "gateway " + gw.Name, Kind: gateway.Unreachable, Err: errHangs, Next: "see what hangs there: ps -ef",
	})
	defer end()
	octx, cancel := context.WithCancelCause(bounded)
	defer cancel(nil)
	done := make(chan struct{})
	go d.giveUp(octx, p, gw, cancel, done)
	_, state, err := p.Observe(octx, inv)
	close(done)
	if cause := context.Cause(octx); err != nil && cause != nil && ctx.Err() == nil {
		err = cause
	}
	if err == nil {
		s.State = &state
	}
	return s, err
}

var (
	errNoSSH = errors.New("its SSH port does not answer")
	errHangs = errors.New("it has taken a command and does not answer")
)

// leastTime is what a gateway gets to answer, whatever its floating IP's SSH port says.
const leastTime = 4 * time.Second

// observeTime is what a gateway has to say what stands: like [lookTime], far more than a healthy one needs.
func (d *Doctor) observeTime() time.Duration { return max(7*d.options.Patience, leastTime) }

// giveUp ends an observation of a gateway whose SSH port does not answer: not at once, since configuration
// may know another way to it.
func (d *Doctor) giveUp(ctx context.Context, p *publish.Publisher, gw gateway.Gateway, cancel context.CancelCauseFunc, done <-chan struct{}) {
	end, known := p.SSHEnd(gw)
	if !known {
		return // nobody here could say that it does not answer
	}
	late := time.NewTimer(max(d.options.Patience*4/3, leastTime))
	defer late.Stop()
	ssh := probe.Target{Addr: end, Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}}
	r := p.ProbeTargets(ctx, []probe.Target{ssh}, d.options.Patience)[0]
	if answers(r) && r.Outcome != probe.Refused {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	case <-late.C:
		cancel(&gateway.Error{Op: "connect to", Target: "gateway " + gw.Name, Kind: gateway.Unreachable, Err: errNoSSH})
	}
}
