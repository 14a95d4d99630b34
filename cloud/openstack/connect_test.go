package openstack

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"portico/cloud"
)

// writeClouds makes a clouds.yaml the configuration, with URL standing for the fake's Keystone.
func writeClouds(t *testing.T, f *fake, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "URL", f.URL+"/identity/v3")), 0o600); err != nil {
		t.Fatal(err)
	}
	environment(t, map[string]string{"OS_CLIENT_CONFIG_FILE": file})
}

func TestConnectByEveryKindOfCredential(t *testing.T) {
	const text = `clouds:
  password:
    auth: {auth_url: URL, username: demo, password: correct-horse, project_name: demo, user_domain_name: Default, project_domain_id: default}
  bare:
    auth: {auth_url: URL, username: demo, password: correct-horse, project_name: demo}
  credential:
    auth_type: v3applicationcredential
    auth: {auth_url: URL, application_credential_id: app, application_credential_secret: correct-horse}
  token:
    auth_type: v3token
    auth: {auth_url: URL, token: given}
  rescoped:
    auth_type: v3token
    auth: {auth_url: URL, token: given, project_name: demo}
  elsewhere:
    region_name: RegionOne
    auth: {auth_url: URL, username: demo, project_id: p, user_domain_name: Default, password: correct-horse}
`
	for _, name := range []string{"password", "bare", "credential", "token", "rescoped", "elsewhere"} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.tokens["given"] = true
			furnish(f)
			writeClouds(t, f, text)
			c, err := Connect(t.Context(), Options{Cloud: name, Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			if inv, err := c.Inventory(t.Context()); err != nil || len(inv.Instances) != 2 {
				t.Errorf("%d instances, %v", len(inv.Instances), err)
			}
			if id := c.Identity(); id.Cloud != name || id.Project != "demo" || id.UserID != "u1" {
				t.Errorf("identity %+v", id)
			}
		})
	}
}

func TestConnectByEnvironment(t *testing.T) {
	cases := map[string]map[string]string{
		"password":           {"OS_USERNAME": "demo", "OS_PASSWORD": fakePassword, "OS_PROJECT_NAME": "demo", "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_ID": "default"},
		"both domains":       {"OS_USERNAME": "demo", "OS_PASSWORD": fakePassword, "OS_PROJECT_NAME": "demo", "OS_USER_DOMAIN_NAME": "Default", "OS_USER_DOMAIN_ID": "default", "OS_PROJECT_DOMAIN_ID": "default", "OS_PROJECT_DOMAIN_NAME": "Default"},
		"user ID":            {"OS_USER_ID": "u1", "OS_USERNAME": "demo", "OS_PASSWORD": fakePassword, "OS_PROJECT_ID": fakeProject, "OS_USER_DOMAIN_NAME": "Default"},
		"credential":         {"OS_AUTH_TYPE": "v3applicationcredential", "OS_APPLICATION_CREDENTIAL_ID": "app", "OS_APPLICATION_CREDENTIAL_SECRET": fakePassword, "OS_PROJECT_NAME": "demo"},
		"token":              {"OS_TOKEN": "given"},
		"token beside a rc":  {"OS_AUTH_TYPE": "token", "OS_TOKEN": "given", "OS_USERNAME": "demo", "OS_PASSWORD": "old", "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_NAME": "demo"},
		"tenant of old days": {"OS_USERNAME": "demo", "OS_PASSWORD": fakePassword, "OS_TENANT_NAME": "demo"},
	}
	for name, env := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.tokens["given"] = true
			env["OS_AUTH_URL"] = f.URL + "/identity/v3"
			environment(t, env)
			c, err := Connect(t.Context(), Options{Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.Identity().ProjectID != fakeProject {
				t.Errorf("identity %+v", c.Identity())
			}
		})
	}
}

func TestConnectFailures(t *testing.T) {
	password := func(url, password string) map[string]string {
		return map[string]string{"OS_AUTH_URL": url, "OS_USERNAME": "demo", "OS_PASSWORD": password, "OS_PROJECT_NAME": "demo"}
	}
	f := newFake(t)
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	t.Cleanup(page.Close)
	region := password(f.URL+"/identity/v3", fakePassword)
	region["OS_REGION_NAME"] = "Nowhere"
	cases := map[string]struct {
		env  map[string]string
		want cloud.Kind
		next string
	}{
		"wrong password":   {password(f.URL+"/identity/v3", "wrong-secret"), cloud.Auth, "check user, password"},
		"connection":       {password(dead.URL+"/v3", "wrong-secret"), cloud.Unreachable, "check auth_url"},
		"unknown host":     {password("http://keystone.invalid/v3", "wrong-secret"), cloud.Unreachable, "check auth_url"},
		"TLS to plaintext": {password("https"+strings.TrimPrefix(f.URL, "http")+"/v3", "wrong-secret"), cloud.Unreachable, "http: correct auth_url"},
		"wrong path":       {password(f.URL+"/other/v3", "wrong-secret"), cloud.Invalid, "must be Keystone's address"},
		"web page":         {password(page.URL, "wrong-secret"), cloud.Internal, "not to a web page"},
		"no such region":   {region, cloud.NotFound, "check the region"},
		"expired token":    {map[string]string{"OS_AUTH_URL": f.URL + "/identity/v3", "OS_TOKEN": "wrong-secret"}, cloud.Auth, "still valid"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			environment(t, tc.env)
			_, err := Connect(t.Context(), Options{Timeout: 5 * time.Second})
			x := cloud.Explain(err)
			if cloud.KindOf(err) != tc.want || !strings.Contains(x.Next, tc.next) || !strings.HasPrefix(x.What, "could not ") {
				t.Errorf("kind %v, want %v: %+v", cloud.KindOf(err), tc.want, x)
			}
			if strings.Contains(x.What+x.Why+x.Next, "wrong-secret") {
				t.Errorf("a secret in %+v", x)
			}
		})
	}
}

func TestConnectGivesUp(t *testing.T) {
	hanging := func(t *testing.T) *fake {
		f := newFake(t)
		f.inject(fault{path: "/identity/v3/auth/tokens", times: 9, hang: true})
		environment(t, map[string]string{"OS_AUTH_URL": f.URL + "/identity/v3", "OS_USERNAME": "demo", "OS_PASSWORD": "x", "OS_PROJECT_NAME": "demo"})
		return f
	}
	t.Run("after its time-out", func(t *testing.T) {
		hanging(t)
		_, err := Connect(t.Context(), Options{Timeout: 50 * time.Millisecond})
		if cloud.KindOf(err) != cloud.Unreachable || !strings.Contains(err.Error(), "did not answer in time") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("when canceled", func(t *testing.T) {
		hanging(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer time.AfterFunc(50*time.Millisecond, cancel).Stop()
		if _, err := Connect(ctx, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTLS(t *testing.T) {
	f := newFake(t)
	secure := httptest.NewUnstartedServer(f.Config.Handler)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs each client that does not trust it
	secure.StartTLS()
	t.Cleanup(secure.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		name, value string
		ok          bool
	}{
		"unknown authority": {"OS_CACERT", "", false},
		"its authority":     {"OS_CACERT", authority, true},
		"unchecked":         {"OS_INSECURE", "true", true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			environment(t, map[string]string{"OS_AUTH_URL": secure.URL + "/identity/v3", "OS_USERNAME": "demo", "OS_PASSWORD": fakePassword, "OS_PROJECT_NAME": "demo", tc.name: tc.value})
			c, err := Connect(t.Context(), Options{Timeout: 5 * time.Second})
			if tc.ok {
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				return
			}
			if x := cloud.Explain(err); cloud.KindOf(err) != cloud.Unreachable || !strings.Contains(x.Next, "cacert") {
				t.Errorf("got %+v", x)
			}
		})
	}
}

// A token runs out while ten requests are under way: one renewal serves them all.
func TestExpiredTokenIsRenewedOnce(t *testing.T) {
	f := newFake(t)
	furnish(f)
	c := f.connect(t)
	f.expire()
	before := f.logins
	if inv, err := c.Inventory(t.Context()); err != nil || len(inv.Instances) != 2 || len(inv.Missing) > 0 {
		t.Fatalf("%d instances, %v, %v", len(inv.Instances), inv.Missing, err)
	}
	if n := f.logins - before; n != 1 {
		t.Errorf("%d logins", n)
	}
	t.Run("concurrent inventories", func(t *testing.T) {
		f.expire()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := c.Inventory(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
	t.Run("password changed meanwhile", func(t *testing.T) {
		f.expire()
		f.password = "another"
		if _, err := c.Inventory(t.Context()); cloud.KindOf(err) != cloud.Auth {
			t.Errorf("got %v", err)
		}
	})
	t.Run("Keystone gone meanwhile", func(t *testing.T) {
		f.fail("/identity/v3/auth/tokens", http.StatusBadGateway, "<html>")
		if _, err := c.Inventory(t.Context()); cloud.KindOf(err) != cloud.Transient {
			t.Errorf("got %v", err)
		}
	})
}

func TestGivenTokenCannotBeRenewed(t *testing.T) {
	f := newFake(t)
	f.tokens["given"] = true
	environment(t, map[string]string{"OS_AUTH_URL": f.URL + "/identity/v3", "OS_TOKEN": "given"})
	c, err := Connect(t.Context(), Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	f.expire()
	if _, err := c.Inventory(t.Context()); cloud.KindOf(err) != cloud.Auth || f.logins != 0 {
		t.Errorf("%d logins, %v", f.logins, err)
	}
}

func TestDebugHasNoSecret(t *testing.T) {
	f := newFake(t)
	environment(t, map[string]string{"OS_AUTH_URL": f.URL + "/identity/v3", "OS_USERNAME": "demo", "OS_PASSWORD": fakePassword, "OS_PROJECT_NAME": "demo"})
	var out bytes.Buffer
	c, err := Connect(t.Context(), Options{Debug: &out, UserAgent: "portico/test", Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := c.Inventory(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Count(text, " "+f.URL+"/") != f.count("") || !strings.Contains(text, "POST "+f.URL+"/identity/v3/auth/tokens 201") {
		t.Errorf("trace of %d requests:\n%s", f.count(""), text)
	}
	if strings.Contains(text, fakePassword) || strings.Contains(text, "token-1") {
		t.Errorf("a secret in\n%s", text)
	}
	for _, h := range f.headers {
		if want := "portico/test " + gophercloud.DefaultUserAgent; h.Get("User-Agent") != want {
			t.Errorf("user agent %q", h.Get("User-Agent"))
		}
	}
}
