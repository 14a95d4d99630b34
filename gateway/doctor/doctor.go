package doctor

import (
	"context"
	"errors"
	"net/netip"
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
	v := &visit{d: d, p: p, s: s, f: f, emit: emit}
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
	octx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	go d.giveUp(octx, p, gw, cancel, done)
	_, state, err := p.Observe(octx, inv)
	close(done)
	if err == nil {
		s.State = &state
	}
	return s, err
}

var errNoSSH = errors.New("its SSH port does not answer")

// giveUp ends an observation of a gateway whose SSH port does not answer: not before two patiences,
// since configuration may know another way to it.
func (d *Doctor) giveUp(ctx context.Context, p *publish.Publisher, gw gateway.Gateway, cancel context.CancelCauseFunc, done <-chan struct{}) {
	late := time.NewTimer(d.options.Patience * 4 / 3)
	defer late.Stop()
	ssh := probe.Target{Addr: netip.AddrPortFrom(publicAddr(gw), 22), Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}}
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

// visit is one path being looked at.
type visit struct {
	d    *Doctor
	p    *publish.Publisher
	s    publish.Snapshot
	f    *facts
	emit func(Progress)
	many bool // one of all: then no VM is asked about users that nobody named

	mu sync.Mutex // of f.live and of emit
}

// run gathers what only looking can tell: the gateway, then connections, then the gateway again.
func (v *visit) run(ctx context.Context) {
	v.tell(FloatingIP, Router, Forwarding)
	runner := v.look(ctx)
	v.tell(FloatingIP, Router, Forwarding, GatewayGroups, VMGroups)
	v.connect(ctx, runner)
	if v.f.host != nil && runner != nil {
		_ = v.f.lookAgain(ctx, runner) // then it is not known what the connections changed
	}
}

// tell emits the ladder with those hops judged that more looking will hardly change.
func (v *visit) tell(sure ...HopID) {
	if v.emit == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	hops := v.f.ladder()
	for i := range hops {
		for _, id := range sure {
			if hops[i].ID == id {
				hops[i] = decide(hops[i], v.f.findings(id))
			}
		}
	}
	v.emit(Progress{Title: v.f.heading(), Hops: hops})
}

// look reads the gateway. Without an observation nobody tries a second time: it would take as long.
func (v *visit) look(ctx context.Context) gateway.Runner {
	f := v.f
	if f.route == direct || f.route == viaNeutron {
		return nil
	}
	if f.state == nil {
		f.hostErr = f.stateErr
		return nil
	}
	runner, err := v.p.Runner(ctx, v.s)
	if err == nil {
		f.host, err = f.look(ctx, runner)
	}
	f.hostErr = err
	if err != nil {
		return nil
	}
	if way, known := runner.(interface{ Direct() bool }); known && !way.Direct() {
		f.host.me = netip.Addr{} // that is the jump host's
	}
	return runner
}

// connect makes the live connections, all at once, but for what an ssh client would meet: that waits
// for the answer that it depends on.
func (v *visit) connect(ctx context.Context, runner gateway.Runner) {
	f := v.f
	var work sync.WaitGroup
	if f.route == toGateway && f.host != nil {
		return // the connection that it was looked at over is proof
	}
	if f.tcp() && f.fwd.Public.Port() != 0 && f.fwd.Public.Addr().IsValid() {
		work.Go(func() { v.fromHere(ctx) })
	}
	if runner != nil && f.tcp() && f.route == viaGateway && f.fwd.Private.IsValid() {
		work.Go(func() { v.fromGateway(ctx) })
	}
	work.Wait()
}

func (v *visit) fromHere(ctx context.Context) {
	f := v.f
	here := make(chan probe.Result, 1)
	go func() {
		here <- v.p.ProbeTargets(ctx, []probe.Target{{Addr: f.fwd.Public, Service: f.fwd.Service}}, v.d.options.Patience)[0]
	}()
	octx, cancel := context.WithCancel(ctx)
	defer cancel()
	others := make(chan []probe.Result, 1)
	go func() { others <- v.p.ProbeTargets(octx, v.otherPorts(), v.d.options.Patience) }()
	r := <-here
	v.mu.Lock()
	f.live.here = &r
	v.mu.Unlock()
	if answers(r) {
		cancel()
		<-others
		v.tell(You, FloatingIP, Router, Forwarding, GatewayGroups, VMGroups)
		v.asClient(ctx, r)
		return
	}
	f.live.others = <-others
}

// otherPorts are ports of the same address to compare with: the gateway's own SSH, and another forward.
func (v *visit) otherPorts() []probe.Target {
	f := v.f
	out := []probe.Target{}
	if f.fwd.Public.Port() != 22 {
		out = append(out, probe.Target{Addr: netip.AddrPortFrom(f.fwd.Public.Addr(), 22), Service: gateway.Service{Name: "tcp", Protocol: gateway.TCP, Port: 22}})
	}
	if f.state == nil {
		return out
	}
	for _, x := range f.state.Forwards {
		if x.Public != f.fwd.Public && x.Public.Addr() == f.fwd.Public.Addr() && x.Service.Protocol == gateway.TCP && x.Instance != f.fwd.Instance && len(out) < 3 && len(x.Sources) == 0 {
			out = append(out, probe.Target{Addr: x.Public, Service: gateway.Service{Name: "tcp", Protocol: gateway.TCP, Port: x.Service.Port}})
		}
	}
	return out
}

func (v *visit) fromGateway(ctx context.Context) {
	f := v.f
	service := f.fwd.Service
	service.Port = f.fwd.Private.Port()
	r := v.p.ProbeFromGateway(ctx, v.s, []probe.Target{{Addr: f.fwd.Private, Service: service}}, nil)
	v.mu.Lock()
	f.live.inside = &r[0]
	v.mu.Unlock()
	v.tell(FloatingIP, Router, Forwarding, GatewayGroups, VMGroups, VM)
}

// asClient looks at an SSH server as ssh does.
func (v *visit) asClient(ctx context.Context, r probe.Result) {
	f := v.f
	if v.d.options.SSH == nil || r.Outcome != probe.OK || f.fwd.Service.Name != "ssh" && f.fwd.Service.Port != 22 || f.vm == nil {
		return
	}
	one := v.s.Inventory
	one.Instances = []cloud.Instance{*f.vm}
	logins, _ := v.p.Logins(ctx, one) // what is not known is not offered
	f.login = logins[f.vm.ID]
	f.keys, _ = v.p.KeyPairs(ctx) // only named in words
	ask := SSHAsk{Forward: f.fwd, Instance: *f.vm, Login: f.login, Users: otherUsers(f.login.User, f.pasted.user)}
	if f.pasted.user != "" {
		ask.Login.User = f.pasted.user
		ask.Users = otherUsers(f.pasted.user, f.login.User)
	}
	if v.many { // every denied login counts, and VMs see all of them come from the gateway
		ask.Users = nil
	}
	sctx, cancel := context.WithTimeout(ctx, v.d.options.Patience)
	defer cancel()
	if seen, err := v.d.options.SSH(sctx, ask); err == nil {
		f.live.ssh = &seen
	}
}

// otherUsers are whom else to try when a login is denied: whom the cloud names, else the users of the
// commonest images. They are few, because sshd and its guards count.
func otherUsers(denied, named string) []string {
	var out []string
	for _, u := range []string{named, "debian", "ubuntu", "cloud-user"} {
		if u != "" && u != denied && len(out) < 3 {
			out = append(out, u)
		}
	}
	return out
}
