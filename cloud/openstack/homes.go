package openstack

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

var errForeign = errors.New("is not where the cloud's catalog leads, and would get the token")

// homes are the servers that the catalog names. Once there is one, a token goes to no other: a
// list's answer says where its next page is, and may say anything.
type homes struct {
	mu    sync.RWMutex
	known []*url.URL
}

// add makes the server of an endpoint one of them.
func (h *homes) add(endpoint string) {
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.known = append(h.known, u)
	}
}

// check returns the request as it may be sent. A cloud behind a proxy that speaks TLS for it
// often names its pages without TLS: they are asked for with it.
func (h *homes) check(req *http.Request) (*http.Request, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if len(h.known) == 0 || req.Header.Get("X-Auth-Token") == "" {
		return req, nil
	}
	for _, u := range h.known {
		if req.URL.Hostname() == u.Hostname() && (req.URL.Scheme == "https" || req.URL.Scheme == u.Scheme) {
			return req, nil
		}
	}
	for _, u := range h.known {
		if req.URL.Host == u.Host && req.URL.Scheme == "http" && u.Scheme == "https" {
			secure := req.Clone(req.Context())
			secure.URL.Scheme = "https"
			return secure, nil
		}
	}
	return nil, fmt.Errorf("%s://%s %w", req.URL.Scheme, req.URL.Host, errForeign)
}
