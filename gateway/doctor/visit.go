package doctor

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// visit is one path being looked at.
type visit struct {
	d    *Doctor
	p    *publish.Publisher
	s    publish.Snapshot
	f    *facts
	emit func(Progress)
	many bool // one of all: then no VM is asked about users that nobody named

	patience time.Duration // for each connection that is tried

	logins func() map[string]publish.Login // how to log in to the VMs that this is about

	mu sync.Mutex // of f.live and of emit
}

// run gathers what only looking can tell: the gateway, then connections, then the gateway again.
func (v *visit) run(ctx context.Context) {
	if v.meansSSH() {
		go v.logins() // it takes as long as all else, and is needed last
	}
	v.tell(FloatingIP, Router, Forwarding)
	runner := v.look(ctx)
	v.tell(FloatingIP, Router, Forwarding, GatewayGroups, VMGroups)
	v.connect(ctx, runner)
	var work sync.WaitGroup
	if v.f.host != nil && runner != nil {
		work.Go(func() { _ = v.f.lookAgain(ctx, runner) }) // else it is not known what the connections changed
	}
	work.Go(func() { v.asClient(ctx) })
	work.Wait()
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
	v.patience = v.d.options.Patience
	if f.looksBlocked() {
		v.patience = v.patience * 2 / 3 // what is known already is only confirmed
		v.p = v.p.Patient(v.patience)
	}
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
		here <- v.p.ProbeTargets(ctx, []probe.Target{{Addr: f.fwd.Public, Service: f.fwd.Service}}, v.patience)[0]
	}()
	octx, cancel := context.WithCancel(ctx)
	defer cancel()
	others := make(chan []probe.Result, 1)
	go func() { others <- v.p.ProbeTargets(octx, v.otherPorts(), v.patience) }()
	r := <-here
	v.mu.Lock()
	f.live.here = &r
	v.mu.Unlock()
	if answers(r) {
		cancel()
		<-others
		v.tell(You, FloatingIP, Router, Forwarding, GatewayGroups, VMGroups)
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

// meansSSH reports whether there may be a login to try.
func (v *visit) meansSSH() bool {
	f := v.f
	return v.d.options.SSH != nil && f.vm != nil && f.tcp() && (f.fwd.Service.Name == "ssh" || f.fwd.Service.Port == 22)
}

// asClient looks at an SSH server as ssh does. One that says nothing is asked whether it speaks HTTP.
func (v *visit) asClient(ctx context.Context) {
	f := v.f
	r := f.live.here
	if r == nil || f.route == toGateway {
		return
	}
	if silent(*r) && f.fwd.Service.Name != "http" {
		v.otherTongue(ctx)
		return
	}
	if !v.meansSSH() || r.Outcome != probe.OK {
		return
	}
	f.login = v.logins()[f.vm.ID]
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
	seen, err := v.d.options.SSH(sctx, ask)
	if err != nil {
		return
	}
	f.live.ssh = &seen
	if seen.Denied {
		f.keys, _ = v.p.KeyPairs(ctx) // only named in words
	}
}

// silent reports whether a connection stood and nothing was said on it.
func silent(r probe.Result) bool { return r.Outcome == probe.Timeout && connected(r) }

// otherTongue finds out whether a silent server waits for the client to speak, as HTTP's do.
func (v *visit) otherTongue(ctx context.Context) {
	f := v.f
	t := probe.Target{Addr: f.fwd.Public, Service: gateway.Service{Name: "http", Protocol: gateway.TCP, Port: f.fwd.Service.Port}}
	if r := v.p.ProbeTargets(ctx, []probe.Target{t}, v.d.options.Patience)[0]; r.Outcome == probe.OK {
		r.Outcome, r.Detail = probe.Wrong, "it speaks HTTP: "+r.Detail
		f.live.here = &r
	}
}

// loginsOf is how to log in to a VM, as far as the project may know; what it may not is not offered.
func loginsOf(ctx context.Context, p *publish.Publisher, inv cloud.Inventory, vm *cloud.Instance) map[string]publish.Login {
	if vm != nil {
		inv.Instances = []cloud.Instance{*vm}
	}
	logins, _ := p.Logins(ctx, inv)
	return logins
}

// otherUsers are whom else to try when a login is denied: whom the cloud names, else the user of the
// commonest images. It is one alone: three denied logins in a row, and an sshd of today takes no more
// connections from there for a while (sshd_config(5), PerSourcePenalties), nor does fail2ban after five.
// There is the gateway, by which everybody comes.
func otherUsers(denied, named string) []string {
	for _, u := range []string{named, "debian", "ubuntu"} {
		if u != "" && u != denied {
			return []string{u}
		}
	}
	return nil
}
