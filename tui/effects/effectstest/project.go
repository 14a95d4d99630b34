package effectstest

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

// Project is a small project in believable states, one of its instances with a hostile name.
func Project() *Backend {
	b := &Backend{Gateway: gateway.Gateway{
		Name: "gw-1", InstanceID: "id-gw-1", PortID: "port-gw-1",
		FloatingIP: netip.MustParseAddr("203.0.113.10"), FixedIP: netip.MustParseAddr("192.168.0.4"),
	}}
	b.Project = cloud.Inventory{
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
		b.instance(i.name, i.status, i.addr)
	}
	b.float("203.0.113.10", "port-gw-1", "192.168.0.4")
	b.float("203.0.113.12", "port-portal", "192.168.0.40")
	b.float("203.0.113.77", "", "")
	s := publish.Snapshot{Inventory: b.Project, Gateway: b.Gateway}
	b.State.Forwards = []gateway.Forward{
		b.forward(s, "id-annotation-01", "ssh"), b.forward(s, "id-assembly-02", "ssh"), b.forward(s, "id-old-mapper", "ssh"),
		b.forward(s, "id-assembly-02", "http"), b.forward(s, "id-jupyter", "http"),
	}
	b.State.Facts = []gateway.Fact{{Name: "iptables", Value: "1.8.9 (nf_tables)", OK: true}}
	b.Deaf = map[gateway.Key]int{b.State.Forwards[4].Key(): 1000}
	return b
}

func (b *Backend) instance(name, status, addr string) {
	id := "id-" + cloud.Clean(name)
	i := cloud.Instance{ID: id, Name: cloud.Clean(name), Status: status, Flavor: "de.NBI large", VCPUs: 8, RAM: 32768, KeyName: "mg-laptop", Created: Start}
	if status == "ERROR" {
		i.Fault = "No valid host was found. There are not enough hosts available."
	}
	b.Project.Instances = append(b.Project.Instances, i)
	if b.LoginsByID == nil {
		b.LoginsByID = map[string]publish.Login{}
	}
	b.LoginsByID[id] = publish.Login{User: "debian", UserFrom: "os_distro debian", KeyFile: "~/.ssh/mg", KeyName: "mg-laptop"}
	if addr == "" {
		return
	}
	b.Project.Ports = append(b.Project.Ports, cloud.Port{
		ID: "port-" + cloud.Clean(name), DeviceID: id, DeviceOwner: "compute:nova", NetworkID: "net",
		FixedIPs: []cloud.FixedIP{{Addr: netip.MustParseAddr(addr)}}, Groups: []string{"g1", "g2"},
	})
}

func (b *Backend) float(addr, port, fixed string) {
	f := cloud.FloatingIP{ID: "fip-" + addr, Address: netip.MustParseAddr(addr), PortID: port, Status: "DOWN"}
	if port != "" {
		f.Status, f.FixedIP = "ACTIVE", netip.MustParseAddr(fixed)
	} else {
		f.Description = "kept for the next workshop"
	}
	b.Project.FloatingIPs = append(b.Project.FloatingIPs, f)
}

// Many is a project with n instances, every second one published.
func Many(n int) *Backend {
	b := Project()
	b.Project.Instances, b.Project.Ports = nil, nil
	b.instance("gw-1", "ACTIVE", "192.168.0.4")
	for i := range n - 1 {
		b.instance(fmt.Sprintf("worker-%05d", i), "ACTIVE", fmt.Sprintf("10.%d.%d.%d", i/65025, i/255%255, 1+i%254))
	}
	b.State.Forwards = nil
	for i, p := range b.Project.Ports {
		if i%2 == 1 {
			b.State.Forwards = append(b.State.Forwards, gateway.Forward{
				Instance: p.DeviceID, Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}, Engine: "nat",
				Public:  netip.AddrPortFrom(b.Gateway.FloatingIP, uint16(20000+i)),
				Private: netip.AddrPortFrom(p.FixedIPs[0].Addr, 22),
			})
		}
	}
	return b
}
