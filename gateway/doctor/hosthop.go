package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/publish"
)

// anybody is a client from anywhere (RFC 5737), where it is not known how this machine is seen.
var anybody = netip.MustParseAddr("198.51.100.1")

// judgeGateway says whether a packet for the public port gets through the gateway and its answer back,
// in the order in which it meets things there.
func (f *facts) judgeGateway() []Finding {
	if off := f.gatewayPower(); off != nil {
		return []Finding{*off}
	}
	if f.fwd.Public.Port() == 0 {
		return f.noAddress()
	}
	if f.host == nil && f.hostErr == nil {
		return nil
	}
	if f.host == nil {
		text := f.gw.Name + " cannot be looked at"
		why := "an SSH connection to " + f.gw.Name
		e := Evidence{Words: "why not"}
		if f.hostErr != nil {
			x := cloud.Explain(f.hostErr)
			e.Words, e.Raw = "why not: "+x.What, x.Why
		}
		return []Finding{unknown(GatewaySSH, text, why, e)}
	}
	out := f.judgePair()
	for _, judge := range []func() []Finding{f.judgeWayIn, f.judgeForwarding, f.judgeWayOut, f.judgeConntrack, f.judgeReversePath, f.judgeMTU, f.judgeOtherTables, f.judgeReboot, f.judgeDrift} {
		out = append(out, judge()...)
	}
	if len(out) == 0 {
		out = append(out, ok(f.gatewayFine(), f.ruleEvidence()...))
	}
	return out
}

func (f *facts) gatewayPower() *Finding {
	i := f.carrier
	if i == nil || i.Status == "ACTIVE" && (i.TaskState == "" || f.host != nil) {
		return nil
	}
	x := f.powerFinding(*i, GatewayOff)
	return &x
}

func (f *facts) gatewayFine() string {
	if f.route == toGateway {
		return "answers, and says what it does"
	}
	text := "forwarding on; the rules send it to " + f.fwd.Private.String()
	if f.snat() {
		text += " with its own address"
	}
	return text
}

// trace follows the first packet of a connection through the observed rules.
func (f *facts) trace() (netfilter.Packet, netfilter.Verdict) {
	from := f.me()
	if len(f.fwd.Sources) > 0 && !from.IsValid() {
		from = f.fwd.Sources[0].Addr()
	}
	if !from.IsValid() {
		from = anybody
	}
	p := netfilter.Packet{
		In: f.host.holder(f.gw.FixedIP), Out: f.host.out, Proto: string(f.fwd.Service.Protocol),
		Src: netip.AddrPortFrom(from, 40000), Dst: netip.AddrPortFrom(f.gw.FixedIP, f.fwd.Public.Port()),
		Local: f.host.local, Masquerade: f.gw.FixedIP,
	}
	return p, f.host.rules.Trace(p)
}

// judgeWayIn says whether the public port is translated to the VM's.
func (f *facts) judgeWayIn() []Finding {
	if x := f.judgeSources(); x != nil {
		return []Finding{*x}
	}
	_, v := f.trace()
	last := lastHop(v)
	if f.route == toGateway {
		if v.Outcome == netfilter.Dropped || v.Outcome == netfilter.Rejected {
			return []Finding{f.droppedBy(last, v.Outcome)}
		}
		return nil
	}
	switch {
	case !v.DNATed && (v.Outcome == netfilter.Dropped || v.Outcome == netfilter.Rejected) && last.Chain != "" && !inForward(v):
		if f.translates() { // it would, had the packet come so far
			return []Finding{f.droppedBy(last, v.Outcome)}
		}
		return []Finding{f.notTranslated(), f.droppedBy(last, v.Outcome)}
	case v.Outcome == netfilter.Unknown:
		return []Finding{unknown(HostFirewall, "a rule of the gateway cannot be judged from its text", "what the rule does with this packet", ruleEvidence(last))}
	case !v.DNATed:
		return []Finding{f.notTranslated()}
	case v.Dst != f.fwd.Private:
		return []Finding{f.shadowed(v)}
	}
	return nil
}

// judgeSources says whether this machine is among those whom the forward lets in; nil is that it is, or
// that nobody knows.
func (f *facts) judgeSources() *Finding {
	me := f.me()
	if len(f.fwd.Sources) == 0 || !me.IsValid() || slices.ContainsFunc(f.fwd.Sources, func(p netip.Prefix) bool { return p.Contains(me) }) {
		return nil
	}
	from := strings.Trim(fmt.Sprint(f.fwd.Sources), "[]")
	x := blocked(Sources, fmt.Sprintf("it is open to %s only; the gateway sees this machine as %s", from, me)).with(
		tell("whoever published "+f.vmName(), "%s is open to %s only. Please let %s in, too: portico publish %s --service %s --from %s --from %s",
			f.fwd.Public, from, me, gateway.Quote(f.vmName()), gateway.Quote(f.fwd.Service.Name), strings.ReplaceAll(from, " ", " --from "), netip.PrefixFrom(me, 32)))
	return &x
}

// translates reports whether some rule sends the public port to the private end, whatever else there is.
func (f *facts) translates() bool {
	nat, _ := f.host.rules.Table("nat")
	v := netfilter.Ruleset{Tables: []netfilter.Table{nat}}.Trace(netfilter.Packet{
		In: f.host.holder(f.gw.FixedIP), Out: f.host.out, Proto: string(f.fwd.Service.Protocol), Src: netip.AddrPortFrom(anybody, 40000),
		Dst: netip.AddrPortFrom(f.gw.FixedIP, f.fwd.Public.Port()), Local: f.host.local, Masquerade: f.gw.FixedIP,
	})
	return v.DNATed && v.Dst == f.fwd.Private
}

func inForward(v netfilter.Verdict) bool {
	for _, h := range v.Hops {
		if h.Chain == "FORWARD" {
			return true
		}
	}
	return false
}

func lastHop(v netfilter.Verdict) netfilter.Hop {
	if len(v.Hops) == 0 {
		return netfilter.Hop{}
	}
	return v.Hops[len(v.Hops)-1]
}

func ruleEvidence(h netfilter.Hop) Evidence {
	return Evidence{Words: "the rule that decides, in " + h.Table + " " + h.Chain, Raw: cloud.Clean(h.String())}
}

func (f *facts) notTranslated() Finding {
	port := f.fwd.Public.Port()
	switch f.standing {
	case absent, assumed:
		return blocked(NotPublished, fmt.Sprintf("no rule leads %s/%d anywhere: it is not published", f.fwd.Service.Protocol, port)).with(f.publishFix())
	case published, lost, byHand:
	}
	return blocked(NoDNAT, fmt.Sprintf("the rule that sends %s/%d to %s does not stand", f.fwd.Service.Protocol, port, f.fwd.Private), f.tableEvidence("nat", "PREROUTING")).with(
		f.repair("restore Portico's rules on " + f.gw.Name))
}

func (f *facts) tableEvidence(table, chain string) Evidence {
	t, _ := f.host.rules.Table(table)
	c, _ := t.Chain(chain)
	lines := []string{fmt.Sprintf(":%s %s", chain, c.Policy)}
	for i, r := range c.Rules {
		if i == 12 {
			lines = append(lines, fmt.Sprintf("and %d more", len(c.Rules)-i))
			break
		}
		lines = append(lines, "-A "+chain+" "+r.String())
	}
	return Evidence{Words: "what " + table + " " + chain + " has", Raw: rawLines(lines)}
}

// shadowed is a packet that another rule takes before ours.
func (f *facts) shadowed(v netfilter.Verdict) Finding {
	for _, h := range v.Hops {
		if target, _ := h.Rule.Target(); target == "DNAT" || target == "REDIRECT" {
			return blocked(Shadowed, fmt.Sprintf("another rule sends %s/%d to %s", f.fwd.Service.Protocol, f.fwd.Public.Port(), v.Dst), ruleEvidence(h)).with(
				tell("whoever set up the rules of "+f.gw.Name, "On %s this rule takes port %d before Portico's: %s. Remove it, or publish on another port.", f.gw.Name, f.fwd.Public.Port(), deleteRule(h)))
		}
	}
	return blocked(Shadowed, fmt.Sprintf("%s/%d leads to %s", f.fwd.Service.Protocol, f.fwd.Public.Port(), v.Dst))
}

// deleteRule is the command that takes a rule out.
func deleteRule(h netfilter.Hop) string {
	if h.Policy != "" {
		return gateway.Quote("iptables", "-t", h.Table, "-P", h.Chain, "ACCEPT")
	}
	return cloud.Clean(fmt.Sprintf("iptables -t %s -D %s %s", h.Table, h.Chain, h.Rule.String()))
}

// droppedBy is a packet that a rule of somebody else ends.
func (f *facts) droppedBy(h netfilter.Hop, o netfilter.Outcome) Finding {
	verb := "drops"
	if o == netfilter.Rejected {
		verb = "rejects"
	}
	what := fmt.Sprintf("a rule made by hand in %s %s %s it", h.Table, h.Chain, verb)
	if h.Policy != "" {
		what = fmt.Sprintf("the policy of %s %s is %s: it drops it", h.Table, h.Chain, h.Policy)
	}
	cause := HostFirewall
	var fix *Fix
	if h.Table == "filter" && f.route == viaGateway {
		cause = ForwardPolicy
		fix = f.acceptFirst()
	}
	if fix == nil {
		fix = tell("whoever set up the firewall of "+f.gw.Name, "On %s this stops %s port %d: %s", f.gw.Name, f.fwd.Service.Protocol, f.fwd.Public.Port(), deleteRule(h))
	}
	return blocked(cause, what, ruleEvidence(h)).with(fix)
}

// acceptFirst lets Portico's own rule accept the packet before the one that drops it.
func (f *facts) acceptFirst() *Fix {
	filter, _ := f.host.rules.Table("filter")
	c, _ := filter.Chain("FORWARD")
	jumps := slices.ContainsFunc(c.Rules, func(r netfilter.Rule) bool {
		target, _ := r.Target()
		return netfilter.Owned(target)
	})
	own := slices.ContainsFunc(filter.Chains, func(c netfilter.Chain) bool { return netfilter.Owned(c.Name) && len(c.Rules) > 0 })
	if !jumps || !own {
		return f.repair("let " + f.gw.Name + " forward what Portico translated")
	}
	if f.standing != published && f.standing != lost {
		return nil
	}
	return &Fix{Title: "put Portico's rule first in FORWARD on " + f.gw.Name, Kind: FixPlan, Request: &publish.Request{Fix: &publish.Fix{First: true}, On: f.gw}}
}

// judgeForwarding says whether the kernel sends packets on.
func (f *facts) judgeForwarding() []Finding {
	value, known := f.host.sysctl["net.ipv4.ip_forward"]
	if f.route == toGateway && (f.state == nil || len(f.state.Forwards) == 0) || known && value != "0" {
		return nil
	}
	if !known {
		return []Finding{unknown(IPForward, "whether the kernel forwards packets is not known", "sysctl net.ipv4.ip_forward")}
	}
	return []Finding{blocked(IPForward, "forwarding is off: the kernel drops what is not for the gateway itself", Evidence{Words: "the setting", Raw: "net.ipv4.ip_forward = 0"}).with(
		f.repair("switch IP forwarding on, also after a reboot"))}
}

// judgeWayOut says whether the translated packet leaves, with an address that brings the answer back.
func (f *facts) judgeWayOut() []Finding {
	if f.route == toGateway {
		return nil
	}
	p, v := f.trace()
	if !v.DNATed || v.Dst != f.fwd.Private {
		return nil // said already
	}
	last := lastHop(v)
	switch {
	case v.Outcome == netfilter.Dropped || v.Outcome == netfilter.Rejected:
		return []Finding{f.droppedBy(last, v.Outcome)}
	case v.Outcome == netfilter.Unknown:
		return []Finding{unknown(ForwardPolicy, "a rule of the gateway cannot be judged from its text", "what the rule does with this packet", ruleEvidence(last))}
	case v.Outcome != netfilter.Forwarded:
		return []Finding{blocked(NoDNAT, "the packet ends at the gateway itself", ruleEvidence(last))}
	}
	var out []Finding
	if f.snat() && !v.SNATed && !f.routesBack() {
		out = append(out, blocked(NoSNAT, "no rule gives the packet the gateway's address: the answer takes another way", f.tableEvidence("nat", "POSTROUTING")).with(
			f.repair("restore Portico's rules on "+f.gw.Name)))
	}
	if f.gw.NoSNAT && !v.SNATed {
		out = append(out, f.judgeSpoof()...)
	}
	if back := f.host.rules.Trace(v.Reply(p)); back.Outcome == netfilter.Dropped || back.Outcome == netfilter.Rejected {
		x := f.droppedBy(lastHop(back), back.Outcome)
		x.Text = "the answer does not get back: " + x.Text
		out = append(out, x)
	}
	return out
}

// routesBack reports whether the VM's own default route is the gateway.
func (f *facts) routesBack() bool {
	for _, s := range f.inv.Subnets {
		if s.CIDR.Contains(f.fwd.Private.Addr()) && s.GatewayIP == f.gw.FixedIP {
			return true
		}
	}
	return false
}

// judgeSpoof says whether the cloud lets the gateway send packets with a client's address.
func (f *facts) judgeSpoof() []Finding {
	if f.gwPort == nil || !f.gwPort.PortSecurity {
		return nil
	}
	if slices.ContainsFunc(f.gwPort.AllowedPairs, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
		return nil
	}
	return []Finding{blocked(AntiSpoof, "the cloud drops what the gateway sends on with the client's address",
		Evidence{Words: "port security is on, and no allowed address pair covers the clients", Raw: fmt.Sprintf("port %s allowed_address_pairs %v", f.gwPort.ID, f.gwPort.AllowedPairs)}).with(
		tell("the project's operator", "%s keeps the clients' addresses (no_snat), which port security of its port %s forbids. Allow them (openstack port set --allowed-address ip-address=0.0.0.0/0 %s), or let Portico use SNAT.",
			f.gw.Name, f.gwPort.ID, f.gwPort.ID))}
}

// ruleEvidence is what the rules did with the test connection.
func (f *facts) ruleEvidence() []Evidence {
	if f.route == toGateway {
		return nil
	}
	_, v := f.trace()
	var lines []string
	for _, h := range v.Hops {
		lines = append(lines, cloud.Clean(h.String()))
	}
	out := []Evidence{{Words: "the rules a packet meets, in order", Raw: strings.Join(lines, "\n")}}
	if n, known := f.hits(); known && n > 0 { // nothing is evidence only where that is the verdict
		out = append(out, Evidence{Words: hitWords(n)})
	}
	if len(f.host.conntrack) > 0 {
		out = append(out, Evidence{Words: "connections the kernel tracks", Raw: strings.Join(f.host.conntrack, "\n")})
	}
	return out
}

func hitWords(n uint64) string {
	if n == 0 {
		return "its rule counted nothing while this machine tried: no packet reached the gateway"
	}
	return fmt.Sprintf("its rule counted +%d while this machine tried: the packet reached the gateway", n)
}

// hits is how many connections our rule counted while the live ones were made.
func (f *facts) hits() (n uint64, known bool) {
	if f.host == nil || f.host.after == nil || f.live.here == nil || !f.tcp() {
		return 0, false
	}
	key := countedOf(f.fwd)
	before, found := f.host.counts[0][key]
	now, still := f.host.counts[1][key]
	if !found || !still || now < before {
		return 0, false
	}
	if f.othersOnly() {
		return 0, len(f.host.conntrack) < flowsShown // they have made it count; of many, ours may be one more
	}
	return now - before, true
}

// othersOnly reports whether the kernel tracks connections to the public port, and none of this machine's.
func (f *facts) othersOnly() bool {
	return f.me().IsValid() && len(f.host.conntrack) > 0 && len(f.mine()) == 0
}

// mine are the tracked connections of this machine, or all where it is not known how it is seen.
func (f *facts) mine() []string {
	if !f.me().IsValid() {
		return f.host.conntrack
	}
	from := "src=" + f.me().String() + " "
	return slices.DeleteFunc(slices.Clone(f.host.conntrack), func(l string) bool { return !strings.Contains(l, from) })
}
