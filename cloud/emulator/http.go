package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

// maxBody is far above any body a client of these APIs sends.
const maxBody = 1 << 20

// view is a resource as JSON shows it.
type view = map[string]any

// request is one request, its body read.
type request struct {
	*http.Request
	body  []byte
	token *token // nil on public paths
	minor int    // Nova's microversion 2.minor
}

// response is an answer not yet written. later, if set, makes the body after the mutex is
// released, for hooks that may call back.
type response struct {
	status int
	header http.Header
	body   any
	later  func() any
}

func reply(status int, body any) response { return response{status: status, body: body} }

// handlerFunc answers a request. It runs with the cloud's mutex held.
type handlerFunc func(*request) response

// handler is everything the port serves.
func (c *Cloud) handler() http.Handler {
	mux := http.NewServeMux()
	c.identityRoutes(mux)
	c.computeRoutes(mux)
	c.networkRoutes(mux)
	c.imageRoutes(mux)
	mux.Handle("/", c.open(func(r *request) response {
		return serviceOf(r.URL.Path).noSuchPath()
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "request body not readable", http.StatusBadRequest)
			return
		}
		wait, fault := c.arrive(r, body)
		if wait > 0 {
			select {
			case <-time.After(wait):
			case <-r.Context().Done():
				return
			}
		}
		do := func(w http.ResponseWriter) {
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			mux.ServeHTTP(w, normalised(r))
		}
		if fault != nil {
			fault.strike(w, r, do)
			return
		}
		do(w)
	})
}

// normalised drops what Neutron's URLs may end in: ".json" and a slash.
func normalised(r *http.Request) *http.Request {
	path := r.URL.Path
	if strings.HasPrefix(path, "/network/") {
		path = strings.TrimSuffix(path, ".json")
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	if path == r.URL.Path {
		return r
	}
	r = r.Clone(r.Context())
	r.URL.Path, r.URL.RawPath = path, ""
	return r
}

// open serves f without authentication.
func (c *Cloud) open(f handlerFunc) http.Handler { return c.serve(f, false) }

// secured serves f to holders of a valid token.
func (c *Cloud) secured(f handlerFunc) http.Handler { return c.serve(f, true) }

func (c *Cloud) serve(f handlerFunc, needToken bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		// The body was read and bounded at the door; reading it again cannot fail.
		body, _ := io.ReadAll(hr.Body)
		r := &request{Request: hr, body: body}
		res := c.answer(f, r, needToken)
		if res.later != nil {
			res.body = res.later()
		}
		write(w, res)
	})
}

func (c *Cloud) answer(f handlerFunc, r *request, needToken bool) response {
	c.mu.Lock()
	defer c.mu.Unlock()
	if needToken {
		r.token = c.valid(r.Header.Get("X-Auth-Token"))
		if r.token == nil {
			res := serviceOf(r.URL.Path).problem(http.StatusUnauthorized,
				"The request you have made requires authentication.")
			res.header = http.Header{"Www-Authenticate": {fmt.Sprintf("Keystone uri=%q", c.AuthURL())}}
			return res
		}
		if p := r.token.project; p != nil {
			if isWrite(r.Request, r.body) && onlyReads(r.token.roles) {
				return serviceOf(r.URL.Path).problem(http.StatusForbidden, "Policy does not allow this request to be performed.")
			}
			defer c.enter(p)()
		}
	}
	return f(r)
}

func write(w http.ResponseWriter, res response) {
	maps.Copy(w.Header(), res.header)
	w.Header().Set("X-Openstack-Request-Id", "req-"+ID("request", fmt.Sprint(time.Now().UnixNano())))
	if page, ok := res.body.(htmlPage); ok {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(res.status)
		_, _ = io.WriteString(w, string(page))
		return
	}
	if res.body == nil {
		w.WriteHeader(res.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(res.status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	// A client that hung up gets nothing; there is no one left to tell.
	_ = enc.Encode(res.body)
}

// decode reads the JSON object in the request's body.
func (r *request) decode() (map[string]any, bool) {
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		return nil, false
	}
	return v, true
}

// stamp is a time as Neutron, Nova and Glance write it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// micros is a time as Keystone writes it.
func micros(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// orNull is s, or JSON's null for "".
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
