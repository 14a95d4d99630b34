package emulator

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
)

func TestLogIn(t *testing.T) {
	c := startDemo(t)
	for name, env := range map[string][]string{
		"password": c.Env(), "application credential": c.AppCredentialEnv(), "token": c.TokenEnv(),
	} {
		t.Run(name, func(t *testing.T) {
			pages, err := servers.List(connect(t, options(env)).compute, nil).AllPages(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			list, err := servers.ExtractServers(pages)
			if err != nil || len(list) != 13 {
				t.Errorf("%d servers, %v", len(list), err)
			}
		})
	}
}

func TestLogInRefused(t *testing.T) {
	c := startDemo(t)
	for name, change := range map[string]func(*gophercloud.AuthOptions){
		"wrong password": func(o *gophercloud.AuthOptions) { o.Password = "x" },
		"no such user":   func(o *gophercloud.AuthOptions) { o.Username = "x" },
		"other domain":   func(o *gophercloud.AuthOptions) { o.DomainName = "x" },
		"other project":  func(o *gophercloud.AuthOptions) { o.TenantName = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			opts := options(c.Env())
			change(&opts)
			p, err := openstack.NewClient(opts.IdentityEndpoint)
			if err != nil {
				t.Fatal(err)
			}
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			p.HTTPClient = http.Client{Transport: transport}
			if err := openstack.Authenticate(t.Context(), p, opts); !gophercloud.ResponseCodeIs(err, http.StatusUnauthorized) {
				t.Errorf("got %v, want 401", err)
			}
		})
	}
}

func TestSecretsDifferBetweenStarts(t *testing.T) {
	a, b := start(t, Config{}, nil), start(t, Config{}, nil)
	if x := environ(a.Env(), "OS_PASSWORD"); x == "" || x == environ(b.Env(), "OS_PASSWORD") {
		t.Error("the password is empty or the same in two clouds")
	}
	const secret = "OS_APPLICATION_CREDENTIAL_SECRET"
	if x := environ(a.AppCredentialEnv(), secret); x == "" || x == environ(b.AppCredentialEnv(), secret) {
		t.Error("the application credential's secret is empty or the same in two clouds")
	}
}

func TestReauthentication(t *testing.T) {
	now := time.Now()
	for name, expire := range map[string]func(*Cloud){
		"revoked": func(c *Cloud) { c.ExpireTokens() },
		"by age":  func(*Cloud) { now = now.Add(2 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, Config{TokenLifetime: time.Hour, Now: func() time.Time { return now }}, nil)
			cl := demoClients(t, c)
			old := cl.provider.Token()
			expire(c)
			if _, err := servers.List(cl.compute, nil).AllPages(t.Context()); err != nil {
				t.Fatal(err)
			}
			if cl.provider.Token() == old {
				t.Error("the client still has its old token")
			}
		})
	}
}

func TestTokenCalls(t *testing.T) {
	c := start(t, Config{}, nil)
	subject := environ(c.TokenEnv(), "OS_TOKEN")
	const path = "/identity/v3/auth/tokens"
	a := call(t, c, "GET", path, "", "X-Subject-Token", subject)
	tok, _ := a.body["token"].(map[string]any)
	if a.status != http.StatusOK || tok["catalog"] == nil || tok["project"].(map[string]any)["name"] != "demo" {
		t.Errorf("GET: %d %s", a.status, a.text)
	}
	if a := call(t, c, "HEAD", path, "", "X-Subject-Token", subject); a.status != http.StatusOK || a.text != "" {
		t.Errorf("HEAD: %d %q", a.status, a.text)
	}
	if a := call(t, c, "DELETE", path, "", "X-Subject-Token", subject); a.status != http.StatusNoContent {
		t.Errorf("DELETE: %d", a.status)
	}
	if a := call(t, c, "GET", path, "", "X-Subject-Token", subject); a.status != http.StatusNotFound {
		t.Errorf("GET after DELETE: %d", a.status)
	}
	if got := c.WritesSince(0); len(got) != 0 {
		t.Errorf("logging out counts as a write: %q", got)
	}
}

func TestUnauthorisedAnswers(t *testing.T) {
	c := start(t, Config{}, nil)
	for path, want := range map[string]string{
		"/compute/v2.1/servers": `"title":"Unauthorized"`, "/network/v2.0/ports": `"title":"Unauthorized"`,
		"/image/v2/images": "<h1>401 Unauthorized</h1>", "/identity/v3/projects/x": `"title":"Unauthorized"`,
	} {
		a := call(t, c, "GET", path, "", "X-Auth-Token", "bogus")
		if a.status != http.StatusUnauthorized || !strings.Contains(a.text, want) || a.header.Get("Www-Authenticate") == "" {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
}
