package doctor

import (
	"net/netip"
	"time"

	"portico/gateway"
	"portico/gateway/publish"
)

// Target is what to diagnose. Exactly one of Instance, Public, Gateway and Text says it.
type Target struct {
	Instance string         // an instance's ID or name
	Service  string         // with Instance: a service's name; "" is ssh, or else the first that is published
	Public   netip.AddrPort // a public endpoint, with Protocol
	Protocol gateway.Protocol
	Gateway  string // a gateway's name or address: the gateway alone
	Text     string // what somebody pasted: an address and port, or a whole message of ssh
}

// HopID names a hop, whatever its place in a path.
type HopID string

// The hops, in the order in which a packet meets them. A path has some of them.
const (
	You           HopID = "you"            // this machine and the network it is in
	FloatingIP    HopID = "floating-ip"    // the public address and what it is associated with
	Router        HopID = "router"         // the router between outside and inside
	Forwarding    HopID = "forwarding"     // a forwarding of Neutron's, where there is no gateway
	GatewayGroups HopID = "gateway-groups" // the gateway's port and its security groups
	GatewayHost   HopID = "gateway"        // the gateway: power, its kernel, rules in the order packets meet them
	VMGroups      HopID = "vm-groups"      // the VM's port and its security groups
	VM            HopID = "vm"             // the VM: power, host firewall, whether anything listens
	Service       HopID = "service"        // banner, host key, login
)

// Verdict is what is known of a hop. The zero value, "", means that it is still being looked at.
type Verdict string

// The verdicts. Unknown is neither good nor bad: a right or a tool was missing, and Missing says which.
const (
	OK       Verdict = "ok"
	Degraded Verdict = "degraded" // works, but slowly, partly, or not for long
	Blocked  Verdict = "blocked"
	Unknown  Verdict = "unknown"
)

// Evidence is why a finding says what it says: in words, and as the raw thing. Both are clean; Raw
// may have several lines.
type Evidence struct {
	Words string `json:"words"`
	Raw   string `json:"raw,omitempty"`
}

// Finding is the outcome of one check at a hop.
type Finding struct {
	Cause    Cause      `json:"cause,omitempty"` // a stable word for scripts; "" when all is well
	Verdict  Verdict    `json:"verdict"`
	Text     string     `json:"text"` // one line, clean: "no rule lets tcp/22 in from gw-1"
	Evidence []Evidence `json:"evidence,omitempty"`
	Missing  string     `json:"missing,omitempty"` // of Unknown: what was missing, "the right to list routers"
	Fix      *Fix       `json:"fix,omitempty"`
}

// Hop is one stage of the path with what was found there.
type Hop struct {
	N        int       `json:"hop"` // from 1
	ID       HopID     `json:"id"`
	Title    string    `json:"title"`            // "you", "floating IP", "gw-1 security groups", "jupyter"
	Target   string    `json:"target,omitempty"` // what it is: an address, an instance's ID
	Verdict  Verdict   `json:"verdict"`          // "" while it is looked at
	Text     string    `json:"text"`             // the finding that decides, one line
	Findings []Finding `json:"findings,omitempty"`
	// Follows is the number of the broken hop that makes this one's state a consequence: nothing
	// reaches it, so nothing is wrong with it as far as is known. 0 is none.
	Follows int `json:"follows,omitempty"`
}

// FixKind is how a fix is carried out.
type FixKind string

// The kinds of fix.
const (
	FixPlan     FixKind = "plan"     // Request, through the same preview and safe apply as publishing
	FixCommand  FixKind = "command"  // Command is what to type instead
	FixSentence FixKind = "sentence" // nothing here can do it: Sentence is what to send, To whom
)

// Fix is what puts a finding right.
type Fix struct {
	Title    string           `json:"title"` // "attach portico-from-gw-1 to jupyter"
	Kind     FixKind          `json:"kind"`
	Request  *publish.Request `json:"-"`
	Command  string           `json:"command,omitempty"`
	Sentence string           `json:"sentence,omitempty"`
	To       string           `json:"to,omitempty"` // "the owner of jupyter", "cloud support", "your network's administrator"
}

// Later is a fault behind the first one, found without a packet reaching it.
type Later struct {
	Hop  int    `json:"hop"`
	Text string `json:"text"` // "after this is fixed, hop 6 will block: no rule lets tcp/22 in from gw-1"
	Fix  *Fix   `json:"fix,omitempty"`
}

// Diagnosis is the answer.
type Diagnosis struct {
	Title    string          // "203.0.113.10:30020 -> jupyter ssh"
	Forward  gateway.Forward // the path's forward; zero for a gateway alone and for what is not published
	Instance string          // name of the VM, if there is one
	Gateway  string          // name of the gateway, if the path has one
	Verdict  Verdict
	Hops     []Hop
	Broken   int    // index into Hops of the first one that is Blocked, else Degraded; -1 if none
	Summary  string // "blocked at hop 6 of 8: no rule lets tcp/22 in from gw-1"
	Later    []Later
	Notes    []string // what else to know: "nothing is published there; by per-service it would be ..."
	Started  time.Time
	Took     time.Duration
}

// Fix is the fix of the first broken hop, or nil.
func (d Diagnosis) Fix() *Fix {
	if d.Broken < 0 || d.Broken >= len(d.Hops) {
		return nil
	}
	for _, f := range d.Hops[d.Broken].Findings {
		if f.Fix != nil && f.Verdict == d.Hops[d.Broken].Verdict {
			return f.Fix
		}
	}
	return nil
}

// Progress is the ladder as far as it is known. Each one replaces the one before; a hop's Verdict may
// still change until [Doctor.Diagnose] returns.
type Progress struct {
	Title string
	Hops  []Hop
}
