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

	mu      sync.Mutex
	closed  bool
	workers sync.WaitGroup
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
// that their order holds.
type stream struct {
	ch  chan tea.Msg
	ctx context.Context
}

func newStream(ctx context.Context, size int) *stream {
	return &stream{ch: make(chan tea.Msg, size), ctx: ctx}
}

// send waits for room, unless the console has ended.
func (s *stream) send(msg tea.Msg) {
	select {
	case s.ch <- msg:
	case <-s.ctx.Done():
	}
}

// next is the command that brings one message.
func (s *stream) next() tea.Msg {
	select {
	case msg, ok := <-s.ch:
		if !ok {
			return nil
		}
		return More{Msg: msg, Next: s.next}
	case <-s.ctx.Done():
		return nil
	}
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
			defer close(s.ch)
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
