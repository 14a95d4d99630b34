package shell

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	"portico/gateway/emulator/internal/memfs"
)

// Boot does what init does after the kernel has started: sysctl files, then enabled units. What
// they print goes to console. What runs from now on ends with
// ctx, or with Halt.
func (m *Machine) Boot(ctx context.Context, console io.Writer) {
	defer m.enter()()
	m.mu.Lock()
	m.life, m.endLife = context.WithCancel(ctx)
	m.booted, m.boot = time.Now(), newUUID()
	m.locks, m.units, m.services, m.tasks = map[string]chan struct{}{}, map[string]string{}, map[string]*service{}, map[int]*task{}
	m.mu.Unlock()
	m.FS.Tmpfs("/run")
	_ = m.FS.Mkdir(memfs.Root, "/run/lock", 0o755, true)
	p := m.init(m.life, console)
	p.run([]string{"sysctl", "-q", "--system"})
	if _, err := m.FS.Stat("/usr/bin/systemctl", true); err != nil {
		return // no systemd here
	}
	_ = m.FS.Mkdir(memfs.Root, "/run/systemd/system", 0o755, true)
	for _, unit := range p.enabledUnits() {
		if !m.seen(unit) { // one that was stopped before its turn is not started
			p.run([]string{"systemctl", "start", unit})
		}
	}
}

// seen reports whether a unit has been started or stopped since the machine has started.
func (m *Machine) seen(unit string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, seen := m.units[unit]
	return seen
}

// Halt ends everything that runs, as turning the machine off does, and returns when nothing runs
// any more.
func (m *Machine) Halt() {
	m.mu.Lock()
	end := m.endLife
	m.mu.Unlock()
	end()
	m.Wait()
}

// Lifetime ends when the machine goes down.
func (m *Machine) Lifetime() context.Context {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.life
}

// uptime is /proc/uptime: seconds since the boot, and those of them spent idle.
func (m *Machine) uptime() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := time.Since(m.booted).Seconds()
	return fmt.Sprintf("%.2f %.2f\n", s, s)
}

func (m *Machine) bootID() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.boot + "\n"
}

func newUUID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// init is a process of root's without a terminal.
func (m *Machine) init(ctx context.Context, out io.Writer) *process {
	w := &lockedWriter{w: out}
	return &process{
		machine: m, ctx: ctx, user: memfs.Root, dir: "/", stdin: strings.NewReader(""), stdout: w, stderr: w, cut: func() {}, end: func() {}, umask: 0o022,
		env: []string{"HOME=/root", "USER=root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
	}
}
