package emulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// failure is one injected fault: requests that match get status, left times (for ever below 0).
type failure struct {
	match  func(*http.Request) bool
	status int
	header http.Header
	left   int
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
	c.failures = append(c.failures, &failure{match: match, status: status, header: header.Clone(), left: times})
}

// Heal ends all failures set by [Cloud.Fail].
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
		if f.left != 0 && f.match(r) {
			if f.left > 0 {
				f.left--
			}
			return c.latency, f
		}
	}
	return c.latency, nil
}
