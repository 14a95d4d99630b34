package effects

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
)

// The time that reading may take. Observing has long: a human may be asked for a passphrase
// meanwhile, and the connection has time-outs of its own.
const (
	inventoryTimeout = 60 * time.Second
	observeTimeout   = 10 * time.Minute
	probeTimeout     = 2 * time.Minute
)

// Effects makes commands. Its methods are called from the root's Update, which is one goroutine.
type Effects struct {
	backend  Backend
	prompter *Prompter

	ctx    context.Context // ends with the console
	cancel context.CancelFunc
	reads  context.Context // ends with the console or when what is being read is out of date
	renew  context.CancelFunc
	trials trials
	survey context.CancelFunc // ends the survey under way; nil before the first

	mu      sync.Mutex
	closed  bool
	workers sync.WaitGroup
	run     *applying // the apply under way or, after it, the last one

	stopDiagnosis context.CancelFunc // of the one under way or, after it, the last one
}

// New returns effects on b. ctx ends all but an apply. p may be nil: then nobody is asked anything.
func New(ctx context.Context, b Backend, p *Prompter) *Effects {
	e := &Effects{backend: b, prompter: p}
	e.ctx, e.cancel = context.WithCancel(ctx)
	e.reads, e.renew = context.WithCancel(e.ctx)
	return e
}

// Close ends what reads and waits for every worker, an apply above all.
func (e *Effects) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	if e.prompter != nil {
		e.prompter.Close()
	}
	e.workers.Wait()
}

// DropReads ends the reads under way: what they would bring is out of date.
func (e *Effects) DropReads() {
	e.renew()
	e.reads, e.renew = context.WithCancel(e.ctx)
}

// begin counts a worker; false when the console has ended.
func (e *Effects) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.workers.Add(1)
	return true
}

// do makes a command of work. A panic becomes the message that failed makes of it.
func (e *Effects) do(work func() tea.Msg, failed func(error) tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		if !e.begin() {
			return nil
		}
		defer e.workers.Done()
		defer func() {
			if r := recover(); r != nil {
				msg = failed(panicked(r))
			}
		}()
		return work()
	}
}

func panicked(r any) error {
	return &gateway.Error{
		Op: "go on", Kind: gateway.Internal, Err: fmt.Errorf("a fault in the program: %s", cloud.Clean(fmt.Sprint(r))),
		Next: "go on with something else, and report what you did before",
	}
}

// More is one message of a stream. After it was handled, Next brings the one after it.
type More struct {
	Msg  tea.Msg
	Next tea.Cmd
}

// stream is a queue between one worker and the console, which takes one message at a time so
// that their order holds. It has no end, so that the worker never waits for the screen.
type stream struct {
	ctx  context.Context
	more chan struct{} // holds a token when there is something to take

	mu     sync.Mutex
	queue  []tea.Msg
	closed bool
}

func newStream(ctx context.Context) *stream {
	return &stream{ctx: ctx, more: make(chan struct{}, 1)}
}

// send adds a message.
func (s *stream) send(msg tea.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, msg)
	s.wake()
}

// close says that no message will follow.
func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.wake()
}

func (s *stream) wake() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// next is the command that brings one message.
func (s *stream) next() tea.Msg {
	for {
		if msg, ok, end := s.take(); ok {
			return More{Msg: msg, Next: s.next}
		} else if end {
			return nil
		}
		select {
		case <-s.more:
		case <-s.ctx.Done():
			return nil
		}
	}
}

// take is the first message, or whether there will be none.
func (s *stream) take() (msg tea.Msg, ok, end bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil, false, s.closed
	}
	msg, s.queue = s.queue[0], s.queue[1:]
	return msg, true, false
}

// start runs work in a worker that fills the stream, and brings its first message. A panic
// becomes the message that failed makes of it.
func (e *Effects) start(s *stream, work func(), failed func(error) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		if !e.begin() {
			return nil
		}
		go func() {
			defer e.workers.Done()
			defer s.close()
			defer func() {
				if r := recover(); r != nil {
					s.send(failed(panicked(r)))
				}
			}()
			work()
		}()
		return s.next()
	}
}

// ended reports whether an error only says that its caller went away.
func ended(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled)
}
