// Package viewtest holds projects for the tests of screens.
package viewtest

import (
	"fmt"
	"net/netip"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// Start is when a test's time begins.
var Start = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// Project is what a cloud and a gateway hold.
type Project struct {
	Inventory cloud.Inventory
	Gateway   gateway.Gateway
	State     gateway.State
	Logins    map[string]publish.Login
}

// Snapshot is what the screens get of it.
func (p *Project) Snapshot() publish.Snapshot {
	return publish.Snapshot{Inventory: p.Inventory, Gateway: p.Gateway, State: &p.State}
}

// Small is a project in believable states, one of its instances with a hostile name.
func Small() *Project {
	p := &Project{Gateway: gateway.Gateway{
		Name: "gw-1", InstanceID: "id-gw-1", PortID: "port-gw-1",
		FloatingIP: netip.MustParseAddr("203.0.113.10"), FixedIP: netip.MustParseAddr("192.168.0.4"),
	}}
	p.Inventory = cloud.Inventory{
		Identity: cloud.Identity{Cloud: "bielefeld", Project: "metagenomics", User: "mg"}, At: Start,
		Networks:       []cloud.Network{{ID: "net", Name: "lab-net"}},
		SecurityGroups: []cloud.SecurityGroup{{ID: "g1", Name: "default"}, {ID: "g2", Name: "portico-from-gw-1"}},
	}
	for _, i := range []struct{ name, status, addr string }{
		{"annotation-01", "ACTIVE", "192.168.0.10"}, {"assembly-02", "ACTIVE", "192.168.0.11"}, {"blast-db", "ACTIVE", "192.168.0.12"},
		{"gw-1", "ACTIVE", "192.168.0.4"}, {"jupyter", "ACTIVE", "192.168.0.20"}, {"old-mapper", "SHUTOFF", "192.168.0.33"},
		{"new-worker", "BUILD", ""}, {"broken", "ERROR", ""}, {"portal", "ACTIVE", "192.168.0.40"},
		{"evil\x1b]0;owned\a\x1b[31m\u202eexe.ssalc\r\nline 日本語の名前はとても長い", "ACTIVE", "192.168.0.66"},
	} {
		p.instance(i.name, i.status, i.addr)
	}
	p.float("203.0.113.10", "port-gw-1", "192.168.0.4")
	p.float("203.0.113.12", "port-portal", "192.168.0.40")
	p.float("203.0.113.77", "", "")
	p.State.Forwards = []gateway.Forward{
		p.Forward("id-annotation-01", "ssh"), p.Forward("id-assembly-02", "ssh"), p.Forward("id-old-mapper", "ssh"),
		p.Forward("id-assembly-02", "http"), p.Forward("id-jupyter", "http"),
	}
	p.State.Facts = []gateway.Fact{{Name: "iptables", Value: "1.8.9 (nf_tables)", OK: true}}
	return p
}

// Drifted is [Small] with drift of every kind, and a change that the gateway took back.
func Drifted() *Project {
	p := Small()
	web := p.Forward("id-portal", "http")
	web.Public = netip.MustParseAddrPort("203.0.113.10:8080")
	p.State.Drift = []gateway.Drift{
		{Kind: gateway.Strange, Where: "gw-1 iptables nat", Line: "-A PORTICO-PREROUTING -p tcp -m tcp --dport 30099 -j DNAT --to-destination 192.168.0.99:22"},
		{Kind: gateway.Foreign, Where: "gw-1 iptables nat", Line: "-A PREROUTING -d 192.168.0.4/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.168.0.40:80", Forward: &web, Note: "it comes from anywhere, as before"},
		{Kind: gateway.Missing, Where: "gw-1 sysctl", Line: "IP forwarding on"},
		{Kind: gateway.Foreign, Where: "gw-1 iptables nat", Line: "-A PREROUTING -i ens3 -p tcp -m tcp --dport 9000:9010 -j DNAT --to-destination 192.168.0.12", Why: "it forwards a range of ports"},
	}
	p.State.RolledBack = []gateway.RolledBack{{
		ID: "1", By: "ada@laptop", At: Start.Add(-20 * time.Minute), Back: Start.Add(-19 * time.Minute), Why: "its console fell silent", Whole: true,
	}}
	p.State.Facts = append(p.State.Facts, gateway.Fact{Name: "ip_forward", Value: "off"})
	return p
}

func (p *Project) instance(name, status, addr string) {
	id := "id-" + cloud.Clean(name)
	i := cloud.Instance{ID: id, Name: cloud.Clean(name), Status: status, Flavor: "de.NBI large", VCPUs: 8, RAM: 32768, KeyName: "mg-laptop", Created: Start}
	if status == "ERROR" {
		i.Fault = "No valid host was found. There are not enough hosts available."
	}
	p.Inventory.Instances = append(p.Inventory.Instances, i)
	if p.Logins == nil {
		p.Logins = map[string]publish.Login{}
	}
	p.Logins[id] = publish.Login{User: "debian", UserFrom: "os_distro debian", KeyFile: "~/.ssh/mg", KeyName: "mg-laptop"}
	if addr == "" {
		return
	}
	p.Inventory.Ports = append(p.Inventory.Ports, cloud.Port{
		ID: "port-" + cloud.Clean(name), DeviceID: id, DeviceOwner: "compute:nova", NetworkID: "net",
		FixedIPs: []cloud.FixedIP{{Addr: netip.MustParseAddr(addr)}}, Groups: []string{"g1", "g2"},
	})
}

func (p *Project) float(addr, port, fixed string) {
	f := cloud.FloatingIP{ID: "fip-" + addr, Address: netip.MustParseAddr(addr), PortID: port, Status: "DOWN"}
	if port != "" {
		f.Status, f.FixedIP = "ACTIVE", netip.MustParseAddr(fixed)
	} else {
		f.Description = "kept for the next workshop"
	}
	p.Inventory.FloatingIPs = append(p.Inventory.FloatingIPs, f)
}

// ports are the public ports' bases and the private ports of the services.
var ports = map[string]struct{ base, private uint16 }{"ssh": {30000, 22}, "http": {31000, 80}, "https": {32000, 443}}

// Forward is the forward of an instance's service by the scheme per-service.
func (p *Project) Forward(id, service string) gateway.Forward {
	f := gateway.Forward{Instance: id, Service: gateway.Service{Name: service, Protocol: gateway.TCP, Port: ports[service].private}, Engine: "nat"}
	for _, port := range p.Inventory.InstancePorts(id) {
		addr := port.FixedIPs[0].Addr
		f.Private = netip.AddrPortFrom(addr, f.Service.Port)
		f.Public = netip.AddrPortFrom(p.Gateway.FloatingIP, ports[service].base+uint16(addr.As4()[3]))
	}
	return f
}

// Many is a project with n instances, every second one published.
func Many(n int) *Project {
	p := Small()
	p.Inventory.Instances, p.Inventory.Ports = nil, nil
	p.instance("gw-1", "ACTIVE", "192.168.0.4")
	for i := range n - 1 {
		p.instance(fmt.Sprintf("worker-%05d", i), "ACTIVE", fmt.Sprintf("10.%d.%d.%d", i/65025, i/255%255, 1+i%254))
	}
	p.State.Forwards = nil
	for i, port := range p.Inventory.Ports {
		if i%2 == 1 {
			p.State.Forwards = append(p.State.Forwards, gateway.Forward{
				Instance: port.DeviceID, Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}, Engine: "nat",
				Public:  netip.AddrPortFrom(p.Gateway.FloatingIP, uint16(20000+i)),
				Private: netip.AddrPortFrom(port.FixedIPs[0].Addr, 22),
			})
		}
	}
	return p
}
