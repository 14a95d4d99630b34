package emulator

import (
	"net/netip"
	"slices"
	"time"
)

// Model is the state of the cloud. It is only touched with the cloud's mutex held; [Cloud.Fill]
// lends it out under that mutex.
type Model struct {
	cloud  *Cloud
	err    error // the first mistake made while filling
	serial int
	used   map[string]bool
	salt   string // keeps the IDs of another project's things apart from those of the first

	networks map[string]*network
	subnets  map[string]*subnet
	routers  map[string]*router
	ports    map[string]*port
	fips     map[string]*floatingIP
	groups   map[string]*group
	rules    map[string]*rule
	servers  map[string]*server
	flavors  map[string]*flavor
	images   map[string]*image
	keypairs map[string]*keypair
	quotas   map[string]int // Neutron's
	limits   map[string]int // Nova's

	buildFault  string // of the next servers that are made
	buildFaults int

	offered []netip.Addr // addresses that are allocated before others

	byDevice map[string][]*port // ports of a server or router, in the order they were made
	byFixed  map[fixedIP]*port
}

// meta is what every Neutron resource carries.
type meta struct {
	id, project      string
	created, updated time.Time
	revision         int
	serial           int // Neutron's standard_attr_id
}

type network struct {
	meta
	name     string
	external bool
	mtu      int
}

type subnet struct {
	meta
	name, network string
	cidr          netip.Prefix
	gateway       netip.Addr
}

type router struct {
	meta
	name            string
	externalNetwork string
	externalAddr    netip.Addr
	adminUp         bool
}

type fixedIP struct {
	subnet string
	addr   netip.Addr
}

type port struct {
	meta
	name, network, device, owner, status string
	adminUp, secure                      bool
	fixed                                []fixedIP
	pairs                                []netip.Prefix
	groups                               []string
	description                          string
	novas                                bool // made by Nova, which removes it with its server
}

type floatingIP struct {
	meta
	addr                  netip.Addr
	network, port, router string
	fixed                 netip.Addr
	status, description   string
	forwardings           []*forwarding
}

type forwarding struct {
	id, port, protocol, description string
	internal                        netip.AddrPort
	external                        uint16
	lastInternal, lastExternal      uint16 // the ends of its ranges
}

type group struct {
	meta
	name, description string
}

// rule is a security group rule. portMin and portMax are nil for any port; for ICMP they are
// type and code.
type rule struct {
	meta
	group, direction, ethertype, protocol string
	portMin, portMax                      *int
	prefix, remoteGroup                   string
	description                           *string
}

type server struct {
	id, name, status, task string
	description            *string
	image, flavor, key     string
	groups                 []string // requested, for servers that have no port yet
	fault                  string
	metadata               map[string]string
	tags                   []string
	created, updated       time.Time
	next                   string    // the status after due
	due                    time.Time // when the running action ends
	userData               []byte
}

type flavor struct {
	id, name         string
	vcpus, ram, disk int
}

type image struct {
	id, name   string
	properties map[string]string
	created    time.Time
	minRAM     int // MiB
	minDisk    int // GiB
}

type keypair struct {
	name, public, fingerprint string
	created                   time.Time
}

func newModel(c *Cloud) *Model {
	return &Model{
		cloud: c, used: map[string]bool{},
		networks: map[string]*network{}, subnets: map[string]*subnet{}, routers: map[string]*router{},
		ports: map[string]*port{}, fips: map[string]*floatingIP{}, groups: map[string]*group{},
		rules: map[string]*rule{}, servers: map[string]*server{}, flavors: map[string]*flavor{},
		images: map[string]*image{}, keypairs: map[string]*keypair{},
		limits:   novaLimits(),
		byDevice: map[string][]*port{}, byFixed: map[fixedIP]*port{},
		// Neutron's own defaults (neutron/conf/quota.py).
		quotas: map[string]int{
			"network": 100, "subnet": 100, "subnetpool": -1, "port": 500, "router": 10,
			"floatingip": 50, "rbac_policy": 10, "security_group": 10, "security_group_rule": 100,
		},
	}
}

func (m *Model) now() time.Time { return m.cloud.config.Now().UTC().Truncate(time.Second) }

func (m *Model) newMeta(kind, name string) meta {
	m.serial++
	now := m.now()
	return meta{
		id: m.newID(kind, name), project: m.cloud.creds.projectID,
		created: now, updated: now, serial: m.serial,
	}
}

// touch records a change, as Neutron's standard attributes do.
func (m *Model) touch(x *meta) {
	x.revision++
	x.updated = m.now()
}

// settle ends the actions whose time is over. Every reader of servers calls it first.
func (m *Model) settle() {
	now := m.cloud.config.Now()
	for _, s := range m.servers {
		if s.next != "" && !now.Before(s.due) {
			if s.next == statusDeleted {
				m.forget(s)
				continue
			}
			s.status, s.task, s.next, s.updated = s.next, "", "", s.due.UTC().Truncate(time.Second)
			m.setPortStatus(s)
		}
	}
}

// setPortStatus makes the server's ports follow its power state, as the agents do.
func (m *Model) setPortStatus(s *server) {
	status := "DOWN"
	if s.status == statusActive {
		status = statusActive
	}
	for _, p := range m.portsOf(s.id) {
		if p.status != status {
			p.status = status
			m.touch(&p.meta)
		}
	}
}

// portsOf returns a device's ports in the order they were made.
func (m *Model) portsOf(device string) []*port { return m.byDevice[device] }

// rulesOf returns a group's rules in the order of their IDs, as Neutron does.
func (m *Model) rulesOf(group string) []*rule {
	var out []*rule
	for _, r := range m.rules {
		if r.group == group {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *rule) int { return compareIDs(a.id, b.id) })
	return out
}
