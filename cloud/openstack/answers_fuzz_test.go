package openstack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gophercloud/gophercloud/v2"

	"portico/cloud"
)

// answers is a cloud that answers requests for one path with the same text, whatever is asked,
// and all others with the seeds. It is the transport itself: no packet is sent.
type answers struct {
	path, body, retryAfter string
	status                 int
	requests               atomic.Int32
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a.requests.Add(1)
	status, body := http.StatusOK, "{}"
	header := http.Header{"Content-Type": {"application/json"}, "X-Subject-Token": {"t"}}
	for i, q := range asked {
		if q.path != "" && strings.HasSuffix(r.URL.Path, q.path) {
			body = seeds[i]
		}
	}
	if a.path == "" || strings.HasSuffix(r.URL.Path, a.path) {
		status, body = a.status, a.body
		header.Set("Retry-After", a.retryAfter)
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// client talks to the answers without having logged in.
func (a *answers) client() *Client {
	p := &gophercloud.ProviderClient{HTTPClient: http.Client{Transport: a, CheckRedirect: sameHost}, TokenID: "t"}
	p.EndpointLocator = func(eo gophercloud.EndpointOpts) (string, error) { return "http://" + eo.Type + ".example/", nil }
	service := func(kind string) *gophercloud.ServiceClient {
		return &gophercloud.ServiceClient{ProviderClient: p, Endpoint: "http://" + kind + ".example/", Type: kind}
	}
	return &Client{identity: cloud.Identity{ProjectID: fakeProject}, provider: p, compute: service("compute"), network: service("network")}
}

// asked is everything the adapter asks a cloud for, by the path of the answer that it reads.
var asked = []struct {
	path string
	ask  func(ctx context.Context, c *Client) (any, error)
}{
	{"/servers/detail", inventory}, {"/flavors/detail", inventory}, {"/ports", inventory}, {"/security-groups", inventory},
	{"/floatingips", inventory}, {"/networks", inventory}, {"/subnets", inventory}, {"/routers", inventory},
	{"/extensions", inventory}, {"/details.json", inventory}, {"/quotas/" + fakeProject, inventory}, {"/port_forwardings", inventory},
	{"", inventory},
	{"", func(ctx context.Context, c *Client) (any, error) { return c.Port(ctx, "p1") }},
	{"", func(ctx context.Context, c *Client) (any, error) { return c.CreateGroup(ctx, "n", "d") }},
	{"", func(ctx context.Context, c *Client) (any, error) {
		return c.CreateRule(ctx, cloud.SecurityGroupRule{GroupID: "g", Protocol: "tcp", PortMin: 1, PortMax: 2})
	}},
	{"", func(ctx context.Context, c *Client) (any, error) {
		return nil, c.SetPortGroups(ctx, "p1", []string{"g"}, 1)
	}},
	{"", func(ctx context.Context, c *Client) (any, error) {
		return nil, errors.Join(c.DeleteGroup(ctx, "g", 1), c.DeleteRule(ctx, "r"))
	}},
	{"", func(ctx context.Context, c *Client) (any, error) { return c.Images(ctx, []string{"i1"}) }},
	{"", func(ctx context.Context, c *Client) (any, error) { return c.KeyPairs(ctx) }},
	{"", func(ctx context.Context, c *Client) (any, error) {
		_, err := c.ConsoleLog(ctx, "i1", 100) // the log is handed on as it is
		return nil, err
	}},
	{"", func(ctx context.Context, c *Client) (any, error) {
		s := settings{auth: gophercloud.AuthOptions{IdentityEndpoint: "http://keystone.example/v3", UserID: "u", Password: "p"}}
		c.provider.IdentityBase, c.provider.IdentityEndpoint = "http://keystone.example/", s.auth.IdentityEndpoint
		err := c.login(ctx, s, "log in to", "keystone.example")
		return c.identity, err
	}},
}

func inventory(ctx context.Context, c *Client) (any, error) { return c.Inventory(ctx) }

// FuzzAnswers: whatever a cloud answers, with whatever status, the adapter gives either what it
// could read, or an error with a kind, in a bounded number of requests; and both are clean.
func FuzzAnswers(f *testing.F) {
	for i, body := range seeds {
		for _, status := range []int{200, 201, 204, 404, 409} {
			f.Add(byte(i), status, body, "")
		}
	}
	f.Add(byte(12), 503, "<html>\x1b[31m</html>", "99999999999999999999")
	for i, body := range []string{
		`{"servers": [{"id": "i"}], "servers_links": [{"rel": "next", "href": "http://compute.example/servers/detail?marker=i"}]}`,
		`{"flavors": [{"id": "f1", "swap": -1}], "flavors_links": [{"rel": "next", "href": "http://compute.example/flavors/detail?x"}]}`,
		`{"ports": [{}], "ports_links": [{"rel": "next", "href": "?x"}]}`, `{"security_groups": [{"created_at": "x"}]}`, `{"floatingips": [{"port_forwardings": [{"external_port_range": "1:65535", "internal_port": 1, "internal_ip_address": "10.0.0.1"}]}]}`, `{"networks": [{"mtu": 1e9}]}`,
	} {
		f.Add(byte(i), 200, body, "")
	}
	f.Add(byte(14), 201, `{}`, "")
	f.Add(byte(15), 201, `{"security_group_rule": {}}`, "")
	f.Add(byte(18), 200, `{"images": [{"id": "i2"}], "next": "/v2/images?marker=i2"}`, "")
	f.Add(byte(12), 300, `{"message": {"message": 1}}`, "-1")
	f.Add(byte(13), 413, `{"overLimit": {"message": "Quota exceeded\u202e"}}`, "Thu, 01 Jan 1970 00:00:00 GMT")
	f.Add(byte(14), 409, `{"NeutronError": {"type": "OverQuota", "message": "\u0000\u001b]0;x\u0007"}}`, "")
	f.Fuzz(func(t *testing.T, what byte, status int, body, retryAfter string) {
		q := asked[int(what)%len(asked)]
		a := &answers{path: q.path, status: 200 + (status%400+400)%400, body: body, retryAfter: retryAfter}
		got, err := q.ask(t.Context(), a.client())
		if n := a.requests.Load(); n > mostRequests {
			t.Errorf("%d requests", n)
		}
		if err != nil {
			var e *cloud.Error
			if !errors.As(err, &e) {
				t.Fatalf("error without a kind: %T %q", err, err)
			}
			for _, one := range strings.Split(err.Error(), "\n") { // of errors.Join
				if one != cloud.Clean(one) || len([]rune(one)) > 2000 {
					t.Fatalf("error %q", one)
				}
			}
			return
		}
		mustBeClean(t, "answer", reflect.ValueOf(got))
	})
}

// mostRequests is more than an inventory of a dozen lists takes, with its second tries, and one
// for each of some floating IPs.
const mostRequests = 200

// seeds hold, for each of asked, an answer with the fields that are read.
var seeds = []string{
	`{"servers": [{"id": "i\u001b[1m", "name": "n", "image": {"id": "x"}, "flavor": {"id": "f1"}, "created": "2024-01-01T00:00:00Z", "metadata": {"a\u202e": "b"}, "tags": ["t"], "fault": {"message": "m"}}]}`,
	`{"flavors": [{"id": "f1", "name": "m1", "vcpus": 2, "ram": 2048, "swap": "", "disk": 1}]}`,
	`{"ports": [{"id": "p1", "fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.1"}], "security_groups": ["g2"], "allowed_address_pairs": [{"ip_address": "10.0.0.0/33"}], "revision_number": 1}]}`,
	`{"security_groups": [{"id": "g", "name": "n", "security_group_rules": [{"id": "r", "port_range_min": -1, "port_range_max": 70000, "remote_ip_prefix": "::/0", "remote_address_group_id": "a"}]}]}`,
	`{"floatingips": [{"id": "f", "floating_ip_address": "203.0.113.1", "router_id": "r", "fixed_ip_address": "fe80::1%x", "port_forwardings": [{"external_port_range": "1000:1300", "internal_port_range": "1:2", "internal_ip_address": "10.0.0.1"}]}, {"id": "f2", "router_id": "r"}]}`,
	`{"networks": [{"id": "n", "router:external": true, "mtu": 1500}]}`, `{"subnets": [{"id": "s", "network_id": "n", "cidr": "10.0.0.0/8", "gateway_ip": null}]}`,
	`{"routers": [{"id": "r", "external_gateway_info": null}]}`, `{"extensions": [{"alias": "floating-ip-port-forwarding", "updated": "2013-02-03T10:00:00-00:00"}]}`,
	`{"quota": {"security_group": {"used": 1, "limit": -1, "reserved": 2}}}`, `{"quota": {"security_group": 10}}`, `{"port_forwardings": [{"external_port": 1, "internal_port": 1}]}`,
	`{"servers": [{"id": "i"}], "ports": [{"security_groups": ["g"]}], "floatingips": [{"id": "../x", "router_id": "r"}], "networks": null, "subnets": {}, "routers": []}`,
	`{"port": {"id": "p1", "security_groups": null}}`, `{"security_group": {"id": "g", "security_group_rules": null}}`, `{"security_group_rule": {"id": "r", "port_range_min": null}}`,
	`{"port": null}`, ``, `{"images": [{"id": "i1", "os_admin_user": "\u200b"}], "next": "/v2/images?marker=i1"}`, `{"keypairs": [{"keypair": {"name": "k"}}]}`, `{"output": "-----BEGIN"}`,
	`{"token": {"user": {"id": "u", "name": "\u001b"}, "project": {"id": "p", "name": "n"}, "expires_at": "2030-01-01T00:00:00Z", "catalog": [{"type": "compute", "endpoints": [{"interface": "public", "url": "http://c.example/"}]}, {"type": "network", "endpoints": [{"interface": "public", "url": "://"}]}]}}`,
}

// mustBeClean looks at every string of a value.
func mustBeClean(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); s != cloud.Clean(s) {
			t.Fatalf("%s is %q", path, s)
		}
	case reflect.Interface, reflect.Pointer:
		if e, ok := reflect.TypeAssert[error](v); ok && e != nil {
			if s := e.Error(); s != cloud.Clean(s) {
				t.Fatalf("%s is %q", path, s)
			}
		} else if !v.IsNil() {
			mustBeClean(t, path, v.Elem())
		}
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[cloud.Instance]().PkgPath() {
			return // a time or an address
		}
		for i := range v.NumField() {
			mustBeClean(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			mustBeClean(t, path, v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			mustBeClean(t, path, k)
			mustBeClean(t, path, v.MapIndex(k))
		}
	default: // holds no text
	}
}
