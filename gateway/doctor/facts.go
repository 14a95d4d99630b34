package doctor

import (
	"fmt"
	"net/netip"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// route is which way a path goes.
type route int

const (
	viaGateway route = iota // a forward on a gateway
	direct                  // the VM's own floating IP
	viaNeutron              // a forwarding of Neutron's
	toGateway               // the gateway itself, by SSH
)

// standing is whether a path is published.
type standing int

const (
	published standing = iota
	lost               // Portico's own files have it, and the rules do not
	byHand             // a rule that somebody typed
	absent             // it is not
	assumed            // nobody could look: the scheme says that it would be here
)

// facts are all that a diagnosis judges: gathered once, and asked for nowhere else.
type facts struct {
	route    route
	standing standing
	inv      *cloud.Inventory
	gw       gateway.Gateway
	machine  gateway.Gateway // that the packets come to: the active host of a pair, else gw
	fwd      gateway.Forward // public, private and service; of a direct path, the VM's own

	sshAside  bool              // configuration knows the gateway's sshd elsewhere than on port 22
	guessed   bool              // the address is one of several that it could be
	elsewhere *gateway.Gateway  // the gateway there is, when the address is not its
	floating  *cloud.FloatingIP // the address, if it is one of the project's
	gwPort    *cloud.Port       // of the machine
	gwEnd     *cloud.Port       // that the floating IP should lead to: of a pair the shared one, else gwPort
	vm        *cloud.Instance   // nil: gone
	vmPort    *cloud.Port
	carrier   *cloud.Instance // the gateway's own instance

	state    *gateway.State // nil: the gateway was not observed
	stateErr error          // why
	host     *hostFacts     // nil: nobody looked
	hostErr  error          // why
	live     live
	login    publish.Login
	keys     []cloud.KeyPair
	pasted   message
	notes    []string
}

// hostFacts are what a gateway says of itself, before and after the live connection.
type hostFacts struct {
	rules      netfilter.Ruleset
	after      *netfilter.Ruleset // read again once the connections were made; nil: not yet
	sysctl     map[string]string
	links      map[string][]netip.Addr
	mtu        map[string]int
	out        string     // interface towards the VM
	client     string     // interface towards the client, or the default route's
	me         netip.Addr // this console as the gateway sees it
	conntrack  []string   // flows to the public port
	counts     [2]counts  // what the rules have counted, before and after
	spoofed    [2]uint64  // packets that rp_filter dropped, before and after
	foreign    []string   // tables of nftables that are not iptables'
	complete   bool       // the whole script was run
	tookMillis int64
}

// live are the connections that were made.
type live struct {
	here   *probe.Result  // from this machine to the public end
	inside *probe.Result  // from the gateway to the private end
	others []probe.Result // from here to other ports of the same address
	ssh    *SSHSeen       // what an ssh client would meet
}

func (f *facts) tcp() bool { return f.fwd.Service.Protocol != gateway.UDP }

// reached reports whether a connection from here got through to the service that was meant.
func (f *facts) reached() bool {
	if f.route == toGateway && f.host != nil {
		return true // by whatever way configuration knows
	}
	return f.live.here != nil && f.live.here.Outcome == probe.OK
}

// met reports whether something at the far end answered, whatever it was.
func (f *facts) met() bool {
	return f.reached() || f.live.here != nil && f.live.here.Outcome == probe.Wrong && !f.impostor()
}

// connected reports whether a connection stood, and then nothing good came of it.
func connected(r probe.Result) bool {
	return r.Outcome != probe.OK && strings.HasPrefix(r.Detail, "connected, but")
}

// impostor reports whether something on the way answered in the gateway's place: no packet got there.
func (f *facts) impostor() bool {
	hits, counted := f.hits()
	return counted && hits == 0
}

func (f *facts) here() probe.Outcome {
	if f.live.here == nil {
		return probe.Unknown
	}
	return f.live.here.Outcome
}

func (f *facts) inside() probe.Outcome {
	if f.live.inside == nil {
		return probe.Unknown
	}
	return f.live.inside.Outcome
}

func (f *facts) vmName() string {
	if f.vm != nil {
		return f.vm.Name
	}
	if f.fwd.Instance != "" {
		return f.fwd.Instance
	}
	return "the VM"
}

// snat reports whether the VM sees the gateway as its client.
func (f *facts) snat() bool { return f.route == viaGateway && !f.gw.NoSNAT }

// me is the address this machine is seen with from outside; invalid when it is not known.
func (f *facts) me() netip.Addr {
	if f.host != nil {
		return f.host.me
	}
	return netip.Addr{}
}

// Small makers of findings.

func ok(text string, e ...Evidence) Finding { return Finding{Verdict: OK, Text: text, Evidence: e} }

func blocked(c Cause, text string, e ...Evidence) Finding {
	return Finding{Cause: c, Verdict: Blocked, Text: text, Evidence: e}
}

func degraded(c Cause, text string, e ...Evidence) Finding {
	return Finding{Cause: c, Verdict: Degraded, Text: text, Evidence: e}
}

func unknown(c Cause, text, missing string, e ...Evidence) Finding {
	return Finding{Cause: c, Verdict: Unknown, Text: text, Missing: missing, Evidence: e}
}

// unknownPart is a part of the project that may not be read.
func unknownPart(part string) Finding {
	return unknown(NotPermitted, "the project's "+part+" cannot be read", "the right to list "+part)
}

func (f Finding) with(fix *Fix) Finding {
	f.Fix = fix
	return f
}

// tell is a sentence for somebody who can do what nobody here can.
func tell(to, format string, args ...any) *Fix {
	return &Fix{Title: "tell " + to, Kind: FixSentence, To: to, Sentence: cloud.Clean(fmt.Sprintf(format, args...))}
}

// rawLines joins lines of raw evidence, each cleaned.
func rawLines(lines []string) string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = cloud.Clean(strings.TrimSpace(l))
	}
	return strings.Join(out, "\n")
}
