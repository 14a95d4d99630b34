package openstack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

const (
	maxTries = 4                // of one request, the first included
	maxWait  = 30 * time.Second // a cloud that wants more time gets it from the operator, not from us
	parallel = 8                // requests in flight
)

var errRedirect = errors.New("answers with a redirect to another host, which would get the token")

// newHTTPClient makes the client that all requests go through. Its Timeout covers one request
// from dialling to the last byte of the body; retries are outside of it.
// What is asked and answered goes to debug, if there is one, without what known holds. Tokens go
// to allowed servers only.
func newHTTPClient(config *tls.Config, timeout time.Duration, known *secrets, allowed *homes, debug io.Writer) http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = t.Clone()
	}
	if config != nil {
		config.MinVersion = tls.VersionTLS12
		transport.TLSClientConfig = config
	}
	transport.MaxIdleConnsPerHost = parallel
	g := &guard{next: transport, secrets: known, homes: allowed}
	if debug != nil {
		g.trace = &trace{secrets: known, out: debug}
	}
	return http.Client{Transport: g, Timeout: timeout, CheckRedirect: sameHost}
}

// sameHost refuses redirects that would hand X-Auth-Token to another host or to plain text:
// net/http strips only its own credential headers.
func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if req.URL.Hostname() != first.Hostname() || (first.Scheme == "https" && req.URL.Scheme != "https") {
		return fmt.Errorf("%w: %s", errRedirect, req.URL.Host)
	}
	if len(via) >= 5 {
		return errors.New("stopped after 5 redirects")
	}
	return nil
}

// retry is gophercloud's hook after a failed request: nil means "ask again". Only 429 and 503
// are repeated, since both say that nothing was done. It gives up early when the wait would
// outlast the caller's deadline.
func retry(ctx context.Context, _, _ string, _ *gophercloud.RequestOpts, err error, failures uint) error {
	var answer gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &answer) || failures >= maxTries {
		return err
	}
	if answer.Actual != http.StatusTooManyRequests && answer.Actual != http.StatusServiceUnavailable {
		return err
	}
	wait := retryAfter(answer.ResponseHeader, time.Now())
	if wait < 0 {
		wait = backoff(failures)
	}
	if deadline, ok := ctx.Deadline(); wait > maxWait || (ok && time.Until(deadline) < wait) {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// backoff is the wait where the cloud names none: 0.25 s, 0.5 s, 1 s, up to half as much again.
func backoff(failures uint) time.Duration {
	base := 250 * time.Millisecond << min(failures-1, 6)
	return base + rand.N(base/2) //nolint:gosec // spreads load, protects nothing
}

// retryAfter reads the Retry-After header in both its forms, seconds and HTTP date (RFC 9110,
// section 10.2.3). It is negative when there is none, and 0 for a date that has passed.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 24*3600)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return -1
}
