package doctor

// Cause is a stable word for why a hop is not OK.
type Cause string

// The causes.
const (
	OwnNetwork        Cause = "own-network"         // the network here lets no connection to that port out
	NoSuchAddress     Cause = "no-such-address"     // the project has no such floating IP
	NotPublished      Cause = "not-published"       // nothing is published there
	NotAssociated     Cause = "not-associated"      // the floating IP leads nowhere
	WrongAssociation  Cause = "wrong-association"   // the floating IP leads elsewhere
	FloatingIPDown    Cause = "floating-ip-down"    // associated, and not active
	NoExternalGateway Cause = "no-external-gateway" // the router leads nowhere
	RouterDown        Cause = "router-down"         // administratively, or not active
	NetworkDown       Cause = "network-down"        // administratively
	PortDown          Cause = "port-down"           // administratively
	GatewayGroup      Cause = "gateway-group"       // no rule of the gateway's groups lets the public port in
	GatewayOff        Cause = "gateway-off"         // shut off, in error, paused ...
	GatewaySSH        Cause = "gateway-ssh"         // nobody can look: no SSH connection to the gateway
	PairSplit         Cause = "pair-split"          // no host of a pair holds its address, or both do
	PairSpare         Cause = "pair-spare"          // one host of a pair could not take over
	IPForward         Cause = "ip-forward"          // the kernel forwards nothing
	NoDNAT            Cause = "no-dnat"             // no rule translates the public port
	Shadowed          Cause = "shadowed"            // another rule takes the packet before ours
	NoSNAT            Cause = "no-snat"             // answers do not come back through the gateway
	ForwardPolicy     Cause = "forward-policy"      // FORWARD drops it
	HostFirewall      Cause = "host-firewall"       // a rule made by hand drops it
	ReversePath       Cause = "reverse-path"        // rp_filter drops it
	ConntrackFull     Cause = "conntrack-full"      // no room for another connection
	Drifted           Cause = "drifted"             // what is Portico's is not as plans left it
	NotPersistent     Cause = "not-persistent"      // would not survive a reboot
	AntiSpoof         Cause = "anti-spoof"          // port security drops what the gateway sends on
	MTU               Cause = "mtu"                 // large packets get lost
	VMGone            Cause = "vm-gone"             // no VM has the address any more
	VMGroup           Cause = "vm-group"            // no rule of the VM's groups lets the service in
	VMGroupElsewhere  Cause = "vm-group-elsewhere"  // a rule does, but from elsewhere only
	VMOff             Cause = "vm-off"              // shut off, in error, paused ...
	VMFirewall        Cause = "vm-firewall"         // the VM itself drops it
	NotListening      Cause = "not-listening"       // refused: nothing listens
	WrongService      Cause = "wrong-service"       // something else answers
	Silent            Cause = "silent"              // connects, and says nothing
	HostKeyChanged    Cause = "host-key-changed"    // known_hosts has another key
	HostKeyUnverified Cause = "host-key-unverified" // it changed, and the console log does not vouch for it
	LoginUser         Cause = "login-user"          // the image has another user
	LoginKey          Cause = "login-key"           // the VM's key is not among those offered
	Sources           Cause = "sources"             // the forward is open to some addresses only
	NotPermitted      Cause = "not-permitted"       // a right was missing
)
