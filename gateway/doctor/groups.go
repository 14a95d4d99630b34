package doctor

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// traffic is the first packet of a connection as a port's security groups see it. From is invalid
// where nobody knows how the client is seen there.
type traffic struct {
	proto gateway.Protocol
	port  uint16
	from  netip.Addr
	who   string // "gw-1", "this machine"
}

func (t traffic) service() string { return fmt.Sprintf("%s/%d", t.proto, t.port) }

// ruled is a rule with the group that holds it.
type ruled struct {
	group cloud.SecurityGroup
	rule  cloud.SecurityGroupRule
}

// admission is what the groups of a port say of a packet.
type admission struct {
	by        *ruled  // the rule that lets it in; nil is none
	elsewhere []ruled // rules that would, were it to come from there
	unsure    []ruled // of those, the ones that may let it in: it is not known where it comes from
	groups    []cloud.SecurityGroup
	unread    []string // groups that the project cannot see, by ID
}

// admit evaluates the groups of a port, rule by rule. Neutron lets in what any rule of any group
// allows, and nothing else.
func admit(inv *cloud.Inventory, p cloud.Port, t traffic) admission {
	var a admission
	for _, id := range p.Groups {
		g, ok := inv.Group(id)
		if !ok {
			a.unread = append(a.unread, id)
			continue
		}
		a.groups = append(a.groups, g)
		for _, r := range g.Rules {
			if !concerns(r, t) {
				continue
			}
			x := ruled{g, r}
			switch comesFrom(inv, r, t.from) {
			case yes:
				if a.by == nil || specific(r) && !specific(a.by.rule) {
					a.by = &x
				}
			case maybe:
				a.unsure = append(a.unsure, x)
				a.elsewhere = append(a.elsewhere, x)
			case no:
				if specific(r) { // one for everything is about neighbours, not about this service
					a.elsewhere = append(a.elsewhere, x)
				}
			}
		}
	}
	return a
}

// specific rules are better to name than those that let in everything.
func specific(r cloud.SecurityGroupRule) bool { return r.PortMin != 0 || r.PortMax != 0 }

// concerns reports whether a rule speaks of the packet, wherever that comes from.
func concerns(r cloud.SecurityGroupRule, t traffic) bool {
	if r.Direction != "ingress" || r.EtherType == "IPv6" {
		return false
	}
	switch strings.ToLower(r.Protocol) {
	case "", "any", "0", string(t.proto), protocolNumbers[t.proto]:
	default:
		return false
	}
	if r.PortMin == 0 && r.PortMax == 0 {
		return true
	}
	return r.PortMin <= t.port && t.port <= max(r.PortMax, r.PortMin)
}

var protocolNumbers = map[gateway.Protocol]string{gateway.TCP: "6", gateway.UDP: "17"}

// answer is yes, no, or maybe where something is not known.
type answer int

const (
	no answer = iota
	maybe
	yes
)

// comesFrom reports whether a source is one that the rule lets in.
func comesFrom(inv *cloud.Inventory, r cloud.SecurityGroupRule, from netip.Addr) answer {
	switch {
	case r.RemoteGroup != "":
		return member(inv, r.RemoteGroup, from)
	case !r.RemotePrefix.IsValid() || r.RemotePrefix.Bits() == 0:
		return yes
	case !from.IsValid():
		return maybe
	case r.RemotePrefix.Contains(from):
		return yes
	}
	return no
}

// member reports whether an address is one of the group's: a fixed address, or an allowed pair, of a
// port that carries it (Neutron's remote_group_id). Ports that the project cannot see are not its
// groups' members, but for groups that others share with it.
func member(inv *cloud.Inventory, group string, from netip.Addr) answer {
	if inv.Unknown("ports") {
		return maybe
	}
	if !from.IsValid() {
		return no // an unknown client is outside; members are inside
	}
	for _, p := range inv.Ports {
		if !slices.Contains(p.Groups, group) {
			continue
		}
		fixed := slices.ContainsFunc(p.FixedIPs, func(ip cloud.FixedIP) bool { return ip.Addr == from })
		pair := slices.ContainsFunc(p.AllowedPairs, func(x netip.Prefix) bool { return x.Contains(from) })
		if fixed || pair {
			return yes
		}
	}
	return no
}

// title is a rule in words: "tcp 80-90 from anywhere".
func ruleTitle(inv *cloud.Inventory, r cloud.SecurityGroupRule) string {
	what := cmp.Or(strings.ToLower(r.Protocol), "anything")
	switch {
	case r.PortMin == 0 && r.PortMax == 0:
	case r.PortMax == r.PortMin || r.PortMax == 0:
		what += " " + strconv.Itoa(int(r.PortMin))
	default:
		what += fmt.Sprintf(" %d-%d", r.PortMin, r.PortMax)
	}
	return what + " from " + remoteTitle(inv, r)
}

func remoteTitle(inv *cloud.Inventory, r cloud.SecurityGroupRule) string {
	switch {
	case r.RemoteGroup != "":
		if g, ok := inv.Group(r.RemoteGroup); ok {
			return "members of " + g.Name
		}
		return "members of group " + r.RemoteGroup
	case !r.RemotePrefix.IsValid() || r.RemotePrefix.Bits() == 0:
		return "anywhere"
	}
	return r.RemotePrefix.String()
}

// raw is a rule as Neutron holds it.
func (x ruled) raw() string {
	r := x.rule
	remote := r.RemoteGroup
	if remote == "" && r.RemotePrefix.IsValid() {
		remote = r.RemotePrefix.String()
	}
	return fmt.Sprintf("rule %s of %s: %s %s %s %d:%d remote %s", cmp.Or(r.ID, "?"), x.group.ID, r.Direction, r.EtherType,
		cmp.Or(r.Protocol, "any"), r.PortMin, r.PortMax, cmp.Or(remote, "any"))
}

// evidence lists what each group lets in: the reason why none does.
func (a admission) evidence(inv *cloud.Inventory) []Evidence {
	var out []Evidence
	for _, g := range a.groups {
		var titles, raws []string
		for _, r := range g.Rules {
			if r.Direction == "ingress" && r.EtherType != "IPv6" {
				titles, raws = append(titles, ruleTitle(inv, r)), append(raws, ruled{g, r}.raw())
			}
		}
		words := g.Name + ": "
		switch {
		case len(titles) == 0:
			words += "lets nothing in"
		case len(titles) > maxTitles:
			words += strings.Join(titles[:maxTitles], ", ") + fmt.Sprintf(" and %d more", len(titles)-maxTitles)
		default:
			words += strings.Join(titles, ", ")
		}
		out = append(out, Evidence{Words: words, Raw: strings.Join(raws, "\n")})
	}
	if len(out) == 0 && len(a.unread) == 0 {
		out = append(out, Evidence{Words: "the port carries no security group"})
	}
	return out
}

// maxTitles keeps a group's line readable.
const maxTitles = 4

// judgeAdmission is the finding about one port: door says which, elsewhere which cause it is when a
// rule lets the service in from somewhere else only.
func judgeAdmission(inv *cloud.Inventory, p cloud.Port, t traffic, none, elsewhere Cause) Finding {
	if inv.Unknown("security groups") {
		return unknownPart("security groups")
	}
	if !p.PortSecurity {
		return ok("port security is off: no group applies", Evidence{Words: "port security is off on port " + p.ID})
	}
	a := admit(inv, p, t)
	switch {
	case a.by != nil:
		return ok(fmt.Sprintf("%s allows %s", a.by.group.Name, ruleTitle(inv, a.by.rule)), Evidence{Words: "the rule that lets it in", Raw: a.by.raw()})
	case len(a.unread) > 0:
		return Finding{
			Cause: NotPermitted, Verdict: Unknown, Text: "a group of the port cannot be read: " + strings.Join(a.unread, ", "),
			Missing: "the right to see security group " + strings.Join(a.unread, ", "), Evidence: a.evidence(inv),
		}
	case len(a.unsure) > 0:
		return Finding{
			Cause: Sources, Verdict: Unknown, Text: fmt.Sprintf("%s is let in from %s only", t.service(), remotes(inv, a.unsure)),
			Missing: "the address that this machine is seen with there", Evidence: a.evidence(inv),
		}
	case len(a.elsewhere) > 0:
		return Finding{
			Cause: elsewhere, Verdict: Blocked, Text: fmt.Sprintf("%s is let in from %s only, not from %s", t.service(), remotes(inv, a.elsewhere), t.who),
			Evidence: a.evidence(inv),
		}
	}
	return Finding{Cause: none, Verdict: Blocked, Text: fmt.Sprintf("no rule lets %s in from %s", t.service(), t.who), Evidence: a.evidence(inv)}
}

func remotes(inv *cloud.Inventory, rules []ruled) string {
	var out []string
	for _, x := range rules {
		if name := remoteTitle(inv, x.rule); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if len(out) > maxTitles {
		out = append(out[:maxTitles], "others")
	}
	return strings.Join(out, ", ")
}
