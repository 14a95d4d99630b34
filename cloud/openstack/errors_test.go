package openstack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"

	"portico/cloud"
)

func TestStatusToKind(t *testing.T) {
	nova := func(key, message string) string {
		text, _ := json.Marshal(object{key: object{"message": message, "code": 1}})
		return string(text)
	}
	neutron := func(kind, message string) string {
		return fmt.Sprintf(`{"NeutronError": {"type": %q, "message": %q, "detail": ""}}`, kind, message)
	}
	cases := map[string]struct {
		status int
		body   string
		header string
		want   cloud.Kind
		text   string
		next   string
	}{
		"keystone 401":        {401, nova("error", "The request you have made requires authentication."), "", cloud.Auth, "requires authentication. (HTTP 401)", "check user"},
		"neutron 403":         {403, neutron("PolicyNotAuthorized", "disallowed by policy"), "", cloud.Permission, "disallowed by policy", ""},
		"nova quota is a 403": {403, nova("forbidden", "Quota exceeded for instances"), "", cloud.Quota, "Quota exceeded", ""},
		"neutron quota":       {409, neutron("OverQuota", "No more of ['security_group']"), "", cloud.Quota, "No more of", ""},
		"404":                 {404, nova("itemNotFound", "Instance x could not be found."), "", cloud.NotFound, "Instance x", ""},
		"404 of a proxy":      {404, "<html>nothing</html>", "", cloud.NotFound, "HTTP 404 Not Found", ""},
		"409":                 {409, neutron("SecurityGroupInUse", "in use"), "", cloud.Conflict, "in use (HTTP 409)", ""},
		"412":                 {412, neutron("RevisionNumberConstraintFailed", "Constrained to 1"), "", cloud.Stale, "Constrained", ""},
		"413 quota":           {413, nova("overLimit", "Too many"), "", cloud.Quota, "Too many", ""},
		"413 rate":            {413, nova("overLimit", "Slow down"), "60", cloud.Transient, "Slow down", "try again in 1m0s"},
		"429":                 {429, "", "", cloud.Transient, "HTTP 429 Too Many Requests", ""},
		"500":                 {500, neutron("HTTPInternalServerError", "Request Failed"), "", cloud.Internal, "Request Failed", "tell its operators"},
		"503":                 {503, "<html>", "5", cloud.Transient, "HTTP 503", "try again in 5s"},
		"504":                 {504, "", "", cloud.Transient, "HTTP 504", ""},
		"400":                 {400, neutron("HTTPBadRequest", "Invalid input"), "", cloud.Invalid, "Invalid input", ""},
		"glance":              {403, `{"message": "You may not", "code": "403 Forbidden", "title": "Forbidden"}`, "", cloud.Permission, "You may not", ""},
		"old neutron":         {404, `{"NeutronError": "no such thing"}`, "", cloud.NotFound, "no such thing", ""},
		"hostile":             {404, nova("x", "\x1b[2Jgone\nfor good"), "", cloud.NotFound, "gone for good (HTTP 404)", ""},
		"endless":             {404, nova("x", strings.Repeat("é", 5000)), "", cloud.NotFound, "é... (HTTP 404)", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			cause := gophercloud.ErrUnexpectedResponseCode{Method: "GET", URL: "http://x/y", Actual: tc.status, Body: []byte(tc.body), ResponseHeader: http.Header{}}
			if tc.header != "" {
				cause.ResponseHeader.Set("Retry-After", tc.header)
			}
			err := wrap("read", "thing", fmt.Errorf("somewhere: %w", cause))
			x := cloud.Explain(err)
			if cloud.KindOf(err) != tc.want || !strings.Contains(x.Why, tc.text) || !strings.Contains(x.Next, tc.next) || x.Next == "" {
				t.Errorf("kind %v, want %v: %+v", cloud.KindOf(err), tc.want, x)
			}
			if strings.Contains(x.Why, "<") || strings.Contains(x.Why, "\x1b") || len(x.Why) > 700 {
				t.Errorf("raw body in %q", x.Why)
			}
			if !gophercloud.ResponseCodeIs(err, tc.status) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestWrapKeepsWhatIsWrapped(t *testing.T) {
	if wrap("do", "", nil) != nil {
		t.Error("nil became an error")
	}
	inner := wrap("list", "ports", gophercloud.ErrUnexpectedResponseCode{Actual: 403})
	if outer := wrap("refresh", "", inner); !errors.Is(outer, inner) || cloud.KindOf(outer) != cloud.Permission {
		t.Errorf("got %v", outer)
	}
	if err := wrap("do", "it", errors.New("odd\x1b[0m")); cloud.KindOf(err) != cloud.Internal || err.Error() != "could not do it: odd" {
		t.Errorf("got %v", err)
	}
}
