package doctor

import (
	"cmp"
	"fmt"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// judgeConntrack says whether the kernel has room for another connection.
func (f *facts) judgeConntrack() []Finding {
	count, limit := f.host.number("net.netfilter.nf_conntrack_count"), f.host.number("net.netfilter.nf_conntrack_max")
	if limit == 0 || count*10 < limit*9 {
		return nil
	}
	e := Evidence{Words: fmt.Sprintf("%d of %d connections", count, limit), Raw: fmt.Sprintf("net.netfilter.nf_conntrack_count = %d\nnet.netfilter.nf_conntrack_max = %d", count, limit)}
	fix := tell("whoever runs "+f.gw.Name, "The connection table of %s is full (%d of %d). Raise it: sysctl -w net.netfilter.nf_conntrack_max=%d", f.gw.Name, count, limit, limit*4)
	if count >= limit {
		return []Finding{blocked(ConntrackFull, "the connection table is full: new connections are dropped", e).with(fix)}
	}
	return []Finding{degraded(ConntrackFull, fmt.Sprintf("the connection table is %d%% full", count*100/limit), e).with(fix)}
}

// judgeReversePath says whether the kernel takes packets that come in by another interface than the
// one the answer would leave by.
func (f *facts) judgeReversePath() []Finding {
	in := f.host.holder(f.gw.FixedIP)
	if in == "" || f.host.client == "" || in == f.host.client {
		return nil
	}
	mode := max(f.host.number("net.ipv4.conf.all.rp_filter"), f.host.number("net.ipv4.conf."+in+".rp_filter"))
	if mode != 1 {
		return nil
	}
	e := Evidence{Words: "packets come in by " + in + ", the default route leaves by " + f.host.client, Raw: "net.ipv4.conf." + in + ".rp_filter = 1"}
	fix := tell("whoever runs "+f.gw.Name, "On %s packets come in by %s and the answer would leave by %s, which strict reverse path filtering forbids. Relax it: sysctl -w net.ipv4.conf.%s.rp_filter=2", f.gw.Name, in, f.host.client, in)
	if f.host.after != nil && f.host.spoofed[1] > f.host.spoofed[0] && !f.met() {
		return []Finding{blocked(ReversePath, "the reverse path filter dropped the packet", e).with(fix)}
	}
	return []Finding{degraded(ReversePath, "strict reverse path filtering, and the answer leaves by another interface", e).with(fix)}
}

// judgeMTU says whether the gateway sends packets that its network cannot carry.
func (f *facts) judgeMTU() []Finding {
	if f.gwPort == nil {
		return nil
	}
	in := f.host.holder(f.gw.FixedIP)
	for _, n := range f.inv.Networks {
		if n.ID == f.gwPort.NetworkID && n.MTU > 0 && f.host.mtu[in] > n.MTU {
			return []Finding{degraded(MTU, fmt.Sprintf("%s sends packets of %d bytes into a network of %d: large ones get lost", in, f.host.mtu[in], n.MTU),
				Evidence{Words: "connections stand and then hang", Raw: fmt.Sprintf("%s mtu %d; network %s mtu %d", in, f.host.mtu[in], n.Name, n.MTU)}).with(
				tell("whoever runs "+f.gw.Name, "Interface %s of %s has MTU %d, its network only %d. Set it: ip link set %s mtu %d", in, f.gw.Name, f.host.mtu[in], n.MTU, in, n.MTU))}
		}
	}
	return nil
}

// judgeOtherTables notes what iptables does not show, where something is lost without a reason.
func (f *facts) judgeOtherTables() []Finding {
	if len(f.host.foreign) == 0 || f.met() {
		return nil
	}
	return []Finding{unknown("", "nftables has rules that iptables does not show", "a look at them: nft list ruleset", Evidence{Words: "tables of others", Raw: strings.Join(f.host.foreign, "\n")})}
}

// judgeReboot says whether the forward would survive one.
func (f *facts) judgeReboot() []Finding {
	if f.state == nil || f.standing != published {
		return nil
	}
	for _, x := range f.state.Facts {
		if x.Name == "survives a reboot" && !x.OK {
			return []Finding{degraded(NotPersistent, "the forwards would not survive a reboot of "+f.gw.Name).with(f.repair("keep the rules over a reboot"))}
		}
	}
	return nil
}

// judgeDrift says whether what is Portico's on a gateway is as plans left it. Of one forward, what it
// needs itself is judged by the way of its packets.
func (f *facts) judgeDrift() []Finding {
	if f.state == nil || f.route != toGateway || !publish.Drifted(*f.state) {
		return nil
	}
	var lines []string
	for _, d := range f.state.Drift {
		if d.Kind != gateway.Foreign {
			lines = append(lines, fmt.Sprintf("%s: %s %s", d.Where, d.Kind, d.Line))
		}
	}
	return []Finding{degraded(Drifted, "what is Portico's is not all as plans left it", Evidence{Words: "what is strange or missing", Raw: rawLines(lines)}).with(
		&Fix{Title: "repair " + f.gw.Name, Kind: FixPlan, Request: &publish.Request{Repair: true, On: f.gw}})}
}

// powerFinding is an instance that does not run.
func (f *facts) powerFinding(i cloud.Instance, c Cause) Finding {
	raw := Evidence{Words: "the instance as Nova has it", Raw: strings.TrimSpace(fmt.Sprintf("id %s status %s task %s %s", i.ID, i.Status, orNone(i.TaskState), i.Fault))}
	if i.TaskState != "" {
		return blocked(c, fmt.Sprintf("is %s now: wait for it", i.TaskState), raw)
	}
	x := blocked(c, fmt.Sprintf("does not run: it is %s", cmp.Or(statusWords[i.Status], i.Status)), raw)
	switch i.Status {
	case "SHUTOFF":
		return x.with(&Fix{Title: "start " + i.Name, Kind: FixPlan, Request: &publish.Request{Fix: &publish.Fix{Start: i.ID}}})
	case "ERROR":
		return x.with(tell("cloud support", "Instance %s (%s) is in status ERROR: %s", i.Name, i.ID, cmp.Or(i.Fault, "the cloud does not say why")))
	case "BUILD":
		return x
	case "SUSPENDED", "PAUSED", "SHELVED", "SHELVED_OFFLOADED":
		verb := map[string]string{"SUSPENDED": "resume", "PAUSED": "unpause"}[i.Status]
		return x.with(tell("the owner of "+i.Name, "Instance %s is %s. Bring it back: openstack server %s %s", i.Name, statusWords[i.Status], cmp.Or(verb, "unshelve"), i.ID))
	}
	return x.with(tell("the owner of "+i.Name, "Instance %s (%s) is in status %s and does not answer.", i.Name, i.ID, i.Status))
}

var statusWords = map[string]string{
	"SHUTOFF": "shut off", "ERROR": "in error", "BUILD": "being built", "SUSPENDED": "suspended", "PAUSED": "paused",
	"SHELVED": "shelved", "SHELVED_OFFLOADED": "shelved", "RESCUE": "in rescue", "DELETED": "deleted",
}
