package doctor

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/gateway/probe"
)

// paths are the hops of each route, in order.
var paths = map[route][]HopID{
	viaGateway: {You, FloatingIP, Router, GatewayGroups, GatewayHost, VMGroups, VM, Service},
	direct:     {You, FloatingIP, Router, VMGroups, VM, Service},
	viaNeutron: {You, FloatingIP, Router, Forwarding, VMGroups, VM, Service},
	toGateway:  {You, FloatingIP, Router, GatewayGroups, GatewayHost, Service},
}

// ladder is the path with nothing known yet.
func (f *facts) ladder() []Hop {
	var out []Hop
	for i, id := range paths[f.route] {
		h := Hop{N: i + 1, ID: id}
		h.Title, h.Target = f.title(id)
		out = append(out, h)
	}
	return out
}

func (f *facts) title(id HopID) (title, target string) {
	switch id {
	case You:
		return "you", ""
	case FloatingIP:
		return "floating IP", addrText(f.fwd.Public.Addr())
	case Router:
		return "router", ""
	case Forwarding:
		return "forwarding", f.fwd.Public.String()
	case GatewayGroups:
		return f.machineName() + " groups", f.machinePort()
	case GatewayHost:
		return f.machineName(), f.machineID()
	case VMGroups:
		return f.vmName() + " groups", addrText(f.fwd.Private.Addr())
	case VM:
		return f.vmName(), f.fwd.Instance
	case Service:
		return f.fwd.Service.Name, f.fwd.Private.String()
	}
	return string(id), ""
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// findings judges one hop by what was gathered so far.
func (f *facts) findings(id HopID) []Finding {
	switch id {
	case You:
		return f.judgeYou()
	case FloatingIP:
		return f.judgeFloatingIP()
	case Router:
		return f.judgeRouter()
	case Forwarding:
		return f.judgeForward()
	case GatewayGroups:
		return f.judgeGatewayGroups()
	case GatewayHost:
		return f.judgeGateway()
	case VMGroups:
		return f.judgeVMGroups()
	case VM:
		return f.judgeVM()
	case Service:
		return f.judgeService()
	}
	return nil
}

// severity orders verdicts: what decides over a hop.
var severity = map[Verdict]int{OK: 1, Unknown: 2, Degraded: 3, Blocked: 4}

// decide makes a hop of its findings: the worst one says what it is, the first of several equal ones.
func decide(h Hop, found []Finding) Hop {
	h.Findings = slices.Clone(found)
	slices.SortStableFunc(h.Findings, func(a, b Finding) int { return severity[b.Verdict] - severity[a.Verdict] })
	h.Verdict, h.Text = Unknown, "not looked at"
	if len(h.Findings) > 0 {
		h.Verdict, h.Text = h.Findings[0].Verdict, h.Findings[0].Text
	}
	return h
}

// diagnose judges the whole path. It is pure: the same facts give the same diagnosis.
func (f *facts) diagnose() Diagnosis {
	d := Diagnosis{Title: f.heading(), Forward: f.fwd, Gateway: f.gw.Name, Broken: -1, Notes: f.notes}
	if f.vm != nil {
		d.Instance = f.vm.Name
	}
	all := map[HopID][]Finding{}
	for _, id := range paths[f.route] {
		all[id] = f.findings(id)
	}
	if f.met() {
		d.Notes = append(d.Notes, f.acquit(all)...)
	} else {
		f.attribute(all)
	}
	for _, h := range f.ladder() {
		d.Hops = append(d.Hops, decide(h, all[h.ID]))
	}
	d.Broken = firstBroken(d.Hops)
	if d.Broken >= 0 && d.Hops[d.Broken].Verdict == Blocked {
		d.Later = f.after(d.Hops, d.Broken)
	}
	d.Verdict, d.Summary = f.summary(d)
	return d
}

func (f *facts) heading() string {
	if f.route == toGateway && !f.fwd.Public.Addr().IsValid() {
		return f.gw.Name
	}
	if f.route == toGateway {
		return fmt.Sprintf("%s (%s)", f.gw.Name, f.fwd.Public.Addr())
	}
	if !f.fwd.Public.Addr().IsValid() || f.fwd.Public.Port() == 0 {
		return fmt.Sprintf("%s %s", f.vmName(), f.fwd.Service.Name)
	}
	return fmt.Sprintf("%s -> %s %s", f.fwd.Public, f.vmName(), f.fwd.Service.Name)
}

// looksBlocked reports whether what was read already says that nothing gets through.
func (f *facts) looksBlocked() bool {
	for _, id := range paths[f.route] {
		if id == You || id == VM || id == Service {
			continue // those are tried
		}
		if slices.ContainsFunc(f.findings(id), func(x Finding) bool { return x.Verdict == Blocked }) {
			return true
		}
	}
	return false
}

// acquit takes back what looks like a fault on a way that a connection has just gone, and returns what
// was taken back: rules are read a moment before, and clouds make them effective a moment later.
func (f *facts) acquit(all map[HopID][]Finding) []string {
	var notes []string
	for i, id := range paths[f.route] {
		if id == Service {
			continue
		}
		for j, x := range all[id] {
			if x.Verdict != Blocked && (x.Verdict != Unknown || x.Cause == "") {
				continue
			}
			if x.Verdict == Blocked {
				notes = append(notes, fmt.Sprintf("hop %d looks blocked (%s), but a connection has just gone through", i+1, x.Text))
			}
			if x.Cause == GatewaySSH || x.Cause == NotPermitted {
				continue // nobody looked, and that stays true
			}
			x.Evidence = append(x.Evidence, Evidence{Words: x.Text})
			x.Verdict, x.Cause, x.Fix, x.Text = OK, "", nil, "a connection has just gone through"
			all[id][j] = x
		}
	}
	return notes
}

// attribute finds the hop that live connections blame, where configuration blames none: it adds one
// finding at most.
func (f *facts) attribute(all map[HopID][]Finding) {
	if f.live.here == nil || !f.tcp() || len(f.fwd.Sources) > 0 && !f.me().IsValid() {
		return
	}
	for _, found := range all {
		if slices.ContainsFunc(found, func(x Finding) bool { return x.Verdict == Blocked }) {
			return
		}
	}
	if !f.tried() && (f.route != viaGateway || f.inside() != probe.Timeout) {
		return // nor has anybody else
	}
	id, x := f.blame()
	if id == "" || !slices.Contains(paths[f.route], id) {
		return
	}
	if x.Verdict == Blocked { // what it says instead of "ok"
		all[id] = slices.DeleteFunc(all[id], func(y Finding) bool { return y.Verdict == Unknown && y.Cause == "" })
	}
	all[id] = append(all[id], x)
}

// blame is what live connections say of a path on which nothing is configured to block.
func (f *facts) blame() (HopID, Finding) {
	hits, counted := f.hits()
	refused := f.refused()
	inside := f.inside()
	evidence := append([]Evidence{probeEvidence("from here", *f.live.here)}, f.insideEvidence()...)
	if counted {
		evidence = append(evidence, Evidence{Words: hitWords(hits)})
	}
	if stood(*f.live.here) && f.impostor() {
		return You, blocked(OwnNetwork, "something on the way answers in the gateway's place: no packet got there", evidence...).with(f.tellNetwork())
	}
	switch {
	case connected(*f.live.here) && inside != probe.Timeout:
		return Service, f.badService(*f.live.here)
	case f.route == toGateway:
		return f.blameGatewaySSH(refused, evidence)
	case f.route != viaGateway && refused:
		return VM, f.notListening(evidence)
	case f.route != viaGateway:
		return f.blameOutside(evidence)
	case inside == probe.Timeout && f.snat():
		return VM, f.silentVM(evidence)
	case counted:
		return f.blameCounted(hits, refused, evidence)
	case refused && f.host == nil:
		return GatewayHost, unknown("", "something refuses the connection: the gateway, or the VM", "an SSH connection to "+f.gw.Name, evidence...)
	}
	return "", Finding{}
}

// tried reports whether a connection from here says anything of the path: one that could not even be
// tried, because this machine has no network or was stopped, does not, nor does port 22 of a gateway whose
// sshd is elsewhere.
func (f *facts) tried() bool {
	return f.live.here != nil && !f.sshAside && (f.here() != probe.Unknown || f.refused() || connected(*f.live.here))
}

// refused reports whether something said no to this machine. A firewall may call that no route.
func (f *facts) refused() bool {
	return f.here() == probe.Refused || strings.Contains(f.live.here.Detail, "no route to host")
}

// blameCounted is a connection of which the gateway's rule says whether it came that far.
func (f *facts) blameCounted(hits uint64, refused bool, e []Evidence) (HopID, Finding) {
	inside := f.inside()
	switch {
	case hits == 0:
		return f.blameBefore(e)
	case refused && inside != probe.OK:
		return VM, f.notListening(e)
	case inside == probe.OK && f.replied():
		return You, blocked(OwnNetwork, "the VM's answer left the gateway, and did not arrive here", e...).with(f.tellNetwork())
	case inside == probe.OK:
		return GatewayHost, blocked(HostFirewall, "the packet reached the gateway and its rule; the VM answers the gateway; the answer does not come back", e...).with(
			tell("whoever runs "+f.gw.Name, "On %s connections to %s are translated (counter +%d) but not answered, although %s answers the gateway itself. Look at nft list ruleset, policy routing (ip rule) and conntrack -L.", f.gw.Name, f.fwd.Public, hits, f.fwd.Private))
	}
	return VM, f.silentVM(e)
}

// replied reports whether the gateway's kernel has seen an answer of the VM's to a tracked connection.
func (f *facts) replied() bool {
	return f.host != nil && slices.ContainsFunc(f.mine(), func(l string) bool { return !strings.Contains(l, "[UNREPLIED]") })
}

// blameBefore is a connection that never came to the gateway's rule.
func (f *facts) blameBefore(e []Evidence) (HopID, Finding) {
	high := false
	for _, r := range f.live.others {
		e = append(e, probeEvidence("from here", r))
		if answers(r) && r.Target.Addr.Port() >= 1024 {
			high = true
		}
	}
	if high {
		return GatewayGroups, blocked(GatewayGroup, "the packet did not reach the gateway, although other ports of it do and its groups let this one in", e...).with(
			tell("cloud support", "TCP connections to %s do not reach port %s of our gateway, although its security groups allow them and other ports work. Please check that the rules are in effect.", f.fwd.Public, f.gw.PortID))
	}
	return You, blocked(OwnNetwork, fmt.Sprintf("the packet did not reach the gateway: the network here seems to let no connection to port %d out", f.fwd.Public.Port()), e...).with(f.tellNetwork())
}

func (f *facts) tellNetwork() *Fix {
	return tell("your network's administrator", "Outgoing TCP connections to %s port %d do not arrive there, while port 22 of the same address does. Please allow outgoing TCP to this port.", f.fwd.Public.Addr(), f.fwd.Public.Port())
}

// blameOutside is a path without a gateway to ask.
func (f *facts) blameOutside(e []Evidence) (HopID, Finding) {
	for _, r := range f.live.others {
		e = append(e, probeEvidence("from here", r))
		if answers(r) {
			return VM, f.silentVM(e)
		}
	}
	x := unknown(VMFirewall, "the cloud lets the packet in, and no answer comes: a firewall on the VM, or the network here", "another port of "+f.fwd.Public.Addr().String()+" that answers", e...)
	return VM, x.with(f.silentVM(nil).Fix)
}

// blameGatewaySSH is a gateway that does not let one in.
func (f *facts) blameGatewaySSH(refused bool, e []Evidence) (HopID, Finding) {
	if refused {
		return GatewayHost, blocked(NotListening, "runs, and refuses: its sshd does not listen there", e...).with(
			tell("whoever runs "+f.gw.Name, "sshd of %s does not listen on %s. On its console: systemctl status ssh", f.gw.Name, f.fwd.Public))
	}
	for _, r := range f.live.others {
		if answers(r) {
			return GatewayHost, blocked(HostFirewall, "other ports of it answer; its sshd does not", append(e, probeEvidence("from here", r))...).with(
				tell("whoever runs "+f.gw.Name, "%s does not answer on %s, although other ports of it do. Look at its firewall and sshd on its console.", f.gw.Name, f.fwd.Public))
		}
	}
	return GatewayHost, unknown(GatewaySSH, "the cloud lets the packet in, and no answer comes", "a look at its console", e...)
}

// firstBroken is the first hop that is blocked, else the first that is degraded, else -1.
func firstBroken(hops []Hop) int {
	for _, v := range []Verdict{Blocked, Degraded} {
		if i := slices.IndexFunc(hops, func(h Hop) bool { return h.Verdict == v }); i >= 0 {
			return i
		}
	}
	return -1
}

// after marks the hops behind the broken one: what nothing reaches follows from it, what is configured
// to block will block, and what is fine by itself is fine.
func (f *facts) after(hops []Hop, broken int) []Later {
	n := hops[broken].N
	var later []Later
	for i := broken + 1; i < len(hops); i++ {
		h := &hops[i]
		switch h.Verdict {
		case Blocked:
			fix := (*Fix)(nil)
			for _, x := range h.Findings {
				if x.Fix != nil {
					fix = x.Fix
					break
				}
			}
			if sameFix(fix, hops[broken]) {
				continue // it goes with the same change
			}
			later = append(later, Later{Hop: h.N, Text: fmt.Sprintf("after this is fixed, hop %d will block: %s", h.N, h.Text), Fix: fix})
		case Unknown:
			if onlyUnreached(h.Findings) {
				h.Follows, h.Text = n, fmt.Sprintf("follows from %d", n)
			}
		case OK, Degraded:
		}
	}
	return later
}

// onlyUnreached reports whether a hop is unknown for no other reason than that nothing reaches it.
func onlyUnreached(found []Finding) bool {
	return !slices.ContainsFunc(found, func(x Finding) bool { return x.Verdict == Unknown && x.Cause == NotPermitted })
}

func sameFix(fix *Fix, h Hop) bool {
	return fix != nil && slices.ContainsFunc(h.Findings, func(x Finding) bool {
		return x.Fix != nil && x.Fix.Kind == FixPlan && fix.Kind == FixPlan && x.Fix.Title == fix.Title
	})
}

// summary is the verdict of the whole, and the headline.
func (f *facts) summary(d Diagnosis) (Verdict, string) {
	if d.Broken >= 0 {
		h := d.Hops[d.Broken]
		switch {
		case h.Verdict == Blocked:
			return Blocked, fmt.Sprintf("blocked at hop %d of %d: %s: %s", h.N, len(d.Hops), h.Title, h.Text)
		case !f.met() && !f.tried():
			return Degraded, fmt.Sprintf("hop %d of %d is degraded: %s: %s", h.N, len(d.Hops), h.Title, h.Text)
		case f.met():
			return Degraded, fmt.Sprintf("works, but hop %d of %d is degraded: %s: %s", h.N, len(d.Hops), h.Title, h.Text)
		}
		return Blocked, fmt.Sprintf("does not connect; hop %d of %d is degraded: %s: %s", h.N, len(d.Hops), h.Title, h.Text)
	}
	var dark []string
	for _, h := range d.Hops {
		if h.Verdict == Unknown {
			dark = append(dark, fmt.Sprint(h.N))
		}
	}
	switch {
	case f.reached() && len(dark) == 0:
		return OK, fmt.Sprintf("all %d hops are fine", len(d.Hops))
	case f.reached():
		return OK, fmt.Sprintf("it connects; hop %s could not be looked at", strings.Join(dark, ", "))
	case f.tried() && f.tcp():
		return Blocked, fmt.Sprintf("does not connect (%s), and nothing that could be looked at explains it; unknown: hop %s", cmp.Or(f.live.here.Detail, string(f.here())), strings.Join(dark, ", "))
	}
	return Unknown, fmt.Sprintf("nothing is seen to block; unknown: hop %s", strings.Join(dark, ", "))
}
