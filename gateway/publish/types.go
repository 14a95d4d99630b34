package publish

import (
	"net/netip"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/pair"
	"portico/gateway/plan"
)

// Snapshot is all that lists, screens and plans are made from: the cloud's inventory and, once
// the gateway has answered, what stands there. It is immutable.
type Snapshot struct {
	Inventory cloud.Inventory
	Gateway   gateway.Gateway // zero when none was found or chosen
	State     *gateway.State  // nil until the gateway was observed

	hosts *[2]pair.Host // those that a request about a pair names
}

// HasGateway reports whether a gateway was found or chosen.
func (s Snapshot) HasGateway() bool { return s.Gateway.FixedIP.IsValid() }

// Request is what an operator asks for. Instances are IDs or names; Services are names of the
// catalogue, or own ones as "name=tcp/8080"; no Services means ssh when publishing and all when
// withdrawing. An empty Scheme is the default one; empty Sources let anybody in.
type Request struct {
	Instances []string
	Services  []string
	Scheme    string
	Sources   []netip.Prefix
	Withdraw  bool
	Engine    string // one of [Engines], or [AutoEngine]; "" is as it stands, else the first that can be
	Via       string // the floating IP to publish at by neutron, by address or ID; "" is chosen
	// Formula is one or several formulas in place of a named scheme: "40000 + n", "ssh=40000+n; http=41000+n".
	Formula string
	// Ports are the public ports to publish at in place of those of a scheme, one for each service of
	// each instance, in that order.
	Ports []uint16
	// FromMe lets in the address that the operator comes from, beside Sources. [Publisher.Resolve]
	// finds it out, which a plan does not.
	FromMe bool

	// KeepPorts and KeepSources leave a forward that stands at its public port, and open to whom it
	// is open to: an operator who did not speak of them does not mean to change them.
	KeepPorts, KeepSources bool

	// Repair puts right what is Portico's own: the forwards that stand keep standing, all they need
	// is made again, and what no plan made goes. Instances, if any, limit whose doors are touched.
	Repair bool
	// Make prepares the gateway, or retires it; it is about nothing else then.
	Make Prepared
	// Adopt takes over forwards made by hand, by public port: "30011" or "tcp/30011". AdoptAll is
	// all of those that can be.
	Adopt    []string
	AdoptAll bool
	// Vacant is what AdoptAll does with rules that lead to addresses nobody has: [VacantLeave], or one of
	// the others.
	Vacant string

	// Subnets, by name, ID or CIDR, are published whole: each address that can hold an instance gets its
	// forwards, or, with Existing, each that holds one. With Sync they limit what is kept in step.
	Subnets  []string
	Existing bool
	// Sync brings the forwards into step with the project: it publishes what has come to a subnet that is
	// published, and withdraws or leads anew what leads astray.
	Sync bool

	// On, where it is set, is the gateway that the request is about: it is not planned on another.
	On gateway.Gateway
	// Degraded changes the one host of a pair that answers, where the other does not.
	Degraded bool
	// FloatingIP, where its Do is set, is all the request is about.
	FloatingIP FloatingIPRequest
	// Create, where it is set, is all the request is about: a gateway from nothing.
	Create *CreateRequest
	// Pair, where its Do is set, is all the request is about.
	Pair PairRequest
	// Fix puts one thing right that a diagnosis found; nil is none.
	Fix *Fix
}

// Item is one forward of a proposal and what happens to it; Action is 0 when it already stands.
type Item struct {
	Action   plan.Action
	Forward  gateway.Forward
	Instance string // its name
}

// QuotaLine is one limit before and after a plan.
type QuotaLine struct {
	Name               string
	Before, After, Max int // Max -1: unlimited
	Known              bool
}

// Proposal is a plan with what an operator needs to judge it.
type Proposal struct {
	Request Request
	Gateway gateway.Gateway
	Items   []Item
	Quota   []QuotaLine
	Plan    plan.Plan
	InStep  InStep // of a sync

	covers []gateway.Cover // that are to stand; nil: those that do

	want  []gateway.Forward // everything that is to stand on the gateway
	named map[string]bool   // the instances it is about, by ID

	shells map[string][]string // the words that run a command on a host, by its name

	settles []string    // records of what the gateway took back, which a repair sees to
	engine  *nat.Engine // that made the plan
	runner  *lazyRunner // its way to the gateway

	neutron  *neutronPart    // what it does with Neutron's forwardings; nil for all else
	local    *localFix       // what it does outside of any gateway; nil for all else
	pair     *pairChange     // what it does with a pair of hosts; nil for all else
	floating *floatingChange // what it does with a floating IP; nil for all else
	creation *creation       // the gateway that it makes; nil for all else
}

// Empty reports whether applying it would do nothing: neither change anything nor settle what the
// gateway took back by itself.
func (p Proposal) Empty() bool { return p.Plan.Empty() && len(p.settles) == 0 }

// Covers are the subnets that are published by a rule afterwards, where the proposal changes which; else nil.
func (p Proposal) Covers() []gateway.Cover { return p.covers }

// Made lists the forwards that are new or changed afterwards.
func (p Proposal) Made() []gateway.Forward {
	var out []gateway.Forward
	for _, i := range p.Items {
		if i.Action == plan.Create || i.Action == plan.Update {
			out = append(out, i.Forward)
		}
	}
	return out
}

// Want returns the forwards that will stand afterwards, of those the request named.
func (p Proposal) Want() []gateway.Forward {
	var out []gateway.Forward
	for _, i := range p.Items {
		if i.Action != plan.Delete {
			out = append(out, i.Forward)
		}
	}
	return out
}

// InstanceRow is one line of the list of instances.
type InstanceRow struct {
	Instance cloud.Instance
	Private  []netip.Addr      // fixed addresses
	Public   []netip.Addr      // its own floating IPs
	Gateway  bool              // carries forwards for others
	Forwards []gateway.Forward // how its services are reachable through the gateway
}

// FloatingIPRow is one line of the list of floating IPs.
type FloatingIPRow struct {
	FloatingIP cloud.FloatingIP
	Attached   string // name of the instance or device it leads to; "" when free
	InstanceID string
	Gateway    bool
	Carries    int // forwards through it
}

// Free reports whether the address leads nowhere yet.
func (r FloatingIPRow) Free() bool {
	return r.FloatingIP.PortID == "" && len(r.FloatingIP.Forwardings) == 0
}

// Login is how to log in to an instance.
type Login struct {
	User     string
	UserFrom string // why this user: "image property os_admin_user", "os_distro debian", "config", ""
	KeyFile  string // local identity whose public key is the instance's; "" when none was found
	KeyName  string // the Nova key pair's name
}
