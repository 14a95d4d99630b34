// Package shell is what runs on the emulated gateway: a POSIX shell (mvdan.cc/sh) whose files are
// in memory and whose programs are Go functions.
//
//	exec request --> shell --> builtin, function
//	                   '-----> PATH --> /usr/sbin/iptables-restore (memfs) --> program --> kernel
//
// Nothing of the machine it runs on can be reached: files are opened, listed and examined in
// memory only, and no process is ever started. A program exists where its file does: removing
// /usr/bin/flock takes flock away, and a user whose PATH lacks /usr/sbin has no iptables.
package shell

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"time"

	"portico/gateway/emulator/internal/kernel"
	"portico/gateway/emulator/internal/memfs"
)

// Sudo is what sudo does for a user who is not root.
type Sudo int

// The ways of sudo.
const (
	SudoAllowed  Sudo = iota // without a password
	SudoPassword             // a password is needed, and there is no terminal
	SudoRefused              // the user is not in the sudoers file
)

// Listener is a socket of one of the gateway's own programs, as ss shows it.
type Listener struct {
	Proto   string // "tcp" or "udp"
	Addr    string // "0.0.0.0:22", "[::]:22", "127.0.0.1:6010"
	Program string // "sshd"
}

// Fault is what comes of a program that is made to fail.
type Fault struct {
	Exit   int
	Stderr string
	After  bool   // let it do its work first
	AtLine int    // let iptables-restore fail at this line of its input, in place of Exit
	Cut    bool   // cut the connection it was asked over; without After, nothing more is run
	Stall  bool   // the link hangs, nothing else
	Link   func() // what happens to the link, before it does its work or after
}

// Machine is a gateway's software. Its fields are set before the first Run.
type Machine struct {
	Hostname  string
	FS        *memfs.FS
	Kernel    *kernel.Kernel
	Now       func() time.Time
	Listening func() []Listener
	Device    string     // its network interface
	Address   netip.Addr // the address there
	// Elected reports whether it is this machine that holds the addresses it shares with others; nil: it is.
	Elected func() bool
	// Fault is asked before each program; nil or a nil answer lets it run.
	Fault func(args []string) *Fault

	mu    sync.Mutex
	sudo  Sudo
	locks map[string]chan struct{}
	units map[string]string // state of units that were started: "active", "failed"

	life     context.Context //nolint:containedctx // from a boot to the next
	endLife  context.CancelFunc
	booted   time.Time
	boot     string // its UUID
	tasks    map[int]*task
	lastPID  int
	services map[string]*service // that run in the background

	programs map[string]program
	own      map[string]func(*script, []string) int

	busy    int // commands that run
	stopped *sync.Cond
}

// firstPID is what the kernel's own processes and the daemons leave for others.
const firstPID = 600

// New is a machine with the disk of a Debian cloud image. listening tells its open sockets.
func New(hostname string, k *kernel.Kernel, now func() time.Time, listening func() []Listener) *Machine {
	m := &Machine{
		Hostname: hostname, FS: memfs.New(now), Kernel: k, Now: now, Listening: listening,
		locks: map[string]chan struct{}{}, units: map[string]string{}, programs: programs(), own: ownCommands(),
		lastPID: firstPID,
	}
	m.stopped = sync.NewCond(&m.mu)
	m.install()
	return m
}

// enter counts a command until what it returns is called.
func (m *Machine) enter() (leave func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.busy++
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.busy--; m.busy == 0 {
			m.stopped.Broadcast()
		}
	}
}

// SetSudo says what sudo does from now on.
func (m *Machine) SetSudo(s Sudo) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sudo = s
}

// Session is one command line, as a login user gives it to the SSH server.
type Session struct {
	User           string
	Env            []string // "NAME=value" from env requests
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Cut            func() // ends the connection
}

// Run runs a line in the user's shell and returns its exit status: 143 if ctx ended it.
func (m *Machine) Run(ctx context.Context, line string, s Session) int {
	defer m.enter()()
	ctx, end := context.WithCancel(ctx)
	defer end()
	home := "/home/" + s.User
	path := "/usr/local/bin:/usr/bin:/bin:/usr/games"
	if s.User == string(memfs.Root) {
		home, path = "/root", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	env := append([]string{"HOME=" + home, "USER=" + s.User, "LOGNAME=" + s.User, "SHELL=/bin/sh", "PATH=" + path}, s.Env...)
	p := &process{
		machine: m, ctx: ctx, user: memfs.Who(s.User), env: env, dir: home,
		stdin: s.Stdin, cut: s.Cut, end: end, umask: 0o022,
		stdout: &lockedWriter{w: s.Stdout, broken: end}, stderr: &lockedWriter{w: s.Stderr, broken: end},
	}
	return p.script(line, "sh", nil)
}

// Wait returns when no command runs any more; the contexts of all must have ended.
func (m *Machine) Wait() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.busy > 0 {
		m.stopped.Wait()
	}
}

// lockedWriter lets several commands of a pipeline or in the background write to one place. Where
// nobody reads any more it ends them, as SIGPIPE does.
type lockedWriter struct {
	mu     sync.Mutex
	w      io.Writer
	broken func()
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return len(b), nil
	}
	n, err := l.w.Write(b)
	if err != nil && l.broken != nil {
		l.broken()
	}
	return n, err
}
