package nat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/door"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
)

// Name is the engine's name in commands and in forwards.
const Name = "nat"

// Groups writes security groups and their rules.
type Groups = door.Groups

// Ports sets the security groups that ports carry.
type Ports = door.Ports

// Engine makes forwards on one gateway. It is a value for one observation and what is planned
// from it: Inventory is the cloud as it was read for that.
type Engine struct {
	Gateway   gateway.Gateway
	Runner    gateway.Runner
	Groups    Groups
	Ports     Ports
	Inventory cloud.Inventory

	// Named limits whose doors a plan may touch to these instances, by ID; nil is all of them. What
	// others have changed at the doors of the rest is told as a warning.
	Named map[string]bool

	// Services is the catalogue: what forwards that were made by hand are called, by their port.
	Services []gateway.Service
	// Adopt names public ports whose rules, made by hand, a plan takes over: they go in the same
	// restore that adds the forward. Each must be in the state's Drift, with just that forward.
	Adopt map[gateway.Key]bool
	// Remove names public ports whose rules, made by hand, lead to an address that nobody has: they go, and
	// nothing comes in their place.
	Remove map[gateway.Key]bool

	// Covers are the subnets that are to be published by a rule; nil is those that are.
	Covers []gateway.Cover

	// First puts our rule in FORWARD before those of others, where one of them drops what it accepts.
	First bool
	// Prepare makes the machine one that stays a gateway without forwards; Retire ends that, and takes
	// IP forwarding back where nobody else needs it.
	Prepare, Retire bool

	prepared bool // whether it is to stay a gateway; see mean

	// Members are engines for the hosts of a pair, in the pair's order; none for all else. Each has its own
	// Runner, and the same of all else.
	Members []*Engine
	// Degraded plans for the one host of a pair that answers.
	Degraded bool
}

var _ gateway.Engine = (*Engine)(nil)

// Name is "nat".
func (e *Engine) Name() string { return Name }

// Plan returns the steps that leave exactly the forwards in want standing: doors are opened
// before rules are added and closed after rules are gone. It only computes.
func (e *Engine) Plan(_ context.Context, want []gateway.Forward, have gateway.State) (plan.Plan, error) {
	hosts, ok := have.Native.(hosts)
	if !ok {
		return plan.Plan{}, &gateway.Error{Op: "plan forwards on", Target: e.Gateway.Name, Kind: gateway.Internal, Err: fmt.Errorf("state of another engine: %T", have.Native)}
	}
	e.meanHosts(hosts)
	if err := e.checkWhole(hosts); err != nil {
		return plan.Plan{}, err
	}
	if err := e.check(want, have); err != nil {
		return plan.Plan{}, err
	}
	if err := e.checkCovers(); err != nil {
		return plan.Plan{}, err
	}
	for _, h := range hosts {
		if err := h.engine(e).checkHost(want, h); err != nil {
			return plan.Plan{}, err
		}
	}
	open, shut, err := e.planGroups(want)
	if err != nil {
		return plan.Plan{}, err
	}
	steps := open
	for _, h := range hosts {
		steps = append(steps, e.hostSteps(h, want, have)...)
	}
	steps = append(steps, shut...)
	return plan.Plan{ID: planID(steps, have.Base), Steps: steps, Warnings: e.warnings(want, have, hosts, len(steps) > 0), Base: e.withKept(have.Base, hosts)}, nil
}

// checkHost refuses a host that cannot carry these forwards.
func (e *Engine) checkHost(want []gateway.Forward, h *hostSeen) error {
	if err := e.checkAdopt(want, h.forwards, h.observed); err != nil {
		return err
	}
	if err := e.checkAddress(h.observed); err != nil {
		return err
	}
	if err := e.checkOffsets(want, h.observed); err != nil {
		return err
	}
	if len(h.missing) > 0 && (len(want) > 0 || e.Prepare) {
		return &gateway.Error{
			Op: "plan forwards on", Target: e.Gateway.Name, Kind: gateway.NotFound,
			Err:  fmt.Errorf("the gateway has no %s", strings.Join(h.missing, ", ")),
			Next: "install them there (" + h.install(h.missing) + "), then plan again",
		}
	}
	return nil
}

// checkAddress refuses a machine that is not the gateway, which a configuration may lead to that was
// written for a gateway of the same name, and one that carries forwards for another of its addresses.
func (e *Engine) checkAddress(seen *observed) error {
	if len(seen.links) > 0 && seen.holder(e.Gateway.HostAddr()) == "" {
		return &gateway.Error{
			Op: "plan forwards on", Target: e.Gateway.Name, Kind: gateway.Conflict,
			Err:  fmt.Errorf("the machine that was reached has no address %s: it is another one", e.Gateway.HostAddr()),
			Next: "see where 'gateways' in the configuration file and ~/.ssh/config lead to for this name",
		}
	}
	if others := otherAddresses(e.Gateway, seen.rules); len(others) > 0 {
		return &gateway.Error{
			Op: "plan forwards on", Target: e.Gateway.Name, Kind: gateway.Conflict,
			Err:  fmt.Errorf("it already carries forwards for another of its addresses: %s", strings.Join(others, ", ")),
			Next: "name that address's floating IP with --gateway, or withdraw what it carries first",
		}
	}
	return nil
}

// planHost is what changes on the gateway itself. The accept rule comes before the DNAT rules
// and goes after them, so that no connection is sent on only to be dropped.
func (e *Engine) planHost(want []gateway.Forward, have gateway.State, seen *observed) []plan.Step {
	nat, filter := e.layouts(want, e.covers(have)...)
	nat.Gone = e.gone(seen)
	natStep := e.remembering(e.restoreStep(seen, nat, changedUDP(want, have.Forwards)...), seen, nat.Gone)
	filterStep := e.restoreStep(seen, filter)
	var steps []plan.Step
	add := func(s *hostStep) {
		if s != nil {
			steps = append(steps, s)
		}
	}
	if len(nat.Chains) > 0 {
		add(e.forwardingStep(seen))
		if e.First && filterStep == nil {
			filterStep = e.firstStep(seen)
		}
		add(filterStep)
		add(natStep)
		add(e.persistStep(seen, nat, filter))
		for _, k := range keptEdits(seen, nat.Gone) {
			add(e.keptStep(k))
		}
		return steps
	}
	add(e.persistStep(seen, nat, filter))
	add(natStep)
	add(filterStep)
	add(e.stopForwardingStep(seen))
	for _, k := range keptEdits(seen, nat.Gone) {
		add(e.keptStep(k))
	}
	return steps
}

// changedUDP lists the public UDP ports, and ranges of them, that lead elsewhere, or nowhere, from now on.
func changedUDP(want, have []gateway.Forward) []string {
	var out []string
	told := map[string]bool{}
	for _, pair := range [][2][]gateway.Forward{{want, have}, {have, want}} {
		among := byKey(pair[1])
		for _, f := range pair[0] {
			port := f.PublicPorts()
			if f.Service.Protocol == gateway.UDP && !told[port] && !slices.ContainsFunc(among[f.Key()], f.Equal) {
				told[port] = true
				out = append(out, port)
			}
		}
	}
	return out
}

// byKey finds forwards by their public endpoint.
func byKey(fs []gateway.Forward) map[gateway.Key][]gateway.Forward {
	out := make(map[gateway.Key][]gateway.Forward, len(fs))
	for _, f := range fs {
		out[f.Key()] = append(out[f.Key()], f)
	}
	return out
}

// check refuses forwards that cannot stand together or would take what is the gateway's own.
func (e *Engine) check(want []gateway.Forward, have gateway.State) error {
	standing := map[gateway.Key]bool{}
	for _, f := range have.Forwards {
		for _, k := range f.Keys() {
			standing[k] = true
		}
	}
	taken := e.taken(have)
	seen := map[gateway.Key]gateway.Forward{}
	for _, f := range want {
		if err := e.checkForward(f); err != nil {
			return err
		}
		for _, k := range f.Keys() {
			if by := taken[k]; by != "" && !standing[k] && !e.Adopt[f.Key()] {
				return conflict(f, fmt.Errorf("%s port %d of %s is taken by %s", f.Service.Protocol, k.Public.Port(), e.Gateway.Name, by))
			}
			if other, dup := seen[k]; dup && !other.Equal(f) {
				return conflict(f, fmt.Errorf("%s port %d would lead to %s and to %s", f.Service.Protocol, k.Public.Port(), other.Private, f.Private))
			}
			seen[k] = f
		}
	}
	return nil
}

// taken says by whom public ports are held that forwards may not take.
func (e *Engine) taken(have gateway.State) map[gateway.Key]string {
	taken := map[gateway.Key]string{}
	for _, r := range have.Reserved {
		for _, p := range []gateway.Protocol{gateway.TCP, gateway.UDP} {
			k := gateway.Key{Protocol: p, Public: e.public(r.Port)}
			if (r.Protocol == p || r.Protocol == "") && taken[k] == "" {
				taken[k] = r.By
			}
		}
	}
	return taken
}

func (e *Engine) checkForward(f gateway.Forward) error {
	invalid := func(format string, args ...any) error {
		return &gateway.Error{Op: "publish", Target: f.String(), Kind: gateway.Invalid, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case !f.Private.Addr().Is4() || !f.Public.Addr().Is4():
		return invalid("only IPv4 addresses can be forwarded")
	case f.Private.Port() == 0 || f.Public.Port() < 1024:
		return invalid("public ports run from 1024 to 65535")
	case unequalPorts(f) != nil:
		return invalid("%w", unequalPorts(f))
	case f.Service.Protocol != gateway.TCP && f.Service.Protocol != gateway.UDP:
		return invalid("protocol %q is neither tcp nor udp", f.Service.Protocol)
	case !ourComment.MatchString(markOf(f)):
		return invalid("a service's name has lower-case letters, digits and dashes only, 32 at most, and an instance is named by its UUID")
	case e.isGateway(f.Private.Addr()):
		return invalid("the gateway itself needs no forward: it is reachable at %s", e.Gateway.FloatingIP)
	}
	if i := slices.IndexFunc(f.Sources, func(s netip.Prefix) bool { return !s.Addr().Is4() }); i >= 0 {
		return invalid("source %s is not an IPv4 network", f.Sources[i])
	}
	return nil
}

func conflict(f gateway.Forward, err error) error {
	return &gateway.Error{Op: "publish", Target: f.String(), Kind: gateway.Conflict, Err: err, Next: "choose another scheme with --scheme, or free the port on the gateway"}
}

func (e *Engine) warnings(want []gateway.Forward, have gateway.State, hosts hosts, changes bool) []plan.Warning {
	out := slices.Clone(have.Warnings)
	for _, h := range hosts {
		out = append(out, e.adoptWarnings(h.observed)...)
	}
	if !changes {
		return out
	}
	if n := newlyOpen(want, have.Forwards); n > 0 {
		out = append(out, plan.Warning{Title: "open to the whole internet", Detail: fmt.Sprintf("anybody may connect to %d of these forwards; name the networks that may, if that is not meant", n)})
	}
	if len(want) == 0 && !e.prepared {
		for _, r := range []role{rolePublic, rolePrivate} {
			d := e.newDoor(r)
			if others := e.keeper().OthersNeed(d); len(others) > 0 {
				out = append(out, plan.Warning{Title: "the group " + d.Name + " stays", Detail: "others need it: " + strings.Join(others, "; ")})
			}
		}
	}
	for _, h := range hosts {
		out = append(out, h.engine(e).bootWarnings(want, h)...)
		out = append(out, e.lackWarnings(h.observed)...)
	}
	return out
}

// bootWarnings say what a reboot of the host would change.
func (e *Engine) bootWarnings(want []gateway.Forward, h *hostSeen) []plan.Warning {
	var out []plan.Warning
	who := "the gateway"
	if e.Gateway.Own.IsValid() {
		who = e.Gateway.Name
	}
	if !h.systemd && (len(want) > 0 || e.prepared) {
		out = append(out, plan.Warning{Title: "will not survive a reboot", Detail: who + " has no systemd to put the rules back"})
	}
	if len(want) == 0 {
		out = append(out, e.stays(h.observed)...)
	}
	return out
}

// newlyOpen counts the forwards that let anybody in and did not before.
func newlyOpen(want, have []gateway.Forward) int {
	n, before := 0, byKey(have)
	for _, f := range want {
		if len(gateway.SortPrefixes(f.Sources)) == 0 && !slices.ContainsFunc(before[f.Key()], f.Equal) {
			n++
		}
	}
	return n
}

func planID(steps []plan.Step, base []plan.Fingerprint) string {
	h := sha256.New()
	for _, b := range base {
		_, _ = fmt.Fprintln(h, b.Source, b.Value)
	}
	for _, s := range steps {
		_, _ = fmt.Fprintf(h, "%+v\n", s.Change())
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// ownLayout is what stands of ours in want's table, and of what is foreign the rules that want
// takes away: all that brings the table back.
func ownLayout(rules netfilter.Ruleset, want netfilter.Layout) netfilter.Layout {
	t, _ := rules.Table(want.Table)
	l := netfilter.Layout{Table: want.Table, Back: netfilter.Standing(t, want.Gone)}
	for _, c := range t.Chains {
		if netfilter.Owned(c.Name) {
			l.Chains = append(l.Chains, c)
			continue
		}
		for _, r := range c.Rules {
			if len(r.Args) == 2 && r.Args[0] == "-j" && netfilter.Owned(r.Args[1]) {
				l.Jumps = append(l.Jumps, netfilter.Jump{From: c.Name, To: r.Args[1]})
			}
		}
	}
	return l
}

func (e *Engine) public(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(publicAddr(e.Gateway), port)
}
