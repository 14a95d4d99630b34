package cloud

import (
	"net/netip"
	"time"
)

// Identity is who asks, and where.
type Identity struct {
	Cloud, Region         string // name in clouds.yaml or "" for OS_*, region
	ProjectID, Project    string
	UserID, User, AuthURL string
	ReadOnly              bool // the user's roles in the project let nobody change anything
	Bound                 bool // the credentials are for this project alone
}

// Project is one that the user can work in.
type Project struct{ ID, Name string }

// Instance is a Nova server.
type Instance struct {
	ID, Name   string
	Status     string // Nova's word: ACTIVE, SHUTOFF, BUILD, ERROR ...
	TaskState  string // "" or what Nova is doing: powering-off ...
	Flavor     string
	VCPUs, RAM int // cores and MiB; 0 if the cloud did not say
	ImageID    string
	KeyName    string
	Fault      string // why Status is ERROR
	Created    time.Time
	Metadata   map[string]string
	Tags       []string
}

// FixedIP is one address of a port.
type FixedIP struct {
	SubnetID string
	Addr     netip.Addr
}

// Port is a Neutron port.
type Port struct {
	ID, Name, Description, DeviceID, DeviceOwner, NetworkID, Status, MAC string
	AdminUp                                                              bool
	PortSecurity                                                         bool // true unless the cloud says it is off
	FixedIPs                                                             []FixedIP
	Groups                                                               []string // security group IDs
	AllowedPairs                                                         []netip.Prefix
	Revision                                                             int // 0: the cloud has no revision numbers
}

// FloatingIP is a public address of the project.
type FloatingIP struct {
	ID, Status, PortID, RouterID, NetworkID, Description string
	Address, FixedIP                                     netip.Addr // FixedIP is invalid when free
	Forwardings                                          []PortForwarding
	Revision                                             int
}

// PortForwarding is a rule of Neutron's floating-ip-port-forwarding extension. It leads the external
// ports to as many internal ones, or all to the same one.
type PortForwarding struct {
	ID, InternalPortID, Protocol, Description string
	Internal                                  netip.AddrPort
	External                                  uint16
	// InternalLast and ExternalLast end its ranges (extension floating-ip-port-forwarding-port-ranges);
	// 0 is a single port.
	InternalLast, ExternalLast uint16
}

// Last is the last external port.
func (f PortForwarding) Last() uint16 { return max(f.External, f.ExternalLast) }

// LastInternal is the last internal port.
func (f PortForwarding) LastInternal() uint16 { return max(f.Internal.Port(), f.InternalLast) }

// At is where an external port leads; false for one that is not the rule's.
func (f PortForwarding) At(port uint16) (netip.AddrPort, bool) {
	if port < f.External || port > f.Last() {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(f.Internal.Addr(), min(f.Internal.Port()+(port-f.External), f.LastInternal())), true
}

// Network is a Neutron network.
type Network struct {
	ID, Name, Status  string
	External, AdminUp bool
	Shared            bool // with other projects, or another's: routers that are not seen may be on it
	MTU               int
}

// Subnet is a Neutron subnet. GatewayIP is invalid when it has none.
type Subnet struct {
	ID, Name, NetworkID string
	CIDR                netip.Prefix
	GatewayIP           netip.Addr
}

// Router is a Neutron router. ExternalNetwork is "" without an external gateway.
type Router struct {
	ID, Name, Status, ExternalNetwork string
	AdminUp                           bool
}

// SecurityGroup is a Neutron security group with its rules.
type SecurityGroup struct {
	ID, Name, Description string
	Rules                 []SecurityGroupRule
	Revision              int
}

// SecurityGroupRule allows traffic. PortMin and PortMax are 0 for "any port". At most one of
// RemotePrefix and RemoteGroup is set; neither means anywhere.
type SecurityGroupRule struct {
	ID, GroupID, Direction, EtherType, Protocol, RemoteGroup, Description string
	PortMin, PortMax                                                      uint16
	RemotePrefix                                                          netip.Prefix
	Revision                                                              int
}

// Limit is one quota. Max -1 means unlimited; Known is false when the project may not read it.
type Limit struct {
	Used, Max int
	Known     bool
}

// Quotas holds the limits that publishing runs into.
type Quotas struct{ SecurityGroups, SecurityGroupRules, FloatingIPs Limit }

// Missing names a part of an inventory that could not be read, and why. The part is then empty
// and means "unknown", not "none".
type Missing struct {
	Part string // "quotas", "port forwardings", ...
	Err  error
}

// Inventory is one consistent-enough view of a project: what a refresh brings. It is immutable.
type Inventory struct {
	Identity       Identity
	Instances      []Instance
	Ports          []Port
	FloatingIPs    []FloatingIP
	Networks       []Network
	Subnets        []Subnet
	Routers        []Router
	SecurityGroups []SecurityGroup
	Quotas         Quotas
	Extensions     []string // aliases of Neutron's extensions
	Missing        []Missing
	At             time.Time
}

// Image is what Portico needs of a Glance image: how to log in to it.
type Image struct {
	ID, Name, Distro, AdminUser string // os_distro, os_admin_user
}

// KeyPair is a Nova key pair. PublicKey is an authorized_keys line.
type KeyPair struct{ Name, Fingerprint, PublicKey string }
