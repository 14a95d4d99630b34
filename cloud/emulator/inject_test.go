package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"
)

func TestFail(t *testing.T) {
	c := startDemo(t)
	c.Fail(PathPrefix("GET", v2+"/ports"), http.StatusTooManyRequests, http.Header{"Retry-After": {"7"}}, 2)
	var got []int
	for range 3 {
		a := call(t, c, "GET", v2+"/ports", "")
		got = append(got, a.status)
		if a.status != http.StatusOK && a.header.Get("Retry-After") != "7" {
			t.Error("no Retry-After")
		}
		if b := call(t, c, "GET", v2+"/networks", ""); b.status != http.StatusOK {
			t.Errorf("others fail too: %d", b.status)
		}
	}
	if d := cmp.Diff([]int{429, 429, 200}, got); d != "" {
		t.Error(d)
	}
	c.Fail(PathPrefix("", "/"), http.StatusServiceUnavailable, nil, -1)
	if _, err := ports.List(demoClientsWhile(t, c), nil).AllPages(t.Context()); !gophercloud.ResponseCodeIs(err, http.StatusServiceUnavailable) {
		t.Errorf("got %v", err)
	}
	c.Heal()
	if a := call(t, c, "GET", v2+"/ports", ""); a.status != http.StatusOK {
		t.Errorf("after Heal: %d", a.status)
	}
}

// demoClientsWhile logs in although the cloud fails for good: it heals it for the login.
func demoClientsWhile(t *testing.T, c *Cloud) *gophercloud.ServiceClient {
	t.Helper()
	c.mu.Lock()
	saved := c.failures
	c.failures = nil
	c.mu.Unlock()
	net := demoClients(t, c).network
	c.mu.Lock()
	c.failures = saved
	c.mu.Unlock()
	return net
}

func TestLatency(t *testing.T) {
	c := start(t, Config{}, nil)
	c.Latency(50 * time.Millisecond)
	begin := time.Now()
	call(t, c, "GET", v2+"/ports", "")
	if d := time.Since(begin); d < 50*time.Millisecond {
		t.Errorf("answered after %v", d)
	}
}

func TestWritesSince(t *testing.T) {
	c := startDemo(t)
	net := demoClients(t, c).network
	mark := c.Mark()
	if _, err := ports.List(net, nil).AllPages(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := c.WritesSince(mark); len(w) != 0 {
		t.Errorf("reading wrote %q", w)
	}
	id := c.portID(t, "blast-db")
	call(t, c, "PUT", v2+"/ports/"+id, `{"port":{}}`)
	call(t, c, "DELETE", v2+"/security-groups/x", "")
	want := []string{"PUT " + v2 + "/ports/" + id, "DELETE " + v2 + "/security-groups/x"}
	if d := cmp.Diff(want, c.WritesSince(mark)); d != "" {
		t.Error(d)
	}
	if !slices.Contains(c.Requests(), "POST /identity/v3/auth/tokens") {
		t.Error("the login is not in the log")
	}
}

// Concurrent clients must not corrupt the model; the race detector watches.
func TestConcurrentClients(t *testing.T) {
	c := startDemo(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			port := 9000 + i
			a := call(t, c, "POST", v2+"/security-group-rules", fmt.Sprintf(`{"security_group_rule":{"security_group_id":%q,`+
				`"direction":"ingress","protocol":"tcp","port_range_min":%d,"port_range_max":%d}}`, ID("security_group", "web"), port, port))
			if a.status != http.StatusCreated {
				t.Errorf("%d %s", a.status, a.text)
			}
			call(t, c, "GET", v2+"/ports", "")
			call(t, c, "GET", "/compute/v2.1/servers/detail", "")
			c.Admits(netip.MustParseAddrPort("192.168.0.20:80"), "tcp", netip.MustParseAddr("192.0.2.1"))
		})
	}
	wg.Wait()
	if got := len(call(t, c, "GET", v2+"/security-group-rules?security_group_id="+ID("security_group", "web"), "").
		items(t, "security_group_rules")); got != 4+8 {
		t.Errorf("%d rules, want 12", got)
	}
}

func TestFillReportsMistakes(t *testing.T) {
	for name, f := range map[string]func(*Model){
		"unknown network": func(m *Model) { m.AddSubnet(SubnetSpec{Name: "x", Network: "nope"}) },
		"unknown flavor":  func(m *Model) { m.AddServer(ServerSpec{Name: "x"}) },
		"bad key":         func(m *Model) { m.AddKeyPair("x", "not a key") },
		"bad rule":        func(m *Model) { m.AddGroup("x", "", RuleSpec{PortMin: 1, PortMax: 2}) },
		"address twice": func(m *Model) {
			sub := m.AddSubnet(SubnetSpec{Network: m.AddNetwork(NetworkSpec{Name: "n"}), CIDR: netip.MustParsePrefix("10.0.0.0/24")})
			f := m.AddFlavor("f", 1, 1, 1)
			for _, name := range []string{"a", "b"} {
				m.AddServer(ServerSpec{Name: name, Flavor: f, NICs: []NIC{{Subnet: sub, Address: netip.MustParseAddr("10.0.0.9")}}})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := start(t, Config{}, nil).Fill(f); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestDeleteServer(t *testing.T) {
	c := startDemo(t)
	if err := c.Fill(func(m *Model) { m.DeleteServer(ID("server", DemoWeb)) }); err != nil {
		t.Fatal(err)
	}
	if i, ok := c.ByAddress(netip.MustParseAddr("192.168.0.40")); ok {
		t.Errorf("its address still leads to %q", i.Name)
	}
	f := call(t, c, "GET", v2+"/floatingips?floating_ip_address=203.0.113.31", "").items(t, "floatingips")
	if len(f) != 1 || f[0]["port_id"] != nil || f[0]["status"] != "DOWN" {
		t.Errorf("its floating IP: %v", f)
	}
	if a := call(t, c, "GET", "/compute/v2.1/servers/"+ID("server", DemoWeb), ""); a.status != http.StatusNotFound {
		t.Errorf("the server: %d", a.status)
	}
}

// BenchmarkServersDetail answers one page of a project of 5,000 instances.
func BenchmarkServersDetail(b *testing.B) {
	c, err := Start(Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Fill(many(5000)); err != nil {
		b.Fatal(err)
	}
	list := c.listServers(true)
	r := &request{Request: &http.Request{URL: &url.URL{Path: "/compute/v2.1/servers/detail"}}, minor: maxMinor}
	for b.Loop() {
		if res := c.answer(list, r, false); res.status != http.StatusOK {
			b.Fatal(res.status)
		}
	}
}
