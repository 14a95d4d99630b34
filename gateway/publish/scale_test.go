package publish_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

	"portico/cloud/emulator"
	gwemulator "portico/gateway/emulator"
	"portico/gateway/measure"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// maxRoundTrips is how many commands on the gateway the publishing of any number of forwards may take,
// with looking before and after. Signs of life, one in 15 seconds, come on top.
const maxRoundTrips = 12

// TestWholeSubnet publishes three services of every VM that fits into a /24, through the real client,
// the real SSH connection and an emulated gateway, tests all of it, and counts the commands.
func TestWholeSubnet(t *testing.T) {
	vms, fill := wholeSubnet(t)
	w, err := newWorldOf(t.TempDir(), fill, vms)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.close() })
	c, err := w.console(t.Context(), "me", patience{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	c.SetWindow(time.Minute) // no sign of life is needed in between
	names := make([]string, 0, len(vms))
	for id := range vms {
		names = append(names, id)
	}
	slices.Sort(names)

	stages := &stages{commands: func() int { return len(w.gateway.Commands()) }, requests: func() int { return len(w.cloud.Requests()) }}
	stages.begin("look at the cloud and the gateway")
	s, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stages.begin("plan")
	pr, err := c.Plan(t.Context(), s, publish.Request{Instances: names, Services: []string{"ssh", "http", "https"}})
	if err != nil {
		t.Fatal(err)
	}
	stages.begin("arm the rollback")
	out := c.Apply(t.Context(), pr, publish.Watch{Guard: stages.guard, Step: stages.step})
	stages.begin("")
	if !out.Report.OK() {
		t.Fatal(out.Report.Err)
	}
	if len(pr.Made()) != 3*len(vms) || len(out.Results) != 3*len(vms) {
		t.Errorf("%d forwards, %d results", len(pr.Made()), len(out.Results))
	}
	for k, r := range out.Results {
		if r.Outcome != probe.OK {
			t.Errorf("%s: %s %s", k.Public, r.Outcome, r.Detail)
		}
	}
	if got := stages.commands(); got > maxRoundTrips {
		t.Errorf("%d commands on the gateway, want %d at most:\n%s", got, maxRoundTrips, stages.table(len(vms)))
	}
	stages.table(len(vms)).Print()
}

// wholeSubnet is a project of 192.168.0.0/24 with a VM at each address that is left beside those of the router,
// the DHCP server and the gateway. All VMs are played by one.
func wholeSubnet(t *testing.T) (map[string]*gwemulator.VM, func(*emulator.Model, netip.Addr)) {
	t.Helper()
	vm, err := gwemulator.NewVM("vm")
	if err != nil {
		t.Fatal(err)
	}
	page := httptest.NewTLSServer(http.NotFoundHandler())
	config := page.TLS
	page.Close()
	vm.Handle(443, func(c net.Conn) { vm.HTTP(tls.Server(c, config)) })
	vms := map[string]*gwemulator.VM{}
	name := func(n int) string { return fmt.Sprintf("vm-%03d", n) }
	for n := 3; n <= 254; n++ {
		if n != 4 {
			vms[emulator.ID("server", name(n))] = vm
		}
	}
	return vms, func(m *emulator.Model, public netip.Addr) {
		outside := m.AddNetwork(emulator.NetworkSpec{Name: "public", External: true})
		m.AddSubnet(emulator.SubnetSpec{Name: "public-v4", Network: outside, CIDR: netip.MustParsePrefix("127.0.0.0/8")})
		lab := m.AddNetwork(emulator.NetworkSpec{Name: "lab-net"})
		sub := m.AddSubnet(emulator.SubnetSpec{Name: "lab-v4", Network: lab, CIDR: netip.MustParsePrefix("192.168.0.0/24")})
		m.AddRouter(emulator.RouterSpec{Name: "router", ExternalNetwork: outside, ExternalAddress: netip.MustParseAddr("127.0.0.5"), Subnets: []string{sub}})
		image, flavor := m.AddImage("debian-12", nil), m.AddFlavor("small", 1, 1024, 10)
		for n := 3; n <= 254; n++ {
			server := emulator.ServerSpec{Name: name(n), Image: image, Flavor: flavor, Groups: []string{m.DefaultGroup()}}
			if n == 4 {
				server.Name = "gw-1"
			}
			server.NICs = []emulator.NIC{{Subnet: sub, Address: netip.AddrFrom4([4]byte{192, 168, 0, byte(n)})}}
			m.AddServer(server)
		}
		m.AddFloatingIP(emulator.FloatingIPSpec{Address: public, Network: outside, Server: emulator.ID("server", "gw-1")})
	}
}

// stages splits what happens by what it is for.
type stages struct {
	commands, requests func() int

	names []string
	took  map[string]*stage
	now   string
	since time.Time
	at    stage
}

type stage struct {
	time               time.Duration
	commands, requests int
}

// begin ends the stage before and begins one, or goes on with it; "" only ends.
func (s *stages) begin(name string) {
	now := stage{commands: s.commands(), requests: s.requests()}
	if s.took == nil {
		s.took = map[string]*stage{}
	}
	if s.now != "" {
		if s.took[s.now] == nil {
			s.took[s.now] = &stage{}
			s.names = append(s.names, s.now)
		}
		x := s.took[s.now]
		x.time += time.Since(s.since)
		x.commands += now.commands - s.at.commands
		x.requests += now.requests - s.at.requests
	}
	s.now, s.since, s.at = name, time.Now(), now
}

func (s *stages) guard(g publish.Guard) {
	if name := map[publish.Phase]string{
		publish.Checking: "read back, connect anew", publish.Testing: "test every forward",
	}[g.Phase]; name != "" {
		s.begin(name)
	}
}

func (s *stages) step(e plan.Event) {
	if e.State != plan.Running {
		return
	}
	switch e.Change.ID {
	case "rules-nat", "rules-filter":
		s.begin("restore the rules")
	case "forwarding", "persist":
		s.begin("IP forwarding, files for the next boot")
	default:
		s.begin("open the doors in the cloud")
	}
}

func (s *stages) table(vms int) *measure.Table {
	t := &measure.Table{
		Title: fmt.Sprintf("Publishing 3 services of %d VMs", vms), How: "emulated cloud and gateway, real API client and SSH",
		Head: []string{"stage", "time", "commands over SSH", "API requests"},
	}
	var all stage
	for _, n := range s.names {
		x := s.took[n]
		t.Add(n, x.time, x.commands, x.requests)
		all.time, all.commands, all.requests = all.time+x.time, all.commands+x.commands, all.requests+x.requests
	}
	t.Add("all", all.time, all.commands, all.requests)
	return t
}
