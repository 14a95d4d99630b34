package doctor

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/probe"
)

// well is a path on which nothing is wrong, and that connects.
func well(t *testing.T) *facts {
	t.Helper()
	rules, err := netfilter.Parse(`*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
[1:60] -A PREROUTING -d 192.168.0.4/32 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
[1:60] -A POSTROUTING -m conntrack --ctstate DNAT -j SNAT --to-source 192.168.0.4
COMMIT
`)
	if err != nil {
		t.Fatal(err)
	}
	tcp := func(from string) cloud.SecurityGroup {
		return cloud.SecurityGroup{ID: from, Name: from, Rules: []cloud.SecurityGroupRule{{Direction: "ingress", EtherType: "IPv4", Protocol: "tcp"}}}
	}
	gwPort := cloud.Port{ID: "gwport", DeviceID: "gw", NetworkID: "net", AdminUp: true, PortSecurity: true, Groups: []string{"a"}, FixedIPs: []cloud.FixedIP{{SubnetID: "sub", Addr: addr("192.168.0.4")}}}
	vmPort := cloud.Port{ID: "vmport", DeviceID: "vm", NetworkID: "net", AdminUp: true, PortSecurity: true, Groups: []string{"a"}, FixedIPs: []cloud.FixedIP{{SubnetID: "sub", Addr: addr("192.168.0.11")}}}
	fip := cloud.FloatingIP{ID: "fip", Status: "ACTIVE", PortID: "gwport", RouterID: "r", Address: addr("203.0.113.10"), FixedIP: addr("192.168.0.4")}
	vm := cloud.Instance{ID: "vm", Name: "alpha", Status: "ACTIVE"}
	here := probe.Result{Outcome: probe.OK, Detail: "SSH-2.0-x"}
	f := &facts{
		inv: &cloud.Inventory{
			FloatingIPs: []cloud.FloatingIP{fip}, Ports: []cloud.Port{gwPort, vmPort}, Instances: []cloud.Instance{vm, {ID: "gw", Name: "gw-1", Status: "ACTIVE"}},
			Routers: []cloud.Router{{ID: "r", Name: "router", Status: "ACTIVE", ExternalNetwork: "ext", AdminUp: true}}, SecurityGroups: []cloud.SecurityGroup{tcp("a")},
			Networks: []cloud.Network{{ID: "net", Name: "lab", AdminUp: true, MTU: 1450}}, Subnets: []cloud.Subnet{{ID: "sub", CIDR: prefix("192.168.0.0/24"), GatewayIP: addr("192.168.0.1")}},
		},
		gw:       gateway.Gateway{Name: "gw-1", InstanceID: "gw", PortID: "gwport", FloatingIP: fip.Address, FixedIP: addr("192.168.0.4")},
		fwd:      gateway.Forward{Instance: "vm", Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}, Public: netip.MustParseAddrPort("203.0.113.10:30011"), Private: netip.MustParseAddrPort("192.168.0.11:22")},
		floating: &fip, gwPort: &gwPort, vmPort: &vmPort, vm: &vm, carrier: &cloud.Instance{ID: "gw", Name: "gw-1", Status: "ACTIVE"},
		state: &gateway.State{},
		host: &hostFacts{
			rules: rules, after: &rules, counts: [2]counts{readCounts(rules), readCounts(rules)}, out: "ens3", client: "ens3", me: addr("198.51.100.7"),
			sysctl: map[string]string{"net.ipv4.ip_forward": "1", "net.netfilter.nf_conntrack_count": "10", "net.netfilter.nf_conntrack_max": "1000"},
			links:  map[string][]netip.Addr{"ens3": {addr("192.168.0.4")}}, mtu: map[string]int{"ens3": 1450},
		},
	}
	f.live.here, f.live.inside = &here, &here
	return f
}

// times is what a connection that gets no answer is.
func (f *facts) times(out probe.Outcome) {
	r := probe.Result{Outcome: out, Detail: "no answer"}
	f.live.here = &r
}

// judgements are what spoils the path, and what is then said of it.
var judgements = []struct {
	name  string
	spoil func(f *facts)
	want  Verdict
	hop   HopID // "" for none
	cause Cause
	says  string
}{
	{"nothing is wrong", func(*facts) {}, OK, "", "", ""},
	{"the address leads to another port", func(f *facts) { f.floating.PortID = "vmport"; f.times(probe.Timeout) }, Blocked, FloatingIP, WrongAssociation, "leads to alpha, not to gw-1"},
	{"associated, and down", func(f *facts) { f.floating.Status = "DOWN"; f.live.inside = nil; f.host = nil; f.times(probe.Timeout) }, Blocked, FloatingIP, FloatingIPDown, "its status is DOWN"},
	{"the gateway's port is off", func(f *facts) { f.gwPort.AdminUp = false; f.times(probe.Timeout) }, Blocked, GatewayGroups, PortDown, "the port of gw-1 is switched off"},
	{"the network is off", func(f *facts) { f.inv.Networks[0].AdminUp = false; f.times(probe.Timeout) }, Blocked, GatewayGroups, NetworkDown, "network lab is switched off"},
	{"the VM's port is off", func(f *facts) { f.vmPort.AdminUp = false; f.times(probe.Timeout); f.live.inside = nil }, Blocked, VMGroups, PortDown, "the port of alpha is switched off"},
	{"port security drops what keeps the client's address", func(f *facts) {
		f.gw.NoSNAT = true
		f.host.rules.Tables[0].Chains[1].Rules = nil
		f.times(probe.Timeout)
	}, Blocked, GatewayHost, AntiSpoof, "with the client's address"},
	{"allowed pairs let it", func(f *facts) {
		f.gw.NoSNAT, f.gwPort.AllowedPairs = true, []netip.Prefix{prefix("0.0.0.0/0")}
		f.host.rules.Tables[0].Chains[1].Rules = nil
	}, OK, "", "", ""},
	{"without SNAT where the gateway is the VM's router", func(f *facts) {
		f.host.rules.Tables[0].Chains[1].Rules = nil
		f.inv.Subnets[0].GatewayIP = f.gw.FixedIP
	}, OK, "", "", ""},
	{"strict reverse path", func(f *facts) {
		f.host.client, f.host.sysctl["net.ipv4.conf.ens3.rp_filter"] = "ens4", "1"
		f.host.spoofed = [2]uint64{4, 5}
		f.times(probe.Timeout)
	}, Blocked, GatewayHost, ReversePath, "dropped the packet"},
	{"loose reverse path", func(f *facts) { f.host.client, f.host.sysctl["net.ipv4.conf.ens3.rp_filter"] = "ens4", "2" }, OK, "", "", ""},
	{"the table is nearly full", func(f *facts) { f.host.sysctl["net.netfilter.nf_conntrack_count"] = "950" }, Degraded, GatewayHost, ConntrackFull, "95% full"},
	{"packets too large", func(f *facts) { f.host.mtu["ens3"] = 1500 }, Degraded, GatewayHost, MTU, "1500 bytes into a network of 1450"},
	{"would not survive a reboot", func(f *facts) { f.state.Facts = []gateway.Fact{{Name: "survives a reboot"}} }, Degraded, GatewayHost, NotPersistent, "would not survive a reboot"},
	{"slow", func(f *facts) { f.live.here.Latency = 2 * time.Second }, Degraded, Service, "", "after 2000 ms"},
	{"looks blocked, and connects", func(f *facts) { f.vmPort.Groups = nil }, OK, "", "", ""},
	{"the address is another VM's now", func(f *facts) {
		f.inv.Ports[1].DeviceID, f.vmPort, f.vm = "gw", nil, nil
		f.times(probe.Timeout)
	}, Blocked, VMGroups, VMGone, "belongs to gw-1 now"},
	{"it is being started", func(f *facts) {
		f.vm.Status, f.vm.TaskState = "SHUTOFF", "powering-on"
		f.times(probe.Timeout)
		f.live.inside = nil
	}, Blocked, VM, VMOff, "powering-on"},
	{"in error", func(f *facts) {
		f.vm.Status, f.vm.Fault = "ERROR", "no host"
		f.times(probe.Timeout)
		f.live.inside = nil
	}, Blocked, VM, VMOff, "in error"},
	{"reached the gateway, and nothing came back", func(f *facts) {
		f.host.counts[1] = counts{countedOf(f.fwd): 2}
		f.times(probe.Timeout)
	}, Blocked, GatewayHost, HostFirewall, "the answer does not come back"},
	{"the answer left the gateway", func(f *facts) {
		f.host.counts[1] = counts{countedOf(f.fwd): 2}
		f.host.conntrack = []string{"tcp 6 431999 ESTABLISHED src=198.51.100.7 dst=192.168.0.4 sport=4 dport=30011"}
		f.times(probe.Timeout)
	}, Blocked, You, OwnNetwork, "did not arrive here"},
	{"others' packets are not ours", func(f *facts) {
		f.host.counts[1] = counts{countedOf(f.fwd): 9}
		f.host.conntrack = []string{"tcp 6 431999 ESTABLISHED src=192.0.2.77 dst=192.168.0.4 sport=4 dport=30011"}
		f.times(probe.Timeout)
	}, Blocked, You, OwnNetwork, "did not reach the gateway"},
	{"other high ports reach it", func(f *facts) {
		f.live.others = []probe.Result{{Target: probe.Target{Addr: netip.MustParseAddrPort("203.0.113.10:30012")}, Outcome: probe.OK}}
		f.times(probe.Timeout)
	}, Blocked, GatewayGroups, GatewayGroup, "did not reach the gateway"},
	{"nobody could look, and it does not connect", func(f *facts) {
		f.host, f.hostErr, f.live.inside = nil, errors.New("no way"), nil
		f.times(probe.Timeout)
	}, Blocked, "", "", "nothing that could be looked at explains it"},
	{"no right to list routers", func(f *facts) { f.inv.Missing = []cloud.Missing{{Part: "routers"}} }, OK, "", "", "hop 3 could not be looked at"},
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range judgements {
		t.Run(c.name, func(t *testing.T) {
			f := well(t)
			c.spoil(f)
			d := f.diagnose()
			got, cause := HopID(""), Cause("")
			if d.Broken >= 0 {
				got, cause = d.Hops[d.Broken].ID, d.Hops[d.Broken].Findings[0].Cause
			}
			if d.Verdict != c.want || got != c.hop || cause != c.cause || !strings.Contains(d.Summary, c.says) {
				t.Errorf("%s at %q by %q: %s; want %s at %q by %q: %s\n%s", d.Verdict, got, cause, d.Summary, c.want, c.hop, c.cause, c.says, Report(d))
			}
		})
	}
}

// A ticket tells nobody's secrets.
func TestScrub(t *testing.T) {
	t.Setenv("HOME", "/home/maria")
	for text, want := range map[string]string{
		"key /home/maria/.ssh/id":                          "key ~/.ssh/id",
		"https://demo:secret@cloud:5000/v3":                "https://[removed]@cloud:5000/v3",
		"X-Auth-Token: gAAAAABn0123456789abcdefghijk":      "X-Auth-Token: [removed]",
		"token gAAAAABn0123456789abcdefghijk-_x was given": "token [removed] was given",
		`{"password":"hunter2"}`:                           `{"password":[removed]`,
		"no rule lets tcp/22 in":                           "no rule lets tcp/22 in",
	} {
		if got := scrub(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestDeviceTo(t *testing.T) {
	t.Parallel()
	routes := "default via 192.168.0.1 dev ens3 proto dhcp\n10.0.0.0/8 via 192.168.0.2 dev ens4\n10.1.2.3 dev ens5\n192.168.0.0/24 dev ens3 scope link\nunreachable 172.16.0.0/12\n"
	for to, want := range map[string]string{"192.168.0.11": "ens3", "10.9.9.9": "ens4", "10.1.2.3": "ens5", "8.8.8.8": "ens3"} {
		if got := deviceTo(routes, addr(to)); got != want {
			t.Errorf("%s leaves by %q, want %q", to, got, want)
		}
	}
}
