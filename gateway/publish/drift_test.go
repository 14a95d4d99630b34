package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/plan"
)

// saving answers an observation with these rules of the nat table, on a gateway whose address is on
// ens3.
type saving []string

func (s saving) Run(context.Context, gateway.Command) (gateway.Result, error) {
	text := "\n@@portico rules\n*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:PORTICO-TCP-30000-30015 - [0:0]\n" + strings.Join(s, "\n") +
		"\nCOMMIT\n\n@@portico saved\n0 0\n\n@@portico links\n2: ens3    inet 192.168.0.4/24 scope global ens3\n3: ens4    inet 10.0.0.4/24 scope global ens4\n" +
		"\n@@portico kept\n/etc/iptables/rules.v4\n\n@@portico end\n"
	return gateway.Result{Stdout: []byte(text)}, nil
}

func snapshotOf(t *testing.T, p *Publisher, inv cloud.Inventory, lines ...string) Snapshot {
	t.Helper()
	gw, err := p.FindGateway(inv)
	if err != nil {
		t.Fatal(err)
	}
	state, err := p.newEngine(gw, saving(lines), inv).Observe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return Snapshot{Inventory: inv, Gateway: gw, State: &state}
}

func dnat(match string, port int, to string) string {
	return fmt.Sprintf("-A PREROUTING %s-p tcp -m tcp --dport %d -j DNAT --to-destination %s", match, port, to)
}

func ours(id, to string, port int) string {
	return fmt.Sprintf("-A PORTICO-TCP-30000-30015 -d 192.168.0.4/32 -p tcp -m tcp --dport %d -m comment --comment \"portico v1 vm=%s svc=ssh\" -j DNAT --to-destination %s", port, id, to)
}

func TestAdopt(t *testing.T) {
	lines := []string{
		dnat("-i ens3 ", 30011, "192.168.0.11:22"), dnat("", 30012, "192.168.0.12:8080"), dnat("", 30013, "192.168.0.77:22"),
		strings.Replace(dnat("", 30012, "192.168.0.12:53"), "tcp", "udp", 2), dnat("", 30005, "192.168.0.12:443"),
		"-A POSTROUTING -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4", ours(alphaID, "192.168.0.11:22", 30005),
	}
	tests := map[string]struct {
		req   Request
		items []string
		gone  int // rules of others that go
		kind  gateway.Kind
		says  string
	}{
		"one":             {req: Request{Adopt: []string{"30011"}}, items: []string{"+ alpha ssh-30011 tcp/30011"}, gone: 2},
		"both protocols":  {req: Request{Adopt: []string{"30012"}}, items: []string{"+ beta tcp-8080 tcp/30012", "+ beta udp-53 udp/30012"}, gone: 2, says: "10.0.0.4"},
		"one protocol":    {req: Request{Adopt: []string{"udp/30012", "udp/30012"}}, items: []string{"+ beta udp-53 udp/30012"}, gone: 1, says: "/etc/iptables/rules.v4"},
		"all":             {req: Request{AdoptAll: true}, items: []string{"+ alpha ssh-30011 tcp/30011", "+ beta tcp-8080 tcp/30012", "+ beta udp-53 udp/30012"}, gone: 4, says: "2 rules made by hand stay"},
		"nobody's":        {req: Request{Adopt: []string{"30013"}}, kind: gateway.Invalid, says: "no instance has the address"},
		"ours":            {req: Request{Adopt: []string{"30005"}}, kind: gateway.Invalid, says: "Portico's own forward"},
		"none":            {req: Request{Adopt: []string{"30099"}}, kind: gateway.NotFound, says: "no rule made by hand"},
		"other protocol":  {req: Request{Adopt: []string{"udp/30011"}}, kind: gateway.NotFound, says: "no rule made by hand"},
		"no port":         {req: Request{Adopt: []string{"ssh"}}, kind: gateway.Invalid, says: "tcp/30011"},
		"no protocol":     {req: Request{Adopt: []string{"sctp/30011"}}, kind: gateway.Invalid, says: "tcp/30011"},
		"port zero":       {req: Request{Adopt: []string{"0"}}, kind: gateway.Invalid, says: "tcp/30011"},
		"hostile":         {req: Request{Adopt: []string{"30011\x1b[31m"}}, kind: gateway.Invalid, says: "tcp/30011"},
		"good and not so": {req: Request{Adopt: []string{"30011", "30013"}}, kind: gateway.Invalid, says: "no instance has the address"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := testPublisher(t)
			got, err := p.Plan(context.Background(), snapshotOf(t, p, testInventory(), lines...), tt.req)
			if err != nil {
				x := cloud.Explain(err)
				if cloud.KindOf(err) != tt.kind || !strings.Contains(x.What+x.Why+x.Next, tt.says) || len(tt.items) > 0 {
					t.Fatalf("got %v of kind %v, want %v and a word about %q", err, cloud.KindOf(err), tt.kind, tt.says)
				}
				return
			}
			var items []string
			for _, i := range got.Items {
				items = append(items, fmt.Sprintf("%c %s %s %s/%d", i.Action, i.Instance, i.Forward.Service.Name, i.Forward.Service.Protocol, i.Forward.Public.Port()))
			}
			if diff := cmp.Diff(tt.items, items); diff != "" {
				t.Error(diff)
			}
			if gone := removed(got.Plan, "PREROUTING", "POSTROUTING"); len(gone) != tt.gone {
				t.Errorf("%d rules of others go: %q", len(gone), gone)
			}
			if !strings.Contains(fmt.Sprint(got.Plan.Warnings), tt.says) {
				t.Errorf("warnings %v say nothing about %s", got.Plan.Warnings, tt.says)
			}
		})
	}
}

// removed lists the lines of these chains that a plan takes away.
func removed(pl plan.Plan, chains ...string) []string {
	var out []string
	for _, c := range pl.Changes() {
		for _, line := range c.Before {
			if w := strings.Fields(line); w[0] == "-A" && slices.Contains(chains, w[1]) {
				out = append(out, line)
			}
		}
	}
	return out
}

// Where a port is taken by what was made for the same VM by hand, that can be taken over.
func TestPublishAdvisesToAdopt(t *testing.T) {
	p := testPublisher(t)
	s := snapshotOf(t, p, testInventory(), dnat("", 30011, "192.168.0.11:22"), dnat("", 30012, "192.168.0.77:22"))
	for name, next := range map[string]string{"alpha": "portico adopt 30011", "beta": "scheme"} {
		_, err := p.Plan(context.Background(), s, Request{Instances: []string{name}})
		if x := cloud.Explain(err); cloud.KindOf(err) != gateway.Conflict || !strings.Contains(x.Next, next) {
			t.Errorf("%s: %v of kind %v, next %q", name, err, cloud.KindOf(err), x.Next)
		}
	}
}

// A forward that stands and was made by hand too: only the rule goes.
func TestAdoptWhatStands(t *testing.T) {
	p := testPublisher(t)
	s := snapshotOf(t, p, testInventory(), dnat("", 30011, "192.168.0.11:22"), ours(alphaID, "192.168.0.11:22", 30011))
	got, err := p.Plan(context.Background(), s, Request{AdoptAll: true})
	if err != nil || len(got.Items) != 1 || got.Items[0].Action != 0 || len(removed(got.Plan, "PREROUTING")) != 1 {
		t.Errorf("got %v, %v", got.Items, err)
	}
}

// An address that another network has too is not the one the gateway reaches.
func TestAdoptNeedsTheRightNetwork(t *testing.T) {
	inv := testInventory()
	inv.Ports = append(inv.Ports, cloud.Port{
		ID: "x", DeviceID: bareID, DeviceOwner: "compute:nova", NetworkID: "net2", FixedIPs: []cloud.FixedIP{{SubnetID: "sub2", Addr: inv.Ports[0].FixedIPs[0].Addr.Next()}},
	})
	p := testPublisher(t)
	for _, port := range inv.Ports {
		if port.DeviceID == gwID {
			continue
		}
		a := port.FixedIPs[0].Addr
		s := snapshotOf(t, p, inv, dnat("", 30011, a.String()+":22"))
		if f := s.State.Drift[len(s.State.Drift)-1].Forward; f != nil && f.Instance == bareID {
			t.Errorf("%s leads to %v", a, f)
		}
	}
}

func TestRepair(t *testing.T) {
	p := testPublisher(t)
	lines := []string{ours(alphaID, "192.168.0.11:22", 30011), ours(betaID, "192.168.0.12:22", 30012), "-A PORTICO-TCP-30000-30015 -p tcp -j ACCEPT"}
	s := snapshotOf(t, p, testInventory(), lines...)
	if !Drifted(*s.State) {
		t.Fatal("nothing has drifted")
	}
	for name, tt := range map[string]struct {
		instances []string
		items     int
		attached  []string // whose doors are opened
	}{
		"all": {nil, 2, []string{"gw-1", "alpha", "beta"}},
		"one": {[]string{"beta"}, 1, []string{"gw-1", "beta"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := p.Plan(context.Background(), s, Request{Repair: true, Instances: tt.instances})
			if err != nil {
				t.Fatal(err)
			}
			var attached []string
			for _, c := range got.Plan.Changes() {
				if who, ok := strings.CutPrefix(c.Target, "port of "); ok {
					attached = append(attached, who)
				}
			}
			if diff := cmp.Diff(tt.attached, attached); diff != "" || len(got.Items) != tt.items {
				t.Errorf("%v %s", got.Items, diff)
			}
			if gone := removed(got.Plan, "PORTICO-TCP-30000-30015"); len(gone) != 1 {
				t.Errorf("strange rules that go: %q", gone)
			}
			if slices.ContainsFunc(got.Plan.Warnings, func(w plan.Warning) bool { return w.Title == nat.DriftTitle }) {
				t.Error("a repair advises to repair")
			}
		})
	}
	if _, err := p.Plan(context.Background(), s, Request{Repair: true, Instances: []string{"nobody"}}); cloud.KindOf(err) != gateway.NotFound {
		t.Errorf("somebody unknown: %v", err)
	}
}

// Without a forward, a repair clears away what is left of Portico's: here its groups.
func TestRepairOfLeftovers(t *testing.T) {
	inv := testInventory()
	inv.SecurityGroups = append(inv.SecurityGroups, cloud.SecurityGroup{
		ID: "left", Name: "portico-from-gw-1", Description: "portico v1 gateway=" + gwID + " role=private",
		Rules: []cloud.SecurityGroupRule{{ID: "r", GroupID: "left", Direction: "ingress", EtherType: "IPv4", Protocol: "tcp", PortMin: 22, PortMax: 22, Description: "portico v1"}},
	})
	for i := range inv.Ports {
		if inv.Ports[i].DeviceID == alphaID {
			inv.Ports[i].Groups = []string{"sg", "left"}
		}
	}
	p := testPublisher(t)
	got, err := p.Plan(context.Background(), snapshotOf(t, p, inv), Request{Repair: true})
	if err != nil {
		t.Fatal(err)
	}
	var done []string
	for _, c := range got.Plan.Changes() {
		done = append(done, c.Target+": "+c.Title)
	}
	if diff := cmp.Diff([]string{
		"gw-1 iptables nat: remove empty chains", "port of alpha: drop the group portico-from-gw-1",
		"security group portico-from-gw-1: no longer allow tcp 22 from anywhere", "security group portico-from-gw-1: delete the group",
	}, done); diff != "" {
		t.Error(diff)
	}
	if len(got.Items) > 0 {
		t.Errorf("forwards: %v", got.Items)
	}
}
