package publish_test

import (
	"errors"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/cloud/openstack"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/publish"
)

// addresses is a cloud with the demo's project, and a publisher of it that has no way to any gateway.
func addresses(t *testing.T) (*emulator.Cloud, *openstack.Client, *publish.Publisher) {
	t.Helper()
	c, err := emulator.Start(emulator.Config{Project: "metagenomics"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Fill(func(m *emulator.Model) {
		emulator.Demo{}.Fill(m)
		island := m.AddNetwork(emulator.NetworkSpec{Name: "island"})
		sub := m.AddSubnet(emulator.SubnetSpec{Name: "island-v4", Network: island, CIDR: netip.MustParsePrefix("10.9.0.0/24")})
		m.AddServer(emulator.ServerSpec{
			Name: "islander", Image: emulator.ID("image", "debian-12"), Flavor: emulator.ID("flavor", "de.small"),
			NICs: []emulator.NIC{{Subnet: sub, Address: netip.MustParseAddr("10.9.0.7")}},
		})
	}); err != nil {
		t.Fatal(err)
	}
	environment.Lock()
	defer environment.Unlock()
	for _, e := range c.Env() {
		name, value, _ := strings.Cut(e, "=")
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
	client, err := openstack.Connect(t.Context(), openstack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return c, client, publish.New(client, client, client, nil, publish.Options{FloatingIPs: client, By: "ada@test", History: history.Open(t.TempDir())})
}

func look(t *testing.T, p *publish.Publisher) publish.Snapshot {
	t.Helper()
	inv, err := p.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := publish.Snapshot{Inventory: inv}
	s.Gateway, _ = p.FindGateway(inv)
	return s
}

func ask(t *testing.T, p *publish.Publisher, r publish.FloatingIPRequest) (publish.Proposal, error) {
	t.Helper()
	return p.Plan(t.Context(), look(t, p), publish.Request{FloatingIP: r})
}

// leadsTo names the instance that an address leads to, "" when it is free, and "gone".
func leadsTo(c *emulator.Cloud, s publish.Snapshot, address string) string {
	for _, r := range publish.FloatingIPRows(s) {
		if r.FloatingIP.Address.String() == address {
			i, _ := c.ByAddress(r.FloatingIP.Address)
			return i.Name
		}
	}
	return "gone"
}

func TestFloatingIPLife(t *testing.T) {
	c, _, p := addresses(t)
	for _, step := range []struct {
		name  string
		ask   publish.FloatingIPRequest
		typed string
		empty bool
		leads map[string]string
	}{
		{"attach", publish.FloatingIPRequest{Do: publish.Attach, Address: "203.0.113.27", Instance: "blast-db"}, "", false, map[string]string{"203.0.113.27": "blast-db"}},
		{"attach again", publish.FloatingIPRequest{Do: publish.Attach, Address: "203.0.113.27", Instance: "blast-db"}, "", true, map[string]string{"203.0.113.27": "blast-db"}},
		{"detach", publish.FloatingIPRequest{Do: publish.Detach, Address: "203.0.113.27"}, "", false, map[string]string{"203.0.113.27": ""}},
		{"detach again", publish.FloatingIPRequest{Do: publish.Detach, Address: "203.0.113.27"}, "", true, map[string]string{"203.0.113.27": ""}},
		{"allocate", publish.FloatingIPRequest{Do: publish.Allocate, Description: "for blast"}, "", false, map[string]string{"203.0.113.1": "gone", "203.0.113.2": ""}},
		{"release", publish.FloatingIPRequest{Do: publish.Release, Address: "203.0.113.27"}, "203.0.113.27", false, map[string]string{"203.0.113.27": "gone", "203.0.113.2": ""}},
	} {
		pr, err := ask(t, p, step.ask)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if pr.Empty() != step.empty || pr.MustType() != step.typed || !pr.AboutFloatingIP() {
			t.Errorf("%s: empty %v, must type %q", step.name, pr.Empty(), pr.MustType())
		}
		if out := p.Apply(t.Context(), pr, publish.Watch{}); !out.Report.OK() {
			t.Fatalf("%s: %v", step.name, out.Report.Err)
		}
		s := look(t, p)
		for address, want := range step.leads {
			if got := leadsTo(c, s, address); got != want {
				t.Errorf("after %s, %s leads to %q, want %q", step.name, address, got, want)
			}
		}
	}
	records, err := p.History(t.Context(), publish.Snapshot{Inventory: look(t, p).Inventory})
	var titles []string
	for _, r := range records {
		titles = append(titles, r.Title+" "+string(r.Result))
	}
	want := "release floating IP 203.0.113.27 applied|allocate floating IP 203.0.113.2 applied|detach floating IP 203.0.113.27 from blast-db applied|attach floating IP 203.0.113.27 to blast-db applied"
	if got := strings.Join(titles, "|"); err != nil || !sameWords(got, want) {
		t.Errorf("history %q, %v", got, err)
	}
}

// sameWords compares lists whose order is that of seconds, which may be the same.
func sameWords(a, b string) bool {
	x, y := strings.Split(a, "|"), strings.Split(b, "|")
	for _, w := range y {
		if !strings.Contains(a, w) {
			return false
		}
	}
	return len(x) == len(y)
}

// TestFloatingIPRefusals: what Neutron would refuse is said before anything is sent, with what to do.
func TestFloatingIPRefusals(t *testing.T) {
	c, _, p := addresses(t)
	if err := c.SetQuota("floatingip", 3); err != nil {
		t.Fatal(err)
	}
	mark := c.Mark()
	attach := func(address, vm string) publish.FloatingIPRequest {
		return publish.FloatingIPRequest{Do: publish.Attach, Address: address, Instance: vm}
	}
	for _, test := range []struct {
		name string
		ask  publish.FloatingIPRequest
		kind cloud.Kind
		why  string
	}{
		{"no such address", attach("203.0.113.99", "blast-db"), cloud.NotFound, "no such floating IP"},
		{"no such instance", attach("203.0.113.27", "nobody"), cloud.NotFound, ""},
		{"it has one", attach("203.0.113.27", emulator.DemoWeb), cloud.Conflict, "already has 203.0.113.31"},
		{"it is attached", attach("203.0.113.31", "blast-db"), cloud.Conflict, "attached to web-portal"},
		{"no router", attach("203.0.113.27", "islander"), cloud.Conflict, "no router joins its subnet island-v4 to public"},
		{"no address", attach("203.0.113.27", emulator.DemoBuilding), cloud.Conflict, "being built"},
		{"not its address", publish.FloatingIPRequest{Do: publish.Attach, Address: "203.0.113.27", Instance: "blast-db", Fixed: "192.168.0.99"}, cloud.NotFound, "no address 192.168.0.99"},
		{"quota", publish.FloatingIPRequest{Do: publish.Allocate}, cloud.Quota, "has 3 and may have 3"},
		{"no such network", publish.FloatingIPRequest{Do: publish.Allocate, Network: "nosuch"}, cloud.Invalid, "no external network nosuch"},
		{"not an external one", publish.FloatingIPRequest{Do: publish.Allocate, Network: "lab-net"}, cloud.Invalid, "no external network lab-net"},
		{"release what is attached", publish.FloatingIPRequest{Do: publish.Release, Address: "203.0.113.31"}, cloud.Conflict, "attached to web-portal"},
		{"no such verb", publish.FloatingIPRequest{Do: "sell"}, cloud.Invalid, "no such verb"},
	} {
		_, err := ask(t, p, test.ask)
		x := cloud.Explain(err)
		if cloud.KindOf(err) != test.kind || !strings.Contains(x.Why, test.why) || x.Next == "" || err == nil {
			t.Errorf("%s: %s, %+v", test.name, cloud.KindOf(err), x)
		}
	}
	if w := c.WritesSince(mark); len(w) > 0 {
		t.Errorf("the cloud was changed: %v", w)
	}
}

// TestDetachSaysWhatBreaks: the gateway's own address has to be typed, another's has not.
func TestDetachSaysWhatBreaks(t *testing.T) {
	_, _, p := addresses(t)
	s := look(t, p)
	gw := p.Gateways(s.Inventory)[0]
	s.Gateway = gw
	for address, typed := range map[string]bool{gw.FloatingIP.String(): true, "203.0.113.31": false} {
		pr, err := p.Plan(t.Context(), s, publish.Request{FloatingIP: publish.FloatingIPRequest{Do: publish.Detach, Address: address}})
		if err != nil {
			t.Fatal(err)
		}
		if (pr.MustType() == address) != typed {
			t.Errorf("%s: type %q", address, pr.MustType())
		}
		text := ""
		for _, w := range pr.Plan.Warnings {
			text += w.Title + ": " + w.Detail + "\n"
		}
		if typed != strings.Contains(text, "Portico reaches gw-1 by this address") || !strings.Contains(text, "no rollback is armed") {
			t.Errorf("%s warns\n%s", address, text)
		}
	}
}

// TestFloatingIPFaults breaks each request of an attachment in every way: in the end the address is
// where it was, or where it was wanted and the report says so, or it is told that it is left.
func TestFloatingIPFaults(t *testing.T) {
	for _, do := range []publish.FloatingIPRequest{
		{Do: publish.Attach, Address: "203.0.113.27", Instance: "blast-db"},
		{Do: publish.Detach, Address: "203.0.113.31"},
		{Do: publish.Allocate},
		{Do: publish.Release, Address: "203.0.113.27"},
	} {
		for k := range 4 {
			for name, f := range map[string]emulator.Fault{
				"refused": {Status: http.StatusForbidden}, "failed": {Status: http.StatusInternalServerError}, "failed, although done": {Status: http.StatusInternalServerError, After: true},
				"dropped": {Drop: true}, "dropped, although done": {Drop: true, After: true}, "stale": {Status: http.StatusPreconditionFailed},
			} {
				t.Run(string(do.Do)+" "+name+" "+string(rune('0'+k)), func(t *testing.T) { breakFloatingIP(t, do, k, f) })
			}
		}
	}
}

func breakFloatingIP(t *testing.T, do publish.FloatingIPRequest, k int, f emulator.Fault) {
	c, client, p := addresses(t)
	pr, err := ask(t, p, do)
	if err != nil {
		t.Fatal(err)
	}
	before, err := client.FloatingIPs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.Match, f.Skip = emulator.PathPrefix("", "/network/v2.0/floatingips"), k
	c.Inject(f)
	out := p.Apply(t.Context(), pr, publish.Watch{})
	c.Heal()
	after, err := client.FloatingIPs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same := summary(before) == summary(after)
	switch r := out.Report; {
	case r.OK() && same:
		t.Errorf("it says it was done, and nothing has changed: %s", summary(after))
	case !r.OK() && len(r.Left) == 0 && !same:
		t.Errorf("it says nothing is left (%v), and %s is now %s", r.Err, summary(before), summary(after))
	}
}

func summary(fs []cloud.FloatingIP) string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Address.String()+">"+f.PortID)
	}
	return strings.Join(out, " ")
}

// TestReadersChangeNoFloatingIP: what only looks refuses these plans, too, and before anything is sent.
func TestReadersChangeNoFloatingIP(t *testing.T) {
	c, client, p := addresses(t)
	reader := publish.New(client, client, client, nil, publish.Options{FloatingIPs: client, ReadOnly: true})
	mark := c.Mark()
	for name, by := range map[string]*publish.Publisher{"read-only": reader, "another project": p} {
		pr, err := ask(t, reader, publish.FloatingIPRequest{Do: publish.Release, Address: "203.0.113.27"})
		if err != nil {
			t.Fatal(err)
		}
		if out := by.Apply(t.Context(), pr, publish.Watch{}); out.Report.Err == nil || !strings.Contains(out.Report.Err.Error(), name) {
			t.Errorf("%s: %v", name, out.Report.Err)
		}
	}
	if w := c.WritesSince(mark); len(w) > 0 {
		t.Errorf("the cloud was changed: %v", w)
	}
}

// TestSomebodyElseWasQuicker: Neutron moves an attached address without a word; Portico does not.
func TestSomebodyElseWasQuicker(t *testing.T) {
	c, client, p := addresses(t)
	pr, err := ask(t, p, publish.FloatingIPRequest{Do: publish.Attach, Address: "203.0.113.27", Instance: "blast-db"})
	if err != nil {
		t.Fatal(err)
	}
	inv := look(t, p).Inventory
	port := inv.InstancePorts(emulator.ID("server", "jupyter"))[0]
	for _, f := range inv.FloatingIPs {
		if f.Address.String() == "203.0.113.27" {
			err = client.AttachFloatingIP(t.Context(), f.ID, port.ID, port.FixedIPs[0].Addr, f.Revision)
			now, rerr := client.FloatingIP(t.Context(), f.ID)
			err = errors.Join(err, rerr, client.DetachFloatingIP(t.Context(), f.ID, now.Revision), client.AttachFloatingIP(t.Context(), f.ID, port.ID, port.FixedIPs[0].Addr, now.Revision+1))
			if old := client.DetachFloatingIP(t.Context(), f.ID, now.Revision); cloud.KindOf(old) != cloud.Stale {
				t.Errorf("an old revision: %v", old)
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	out := p.Apply(t.Context(), pr, publish.Watch{Step: func(plan.Event) {}})
	if cloud.KindOf(out.Report.Err) != cloud.Stale || len(out.Report.Left) > 0 {
		t.Errorf("%v, left %v", out.Report.Err, out.Report.Left)
	}
	if got := leadsTo(c, look(t, p), "203.0.113.27"); got != "jupyter" {
		t.Errorf("it leads to %q", got)
	}
}

// Until the gateway has answered, it is the gateway all the same.
func TestDetachBeforeTheGatewayAnswered(t *testing.T) {
	_, _, p := addresses(t)
	s := look(t, p)
	gw := p.Gateways(s.Inventory)[0]
	address := gw.FloatingIP.String()
	pr, err := p.At(gw).Plan(t.Context(), publish.Snapshot{Inventory: s.Inventory}, publish.Request{FloatingIP: publish.FloatingIPRequest{Do: publish.Detach, Address: address}})
	if err != nil {
		t.Fatal(err)
	}
	if pr.MustType() != address {
		t.Errorf("it is confirmed with %q, warned with %+v", pr.MustType(), pr.Plan.Warnings)
	}
}
