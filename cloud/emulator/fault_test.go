package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestInjectedAnswers checks each code in each service's own form, at the k-th request of all.
func TestInjectedAnswers(t *testing.T) {
	c := startDemo(t)
	paths := map[string]string{
		"nova": "/compute/v2.1/servers", "neutron": v2 + "/ports", "keystone": "/identity/v3/auth/tokens",
	}
	keys := map[string]map[int]string{
		"nova":     {401: "error", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest", 429: "overLimit", 500: "computeFault", 503: "serviceUnavailable"},
		"neutron":  {401: "error", 403: "NeutronError", 404: "NeutronError", 409: "NeutronError", 429: "NeutronError", 500: "NeutronError", 503: "NeutronError"},
		"keystone": {401: "error", 403: "error", 404: "error", 409: "error", 429: "error", 500: "error", 503: "error"},
	}
	for service, path := range paths {
		for status, key := range keys[service] {
			t.Run(fmt.Sprintf("%s %d", service, status), func(t *testing.T) {
				c.Inject(Fault{Skip: 1, Status: status})
				first := call(t, c, "GET", path, "")
				a := call(t, c, "GET", path, "")
				after := call(t, c, "GET", path, "")
				if a.status != status || first.status == status && status != http.StatusNotFound || after.status != first.status {
					t.Errorf("answers: %d, %d, %d", first.status, a.status, after.status)
				}
				var body map[string]struct{ Message string }
				if err := json.Unmarshal([]byte(a.text), &body); err != nil || body[key].Message == "" {
					t.Errorf("%s: %v", a.text, err)
				}
				if wait := a.header.Get("Retry-After"); (wait == "1") != (status == 429 || status == 503) {
					t.Errorf("Retry-After: %q", wait)
				}
			})
		}
	}
}

const newGroup = `{"security_group":{"name":"portico-x"}}`

// countGroups counts the groups that newGroup made.
func countGroups(t *testing.T, c *Cloud) int {
	t.Helper()
	return len(call(t, c, "GET", v2+"/security-groups?name=portico-x", "").items(t, "security_groups"))
}

// post asks for a group and tells what came of it in a word.
func post(ctx context.Context, t *testing.T, c *Cloud) string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+v2+"/security-groups", strings.NewReader(newGroup))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Auth-Token", environ(c.TokenEnv(), "OS_TOKEN"))
	res, err := http.DefaultClient.Do(r)
	switch {
	case errors.Is(err, context.Canceled):
		return "given up"
	case err != nil:
		return "broken"
	}
	_ = res.Body.Close()
	return res.Status[:3]
}

func TestInjectedBreaks(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault Fault
		want  string
		made  int
	}{
		{"passes", Fault{After: true}, "201", 1},
		{"refused", Fault{Status: 503}, "503", 0},
		{"refused, although done", Fault{Status: 503, After: true}, "503", 1},
		{"dropped", Fault{Drop: true}, "broken", 0},
		{"dropped, although done", Fault{Drop: true, After: true}, "broken", 1},
		{"hangs", Fault{Hang: true}, "given up", 0},
		{"hangs, although done", Fault{Hang: true, After: true}, "given up", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := startDemo(t)
			test.fault.Match = PathPrefix(http.MethodPost, v2)
			c.Inject(test.fault)
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			if test.fault.Hang {
				go func() {
					for len(c.WritesSince(0)) == 0 || countGroups(t, c) != test.made {
						time.Sleep(time.Millisecond)
					}
					giveUp()
				}()
			}
			if got := post(ctx, t, c); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if n := countGroups(t, c); n != test.made {
				t.Errorf("%d groups", n)
			}
			if d := cmp.Diff("201", post(t.Context(), t, c)); test.made == 0 && d != "" {
				t.Error("the next one:", d)
			}
		})
	}
}

// TestCloseWhileHanging: a client that waits for ever does not keep the cloud from ending.
func TestCloseWhileHanging(t *testing.T) {
	c := startDemo(t)
	c.Inject(Fault{Hang: true, Times: -1})
	done := make(chan string)
	go func() { done <- post(t.Context(), t, c) }()
	for len(c.WritesSince(0)) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if got := <-done; got != "broken" {
		t.Error(got)
	}
}
