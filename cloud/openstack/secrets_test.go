package openstack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"portico/cloud"
)

// sesame has what changes its form in JSON and in URLs.
const sesame = `open "sesame" & <more>`

// exchange sends body to a server that answers with status and answer, and returns the trace and
// what the client read.
func exchange(t *testing.T, header http.Header, body string, status int, answer string) (trace string, read string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	var out bytes.Buffer
	client := newHTTPClient(nil, time.Minute, newSecrets(gophercloud.AuthOptions{Password: sesame}), &homes{}, &out)
	t.Cleanup(client.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v3/x?password=inquery&limit=5", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", "gAAAA-asked")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), string(got)
}

func TestTraceIsWithoutSecrets(t *testing.T) {
	sent := `{"auth":{"identity":{"methods":["password","token"],"password":{"user":{"name":"mg","password":"inbody"}},"token":{"id":"gAAAA-old"}},
	"application_credential":{"secret":"app-secret"}},"server":{"name":"vm-1","adminPass":"admin-pass","user_data":"user-data","key":"-----BEGIN OPENSSH PRIVATE KEY-----\nabc"},
	"note":"he said open \"sesame\" & <more>, gAAAA-asked and gAAAA-given"}`
	answer := `{"token":{"id":"gAAAA-v2","project":{"id":"project-id"}},"output":"random passwords","port":{"name":"a\u202eb\u001b[31m"},"big":` + "12345678901234567890" + `}`
	trace, read := exchange(t, http.Header{"X-Subject-Token": {"gAAAA-given"}, "Set-Cookie": {"session=cookie"}, "X-Request-Id": {"req-1"}}, sent, http.StatusCreated, answer)
	if read != answer {
		t.Errorf("the client read %q", read)
	}
	for _, secret := range []string{
		sesame, "sesame", "inquery", "inbody", "gAAAA", "app-secret", "admin-pass", "user-data", "BEGIN OPENSSH", "random passwords", "session=cookie", "\u202e", "\x1b",
	} {
		if strings.Contains(trace, secret) {
			t.Errorf("%q is in the trace", secret)
		}
	}
	for _, kept := range []string{"POST http://", "limit=5", " 201 Created ", "> X-Auth-Token: ***", "< X-Subject-Token: ***", "< X-Request-Id: req-1", `"name":"mg"`, `"name":"vm-1"`, `"id":"project-id"`, "12345678901234567890"} {
		if !strings.Contains(trace, kept) {
			t.Errorf("%q is not in the trace", kept)
		}
	}
	if t.Failed() {
		t.Log(trace)
	}
}

// A body of any size is passed on whole, and written up to a bound; one that is not JSON is counted.
func TestTraceIsBounded(t *testing.T) {
	long := `{"servers":["` + strings.Repeat("x", 2*maxTraced) + `"]}`
	trace, read := exchange(t, nil, "", http.StatusOK, long)
	if read != long || len(trace) > 2*maxWritten {
		t.Errorf("read %d of %d bytes, wrote %d", len(read), len(long), len(trace))
	}
	if trace, _ := exchange(t, nil, "", http.StatusOK, `{"a":"`+strings.Repeat("x", 2*maxWritten)+`"}`); len(trace) > 2*maxWritten || !strings.Contains(trace, "... (8200 bytes)") {
		t.Errorf("wrote %d: %s", len(trace), trace[len(trace)-40:])
	}
	if trace, read := exchange(t, nil, "", http.StatusOK, "<p>my own secret</p>"); read != "<p>my own secret</p>" || !strings.Contains(trace, "< (20 bytes, not JSON)") {
		t.Errorf("read %q, wrote %s", read, trace)
	}
}

// Clouds and what stands before them repeat what they were sent when they complain of it.
func TestFaultsRepeatNoSecret(t *testing.T) {
	for _, form := range []string{sesame, `open \"sesame\" & <more>`, `open \"sesame\" \u0026 \u003cmore\u003e`, "open+%22sesame%22+%26+%3Cmore%3E", "open%20%22sesame%22%20&%20%3Cmore%3E", "gAAAA-asked"} {
		_, read := exchange(t, nil, "", http.StatusUnauthorized, `{"error": {"message": "could not use `+form+`, sorry"}}`)
		if read != `{"error": {"message": "could not use ***, sorry"}}` {
			t.Errorf("%s: %s", form, read)
		}
	}
}

// Passwords in addresses are in no text, even where the address is wrong.
func TestAddressesHideTheirPasswords(t *testing.T) {
	for name, set := range map[string]map[string]string{
		"no such host":   {"OS_AUTH_URL": "http://mg:hunter22@127.0.0.1:1/v3"},
		"broken address": {"OS_AUTH_URL": "http://mg:hunter22@[::1/v3"},
		"not an address": {"OS_AUTH_URL": "mg:hunter22@cloud.example.org"},
		"proxy":          {"OS_AUTH_URL": "http://cloud.example.org/v3", "HTTP_PROXY": "http://mg:hunter22@127.0.0.1:1"},
		"broken proxy":   {"OS_AUTH_URL": "http://cloud.example.org/v3", "HTTP_PROXY": "http://mg:hunter22 x@ya:b"},
	} {
		t.Run(name, func(t *testing.T) {
			vars := map[string]string{"OS_USERNAME": "demo", "OS_PASSWORD": sesame, "OS_PROJECT_NAME": "demo"}
			for k, v := range set {
				vars[k] = v
			}
			environment(t, vars)
			var out bytes.Buffer
			_, err := Connect(t.Context(), Options{Debug: &out, Timeout: 5 * time.Second})
			if err == nil {
				t.Fatal("it connected")
			}
			x := cloud.Explain(err)
			if all := fmt.Sprint(err, x, out.String()); strings.Contains(all, "hunter22") || strings.Contains(all, "sesame") {
				t.Errorf("a password in %s", all)
			}
		})
	}
}

func TestProxyErrorHidesThePassword(t *testing.T) {
	known := newSecrets(gophercloud.AuthOptions{})
	known.learnFromURL("http://mg:hunter 22%41@ya:b")
	failed := errors.New(`invalid proxy address "http://mg:hunter 22%41@ya:b": invalid port, or hunter 22A`)
	if got := known.redact(failed.Error()); strings.Contains(got, "hunter") {
		t.Error(got)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	auth := gophercloud.AuthOptions{Password: sesame, TokenID: "gAAAA-mine"}
	for _, v := range []any{newSecrets(auth), settings{name: "lab", auth: auth}, &settings{name: "lab", auth: auth}, guard{secrets: newSecrets(auth)}, &Client{}} {
		if text := fmt.Sprintf("%v %+v %#v %s", v, v, v, v); strings.Contains(text, "sesame") || strings.Contains(text, "gAAAA") {
			t.Errorf("%T prints as %s", v, text)
		}
	}
}
