package emulator

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
)

// fail keeps the first mistake made while filling.
func (m *Model) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

// NetworkSpec describes a network. An external one belongs to the provider: the project sees
// it, but not its subnets.
type NetworkSpec struct {
	Name     string
	External bool
	MTU      int // 0: 1450, or 1500 for an external one
}

// AddNetwork adds a network and returns its ID.
func (m *Model) AddNetwork(s NetworkSpec) string {
	n := &network{meta: m.newMeta("network", s.Name), name: s.Name, external: s.External, mtu: s.MTU}
	if n.mtu == 0 {
		n.mtu = map[bool]int{false: 1450, true: 1500}[s.External]
	}
	if s.External {
		n.project, n.id = m.cloud.creds.otherProject, ID("network", s.Name) // all projects see the same one
	}
	m.networks[n.id] = n
	return n.id
}

// SubnetSpec describes an IPv4 subnet.
type SubnetSpec struct {
	Name    string
	Network string // ID
	CIDR    netip.Prefix
}

// AddSubnet adds a subnet whose gateway is its first address, with a DHCP port on the second
// unless the network is external, and returns its ID.
func (m *Model) AddSubnet(s SubnetSpec) string {
	n := m.networks[s.Network]
	if n == nil || !s.CIDR.Addr().Is4() {
		m.fail("subnet %q: no such network or no IPv4 prefix", s.Name)
		return ""
	}
	x := &subnet{meta: m.newMeta("subnet", s.Name), name: s.Name, network: n.id, cidr: s.CIDR.Masked()}
	x.project = n.project
	x.gateway, _ = hostRange(x.cidr)
	m.subnets[x.id] = x
	if !n.external {
		p := m.addPort("dhcp/"+s.Name, n.id, "dhcp-"+n.id, fixedIP{x.id, x.gateway.Next()})
		p.owner, p.status = "network:dhcp", statusActive
	}
	return x.id
}

// hostRange returns the first and last usable address of an IPv4 prefix.
func hostRange(p netip.Prefix) (first, last netip.Addr) {
	p = p.Masked()
	b := p.Addr().As4()
	for i := p.Bits(); i < 31; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	return p.Addr().Next(), netip.AddrFrom4(b)
}

// addPort adds a port of a device with one fixed address, which must be free.
func (m *Model) addPort(name, network, device string, fixed fixedIP) *port {
	if m.byFixed[fixed] != nil {
		m.fail("address %s is in use", fixed.addr)
	}
	p := &port{
		meta: m.newMeta("port", name), network: network, device: device, fixed: []fixedIP{fixed}, adminUp: true,
		status: "DOWN",
	}
	p.revision = 1
	m.ports[p.id], m.byFixed[fixed] = p, p
	m.byDevice[device] = append(m.byDevice[device], p)
	return p
}

// removePort undoes addPort.
func (m *Model) removePort(p *port) {
	delete(m.ports, p.id)
	for _, f := range p.fixed {
		delete(m.byFixed, f)
	}
	m.byDevice[p.device] = slices.DeleteFunc(slices.Clone(m.byDevice[p.device]), func(q *port) bool { return q == p })
}

// subnetOf returns the first subnet of a network.
func (m *Model) subnetOf(network string) string {
	for _, id := range slices.Sorted(maps.Keys(m.subnets)) {
		if m.subnets[id].network == network {
			return id
		}
	}
	return ""
}

// RouterSpec describes a router with an interface in each of Subnets, on their gateway address.
type RouterSpec struct {
	Name            string
	ExternalNetwork string     // ID; "" for none
	ExternalAddress netip.Addr // in the external network
	Subnets         []string   // IDs
}

// AddRouter adds a router and returns its ID.
func (m *Model) AddRouter(s RouterSpec) string {
	x := &router{
		meta: m.newMeta("router", s.Name), name: s.Name, adminUp: true,
		externalNetwork: s.ExternalNetwork, externalAddr: s.ExternalAddress,
	}
	if n := m.networks[s.ExternalNetwork]; s.ExternalNetwork != "" && (n == nil || !n.external) {
		m.fail("router %q: no such external network", s.Name)
	}
	m.routers[x.id] = x
	for _, id := range s.Subnets {
		sub := m.subnets[id]
		if sub == nil {
			m.fail("router %q: no such subnet %q", s.Name, id)
			continue
		}
		p := m.addPort(s.Name+"/"+sub.name, sub.network, x.id, fixedIP{id, sub.gateway})
		p.owner, p.status = "network:router_interface", statusActive
	}
	return x.id
}

// RuleSpec describes an ingress rule for IPv4. Zero ports mean any port, no Protocol any
// protocol; at most one of From and FromGroup, none for anywhere.
type RuleSpec struct {
	Protocol         string
	PortMin, PortMax int
	From             string // prefix
	FromGroup        string // ID
	Description      string
}

// AddGroup adds a security group with Neutron's egress rules and these, and returns its ID.
// Quotas do not bind here.
func (m *Model) AddGroup(name, description string, rules ...RuleSpec) string {
	g := m.newGroup(name, description)
	for _, s := range rules {
		attrs := view{
			"security_group_id": g.id, "direction": ingress, "protocol": orNull(s.Protocol),
			"remote_ip_prefix": orNull(s.From), "remote_group_id": s.FromGroup, "description": s.Description,
		}
		if s.PortMin != 0 {
			attrs["port_range_min"], attrs["port_range_max"] = float64(s.PortMin), float64(s.PortMax)
		}
		x, bad := readRule(attrs)
		if bad == nil {
			bad = m.cloud.checkRule(x, nil)
		}
		if bad != nil {
			m.fail("rule of group %q: %v", name, bad.body)
			continue
		}
		m.addRule(x)
		m.touch(&g.meta)
	}
	return g.id
}

// DefaultGroup returns the ID of the project's default security group.
func (m *Model) DefaultGroup() string { return m.idOf("security_group", "default") }

// AddImage adds a public image with these properties (os_distro, os_admin_user) and returns its ID.
func (m *Model) AddImage(name string, properties map[string]string) string {
	i := &image{
		id: m.newID("image", name), name: name, properties: maps.Clone(properties),
		created: m.now().Add(-90 * 24 * time.Hour),
	}
	m.images[i.id] = i
	return i.id
}

// SetImageNeeds sets what an image needs of a flavor, in MiB and GiB.
func (m *Model) SetImageNeeds(id string, minRAM, minDisk int) {
	i := m.images[id]
	if i == nil {
		m.fail("no image %q", id)
		return
	}
	i.minRAM, i.minDisk = minRAM, minDisk
}

// AddFlavor adds a flavor, ram in MiB and disk in GiB, and returns its ID.
func (m *Model) AddFlavor(name string, vcpus, ram, disk int) string {
	f := &flavor{id: m.newID("flavor", name), name: name, vcpus: vcpus, ram: ram, disk: disk}
	m.flavors[f.id] = f
	return f.id
}

// AddKeyPair adds a key pair; public is an authorized_keys line.
func (m *Model) AddKeyPair(name, public string) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(public))
	if err != nil {
		m.fail("key pair %q: %w", name, err)
		return
	}
	m.keypairs[name] = &keypair{
		name: name, public: public, fingerprint: ssh.FingerprintLegacyMD5(key), created: m.now(),
	}
}
