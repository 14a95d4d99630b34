package emulator

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"go.uber.org/goleak"
)

const demoKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPgBQ9h+Agry5ZqTZA4aXCWscSP9DxwQWT/DuIPkUoo4 laptop"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a cloud that ends with the test.
func start(t *testing.T, config Config, fill func(*Model)) *Cloud {
	t.Helper()
	c, err := Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if fill != nil {
		if err := c.Fill(fill); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func startDemo(t *testing.T) *Cloud {
	t.Helper()
	return start(t, Config{Project: "metagenomics"}, Demo{PublicKey: demoKey}.Fill)
}

// environ looks a variable up in an environment as Env returns it.
func environ(env []string, name string) string {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}

func options(env []string) gophercloud.AuthOptions {
	return gophercloud.AuthOptions{
		IdentityEndpoint:            environ(env, "OS_AUTH_URL"),
		Username:                    environ(env, "OS_USERNAME"),
		Password:                    environ(env, "OS_PASSWORD"),
		DomainName:                  environ(env, "OS_USER_DOMAIN_NAME"),
		TenantName:                  environ(env, "OS_PROJECT_NAME"),
		ApplicationCredentialID:     environ(env, "OS_APPLICATION_CREDENTIAL_ID"),
		ApplicationCredentialSecret: environ(env, "OS_APPLICATION_CREDENTIAL_SECRET"),
		TokenID:                     environ(env, "OS_TOKEN"),
		AllowReauth:                 environ(env, "OS_TOKEN") == "",
	}
}

// clients are gophercloud's clients of the four services.
type clients struct {
	provider                *gophercloud.ProviderClient
	compute, network, image *gophercloud.ServiceClient
}

func connect(t *testing.T, opts gophercloud.AuthOptions) clients {
	t.Helper()
	p, err := openstack.NewClient(opts.IdentityEndpoint)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p.HTTPClient = http.Client{Transport: transport}
	if err := openstack.Authenticate(t.Context(), p, opts); err != nil {
		t.Fatal(err)
	}
	out := clients{provider: p}
	for _, s := range []struct {
		make func(*gophercloud.ProviderClient, gophercloud.EndpointOpts) (*gophercloud.ServiceClient, error)
		to   **gophercloud.ServiceClient
	}{
		{openstack.NewComputeV2, &out.compute}, {openstack.NewNetworkV2, &out.network}, {openstack.NewImageV2, &out.image},
	} {
		if *s.to, err = s.make(p, gophercloud.EndpointOpts{Region: "RegionOne"}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func demoClients(t *testing.T, c *Cloud) clients {
	t.Helper()
	return connect(t, options(c.Env()))
}

// answer is a raw HTTP answer.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// call makes one raw request with a token and up to one pair of header name and value.
func call(t *testing.T, c *Cloud, method, path, body string, header ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", environ(c.TokenEnv(), "OS_TOKEN"))
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, text: string(text)}
	if len(text) > 0 && strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &a.body); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return a
}

// items returns the list under key.
func (a answer) items(t *testing.T, key string) []map[string]any {
	t.Helper()
	list, ok := a.body[key].([]any)
	if !ok {
		t.Fatalf("no list %q in %d %s", key, a.status, a.text)
	}
	var out []map[string]any
	for _, x := range list {
		out = append(out, x.(map[string]any))
	}
	return out
}

// wantError checks status, Neutron's exception and message.
func (a answer) wantError(t *testing.T, status int, kind, message string) {
	t.Helper()
	e, _ := a.body["NeutronError"].(map[string]any)
	if a.status != status || e["type"] != kind || e["message"] != message {
		t.Errorf("got %d %s\nwant %d %s: %s", a.status, a.text, status, kind, message)
	}
}
