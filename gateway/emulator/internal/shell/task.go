package shell

import (
	"context"
	"strconv"
	"strings"

	"portico/gateway/emulator/internal/memfs"
)

// task is what kill can end: a shell, with everything that runs in it.
type task struct {
	group int
	user  memfs.Who
	end   context.CancelFunc
}

// begin makes p a shell with a number of its own, in the group of the one it runs in. What it
// leaves in the background when it ends lives on.
func (p *process) begin() (end func()) {
	m := p.machine
	ctx, cancel := context.WithCancel(p.ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lastPID++
	pid := m.lastPID
	if p.group == 0 || p.leader {
		p.group = pid
	}
	p.pid, p.leader, p.ctx = pid, false, ctx
	m.tasks[pid] = &task{group: p.group, user: p.user, end: cancel}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.tasks, pid)
	}
}

// kill is "kill [-SIGNAL] [--] PID...", where -PID is a group. Any signal ends what it reaches.
func kill(p *process, args []string) int {
	probe := false
	if len(args) > 1 && args[0] == "-s" {
		args = append([]string{"-" + args[1]}, args[2:]...)
	}
	if len(args) > 1 && args[0] != "--" && strings.HasPrefix(args[0], "-") {
		probe, args = args[0] == "-0", args[1:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		p.errorf("kill: usage: kill [-s sigspec | -sigspec] pid...\n")
		return 2
	}
	status := 0
	for _, a := range args {
		n, err := strconv.Atoi(a)
		if err != nil || n == 0 {
			p.errorf("kill: Illegal number: %s\n", a)
			return 2
		}
		if why := p.machine.signal(p.user, n, probe); why != "" {
			status = p.fail("kill", "%s", why)
		}
	}
	return status
}

// signal ends a task, or with a negative number a group; a probe only looks.
func (m *Machine) signal(who memfs.Who, number int, probe bool) (why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	why = "No such process"
	for pid, t := range m.tasks {
		switch {
		case pid != number && t.group != -number:
		case who != memfs.Root && who != t.user:
			return "Operation not permitted"
		default:
			why = ""
			if !probe {
				t.end()
			}
		}
	}
	return why
}

// setsid runs a command in a session of its own: it lives on when the shell that waits for it, or
// the connection that this runs on, ends.
func setsid(p *process, args []string) int {
	g, rest, err := options{short: "fwc", strict: true, long: map[string]byte{"--fork": 'f', "--wait": 'w', "--ctty": 'c'}}.parse(args)
	if err != nil || len(rest) == 0 {
		return p.fail("setsid", "no command specified")
	}
	q := *p
	q.ctx, q.leader, q.builtin = p.machine.Lifetime(), true, nil
	q.cut, q.end = func() {}, func() {}
	for _, h := range q.held {
		h.keep()
	}
	ended := p.machine.detach(func() int {
		defer func() {
			for _, h := range q.held {
				h.drop()
			}
		}()
		return q.run(rest)
	})
	if g.has('f') && !g.has('w') {
		return 0
	}
	select {
	case status := <-ended:
		return status
	case <-p.ctx.Done():
		return killed
	}
}

// detach runs f on its own; [Machine.Wait] waits for it.
func (m *Machine) detach(f func() int) (ended <-chan int) {
	leave := m.enter()
	status := make(chan int, 1)
	go func() {
		defer leave()
		status <- f()
	}()
	return status
}
