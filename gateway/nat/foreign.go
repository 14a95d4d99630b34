package nat

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
)

// foreignRule is a DNAT rule outside of our chains, and what can be made of it.
type foreignRule struct {
	placed netfilter.Placed
	dnat   dnatRule
	drift  gateway.Drift
}

// foreignReader works out which forwards were made by hand, from one observation.
type foreignReader struct {
	e        *Engine
	seen     *observed
	standing []gateway.Forward
	reserved []gateway.Reserved // by the gateway's own programs
	table    netfilter.Table    // nat, without what is ours
	names    map[string]bool    // services that an instance has already
	takers   map[gateway.Key][]string
	holders  *holders
}

// readForeign lists the DNAT rules to an address that stand outside of our chains, in order.
func (e *Engine) readForeign(seen *observed, standing []gateway.Forward, reserved []gateway.Reserved) []foreignRule {
	table, _ := seen.rules.Foreign().Table(tableNAT)
	r := &foreignReader{e: e, seen: seen, standing: standing, reserved: reserved, table: table, names: map[string]bool{}, holders: e.newHolders()}
	for _, f := range standing {
		r.names[serviceKey(f)] = true
	}
	var out []foreignRule
	for _, c := range table.Chains {
		for i, rule := range c.Rules {
			if w := words(rule.Args); w["-j"] == "DNAT" && !strings.HasPrefix(w["--to-destination"], ":") {
				out = append(out, r.read(netfilter.Placed{Chain: c.Name, Index: i + 1, Rule: rule}))
			}
		}
	}
	r.takers = r.portTakers()
	r.judge(out)
	return out
}

// read takes one rule as far as it can be judged by itself.
func (r *foreignReader) read(p netfilter.Placed) foreignRule {
	line := "-A " + p.Chain + " " + p.Rule.String()
	f := foreignRule{placed: p, drift: gateway.Drift{Kind: gateway.Foreign, Where: r.e.Gateway.Name + " iptables nat", Line: cloud.Clean(line)}}
	d, why := readDNAT(p.Rule)
	f.dnat = d
	switch {
	case p.Chain == "OUTPUT":
		why = "it is for connections that the gateway makes itself"
	case p.Chain != "PREROUTING":
		why = "it stands in the chain " + cloud.Clean(p.Chain) + ", which another program keeps"
	case f.drift.Line != line:
		why = "it holds characters that cannot be shown"
	case why == "":
		why = r.unfit(d)
	}
	if why != "" {
		f.drift.Why = cloud.Clean(why)
		return f
	}
	id, subnet, why := r.holders.at(d.to.Addr())
	if why != "" {
		f.drift.Why = why
		return f
	}
	forward := gateway.Forward{
		Instance: id, Subnet: subnet, Service: gateway.Service{Protocol: d.proto, Port: d.to.Port()}.WithPorts(d.ports()),
		Public: r.e.public(d.port), Private: d.to, Engine: Name,
	}
	if d.source.IsValid() {
		forward.Sources = gateway.SortPrefixes([]netip.Prefix{d.source})
	}
	f.drift.Forward = &forward
	return f
}

// unfit says why a rule's address, interface or port is not what a forward of this gateway has.
func (r *foreignReader) unfit(d dnatRule) string {
	own := r.e.Gateway.FixedIP
	if d.dest.IsValid() && d.dest != netip.PrefixFrom(own, 32) {
		return "it is for another address than the gateway's " + own.String()
	}
	if d.in != "" {
		switch holder := r.seen.holder(own); {
		case holder == "":
			return "it cannot be told which interface has the address " + own.String()
		case holder != d.in:
			return "it is for the interface " + d.in + ", and the gateway's address is on " + holder
		}
	}
	for _, taken := range r.reserved {
		if taken.Port >= d.port && int(taken.Port) < int(d.port)+d.ports() && (taken.Protocol == d.proto || taken.Protocol == "") {
			return "its port is taken by " + taken.By
		}
	}
	return ""
}

// judge compares the rules with each other, with our forwards and with what stands before them.
func (r *foreignReader) judge(all []foreignRule) {
	byKey := map[gateway.Key][]*foreignRule{}
	var order []gateway.Key
	for i := range all {
		f := &all[i]
		if f.drift.Forward == nil {
			continue
		}
		k := f.drift.Forward.Key()
		if byKey[k] == nil {
			order = append(order, k)
		}
		byKey[k] = append(byKey[k], f)
	}
	before := r.newBlockers()
	for _, k := range order {
		group := byKey[k]
		forward, why := r.whole(group)
		for _, f := range group {
			if why == "" && !before.let(f) {
				why = "rules that stand before it may take its connections"
			}
		}
		for _, f := range group {
			f.drift.Forward, f.drift.Why = nil, why
			switch {
			case why != "":
			case forward.Subnet != "":
				f.drift.Vacant, f.drift.Why = &forward, nobody
			default:
				f.drift.Forward, f.drift.Note = &forward, r.affected(f.dnat)
			}
		}
	}
}

// whole joins the rules of one public port into the forward they amount to together.
func (r *foreignReader) whole(group []*foreignRule) (gateway.Forward, string) {
	forward := *group[0].drift.Forward
	for _, f := range group[1:] {
		if f.drift.Forward.Private != forward.Private || f.drift.Forward.Ports() != forward.Ports() {
			return forward, "another rule sends the same port elsewhere"
		}
		forward.Sources = joinSources(forward.Sources, f.drift.Forward.Sources)
	}
	mine := map[string]bool{}
	for _, f := range group {
		mine[foreignLine(f.placed)] = true
	}
	for _, key := range forward.Keys() {
		if slices.ContainsFunc(r.takers[key], func(line string) bool { return !mine[line] }) {
			return forward, "another rule is for the same port"
		}
	}
	for _, s := range r.standing {
		if s.Meets(forward) {
			if s.Public != forward.Public || s.Ports() != forward.Ports() || s.Private != forward.Private || s.Instance != forward.Instance {
				return forward, "Portico's own forward has its port"
			}
			return s, "" // the rule does nothing that ours does not do
		}
	}
	forward.Service.Name = r.serviceName(forward)
	r.names[serviceKey(forward)] = true
	return forward, ""
}

func foreignLine(p netfilter.Placed) string { return p.Chain + " " + p.Rule.String() }

// portTakers lists, by public port, the rules of others that take what comes for it.
func (r *foreignReader) portTakers() map[gateway.Key][]string {
	out := map[gateway.Key][]string{}
	for _, c := range r.table.Chains {
		for _, rule := range c.Rules {
			w := words(rule.Args)
			if target, _ := rule.Target(); harmless[target] {
				continue
			}
			for _, p := range []gateway.Protocol{gateway.TCP, gateway.UDP} {
				if said := w["-p"]; said != "" && said != "all" && said != string(p) {
					continue
				}
				for _, port := range dports(w) {
					k := gateway.Key{Protocol: p, Public: r.e.public(port)}
					out[k] = append(out[k], foreignLine(netfilter.Placed{Chain: c.Name, Rule: rule}))
				}
			}
		}
	}
	return out
}

// serviceName is the catalogue's word for the port, else "tcp-8080". An instance that has a
// service of that name already gets the public port added.
func (r *foreignReader) serviceName(f gateway.Forward) string {
	name := fmt.Sprintf("%s-%d", f.Service.Protocol, f.Service.Port)
	for _, s := range r.e.Services {
		if s.Protocol == f.Service.Protocol && s.Port == f.Service.Port && s.Last == f.Service.Last && ourComment.MatchString(mark(f.Owner().ID, s.Name)) {
			name = s.Name
			break
		}
	}
	f.Service.Name = name
	if r.names[serviceKey(f)] {
		name = fmt.Sprintf("%.26s-%d", name, f.Public.Port())
	}
	return name
}

func serviceKey(f gateway.Forward) string {
	owner := f.Owner().ID
	if f.Subnet != "" {
		owner = f.Private.Addr().String()
	}
	return owner + " " + string(f.Service.Protocol) + " " + f.Service.Name
}

// affected tells of the gateway's other addresses at which the port answers now: ours are for one
// address only.
func (r *foreignReader) affected(d dnatRule) string {
	if d.dest.IsValid() {
		return ""
	}
	var others []string
	for _, name := range r.seen.linkNames() {
		for _, a := range r.seen.links[name] {
			if (d.in == "" || name == d.in) && a != r.e.Gateway.FixedIP && !a.IsLoopback() {
				others = append(others, a.String())
			}
		}
	}
	if len(others) == 0 {
		return ""
	}
	return fmt.Sprintf("%s port %d answers at %s too, and then only at %s", d.proto, d.port, strings.Join(others, ", "), r.e.Gateway.FixedIP)
}
