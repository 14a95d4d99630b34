package emulator

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// NIC describes one port of a server.
type NIC struct {
	Subnet   string     // ID
	Address  netip.Addr // invalid: the next free one
	Groups   []string   // IDs; nil: the server's
	Insecure bool       // port security off: no group applies
	Name     string
}

// ServerSpec describes a server.
type ServerSpec struct {
	Name     string
	Status   string // ACTIVE (also ""), SHUTOFF, BUILD or ERROR
	Fault    string // the message of an ERROR
	Image    string // ID; "" for a server that booted from a volume
	Flavor   string // ID
	KeyName  string
	Groups   []string // security group IDs; nil: the default group
	NICs     []NIC    // none while it has no port yet
	Created  time.Time
	Metadata map[string]string
	Tags     []string
}

// AddServer adds a server with its ports and returns its ID.
func (m *Model) AddServer(s ServerSpec) string {
	if m.flavors[s.Flavor] == nil || s.Image != "" && m.images[s.Image] == nil {
		m.fail("server %q: no such flavor or image", s.Name)
		return ""
	}
	if s.Groups == nil {
		s.Groups = []string{m.DefaultGroup()}
	}
	x := &server{
		id: m.newID("server", s.Name), name: s.Name, status: s.Status, image: s.Image, flavor: s.Flavor,
		key: s.KeyName, groups: s.Groups, fault: s.Fault, tags: sorted(s.Tags), created: s.Created.UTC(),
		metadata: map[string]string{},
	}
	maps.Copy(x.metadata, s.Metadata)
	if x.status == "" {
		x.status = statusActive
	}
	if vmStates[x.status] == "" {
		m.fail("server %q: no status %q", s.Name, s.Status)
	}
	if x.status == statusBuild {
		x.task = "spawning"
	}
	if s.Created.IsZero() {
		x.created = m.now()
	}
	x.updated = x.created
	m.servers[x.id] = x
	for _, nic := range s.NICs {
		m.addNIC(x, nic)
	}
	m.setPortStatus(x)
	return x.id
}

func (m *Model) addNIC(s *server, nic NIC) {
	sub := m.subnets[nic.Subnet]
	if sub == nil {
		m.fail("server %q: no such subnet %q", s.name, nic.Subnet)
		return
	}
	if !nic.Address.IsValid() {
		nic.Address = m.freeAddress(sub)
	}
	if !sub.cidr.Contains(nic.Address) {
		m.fail("server %q: %s is not in %s", s.name, nic.Address, sub.cidr)
	}
	groups := nic.Groups
	if groups == nil {
		groups = s.groups
	}
	if nic.Insecure {
		groups = nil
	}
	for _, g := range groups {
		if m.groups[g] == nil {
			m.fail("server %q: no such security group %q", s.name, g)
		}
	}
	p := m.addPort(s.name+"/"+nic.Address.String(), sub.network, s.id, fixedIP{sub.id, nic.Address})
	p.name, p.owner, p.novas = nic.Name, "compute:nova", true
	p.secure, p.groups = !nic.Insecure, slices.Clone(groups)
}

// freeAddress is the lowest address of a subnet that no port has.
func (m *Model) freeAddress(s *subnet) netip.Addr {
	first, last := hostRange(s.cidr)
	for a := first; a.Compare(last) <= 0; a = a.Next() {
		if a != s.gateway && m.byFixed[fixedIP{s.id, a}] == nil {
			return a
		}
	}
	m.fail("subnet %q has no free address", s.name)
	return first
}

// SetStatus puts a server into a status at once, as an operator or a fault would.
func (m *Model) SetStatus(serverID, status string) {
	s := m.servers[serverID]
	if s == nil || vmStates[status] == "" {
		m.fail("no server %q or no status %q", serverID, status)
		return
	}
	s.status, s.task, s.next, s.updated = status, "", "", m.now()
	m.setPortStatus(s)
}

// DeleteServer removes a server and its ports; its floating IPs become free.
func (m *Model) DeleteServer(serverID string) {
	for _, p := range m.portsOf(serverID) {
		for _, f := range m.fips {
			if f.port == p.id {
				f.port, f.router, f.fixed, f.status = "", "", netip.Addr{}, "DOWN"
				m.touch(&f.meta)
			}
			n := len(f.forwardings)
			f.forwardings = slices.DeleteFunc(f.forwardings, func(x *forwarding) bool { return x.port == p.id })
			if n > 0 && len(f.forwardings) == 0 {
				f.router, f.status = "", "DOWN"
			}
		}
		m.removePort(p)
	}
	delete(m.servers, serverID)
}

// FloatingIPSpec describes a floating IP, attached to the first port of Server or free.
type FloatingIPSpec struct {
	Address     netip.Addr
	Network     string // ID of the external network
	Server      string // ID; "" for free
	Description string
}

// AddFloatingIP adds a floating IP and returns its ID.
func (m *Model) AddFloatingIP(s FloatingIPSpec) string {
	if n := m.networks[s.Network]; n == nil || !n.external || !s.Address.IsValid() {
		m.fail("floating IP %s: no such external network", s.Address)
		return ""
	}
	f := &floatingIP{
		meta: m.newMeta("floatingip", s.Address.String()), addr: s.Address, network: s.Network,
		status: "DOWN", description: s.Description,
	}
	m.fips[f.id] = f
	if s.Server == "" {
		return f.id
	}
	ports := m.portsOf(s.Server)
	if len(ports) == 0 {
		m.fail("floating IP %s: server %q has no port", s.Address, s.Server)
		return f.id
	}
	if bad := m.cloud.associate(f, ports[0].id, nil); bad != nil {
		m.fail("floating IP %s: %v", s.Address, bad.body)
	}
	f.status = statusActive
	return f.id
}
