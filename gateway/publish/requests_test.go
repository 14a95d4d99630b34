package publish_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud/emulator"
	gwemulator "portico/gateway/emulator"
	"portico/gateway/measure"
)

// pageLimit is how many instances or ports an OpenStack puts into one answer, unless its operator has
// chosen otherwise.
const pageLimit = 1000

// TestRefreshRequests counts what a refresh asks of the cloud and of the gateway. It does not depend on how many
// instances there are, but for what the cloud itself divides: it sends 1,000 instances or ports at a time.
func TestRefreshRequests(t *testing.T) {
	table := measure.Table{
		Title: "Requests of one refresh", How: fmt.Sprintf("the cloud sends %d instances or ports at a time", pageLimit),
		Head: []string{"instances", "API requests", "of these further pages", "commands over SSH"},
	}
	var first map[string]int
	sizes := []int{10, 1200}
	if measure.All() {
		sizes = []int{10, 500, 2000}
	}
	for _, n := range sizes {
		requests, commands := refreshOf(t, n)
		total, more := 0, 0
		for kind, count := range requests {
			total += count
			if kind == "GET /compute/v2.1/servers/detail" || kind == "GET /network/v2.0/ports" {
				extra := min(count-1, n/pageLimit) // Nova and Neutron name a next page where one was full
				more += extra
				requests[kind] -= extra
			}
		}
		if first == nil {
			first = requests
		}
		if diff := cmp.Diff(first, requests); diff != "" {
			t.Errorf("%d instances, other requests than with 10: %s", n, diff)
		}
		if commands != 1 {
			t.Errorf("%d instances: %d commands on the gateway", n, commands)
		}
		table.Add(n, total, more, commands)
	}
	t.Log(slices.Sorted(maps.Keys(first)))
	if measure.All() {
		table.Print()
	}
}

// refreshOf is what one refresh of a project of n instances asks, by kind, when a console is up that has
// refreshed once before.
func refreshOf(t *testing.T, n int) (requests map[string]int, commands int) {
	t.Helper()
	w, err := newWorldOf(t.TempDir(), func(m *emulator.Model, public netip.Addr) { crowded(m, public, n) }, map[string]*gwemulator.VM{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.close() }()
	c, err := w.console(t.Context(), "me", patience{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	asked, run := 0, 0
	for range 2 {
		asked, run = len(w.cloud.Requests()), len(w.gateway.Commands())
		s, err := c.Snapshot(t.Context())
		if err != nil || len(s.Inventory.Instances) != n {
			t.Fatalf("%d instances, %v", len(s.Inventory.Instances), err)
		}
		if _, err := c.Logins(t.Context(), s.Inventory); err != nil {
			t.Fatal(err)
		}
	}
	requests = map[string]int{}
	for _, r := range w.cloud.Requests()[asked:] {
		path, _, _ := strings.Cut(r, "?")
		requests[path]++
	}
	return requests, len(w.gateway.Commands()) - run
}

// crowded is a project of n instances on a /20, one of which is the gateway.
func crowded(m *emulator.Model, public netip.Addr, n int) {
	outside := m.AddNetwork(emulator.NetworkSpec{Name: "public", External: true})
	m.AddSubnet(emulator.SubnetSpec{Name: "public-v4", Network: outside, CIDR: netip.MustParsePrefix("127.0.0.0/8")})
	lab := m.AddNetwork(emulator.NetworkSpec{Name: "lab-net"})
	sub := m.AddSubnet(emulator.SubnetSpec{Name: "lab-v4", Network: lab, CIDR: netip.MustParsePrefix("192.168.0.0/20")})
	m.AddRouter(emulator.RouterSpec{Name: "router", ExternalNetwork: outside, ExternalAddress: netip.MustParseAddr("127.0.0.5"), Subnets: []string{sub}})
	image, flavor := m.AddImage("debian-12", nil), m.AddFlavor("small", 1, 1024, 10)
	for i := range n {
		server := emulator.ServerSpec{Name: fmt.Sprintf("vm-%04d", i), Image: image, Flavor: flavor, Groups: []string{m.DefaultGroup()}}
		server.NICs = []emulator.NIC{{Subnet: sub, Address: netip.AddrFrom4([4]byte{192, 168, byte(1 + i/250), byte(1 + i%250)})}}
		if i == 0 {
			server.Name, server.NICs[0].Address = "gw-1", netip.MustParseAddr("192.168.0.4")
		}
		m.AddServer(server)
	}
	m.AddFloatingIP(emulator.FloatingIPSpec{Address: public, Network: outside, Server: emulator.ID("server", "gw-1")})
}
