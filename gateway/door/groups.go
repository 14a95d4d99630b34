// Package door keeps security groups of Portico's own: what they let in, who carries them, and the
// steps from how they are to how they should be. It is what engines share; which groups there are, and
// what they let in, is theirs to say.
package door

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// RuleMark is the description of every security-group rule of ours.
const RuleMark = "portico v1"

// Anywhere is how Neutron stores a rule without a remote.
var Anywhere = netip.MustParsePrefix("0.0.0.0/0")

// Groups writes security groups and their rules, and lists them to find out what became of a
// write whose answer was lost. Deleting what is gone already succeeds. A group with another
// revision than the one named is not deleted, which is Kind Stale; revision 0 is any.
type Groups interface {
	SecurityGroups(ctx context.Context) ([]cloud.SecurityGroup, error)
	CreateGroup(ctx context.Context, name, description string) (cloud.SecurityGroup, error)
	DeleteGroup(ctx context.Context, id string, revision int) error
	CreateRule(ctx context.Context, r cloud.SecurityGroupRule) (cloud.SecurityGroupRule, error)
	DeleteRule(ctx context.Context, id string) error
}

// Ports reads one port afresh and sets the security groups it carries. A revision other than 0
// must still be the port's, else the write is refused with Kind Stale.
type Ports interface {
	Port(ctx context.Context, id string) (cloud.Port, error)
	SetPortGroups(ctx context.Context, id string, groups []string, revision int) error
}

// Keeper makes the steps. It is a value for one plan: Inventory is the cloud as it was read for that.
type Keeper struct {
	Groups    Groups
	Ports     Ports
	Inventory *cloud.Inventory

	// MayTouch reports whether a plan may put the group on a port or take it off; nil is any.
	MayTouch func(d *Door, p cloud.Port) bool
	// Ours reports whether a group with this description is one that goes together with the doors: a
	// rule of it that points to one of them is nobody else's.
	Ours func(description string) bool
	// PeerName is what the group is called that rules let in.
	PeerName string
}

// Door is one of our groups: as it is, as it should be, and the ports that should carry it.
type Door struct {
	Key         string // short, for the IDs of its steps
	Name        string
	Description string // by which it is known as ours; names are not unique, and may be changed by anybody
	Have        *cloud.SecurityGroup
	Ref         *Ref
	Want        []Rule
	Ports       []cloud.Port // that should carry it; none: the group should not exist
	Peer        *Door        // the group its rules let in, if any
}

// New is a door as it stands in an inventory. Nobody wants it yet.
func New(inv *cloud.Inventory, key, name, description string) *Door {
	d := &Door{Key: key, Name: name, Description: description, Ref: &Ref{}}
	for _, g := range inv.SecurityGroups {
		if g.Description == description {
			d.Have, d.Ref.ID = &g, g.ID
			break
		}
	}
	return d
}

// Ref is a group's ID, known before apply or once its step has created it.
type Ref struct{ ID string }

// Rule is one allowed range of ports, or a protocol that has none: then First and Last are 0. Exactly one
// of Prefix and Peer is set.
type Rule struct {
	Proto       gateway.Protocol
	First, Last uint16
	Prefix      netip.Prefix
	Peer        *Ref // another group of ours
}

// InstancePorts finds the ports that hold the forwards' private addresses, each once. Ports without
// port security filter nothing and take no groups.
func InstancePorts(inv *cloud.Inventory, want []gateway.Forward) []cloud.Port {
	byAddr := map[netip.Addr]map[string]cloud.Port{}
	for _, p := range inv.Ports {
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

// PortSource is a protocol and who may come in by it. An invalid Source is the peer group.
type PortSource struct {
	Proto  gateway.Protocol
	Source netip.Prefix
}

// Collapse joins neighbouring ports into ranges, because each rule counts against a quota that
// is 100 a project by default.
func Collapse(ports map[PortSource][]uint16, peer *Ref) []Rule {
	var out []Rule
	for k, list := range ports {
		slices.Sort(list)
		list = slices.Compact(list)
		for i, p := range list {
			if i > 0 && p == list[i-1]+1 {
				out[len(out)-1].Last = p
				continue
			}
			r := Rule{Proto: k.Proto, First: p, Last: p, Prefix: k.Source}
			if !k.Source.IsValid() {
				r.Peer = peer
			}
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.First, b.First), strings.Compare(a.Prefix.String(), b.Prefix.String()))
	})
	return out
}

// standing returns our rules in the group as it is.
func (d *Door) standing() []cloud.SecurityGroupRule {
	if d.Have == nil {
		return nil
	}
	var out []cloud.SecurityGroupRule
	for _, r := range d.Have.Rules {
		if r.Direction == "ingress" && r.Description == RuleMark {
			out = append(out, r)
		}
	}
	return out
}

// has reports whether the group lets a wanted rule's traffic in already, whoever made the rule:
// Neutron refuses a second one like it.
func (d *Door) has(r Rule) bool {
	return d.Have != nil && slices.ContainsFunc(d.Have.Rules, func(h cloud.SecurityGroupRule) bool {
		return h.Direction == "ingress" && r.matches(h)
	})
}

// mayTouch reports whether a plan may put the group on a port or take it off.
func (k *Keeper) mayTouch(d *Door, p cloud.Port) bool { return k.MayTouch == nil || k.MayTouch(d, p) }

// OthersNeed lists what others have made that would go with the group: rules of theirs in it, and
// rules of other groups that let its members in. Neutron deletes both without a word.
func (k *Keeper) OthersNeed(d *Door) []string {
	if d.Have == nil {
		return nil
	}
	var out []string
	for _, g := range k.Inventory.SecurityGroups {
		ours := k.Ours(g.Description)
		for _, r := range g.Rules {
			inside := g.ID == d.Ref.ID && r.Direction == "ingress" && r.Description != RuleMark
			pointing := !ours && r.RemoteGroup == d.Ref.ID
			if inside || pointing {
				out = append(out, fmt.Sprintf("%s in %s", asGroupRule(r).title("another group"), g.Name))
			}
		}
	}
	return out
}

// matches reports whether a standing rule is the wanted one.
func (r Rule) matches(have cloud.SecurityGroupRule) bool {
	if have.Protocol != string(r.Proto) || have.PortMin != r.First || have.PortMax != r.Last || have.EtherType != "IPv4" {
		return false
	}
	if r.Peer != nil {
		return r.Peer.ID != "" && have.RemoteGroup == r.Peer.ID
	}
	prefix := have.RemotePrefix
	if !prefix.IsValid() {
		prefix = Anywhere
	}
	return have.RemoteGroup == "" && prefix == r.Prefix
}

// VRRP is the protocol by which routers that share an address hear each other, as its number: names of
// protocols are not the same in all clouds.
const VRRP gateway.Protocol = "112"

func (r Rule) portless() bool { return r.First == 0 && r.Last == 0 }

func (r Rule) protoWord() string {
	if r.Proto == VRRP {
		return "VRRP (protocol 112)"
	}
	return "protocol " + string(r.Proto)
}

// title is the rule in words: "allow tcp 30011-30014 from anywhere".
func (r Rule) title(peerName string) string {
	ports := fmt.Sprint(r.First)
	if r.Last != r.First {
		ports = fmt.Sprintf("%d-%d", r.First, r.Last)
	}
	from := r.Prefix.String()
	switch {
	case r.Peer != nil:
		from = "group " + peerName
	case r.Prefix == Anywhere:
		from = "anywhere"
	}
	if r.portless() {
		return fmt.Sprintf("allow %s from %s", r.protoWord(), from)
	}
	return fmt.Sprintf("allow %s %s from %s", r.Proto, ports, from)
}

// exact is the rule as Neutron will hold it.
func (r Rule) exact(peerName string) string {
	remote := "remote " + r.Prefix.String()
	if r.Peer != nil {
		remote = "remote group " + peerName
	}
	if r.portless() {
		return fmt.Sprintf("ingress IPv4 %s %s", r.Proto, remote)
	}
	return fmt.Sprintf("ingress IPv4 %s %d:%d %s", r.Proto, r.First, r.Last, remote)
}

func (r Rule) cloudRule(group string) cloud.SecurityGroupRule {
	out := cloud.SecurityGroupRule{
		GroupID: group, Direction: "ingress", EtherType: "IPv4", Protocol: string(r.Proto),
		PortMin: r.First, PortMax: r.Last, RemotePrefix: r.Prefix, Description: RuleMark,
	}
	if r.Peer != nil {
		out.RemoteGroup, out.RemotePrefix = r.Peer.ID, netip.Prefix{}
	}
	return out
}

// FindPort finds a port by its ID.
func FindPort(ports []cloud.Port, id string) (cloud.Port, bool) {
	i := slices.IndexFunc(ports, func(p cloud.Port) bool { return p.ID == id })
	if i < 0 {
		return cloud.Port{}, false
	}
	return ports[i], true
}
