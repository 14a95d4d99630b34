package probe

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"

	"portico/cloud"
	"portico/gateway"
)

// Defaults of [Options].
const (
	DefaultParallel = 64
	DefaultTimeout  = 5 * time.Second
)

// Dialer opens the connections. A *net.Dialer is one, and so is a host reached over SSH. Connections
// need not support deadlines.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Options bounds a run of probes. Zero values mean the defaults.
type Options struct {
	Parallel int           // probes at once
	Timeout  time.Duration // for one probe, from connecting to the answer
}

// Run probes all targets and returns the results in their order. emit, if not nil, is called with each result as it
// comes, from the caller's goroutine. When ctx ends, what is left is Unknown.
func Run(ctx context.Context, d Dialer, targets []Target, opts Options, emit func(Result)) []Result {
	if opts.Parallel <= 0 {
		opts.Parallel = DefaultParallel
	}
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	next := make(chan int)
	done := make(chan indexed)
	var workers sync.WaitGroup
	for range min(opts.Parallel, len(targets)) {
		workers.Go(func() {
			for i := range next {
				done <- indexed{i, one(ctx, d, targets[i], opts.Timeout)}
			}
		})
	}
	go func() {
		for i := range targets {
			next <- i
		}
		close(next)
		workers.Wait()
		close(done)
	}()
	results := make([]Result, len(targets))
	for r := range done {
		results[r.index] = r.result
		if emit != nil {
			emit(r.result)
		}
	}
	return results
}

type indexed struct {
	index  int
	result Result
}

// attempt is one probe under way.
type attempt struct {
	ctx    context.Context // ends with the probe's time
	target Target
	conn   net.Conn
	start  time.Time
}

// answer is what a protocol's probe found. A zero outcome means that err says it all.
type answer struct {
	outcome Outcome
	detail  string
	err     error
}

// one probes one target.
func one(ctx context.Context, d Dialer, t Target, timeout time.Duration) Result {
	a := attempt{target: t, start: time.Now()}
	ask := protocolOf(t.Service)
	if ask == nil {
		return a.result(answer{Unknown, "udp has no connection to test: only its own client can tell", nil})
	}
	if ctx.Err() != nil {
		return a.result(answer{Unknown, "stopped before it was tested", nil})
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	a.ctx = limited
	conn, err := d.DialContext(limited, "tcp", t.Addr.String())
	if err != nil {
		return a.result(a.failed(ctx, err))
	}
	a.conn = conn
	// Closing ends reads and writes on connections that know no deadline.
	stop := context.AfterFunc(limited, func() { _ = conn.Close() })
	ans := a.answer(ask)
	if stop() {
		_ = conn.Close()
	}
	if ans.outcome == "" {
		ans = a.cutShort(ctx, ans)
	}
	return a.result(ans)
}

// grace is what a closed connection has to hand over what was heard on it. One that is forwarded over a
// stalled SSH connection never does.
const grace = 250 * time.Millisecond

// answer asks until the probe's time is over.
func (a *attempt) answer(ask func(*attempt) answer) answer {
	got := make(chan answer, 1)
	go func() { got <- ask(a) }()
	select {
	case ans := <-got:
		return ans
	case <-a.ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case ans := <-got:
		return ans
	case <-late.C:
		return answer{err: a.ctx.Err()}
	}
}

func (a *attempt) result(ans answer) Result {
	r := Result{Target: a.target, Outcome: ans.outcome, Detail: clip(cloud.Clean(strings.TrimSpace(ans.detail))), At: a.start}
	if ans.outcome == OK || ans.outcome == Refused || ans.outcome == Wrong {
		r.Latency = time.Since(a.start)
	}
	return r
}

// maxDetail keeps a detail to about one line on screen, in characters.
const maxDetail = 160

func clip(s string) string {
	if r := []rune(s); len(r) > maxDetail {
		return string(r[:maxDetail-1]) + "…"
	}
	return s
}

// protocolOf chooses how to ask: by the service's name, or else by its well-known port. Nil
// means that there is no way to ask.
func protocolOf(s gateway.Service) func(*attempt) answer {
	if s.Protocol == gateway.UDP {
		return nil
	}
	switch strings.ToLower(s.Name) {
	case "ssh":
		return askSSH
	case "http":
		return askHTTP
	case "https", "tls":
		return askTLS
	case "tcp":
		return askNothing
	}
	switch s.Port {
	case 22:
		return askSSH
	case 80:
		return askHTTP
	case 443:
		return askTLS
	}
	return askNothing
}

// askNothing is content with the connection; what the peer does with it then is not known to be right or wrong.
func askNothing(*attempt) answer { return answer{OK, "connected", nil} }
