package shell

import (
	"strconv"
	"sync"
	"time"
)

// hold is a lock that is held: by flock itself, and by what it left running unless -o was given.
type hold struct {
	mu      sync.Mutex
	holders int
	release func()
}

func (h *hold) keep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holders++
}

func (h *hold) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.holders--; h.holders == 0 {
		h.release()
	}
}

// flock runs a command while it holds the lock of a file: status 1 if it cannot get it in time.
func flock(p *process, args []string) int {
	o := options{short: "w:nexsoE:c:", strict: true, long: map[string]byte{
		"--wait": 'w', "--timeout": 'w', "--nonblock": 'n', "--exclusive": 'x', "--conflict-exit-code": 'E', "--close": 'o',
	}}
	g, rest, err := o.parse(args)
	if err != nil || len(rest) < 2 {
		p.fail("flock", "not enough arguments")
		return 64
	}
	file := p.abs(rest[0])
	if err := p.machine.FS.Touch(p.user, file, p.perm(0o666)); err != nil {
		p.errorf("flock: cannot open lock file %s: %v\n", rest[0], reason(err))
		return 66
	}
	patience, bounded := duration(g.last('w', ""))
	if g.has('n') {
		patience, bounded = 0, true
	}
	conflict, err := strconv.Atoi(g.last('E', "1"))
	if err != nil {
		conflict = 1
	}
	unlock, ok := p.lock(file, patience, bounded)
	if !ok {
		return conflict
	}
	h := &hold{holders: 1, release: unlock}
	defer h.drop()
	command := rest[1:]
	if command[0] == "-c" {
		command = append([]string{"sh"}, command...)
	}
	q := *p
	if !g.has('o') {
		q.held = append(p.held[:len(p.held):len(p.held)], h)
	}
	return q.run(command)
}

// lock takes a file's lock; with a bound it gives up after patience.
func (p *process) lock(file string, patience time.Duration, bounded bool) (unlock func(), ok bool) {
	p.machine.mu.Lock()
	held := p.machine.locks[file]
	if held == nil {
		held = make(chan struct{}, 1)
		p.machine.locks[file] = held
	}
	p.machine.mu.Unlock()
	var late <-chan time.Time
	if bounded {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case held <- struct{}{}:
		return func() { <-held }, true
	default:
	}
	select {
	case held <- struct{}{}:
		return func() { <-held }, true
	case <-late:
	case <-p.ctx.Done():
	}
	return nil, false
}
