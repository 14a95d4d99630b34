package emulator

import (
	"net/netip"
	"strings"
	"time"
)

// Names of instances of [Demo] that are of use to know. Their IDs are ID("server", name).
const (
	DemoGateway      = "gw-1"        // has the floating IP at [Demo.GatewayAddress]
	DemoWeb          = "web-portal"  // has a floating IP of its own, 203.0.113.31
	DemoOff          = "old-mapper"  // SHUTOFF
	DemoBuilding     = "nextflow-07" // BUILD, no address yet
	DemoFailed       = "gpu-train"   // ERROR, with a fault
	DemoLockedDown   = "locked-down" // running, its only group lets nothing in
	DemoSSHDown      = "sshd-down"   // running and open, but its sshd is not
	DemoSecondSubnet = "imaging-01"  // 192.168.1.15, on the second subnet
	DemoKeyPair      = "mg-laptop"
	DemoFreeAddress  = "203.0.113.27" // a floating IP that is attached to nothing

	DemoOtherProject = "imaging"         // another project of the user, without a gateway
	DemoReadProject  = "imaging-archive" // one that he may only look at
)

// DemoHostile is the name of an instance of [Demo] as long as Nova lets it be, with everything
// in it that a terminal, a shell or a table could trip over.
var DemoHostile = overlong("evil\x1b[31m\x1b]0;owned\x07 \u202egnp.exe\u202c\n\"quoted\" 'single' `id` $(reboot) " +
	"\U0001F469\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466 ")

func overlong(s string) string {
	return s + strings.Repeat("x", 255-len([]rune(s)))
}

// Demo is a believable project: "metagenomics", thirteen instances on lab-net behind mg-router,
// three floating IPs, groups default, ssh and web.
type Demo struct {
	// GatewayAddress is the gateway's floating IP; default 127.0.0.1, because the demo's forwards
	// listen on loopback.
	GatewayAddress netip.Addr
	// PublicKey is the authorized_keys line of the key pair mg-laptop. Without it there is no
	// such key pair and the instances have none.
	PublicKey string
	// World is one of [Worlds], or "" for the usual project.
	World string
}

// StartDemo starts a cloud that is filled with d.
func StartDemo(d Demo) (*Cloud, error) {
	c, err := Start(Config{Project: "metagenomics", ActionTime: 2 * time.Second})
	if err != nil {
		return nil, err
	}
	err = c.Fill(d.Fill)
	if err == nil {
		err = c.AddProject(DemoOtherProject, nil, d.fillOther)
	}
	if err == nil {
		err = c.AddProject(DemoReadProject, []string{"reader"}, d.fillOther)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// fillOther makes a small project that has no floating IP yet.
func (d Demo) fillOther(m *Model) {
	public := m.AddNetwork(NetworkSpec{Name: "public", External: true})
	m.AddSubnet(SubnetSpec{Name: "public-v4", Network: public, CIDR: netip.MustParsePrefix("203.0.113.0/24")})
	lab := m.AddNetwork(NetworkSpec{Name: "core-net"})
	sub := m.AddSubnet(SubnetSpec{Name: "core-v4", Network: lab, CIDR: netip.MustParsePrefix("10.20.0.0/24")})
	m.AddRouter(RouterSpec{Name: "core-router", ExternalNetwork: public, ExternalAddress: netip.MustParseAddr("203.0.113.6"), Subnets: []string{sub}})
	image, flavor := m.AddImage("ubuntu-24.04", map[string]string{"os_distro": "ubuntu", "os_admin_user": "ubuntu"}), m.AddFlavor("de.large", 28, 65536, 50)
	key := ""
	if d.PublicKey != "" {
		key = DemoKeyPair
		m.AddKeyPair(DemoKeyPair, d.PublicKey)
	}
	for i, s := range []struct{ name, status, address string }{
		{"bastion", "", "10.20.0.5"}, {"microscope-ingest", "", "10.20.0.11"}, {"segmentation-01", "", "10.20.0.12"}, {"segmentation-02", statusOff, "10.20.0.13"}, {"omero", "", "10.20.0.20"},
	} {
		m.AddServer(ServerSpec{
			Name: s.name, Status: s.status, Image: image, Flavor: flavor, KeyName: key, Groups: []string{m.DefaultGroup()},
			NICs: []NIC{{Subnet: sub, Address: netip.MustParseAddr(s.address)}}, Created: m.now().Add(-time.Duration(20-i) * 24 * time.Hour),
		})
	}
}

// demoPlaces are the IDs that the demo's servers are put together from.
type demoPlaces struct {
	public, lab, second, workers string
	ssh, web, isolated, fallback string
	debian, ubuntu, rocky, bare  string
	small, medium, large         string
	key                          string
}

// Fill adds the demo project to a cloud; for [Cloud.Fill].
func (d Demo) Fill(m *Model) {
	p := d.places(m)
	if d.World != WorldEmpty {
		d.instances(m, p)
	}
	if d.World == WorldMany {
		d.many(m, p)
	}
	d.floatingIPs(m, p)
}

func (d Demo) places(m *Model) demoPlaces {
	p := demoPlaces{fallback: m.DefaultGroup()}
	p.public = m.AddNetwork(NetworkSpec{Name: "public", External: true})
	m.AddSubnet(SubnetSpec{Name: "public-v4", Network: p.public, CIDR: netip.MustParsePrefix("203.0.113.0/24")})
	lab := m.AddNetwork(NetworkSpec{Name: "lab-net"})
	p.lab = m.AddSubnet(SubnetSpec{Name: "lab-v4", Network: lab, CIDR: netip.MustParsePrefix("192.168.0.0/24")})
	p.second = m.AddSubnet(SubnetSpec{Name: "imaging-v4", Network: lab, CIDR: netip.MustParsePrefix("192.168.1.0/24")})
	subnets := []string{p.lab, p.second}
	if d.World == WorldMany {
		p.workers = m.AddSubnet(SubnetSpec{Name: "workers-v4", Network: lab, CIDR: netip.MustParsePrefix("10.20.0.0/16")})
		subnets = append(subnets, p.workers)
	}
	m.AddRouter(RouterSpec{
		Name: "mg-router", ExternalNetwork: p.public, ExternalAddress: netip.MustParseAddr("203.0.113.5"),
		Subnets: subnets,
	})
	p.ssh = m.AddGroup("ssh", "ssh from anywhere", RuleSpec{Protocol: "tcp", PortMin: 22, PortMax: 22, From: "0.0.0.0/0"})
	p.web = m.AddGroup("web", "http and https from anywhere",
		RuleSpec{Protocol: "tcp", PortMin: 80, PortMax: 80, From: "0.0.0.0/0"},
		RuleSpec{Protocol: "tcp", PortMin: 443, PortMax: 443, From: "0.0.0.0/0"})
	p.isolated = m.AddGroup("isolated", "egress only")
	p.debian = m.AddImage("debian-12", map[string]string{"os_distro": "debian"})
	p.ubuntu = m.AddImage("ubuntu-24.04", map[string]string{"os_distro": "ubuntu", "os_admin_user": "ubuntu"})
	p.rocky = m.AddImage("rocky-9", map[string]string{"os_distro": "rocky"})
	p.bare = m.AddImage("imported-2019", nil)
	p.small = m.AddFlavor("de.small", 2, 4096, 20)
	p.medium = m.AddFlavor("de.medium", 8, 32768, 50)
	p.large = m.AddFlavor("de.large", 28, 65536, 50)
	if d.PublicKey != "" {
		p.key = DemoKeyPair
		m.AddKeyPair(DemoKeyPair, d.PublicKey)
	}
	return p
}

// instances adds the servers, the oldest first.
func (d Demo) instances(m *Model, p demoPlaces) {
	base, web := []string{p.fallback}, []string{p.fallback, p.web}
	for i, s := range []struct {
		name, status, subnet, address, image, flavor string
		groups                                       []string
	}{
		{DemoGateway, "", p.lab, "192.168.0.4", p.debian, p.small, []string{p.fallback, p.ssh}},
		{DemoOff, statusOff, p.lab, "192.168.0.33", p.bare, p.medium, base},
		{"annotation-01", "", p.lab, "192.168.0.10", p.debian, p.medium, base},
		{"assembly-02", "", p.lab, "192.168.0.11", p.debian, p.medium, web},
		{"blast-db", "", p.lab, "192.168.0.12", p.rocky, p.large, base},
		{"jupyter", "", p.lab, "192.168.0.20", p.ubuntu, p.medium, web},
		{DemoWeb, "", p.lab, "192.168.0.40", p.ubuntu, p.small, []string{p.fallback, p.ssh, p.web}},
		{DemoLockedDown, "", p.lab, "192.168.0.50", p.debian, p.small, []string{p.isolated}},
		{DemoSSHDown, "", p.lab, "192.168.0.51", p.rocky, p.small, base},
		{DemoHostile, "", p.lab, "192.168.0.60", p.debian, p.small, base},
		{DemoSecondSubnet, "", p.second, "192.168.1.15", p.ubuntu, p.large, base},
		{DemoFailed, statusError, "", "", p.ubuntu, p.large, base},
		{DemoBuilding, statusBuild, "", "", p.debian, p.large, base},
	} {
		spec := ServerSpec{
			Name: s.name, Status: s.status, Image: s.image, Flavor: s.flavor, KeyName: p.key, Groups: s.groups,
			Created: m.now().Add(-time.Duration(40-3*i) * 24 * time.Hour),
		}
		if s.address != "" {
			spec.NICs = []NIC{{Subnet: s.subnet, Address: netip.MustParseAddr(s.address)}}
		}
		if s.status == statusError {
			spec.Fault = "No valid host was found. There are not enough hosts available."
		}
		if s.status == statusBuild {
			spec.Created = m.now().Add(-20 * time.Second)
		}
		m.AddServer(spec)
	}
}
