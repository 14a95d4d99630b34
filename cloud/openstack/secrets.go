package openstack

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gophercloud/gophercloud/v2"
)

// hidden stands where a secret was.
const hidden = "***"

// shortestSecret is the length from which a secret is looked for by its value. Shorter ones would
// take ordinary words out of every text, and are still known by the name of their field.
const shortestSecret = 4

// secrets knows the values that must not leave: what the credentials hold, and every token that was
// used. It is safe for concurrent use and prints nothing of them.
type secrets struct {
	mu     sync.RWMutex
	values []string // in the forms in which they can occur, longest first
}

func newSecrets(a gophercloud.AuthOptions) *secrets {
	s := &secrets{}
	s.learn(a.Password, a.Passcode, a.TokenID, a.ApplicationCredentialSecret)
	s.learnFromURL(a.IdentityEndpoint)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		s.learnFromURL(os.Getenv(name))
		s.learnFromURL(os.Getenv(strings.ToLower(name)))
	}
	return s
}

// learnFromURL takes the password out of a URL, which may be one that nobody else can read.
func (s *secrets) learnFromURL(text string) {
	_, rest, _ := strings.Cut(text, "://")
	user := rest[:max(0, strings.LastIndexByte(rest, '@'))]
	if _, password, ok := strings.Cut(user, ":"); ok {
		s.learn(password)
		if plain, err := url.PathUnescape(password); err == nil {
			s.learn(plain)
		}
	}
}

func (*secrets) String() string   { return hidden }
func (*secrets) GoString() string { return hidden }

// learn adds values, each also as it stands in JSON and in URLs.
func (s *secrets) learn(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		if len(v) < shortestSecret || slices.Contains(s.values, v) {
			continue
		}
		s.values = append(s.values, v, inJSON(v, true), inJSON(v, false), url.QueryEscape(v), url.PathEscape(v))
	}
	slices.SortFunc(s.values, func(a, b string) int { return len(b) - len(a) })
	s.values = slices.Compact(s.values)
}

// inJSON is a string as it stands in JSON, without its quotation marks. Some writers escape for HTML.
func inJSON(text string, html bool) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	_ = e.Encode(text) // every string has a JSON form
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// learnFrom takes the tokens from the headers of a request or an answer.
func (s *secrets) learnFrom(h http.Header) {
	for _, name := range []string{"X-Auth-Token", "X-Subject-Token"} {
		s.mu.RLock()
		known := slices.Contains(s.values, h.Get(name))
		s.mu.RUnlock()
		if !known {
			s.learn(h.Get(name))
		}
	}
}

// redact takes the values out of text, and what stands before the @ of a URL.
func (s *secrets) redact(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, v := range s.values {
		text = strings.ReplaceAll(text, v, hidden)
	}
	return withoutUserInfo(text)
}

// userInfo is the part of a URL with a user and perhaps a password, also of one that is no valid
// URL because of them.
var userInfo = regexp.MustCompile(`://[^\s"'<>]*@`)

func withoutUserInfo(text string) string { return userInfo.ReplaceAllString(text, "://"+hidden+"@") }

// maxFault is how much of an error's body is read. Real ones are a few hundred bytes.
const maxFault = 64 << 10

// guard sends requests and takes our secrets out of what a cloud answers to a request that failed:
// some repeat it, and error bodies are shown.
type guard struct {
	next    *http.Transport
	secrets *secrets
	homes   *homes
	trace   *trace // nil: nothing is written
}

func (guard) String() string   { return "guard" }
func (guard) GoString() string { return "guard" }

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	g.secrets.learnFrom(req.Header)
	safe, err := g.homes.check(req)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	req = safe
	done := g.trace.begin(req)
	resp, err := g.next.RoundTrip(req)
	switch {
	case err != nil:
		if text := g.secrets.redact(err.Error()); text != err.Error() {
			err = &reason{text, err}
		}
	default:
		g.secrets.learnFrom(resp.Header)
		if resp.StatusCode >= http.StatusBadRequest {
			body, _ := io.ReadAll(io.LimitReader(resp.Body, maxFault)) // a body that is cut says less, the status stays
			_ = resp.Body.Close()
			body = []byte(g.secrets.redact(string(body)))
			resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			resp.Header.Del("Content-Length")
		}
	}
	done(resp, err)
	return resp, err
}

// CloseIdleConnections lets http.Client reach the transport behind the guard.
func (g *guard) CloseIdleConnections() { g.next.CloseIdleConnections() }
