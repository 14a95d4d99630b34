package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/keypairs"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
)

// many adds n servers srv-000.. on one network.
func many(n int) func(*Model) {
	return func(m *Model) {
		lab := m.AddNetwork(NetworkSpec{Name: "lab-net"})
		sub := m.AddSubnet(SubnetSpec{Name: "lab-v4", Network: lab, CIDR: netip.MustParsePrefix("10.0.0.0/16")})
		flavor := m.AddFlavor("tiny", 1, 512, 1)
		for i := range n {
			m.AddServer(ServerSpec{Name: fmt.Sprintf("srv-%03d", i), Flavor: flavor, NICs: []NIC{{Subnet: sub}}})
		}
	}
}

func TestServerPages(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		opts   servers.ListOpts
		calls  int
	}{
		"one page":          {Config{}, servers.ListOpts{}, 1},
		"limit":             {Config{}, servers.ListOpts{Limit: 10}, 3},
		"limit divides all": {Config{}, servers.ListOpts{Limit: 5}, 6},
		"cloud's maximum":   {Config{MaxPage: 7}, servers.ListOpts{}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, test.config, many(25))
			mark := len(c.Requests())
			pages, err := servers.List(demoClients(t, c).compute, test.opts).AllPages(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			list, err := servers.ExtractServers(pages)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, s := range list {
				seen[s.ID] = true
			}
			calls := 0
			for _, r := range c.Requests()[mark:] {
				if strings.HasSuffix(r, "/servers/detail") {
					calls++
				}
			}
			if len(list) != 25 || len(seen) != 25 || calls != test.calls {
				t.Errorf("%d servers, %d different, %d calls, want %d", len(list), len(seen), calls, test.calls)
			}
		})
	}
}

func TestServerFieldsByMicroversion(t *testing.T) {
	c := startDemo(t)
	path := "/compute/v2.1/servers/" + ID("server", "blast-db")
	old := call(t, c, "GET", path, "").body["server"].(map[string]any)
	latest := call(t, c, "GET", path, "", "OpenStack-API-Version", "compute 2.90").body["server"].(map[string]any)
	if _, has := old["tags"]; has || old["flavor"].(map[string]any)["id"] == nil {
		t.Errorf("2.1: %v", old)
	}
	if f := latest["flavor"].(map[string]any); f["original_name"] != "de.large" || f["vcpus"] != 28.0 || latest["tags"] == nil {
		t.Errorf("2.90: %v", latest)
	}
	a := call(t, c, "GET", path, "", "OpenStack-API-Version", "compute 2.999")
	if want := "Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.90."; a.status != http.StatusNotAcceptable ||
		!strings.Contains(a.text, want) {
		t.Errorf("2.999: %d %s", a.status, a.text)
	}
}

func TestServerErrors(t *testing.T) {
	c := startDemo(t)
	gw := "/compute/v2.1/servers/" + ID("server", DemoGateway)
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"unknown", "GET", "/compute/v2.1/servers/x", "", 404, `{"itemNotFound":{"code":404,"message":"Instance x could not be found."}}`},
		{"bad marker", "GET", "/compute/v2.1/servers/detail?marker=x", "", 400, `{"badRequest":{"code":400,"message":"marker [x] not found"}}`},
		{"started twice", "POST", gw + "/action", `{"os-start":null}`, 409, "Cannot 'start' instance " + ID("server", DemoGateway) + " while it is in vm_state active"},
		{"no such action", "POST", gw + "/action", `{"nope":null}`, 400, "There is no such action: nope"},
		{"others' servers", "GET", "/compute/v2.1/servers/detail?all_tenants=1", "", 403, "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed."},
		{"no such key", "GET", "/compute/v2.1/os-keypairs/x", "", 404, "Keypair x not found for user"},
		{"no such path", "GET", "/compute/v2.1/x", "", 404, "<h1>404 Not Found</h1>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if a := call(t, c, test.method, test.path, test.body); a.status != test.status || !strings.Contains(a.text, test.want) {
				t.Errorf("got %d %s\nwant %d %s", a.status, a.text, test.status, test.want)
			}
		})
	}
}

func TestStopAndStart(t *testing.T) {
	now := time.Now()
	c := start(t, Config{ActionTime: time.Minute, Now: func() time.Time { return now }}, many(1))
	cl, id := demoClients(t, c), ID("server", "srv-000")
	state := func() string {
		s, err := servers.Get(t.Context(), cl.compute, id).Extract()
		if err != nil {
			t.Fatal(err)
		}
		return s.Status + " " + s.TaskState
	}
	if err := servers.Stop(t.Context(), cl.compute, id).ExtractErr(); err != nil {
		t.Fatal(err)
	}
	got := []string{state()}
	err := servers.Start(t.Context(), cl.compute, id).ExtractErr()
	if !gophercloud.ResponseCodeIs(err, http.StatusConflict) {
		t.Errorf("start while stopping: %v", err)
	}
	now = now.Add(time.Minute)
	got = append(got, state())
	if i, _ := c.Server(id); i.Running() {
		t.Error("still running")
	}
	if err := servers.Start(t.Context(), cl.compute, id).ExtractErr(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	got = append(got, state())
	if d := cmp.Diff([]string{"ACTIVE powering-off", "SHUTOFF ", "ACTIVE "}, got); d != "" {
		t.Error(d)
	}
}

func TestConsoleOutput(t *testing.T) {
	c := start(t, Config{}, many(1))
	c.SetConsole(func(id string) string {
		i, _ := c.Server(id) // the hook may call back
		return "one\ntwo\n" + i.Name + "\n"
	})
	cl := demoClients(t, c)
	mark := c.Mark()
	for length, want := range map[int]string{0: "one\ntwo\nsrv-000\n", 2: "two\nsrv-000\n", 9: "one\ntwo\nsrv-000\n"} {
		got, err := servers.ShowConsoleOutput(t.Context(), cl.compute, ID("server", "srv-000"),
			servers.ShowConsoleOutputOpts{Length: length}).Extract()
		if err != nil || got != want {
			t.Errorf("length %d: %q, %v", length, got, err)
		}
	}
	if w := c.WritesSince(mark); len(w) != 0 {
		t.Errorf("reading the console counts as a write: %q", w)
	}
}

func TestKeyPairsAndImages(t *testing.T) {
	c := startDemo(t)
	cl := demoClients(t, c)
	k, err := keypairs.Get(t.Context(), cl.compute, DemoKeyPair, nil).Extract()
	if err != nil || k.PublicKey != demoKey || k.Fingerprint != "5e:f5:2b:2f:0b:6f:f3:62:54:f9:5d:0d:5b:6d:87:3e" {
		t.Errorf("key pair %+v, %v", k, err)
	}
	pages, err := images.List(cl.image, images.ListOpts{ID: "in:" + ID("image", "ubuntu-24.04") + "," + ID("image", "rocky-9")}).AllPages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := images.ExtractImages(pages)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d images, %v", len(list), err)
	}
	for _, i := range list {
		if i.Name == "ubuntu-24.04" && (i.Properties["os_admin_user"] != "ubuntu" || i.Properties["os_distro"] != "ubuntu") {
			t.Errorf("properties %v", i.Properties)
		}
	}
}

func TestImagePages(t *testing.T) {
	c := start(t, Config{}, func(m *Model) {
		for i := range 60 {
			m.AddImage(fmt.Sprintf("image-%d", i), nil)
		}
	})
	pages, err := images.List(demoClients(t, c).image, nil).AllPages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := images.ExtractImages(pages)
	if err != nil || len(list) != 60 {
		t.Errorf("%d images, %v", len(list), err)
	}
}
