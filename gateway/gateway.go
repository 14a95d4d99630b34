package gateway

import (
	"context"
	"net/netip"

	"portico/gateway/plan"
)

// Gateway is a Linux host with a public address that carries forwards for private instances.
type Gateway struct {
	Name       string
	InstanceID string     // "" when it is not an instance of this project
	PortID     string     // the Neutron port that has the floating IP; "" likewise
	FloatingIP netip.Addr // where clients connect
	FixedIP    netip.Addr // its own address, which packets carry when they reach it
	NoSNAT     bool       // forwards keep the client's address; routing must then lead back through the gateway

	// Members are the two hosts of a pair; zero for all else. PortID and FixedIP are then the port and the
	// address that they share, and InstanceID is "".
	Members [2]Member
	// Own and Way are set for one host of a pair alone, see [Gateway.Hosts]: its own address, where FixedIP
	// is the one it shares, and where its sshd is reached.
	Own, Way netip.Addr
}

// Reserved is a public port of a gateway that forwards may not take.
type Reserved struct {
	Protocol Protocol
	Port     uint16
	By       string // "sshd", "foreign rule: -A PREROUTING ..."
	ByRule   bool   // a rule of somebody else's takes it, not a program that listens
}

// State is what an engine observed: the forwards that stand and what a new one must respect.
type State struct {
	Forwards []Forward
	// Lost are forwards that are kept for the next boot and do not stand: somebody emptied the chains.
	// Whoever plans wants them, too, unless they are withdrawn.
	Lost       []Forward
	Covers     []Cover // subnets that are published by a rule
	Reserved   []Reserved
	Prepared   bool               // it stays a gateway when nothing is published
	LocalPorts [2]uint16          // from where to where it takes ports for its own connections; zero if unknown
	Warnings   []plan.Warning     // what the operator should know: drift in short, odd settings
	Drift      []Drift            // what is not as plans left it, and forwards made by hand
	Armed      *Armed             // a change under way, or nil
	RolledBack []RolledBack       // what the gateway took back by itself, and nobody has seen to
	Base       []plan.Fingerprint // what a plan made from this state will insist on
	Companions int                // rules made by hand that give the gateway's address to what forwards made by hand send on
	Kept       []string           // files on the gateway that bring rules of others back at boot
	Facts      []Fact             // for the gateway's screen: "iptables" "1.8.9 (nf_tables)"
	Traffic    Traffic            // what came through it
	Members    []MemberState      // of a pair; else none
	Native     any                // the engine's own observation, read by that engine only
}

// Fact is one line about a gateway. OK is false for what stands in the way of forwarding.
type Fact struct {
	Name, Value string
	OK          bool
}

// Engine is one way of making forwards real.
type Engine interface {
	// Name is the word for it in commands and on screen: "nat".
	Name() string
	// Observe reads what stands. It changes nothing.
	Observe(ctx context.Context) (State, error)
	// Plan returns the steps from have to exactly the forwards in want. It changes nothing and
	// asks nothing: have is all it looks at.
	Plan(ctx context.Context, want []Forward, have State) (plan.Plan, error)
}

// Command is one program to run on a gateway, as root, without a shell of the caller's making.
// Args never holds secrets: other users of the host can read them.
type Command struct {
	Args  []string
	Stdin []byte
}

// Result is how a command ended.
type Result struct {
	Stdout, Stderr []byte
	Exit           int
}

// Runner runs commands on a gateway. The error says that the command could not be run or was
// cut short; a command that ran and failed has an Exit other than 0 and no error.
type Runner interface {
	Run(ctx context.Context, c Command) (Result, error)
}
