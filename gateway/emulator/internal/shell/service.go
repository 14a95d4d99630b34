package shell

import (
	"context"
	"strings"

	"portico/gateway/emulator/internal/memfs"
)

// service is a transient unit at work.
type service struct {
	end   context.CancelFunc
	ended <-chan int
}

// systemdRun starts a command as a transient service: it belongs to no session, and lives until
// it ends, is stopped, or the machine goes down.
func systemdRun(p *process, args []string) int {
	o := options{short: "qu:GrtPp:E:d:", strict: true, long: map[string]byte{
		"--quiet": 'q', "--unit": 'u', "--collect": 'G', "--property": 'p', "--setenv": 'E', "--description": 'd', "--no-block": 'q', "--no-ask-password": 'q',
	}}
	g, rest, err := o.parse(args)
	if err != nil {
		return p.fail("systemd-run", "%v", err)
	}
	if len(rest) == 0 {
		return p.fail("systemd-run", "Command line to execute required.")
	}
	file, status := p.lookPath(rest[0])
	if status != 0 {
		p.errorf("Failed to find executable %s: No such file or directory\n", rest[0])
		return 1
	}
	if p.user != memfs.Root {
		p.errorf("Failed to start transient service unit: Interactive authentication is required.\n")
		return 1
	}
	name := g.last('u', "run-r"+strings.ReplaceAll(newUUID(), "-", ""))
	if !strings.HasSuffix(name, ".service") {
		name += ".service"
	}
	if _, exists := p.loadUnit(name); exists || p.machine.unitState(name) != "inactive" {
		p.errorf("Failed to start transient service unit: Unit %s was already loaded or has a fragment file.\n", name)
		return 1
	}
	p.machine.serve(name, g.has('G'), func(q *process) int {
		q.env = append(q.env, g['E']...)
		return q.exec(file, rest)
	})
	if !g.has('q') {
		p.errorf("Running as unit: %s\n", name)
	}
	return 0
}

// serve runs a transient unit in the background. One that failed is forgotten with collect, else
// it stays to be looked at.
func (m *Machine) serve(name string, collect bool, run func(*process) int) {
	q := m.init(m.Lifetime(), m.journal())
	var end context.CancelFunc
	q.ctx, end = context.WithCancel(q.ctx)
	q.leader = true
	m.setUnit(name, active)
	ready := make(chan struct{})
	ended := m.detach(func() int {
		<-ready
		defer end()
		status := run(q)
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.services, name)
		delete(m.units, name)
		if status != 0 && q.ctx.Err() == nil && !collect {
			m.units[name] = failure
		}
		return status
	})
	m.mu.Lock()
	m.services[name] = &service{end: end, ended: ended}
	m.mu.Unlock()
	close(ready)
}

// endService stops a transient unit and waits until it has ended; false says that there is none.
func (p *process) endService(name string) bool {
	p.machine.mu.Lock()
	s := p.machine.services[name]
	p.machine.mu.Unlock()
	if s == nil {
		return false
	}
	s.end()
	select {
	case <-s.ended:
	case <-p.ctx.Done(): // it stops itself
	}
	return true
}
