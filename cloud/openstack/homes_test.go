package openstack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"portico/cloud"
)

// A page that leads to another server gets no token there.
func TestForeignPageGetsNoToken(t *testing.T) {
	var asked atomic.Int32
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(`{"servers": []}`))
	}))
	t.Cleanup(foreign.Close)
	elsewhere := strings.Replace(foreign.URL, "127.0.0.1", "localhost", 1)
	f := newFake(t)
	c := f.connect(t)
	f.inject(fault{
		path: "/compute/v2.1/servers/detail", times: 1, status: http.StatusOK, header: map[string]string{"Content-Type": "application/json"},
		body: fmt.Sprintf(`{"servers": [{"id": "i1"}], "servers_links": [{"rel": "next", "href": "%s/compute/v2.1/servers/detail?marker=i1"}]}`, elsewhere),
	})
	_, err := c.Inventory(t.Context())
	if asked.Load() > 0 {
		t.Error("the other server was asked, with the token")
	}
	if x := cloud.Explain(err); cloud.KindOf(err) != cloud.Permission || !strings.Contains(x.Why, "localhost") || !strings.Contains(x.Next, "catalog") {
		t.Errorf("%+v", x)
	}
}

func TestHomes(t *testing.T) {
	h := &homes{}
	ask := func(address, token string) string {
		req := httptest.NewRequest(http.MethodGet, address, nil)
		req.Header.Set("X-Auth-Token", token)
		got, err := h.check(req)
		if err != nil {
			return "refused"
		}
		return got.URL.String()
	}
	if got := ask("http://anywhere.example/", "t"); got != "http://anywhere.example/" {
		t.Error("before the catalog is known:", got)
	}
	h.add("https://nova.example:8774/v2.1/")
	h.add("http://neutron.example:9696/")
	for _, tc := range []struct{ address, token, want string }{
		{"https://nova.example:8774/v2.1/servers", "t", "https://nova.example:8774/v2.1/servers"},
		{"https://nova.example/v2.1/servers", "t", "https://nova.example/v2.1/servers"},
		{"http://nova.example:8774/v2.1/servers?marker=x", "t", "https://nova.example:8774/v2.1/servers?marker=x"},
		{"http://nova.example/v2.1/servers", "t", "refused"},
		{"http://neutron.example:9696/v2.0/ports", "t", "http://neutron.example:9696/v2.0/ports"},
		{"https://neutron.example/v2.0/ports", "t", "https://neutron.example/v2.0/ports"},
		{"https://nova.example.evil.example:8774/v2.1/servers", "t", "refused"},
		{"https://evil.example/", "t", "refused"},
		{"https://evil.example/", "", "https://evil.example/"},
	} {
		if got := ask(tc.address, tc.token); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.address, got, tc.want)
		}
	}
}
