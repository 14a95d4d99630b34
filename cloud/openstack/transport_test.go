package openstack

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"portico/cloud"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	cases := map[string]time.Duration{
		"": -1, "0": 0, "7": 7 * time.Second, "-3": -1, "soon": -1, "999999999": 24 * time.Hour,
		"Mon, 04 May 2026 03:02:31 GMT": 30 * time.Second,
		"Mon, 04 May 2026 03:00:00 GMT": 0,
	}
	for value, want := range cases {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestBackoffGrows(t *testing.T) {
	for failures, least := range map[uint]time.Duration{1: 250 * time.Millisecond, 2: 500 * time.Millisecond, 3: time.Second, 99: 16 * time.Second} {
		if got := backoff(failures); got < least || got >= least+least/2 {
			t.Errorf("after %d failures: %v", failures, got)
		}
	}
}

// retry decides without waiting: these cases are all refused, or due at once.
func TestRetryDecisions(t *testing.T) {
	status := func(code int, after string) error {
		return gophercloud.ErrUnexpectedResponseCode{Actual: code, ResponseHeader: http.Header{"Retry-After": {after}}}
	}
	hurried, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	cases := map[string]struct {
		ctx      context.Context
		err      error
		failures uint
		again    bool
	}{
		"503":                    {t.Context(), status(503, "0"), 1, true},
		"429 a third time":       {t.Context(), status(429, "0"), 3, true},
		"429 too often":          {t.Context(), status(429, "0"), maxTries, false},
		"500":                    {t.Context(), status(500, "0"), 1, false},
		"409":                    {t.Context(), status(409, "0"), 1, false},
		"no answer":              {t.Context(), errors.New("connection refused"), 1, false},
		"longer than we wait":    {t.Context(), status(503, "31"), 1, false},
		"longer than the caller": {hurried, status(503, "5"), 1, false},
		"caller has gone":        {stopped, status(503, "5"), 1, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := retry(tc.ctx, "", "", nil, tc.err, tc.failures); (err == nil) != tc.again {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A cloud that stays overloaded is asked four times and then reported, with the time to wait.
func TestOverloadIsReported(t *testing.T) {
	f := newFake(t)
	c := f.connect(t)
	const path = "/compute/v2.1/servers/detail"
	f.inject(fault{path: path, times: 3, status: http.StatusServiceUnavailable, header: map[string]string{"Retry-After": "0"}})
	if _, err := c.Inventory(t.Context()); err != nil {
		t.Errorf("three times 503: %v", err)
	}
	f.reset()
	f.inject(fault{path: path, times: 99, status: http.StatusTooManyRequests, header: map[string]string{"Retry-After": "0"}})
	if _, err := c.Inventory(t.Context()); cloud.KindOf(err) != cloud.Transient || f.count("GET "+path) != maxTries {
		t.Errorf("%d tries, %v", f.count("GET "+path), err)
	}
}

// Every request has its own time-out: a list that hangs fails the refresh, not the program.
func TestRequestTimeout(t *testing.T) {
	f := newFake(t)
	environment(t, map[string]string{"OS_AUTH_URL": f.URL + "/identity/v3", "OS_USERNAME": "demo", "OS_PASSWORD": fakePassword, "OS_PROJECT_NAME": "demo"})
	c, err := Connect(t.Context(), Options{Timeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	f.inject(fault{path: "/network/v2.0/ports", times: 9, hang: true})
	start := time.Now()
	_, err = c.Inventory(t.Context())
	if cloud.KindOf(err) != cloud.Unreachable || !strings.Contains(err.Error(), "could not list ports") || time.Since(start) > 3*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

// A redirect to another host would carry the token there.
func TestRedirectKeepsTheToken(t *testing.T) {
	var stolen string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen = r.Header.Get("X-Auth-Token") }))
	t.Cleanup(thief.Close)
	elsewhere := strings.Replace(thief.URL, "127.0.0.1", "localhost", 1)
	f := newFake(t)
	c := f.connect(t)
	f.inject(fault{path: "/network/v2.0/ports/p1", times: 9, status: http.StatusFound, header: map[string]string{"Location": elsewhere}})
	if _, err := c.Port(t.Context(), "p1"); cloud.KindOf(err) != cloud.Unreachable || !strings.Contains(err.Error(), "redirect to another host") {
		t.Errorf("got %v", err)
	}
	if stolen != "" {
		t.Error("the token was sent to another host")
	}
}
