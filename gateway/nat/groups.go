package nat

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// ruleMark is the description of every security-group rule of ours.
const ruleMark = "portico v1"

// anywhere is how Neutron stores a rule without a remote.
var anywhere = netip.MustParsePrefix("0.0.0.0/0")

// role is which of a gateway's two groups a group is.
type role string

const (
	rolePublic  role = "public"  // on the gateway's port: the public ports
	rolePrivate role = "private" // on the instances' ports: the services
)

// door is one of our groups: as it is, as it should be, and the ports that should carry it.
type door struct {
	role        role
	name        string
	description string
	have        *cloud.SecurityGroup
	ref         *groupRef
	want        []groupRule
	ports       []cloud.Port // that should carry it; none: the group should not exist
	peer        *door        // the group its rules let in, if any
}

// groupRef is a group's ID, known before apply or once its step has created it.
type groupRef struct{ id string }

// groupRule is one allowed range of ports. Exactly one of prefix and peer is set.
type groupRule struct {
	proto       gateway.Protocol
	first, last uint16
	prefix      netip.Prefix
	peer        *groupRef // another group of ours
}

func (e *Engine) groupName(r role) string {
	prefix := "portico-from-"
	if r == rolePublic {
		prefix = "portico-"
	}
	// Neutron takes 255 characters, and so does Nova for the gateway's own name.
	name := []rune(prefix + e.Gateway.Name)
	return string(name[:min(len(name), 255)])
}

// groupMark is the description by which a group is known as this gateway's; names are not
// unique in Neutron and may be changed by anybody.
func (e *Engine) groupMark(r role) string {
	id := e.Gateway.InstanceID
	if id == "" {
		id = e.Gateway.FixedIP.String()
	}
	return fmt.Sprintf("portico v1 gateway=%s role=%s", id, r)
}

// planGroups returns the steps that open doors and those that shut them.
func (e *Engine) planGroups(want []gateway.Forward) (open, shut []plan.Step, err error) {
	public, private, err := e.doors(want)
	if err != nil {
		return nil, nil, err
	}
	open = append(e.openDoor(public), e.openDoor(private)...)
	shut = append(e.shutDoor(private), e.shutDoor(public)...)
	costs := e.costs(public, private)
	if tooMany(costs) {
		// Making before breaking would not fit. The gaps of a moment are better than a port that
		// cannot be closed.
		open, shut = nil, append(shut, open...)
	}
	return open, shut, checkQuota(costs)
}

// doors works out both groups for the forwards that are to stand.
func (e *Engine) doors(want []gateway.Forward) (public, private *door, err error) {
	public, private = e.newDoor(rolePublic), e.newDoor(rolePrivate)
	private.peer = public
	if e.Gateway.PortID != "" && (len(want) > 0 || e.holdsDoor(public)) {
		port, ok := findPort(e.Inventory.Ports, e.Gateway.PortID)
		if !ok {
			return nil, nil, &gateway.Error{Op: "find the port of gateway", Target: e.Gateway.Name, Kind: gateway.NotFound}
		}
		if port.PortSecurity {
			public.ports = []cloud.Port{port}
			public.want = publicRules(want)
		}
	}
	private.ports = e.instancePorts(want)
	if private.needed() {
		private.want = e.privateRules(want, public)
	}
	return public, private, nil
}

func (e *Engine) newDoor(r role) *door {
	d := &door{role: r, name: e.groupName(r), description: e.groupMark(r), ref: &groupRef{}}
	for _, g := range e.Inventory.SecurityGroups {
		if g.Description == d.description {
			d.have, d.ref.id = &g, g.ID
			break
		}
	}
	return d
}

// publicRules are the doors before DNAT: the public ports, from the sources.
func publicRules(want []gateway.Forward) []groupRule {
	ports := map[portSource][]uint16{}
	for _, f := range want {
		sources := gateway.SortPrefixes(f.Sources)
		if len(sources) == 0 {
			sources = []netip.Prefix{anywhere}
		}
		for _, s := range sources {
			k := portSource{f.Service.Protocol, s}
			ports[k] = append(ports[k], f.Public.Port())
		}
	}
	return collapse(ports, nil)
}

// privateRules are the doors after DNAT: the services, from the gateway, or from the sources
// where the client's address is kept.
func (e *Engine) privateRules(want []gateway.Forward, public *door) []groupRule {
	ports := map[portSource][]uint16{}
	var peer *groupRef
	for _, f := range want {
		sources := gateway.SortPrefixes(f.Sources)
		switch {
		case !e.Gateway.NoSNAT && len(public.ports) > 0:
			sources, peer = []netip.Prefix{{}}, public.ref
		case !e.Gateway.NoSNAT:
			sources = []netip.Prefix{netip.PrefixFrom(e.Gateway.FixedIP, 32)}
		case len(sources) == 0:
			sources = []netip.Prefix{anywhere}
		}
		for _, s := range sources {
			k := portSource{f.Service.Protocol, s}
			ports[k] = append(ports[k], f.Private.Port())
		}
	}
	return collapse(ports, peer)
}

type portSource struct {
	proto  gateway.Protocol
	source netip.Prefix
}

// collapse joins neighbouring ports into ranges, because each rule counts against a quota that
// is 100 a project by default.
func collapse(ports map[portSource][]uint16, peer *groupRef) []groupRule {
	var out []groupRule
	for k, list := range ports {
		slices.Sort(list)
		list = slices.Compact(list)
		for i, p := range list {
			if i > 0 && p == list[i-1]+1 {
				out[len(out)-1].last = p
				continue
			}
			r := groupRule{proto: k.proto, first: p, last: p, prefix: k.source}
			if !k.source.IsValid() {
				r.peer = peer
			}
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b groupRule) int {
		return cmp.Or(cmp.Compare(a.proto, b.proto), cmp.Compare(a.first, b.first), strings.Compare(a.prefix.String(), b.prefix.String()))
	})
	return out
}

// instancePorts finds the ports that hold the forwards' private addresses. Ports without port
// security filter nothing and take no groups.
func (e *Engine) instancePorts(want []gateway.Forward) []cloud.Port {
	byAddr := map[netip.Addr]map[string]cloud.Port{}
	for _, p := range e.Inventory.Ports {
		for _, ip := range p.FixedIPs {
			if byAddr[ip.Addr] == nil {
				byAddr[ip.Addr] = map[string]cloud.Port{}
			}
			byAddr[ip.Addr][p.DeviceID] = p
		}
	}
	seen := map[string]bool{}
	var out []cloud.Port
	for _, f := range want {
		p, ok := byAddr[f.Private.Addr()][f.Instance]
		if !ok || seen[p.ID] || !p.PortSecurity {
			continue // an instance that is gone has no door to open
		}
		seen[p.ID] = true
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b cloud.Port) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// standing returns our rules in the group as it is.
func (d *door) standing() []cloud.SecurityGroupRule {
	if d.have == nil {
		return nil
	}
	var out []cloud.SecurityGroupRule
	for _, r := range d.have.Rules {
		if r.Direction == "ingress" && r.Description == ruleMark {
			out = append(out, r)
		}
	}
	return out
}

// has reports whether the group lets a wanted rule's traffic in already, whoever made the rule:
// Neutron refuses a second one like it.
func (d *door) has(r groupRule) bool {
	return d.have != nil && slices.ContainsFunc(d.have.Rules, func(h cloud.SecurityGroupRule) bool {
		return h.Direction == "ingress" && r.matches(h)
	})
}

// mayTouch reports whether a plan may put the group on a port or take it off: the gateway's own
// always, an instance's when it is one of those the plan is about.
func (e *Engine) mayTouch(d *door, p cloud.Port) bool {
	return d.role == rolePublic || e.Named == nil || e.Named[p.DeviceID]
}

// closedDoors tells of instances whose forwards stand although others took our group off them.
func (e *Engine) closedDoors(forwards []gateway.Forward) []plan.Warning {
	d := e.newDoor(rolePrivate)
	var out []plan.Warning
	for _, p := range e.instancePorts(forwards) {
		if d.ref.id != "" && slices.Contains(p.Groups, d.ref.id) {
			continue
		}
		i, _ := e.Inventory.Instance(p.DeviceID)
		out = append(out, plan.Warning{Title: "the door of " + i.Name + " is closed", Detail: "it is published, but others took the group " + d.name + " off it; 'portico repair' puts it back"})
	}
	return out
}

// othersNeed lists what others have made that would go with the group: rules of theirs in it, and
// rules of other groups that let its members in. Neutron deletes both without a word.
func (e *Engine) othersNeed(d *door) []string {
	if d.have == nil {
		return nil
	}
	var out []string
	for _, g := range e.Inventory.SecurityGroups {
		ours := g.Description == e.groupMark(rolePublic) || g.Description == e.groupMark(rolePrivate)
		for _, r := range g.Rules {
			inside := g.ID == d.ref.id && r.Direction == "ingress" && r.Description != ruleMark
			pointing := !ours && r.RemoteGroup == d.ref.id
			if inside || pointing {
				out = append(out, fmt.Sprintf("%s in %s", asGroupRule(r).title("another group"), g.Name))
			}
		}
	}
	return out
}

// matches reports whether a standing rule is the wanted one.
func (r groupRule) matches(have cloud.SecurityGroupRule) bool {
	if have.Protocol != string(r.proto) || have.PortMin != r.first || have.PortMax != r.last || have.EtherType != "IPv4" {
		return false
	}
	if r.peer != nil {
		return r.peer.id != "" && have.RemoteGroup == r.peer.id
	}
	prefix := have.RemotePrefix
	if !prefix.IsValid() {
		prefix = anywhere
	}
	return have.RemoteGroup == "" && prefix == r.prefix
}

// title is the rule in words: "allow tcp 30011-30014 from anywhere".
func (r groupRule) title(peerName string) string {
	ports := fmt.Sprint(r.first)
	if r.last != r.first {
		ports = fmt.Sprintf("%d-%d", r.first, r.last)
	}
	from := r.prefix.String()
	switch {
	case r.peer != nil:
		from = "group " + peerName
	case r.prefix == anywhere:
		from = "anywhere"
	}
	return fmt.Sprintf("allow %s %s from %s", r.proto, ports, from)
}

// exact is the rule as Neutron will hold it.
func (r groupRule) exact(peerName string) string {
	remote := "remote " + r.prefix.String()
	if r.peer != nil {
		remote = "remote group " + peerName
	}
	return fmt.Sprintf("ingress IPv4 %s %d:%d %s", r.proto, r.first, r.last, remote)
}

func (r groupRule) cloudRule(group string) cloud.SecurityGroupRule {
	out := cloud.SecurityGroupRule{
		GroupID: group, Direction: "ingress", EtherType: "IPv4", Protocol: string(r.proto),
		PortMin: r.first, PortMax: r.last, RemotePrefix: r.prefix, Description: ruleMark,
	}
	if r.peer != nil {
		out.RemoteGroup, out.RemotePrefix = r.peer.id, netip.Prefix{}
	}
	return out
}

func findPort(ports []cloud.Port, id string) (cloud.Port, bool) {
	i := slices.IndexFunc(ports, func(p cloud.Port) bool { return p.ID == id })
	if i < 0 {
		return cloud.Port{}, false
	}
	return ports[i], true
}
