package emulator

import (
	"cmp"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault makes requests go wrong. Without Status, Hang and Drop it only lets them pass.
type Fault struct {
	Match func(*http.Request) bool // which; nil is any. It sees no body and must not call the Cloud
	Skip  int                      // let this many of them pass first
	Times int                      // strike so often; 0 is once, below 0 until [Cloud.Heal]

	After  bool        // do what was asked first, so that only the answer goes wrong
	Status int         // answer with this, in the words of the service asked
	Header http.Header // of the answer; 429 and 503 have "Retry-After: 1" unless it says otherwise
	Hang   bool        // never answer: the client gives up, or the cloud is closed
	Drop   bool        // reset the connection in place of an answer
}

// failure is a fault that was injected.
type failure struct {
	Fault
	skip, left int
}

// entry is one request of the log.
type entry struct {
	line  string
	write bool
}

// Fail answers the next times requests that match with status and header instead of doing them;
// times below 0 means until [Cloud.Heal]. Failures are tried in the order they were set, before
// authentication. match sees no body and must not call methods of the Cloud. A Retry-After goes
// into header.
func (c *Cloud) Fail(match func(*http.Request) bool, status int, header http.Header, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, &failure{Fault: Fault{Match: match, Status: status, Header: header.Clone()}, left: times})
}

// Inject arms faults, as [Cloud.Fail] does: of those that match a request, the first armed strikes.
// The k-th request of all is Fault{Skip: k - 1}.
func (c *Cloud) Inject(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range faults {
		f.Header = f.Header.Clone()
		if f.Header == nil {
			f.Header = http.Header{}
		}
		if f.Header.Get("Retry-After") == "" && (f.Status == http.StatusTooManyRequests || f.Status == http.StatusServiceUnavailable) {
			f.Header.Set("Retry-After", "1")
		}
		c.failures = append(c.failures, &failure{Fault: f, skip: f.Skip, left: cmp.Or(f.Times, 1)})
	}
}

// Heal ends all failures set by [Cloud.Fail] and [Cloud.Inject].
func (c *Cloud) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = nil
}

// Latency makes every request from now on wait d before it is looked at.
func (c *Cloud) Latency(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latency = d
}

// PathPrefix returns a match for [Cloud.Fail]: requests of this method ("" for any) whose path
// begins with prefix, such as "/network/v2.0/security-group-rules".
func PathPrefix(method, prefix string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return (method == "" || r.Method == method) && strings.HasPrefix(r.URL.Path, prefix)
	}
}

// Requests returns "METHOD /path" of every request so far, without its query, in order of arrival.
func (c *Cloud) Requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return lines(c.log)
}

// Mark returns the present end of the request log, for [Cloud.WritesSince].
func (c *Cloud) Mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.log)
}

// WritesSince returns the requests after mark that change something, or would have: every
// POST, PUT, PATCH and DELETE except logging in, logging out and reading a console log.
func (c *Cloud) WritesSince(mark int) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return lines(slices.DeleteFunc(slices.Clone(c.log[mark:]), func(e *entry) bool { return !e.write }))
}

func lines(log []*entry) []string {
	out := make([]string, len(log))
	for i, e := range log {
		out[i] = e.line
	}
	return out
}

func isWrite(r *http.Request, body []byte) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	if strings.HasPrefix(r.URL.Path, "/identity/v3/auth/tokens") {
		return false
	}
	return !strings.HasSuffix(r.URL.Path, "/action") || !strings.Contains(string(body), `"os-getConsoleOutput"`)
}

// arrive logs a request and says what is to happen to it: how long to wait, and the injected
// failure if one is due.
func (c *Cloud) arrive(r *http.Request, body []byte) (time.Duration, *failure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, &entry{line: r.Method + " " + r.URL.Path, write: isWrite(r, body)})
	for _, f := range c.failures {
		if f.left == 0 || f.Match != nil && !f.Match(r) {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		if f.left > 0 {
			f.left--
		}
		return c.latency, f
	}
	return c.latency, nil
}

// strike lets a request go wrong; do does what it asks for.
func (f *failure) strike(w http.ResponseWriter, r *http.Request, do func(http.ResponseWriter)) {
	if f.After && (f.Hang || f.Drop || f.Status != 0) {
		do(nowhere{})
	}
	switch {
	case f.Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.Drop:
		drop(w)
	case f.Status == 0:
		do(w)
	default:
		maps.Copy(w.Header(), f.Header)
		write(w, serviceOf(r.URL.Path).failing(f.Status))
	}
}

// drop resets the connection that w answers on.
func drop(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the server closes it
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// nowhere is where answers go that nobody gets.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}
