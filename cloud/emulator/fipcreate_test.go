package emulator

import (
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/floatingips"
)

func TestCreateAndDeleteFloatingIP(t *testing.T) {
	c := startDemo(t)
	net, public := demoClients(t, c).network, ID("network", "public")
	f, err := floatingips.Create(t.Context(), net, floatingips.CreateOpts{FloatingNetworkID: public, PortID: c.portID(t, "blast-db")}).Extract()
	if err != nil || f.FloatingIP != "203.0.113.2" || f.FixedIP != "192.168.0.12" {
		t.Fatalf("%+v, %v", f, err)
	}
	if i, ok := c.ByAddress(netip.MustParseAddr(f.FloatingIP)); !ok || i.Name != "blast-db" {
		t.Errorf("leads to %q", i.Name)
	}
	if err := c.SetQuota("floatingip", 4); err != nil {
		t.Fatal(err)
	}
	a := call(t, c, "POST", v2+"/floatingips", `{"floatingip":{"floating_network_id":"`+public+`"}}`)
	a.wantError(t, http.StatusConflict, "OverQuota", "Quota exceeded for resources: ['floatingip'].")
	if err := floatingips.Delete(t.Context(), net, f.ID).ExtractErr(); err != nil {
		t.Error(err)
	}
	lab := ID("network", "lab-net")
	a = call(t, c, "POST", v2+"/floatingips", `{"floatingip":{"floating_network_id":"`+lab+`"}}`)
	a.wantError(t, http.StatusBadRequest, "BadRequest", "Bad floatingip request: Network "+lab+" is not a valid external network.")
}

func TestExternalNetworkRunsOut(t *testing.T) {
	c := start(t, Config{}, func(m *Model) {
		n := m.AddNetwork(NetworkSpec{Name: "public", External: true})
		m.AddSubnet(SubnetSpec{Network: n, CIDR: netip.MustParsePrefix("203.0.113.0/30")})
	})
	body := `{"floatingip":{"floating_network_id":"` + ID("network", "public") + `"}}`
	if a := call(t, c, "POST", v2+"/floatingips", body); a.status != http.StatusCreated {
		t.Errorf("the only address: %d %s", a.status, a.text)
	}
	a := call(t, c, "POST", v2+"/floatingips", body)
	a.wantError(t, http.StatusConflict, "IpAddressGenerationFailure",
		"No more IP addresses available on network "+ID("network", "public")+".")
}

func TestServerGroupActions(t *testing.T) {
	c := startDemo(t)
	path := "/compute/v2.1/servers/" + ID("server", "blast-db") + "/action"
	groups := func() []string {
		s, err := servers.Get(t.Context(), demoClients(t, c).compute, ID("server", "blast-db")).Extract()
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, g := range s.SecurityGroups {
			out = append(out, g["name"].(string))
		}
		slices.Sort(out)
		return out
	}
	for _, test := range []struct {
		body   string
		status int
		want   []string
	}{
		{`{"addSecurityGroup":{"name":"ssh"}}`, 202, []string{"default", "ssh"}},
		{`{"removeSecurityGroup":{"name":"default"}}`, 202, []string{"ssh"}},
		{`{"removeSecurityGroup":{"name":"default"}}`, 404, []string{"ssh"}},
		{`{"addSecurityGroup":{"name":"nosuch"}}`, 404, []string{"ssh"}},
	} {
		if a := call(t, c, "POST", path, test.body); a.status != test.status {
			t.Errorf("%s: %d %s", test.body, a.status, a.text)
		}
		if got := groups(); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.body, got, test.want)
		}
	}
}
