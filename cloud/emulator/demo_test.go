package emulator

import (
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
)

func TestDemoProject(t *testing.T) {
	c := startDemo(t)
	pages, err := servers.List(demoClients(t, c).compute, nil).AllPages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := servers.ExtractServers(pages)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range list {
		if s.ID != ID("server", s.Name) {
			t.Errorf("%q: ID %s is not the stable one", s.Name, s.ID)
		}
		if s.Status != statusActive {
			got[s.Name] = s.Status
		}
		if s.Name == DemoBuilding && len(s.Addresses) != 0 {
			t.Errorf("%s has addresses already: %v", s.Name, s.Addresses)
		}
		if s.Name == DemoFailed && !strings.HasPrefix(s.Fault.Message, "No valid host was found.") {
			t.Errorf("fault %+v", s.Fault)
		}
	}
	want := map[string]string{DemoOff: statusOff, DemoBuilding: statusBuild, DemoFailed: statusError}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if utf8.RuneCountInString(DemoHostile) != 255 || !utf8.ValidString(DemoHostile) {
		t.Errorf("hostile name of %d characters", utf8.RuneCountInString(DemoHostile))
	}
}

func TestDemoIsTheSameEachTime(t *testing.T) {
	read := func() []map[string]any {
		c := startDemo(t)
		var out []map[string]any
		for path, key := range map[string]string{"/ports": "ports", "/floatingips": "floatingips", "/security-groups": "security_groups"} {
			for _, x := range call(t, c, "GET", v2+path+"?fields=id", "").items(t, key) {
				x["of"] = key
				out = append(out, x)
			}
		}
		return out
	}
	count := func(list []map[string]any) map[string]int {
		out := map[string]int{}
		for _, x := range list {
			out[x["of"].(string)+x["id"].(string)]++
		}
		return out
	}
	if d := cmp.Diff(count(read()), count(read())); d != "" {
		t.Error(d)
	}
}

func TestStartDemo(t *testing.T) {
	address := netip.MustParseAddr("127.0.0.9")
	c, err := StartDemo(Demo{GatewayAddress: address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}()
	if i, ok := c.ByAddress(address); !ok || i.Name != DemoGateway || i.KeyName != "" {
		t.Errorf("%+v, %v", i, ok)
	}
	if _, err := StartDemo(Demo{PublicKey: "nonsense"}); err == nil {
		t.Error("a nonsense key was accepted")
	}
}
