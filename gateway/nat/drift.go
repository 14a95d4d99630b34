package nat

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
)

// DriftTitle heads the warning that says in short what a state's Drift lists.
const DriftTitle = "the gateway has drifted"

// keptElsewhere are files that put rules of others back, or made them once.
const keptElsewhere = "/etc/iptables/rules.v4 /etc/sysconfig/iptables /etc/rc.local /var/lib/cloud/instance/user-data.txt"

// forwardElsewhere are files by which others turn IP forwarding on at boot.
const forwardElsewhere = "/etc/sysctl.conf /etc/sysctl.d/*.conf"

// hostDrift lists where our part of the host is not what the forwards that stand need. Applying a plan
// for these same forwards puts just that right.
func (e *Engine) hostDrift(seen *observed, forwards []gateway.Forward, covers []gateway.Cover) []gateway.Drift {
	if len(otherAddresses(e.Gateway, seen.rules)) > 0 {
		return nil // what is ours there cannot be judged from this address
	}
	nat, filter := e.layouts(forwards, covers...)
	var out []gateway.Drift
	for _, l := range []netfilter.Layout{nat, filter} {
		out = append(out, e.ruleDrift(seen, l)...)
	}
	return append(out, e.fileDrift(seen, nat, filter)...)
}

// lost lists the forwards that are kept for the next boot and do not stand, as far as their ports
// are free and their instances there.
func (e *Engine) lost(seen *observed, s gateway.State) []gateway.Forward {
	kept, err := netfilter.Parse(unlike(seen.files[pathRules], seen.text))
	if err != nil {
		return nil // the file's own drift says so
	}
	taken := map[gateway.Key]bool{}
	for _, f := range s.Forwards {
		for _, k := range f.Keys() {
			taken[k] = true
		}
	}
	for _, r := range s.Reserved {
		for _, p := range []gateway.Protocol{gateway.TCP, gateway.UDP} {
			if r.Protocol == p || r.Protocol == "" {
				taken[gateway.Key{Protocol: p, Public: e.public(r.Port)}] = true
			}
		}
	}
	there := make(map[string]bool, len(e.Inventory.Instances)+len(e.Inventory.Subnets))
	for _, i := range e.Inventory.Instances {
		there[i.ID] = true
	}
	for _, n := range e.Inventory.Subnets {
		there[n.ID] = true
	}
	lost := readForwards(e.Gateway, kept)
	e.settle(lost)
	return slices.DeleteFunc(lost, func(f gateway.Forward) bool {
		return !there[f.Owner().ID] || slices.ContainsFunc(f.Keys(), func(k gateway.Key) bool { return taken[k] })
	})
}

// unlike is restore input without the rules that stand, of which there may be tens of thousands.
func unlike(input, standing string) string {
	stands := make(map[string]bool, strings.Count(standing, "\n"))
	for line := range strings.Lines(standing) {
		if _, rule, ok := strings.Cut(line, "] -A "); ok {
			stands[rule] = true
		}
	}
	var b strings.Builder
	for line := range strings.Lines(input) {
		if _, rule, ok := strings.Cut(line, "] -A "); !ok || !stands[rule] {
			b.WriteString(line)
		}
	}
	return b.String()
}

func (e *Engine) ruleDrift(seen *observed, want netfilter.Layout) []gateway.Drift {
	where := e.Gateway.Name + " iptables " + want.Table
	patch := netfilter.Diff(seen.rules, want)
	moved := map[string]bool{} // it stands, but not where it should
	for _, line := range patch.Added {
		moved[line] = true
	}
	var out []gateway.Drift
	for _, line := range patch.Removed {
		if !moved[line] {
			out = append(out, gateway.Drift{Kind: gateway.Strange, Where: where, Line: cloud.Clean(line)})
		}
	}
	wanted := make(map[string]bool, len(want.Chains))
	for _, c := range want.Chains {
		wanted[c.Name] = true
	}
	table, _ := seen.rules.Table(want.Table)
	for _, c := range table.Chains {
		if netfilter.Owned(c.Name) && !wanted[c.Name] && len(c.Rules) == 0 {
			out = append(out, gateway.Drift{Kind: gateway.Strange, Where: where, Line: ":" + cloud.Clean(c.Name) + " - [0:0]"})
		}
	}
	for _, line := range patch.Added {
		out = append(out, gateway.Drift{Kind: gateway.Missing, Where: where, Line: cloud.Clean(asSaved(line))})
	}
	return out
}

// asSaved is "-I CHAIN 1 words" as iptables-save says it.
func asSaved(line string) string {
	if w := strings.SplitN(line, " ", 4); len(w) == 4 && w[0] == "-I" {
		return "-A " + w[1] + " " + w[3]
	}
	return line
}

func (e *Engine) fileDrift(seen *observed, nat, filter netfilter.Layout) []gateway.Drift {
	var out []gateway.Drift
	tell := func(kind gateway.DriftKind, where, line string) {
		out = append(out, gateway.Drift{Kind: kind, Where: e.Gateway.Name + " " + where, Line: line})
	}
	if len(nat.Chains) == 0 {
		for _, f := range ourFiles {
			if seen.files[f] != "" {
				tell(gateway.Strange, "files", f)
			}
		}
		return out
	}
	if !seen.forwarding {
		tell(gateway.Missing, "sysctl", "net.ipv4.ip_forward = 1")
	}
	want := map[string]string{pathSysctl: sysctlText(seen)}
	if e.prepared {
		want[pathPrepared] = e.preparedFile(seen)
	}
	want[pathRules], want[pathRestore] = bootFiles([]netfilter.Layout{nat, filter})
	if seen.systemd {
		want[pathUnit] = unitText
	}
	for _, f := range slices.Sorted(maps.Keys(want)) {
		switch {
		case seen.files[f] == "":
			tell(gateway.Missing, "files", f)
		case seen.files[f] != want[f]:
			tell(gateway.Missing, "files", f+", which says something else")
		}
	}
	if seen.systemd && !seen.enabled {
		tell(gateway.Missing, "files", unitName+" is not started at boot")
	}
	return out
}

// doorDrift says what a plan for these forwards would do to the security groups.
func (e *Engine) doorDrift(forwards []gateway.Forward) []gateway.Drift {
	if e.Inventory.Unknown("ports") || e.Inventory.Unknown("security groups") {
		return nil
	}
	public, private, err := e.doors(forwards)
	if err != nil {
		return nil // the warnings of a plan say so
	}
	k := e.keeper()
	var out []gateway.Drift
	tell := func(kind gateway.DriftKind, steps []plan.Step) {
		for _, s := range steps {
			c := s.Change()
			line := c.Title
			if kind == gateway.Strange { // what stands there, not what is done about it
				line = strings.Join(c.Before, ", ")
			}
			out = append(out, gateway.Drift{Kind: kind, Where: cloud.Clean(c.Target), Line: cloud.Clean(line)})
		}
	}
	tell(gateway.Missing, append(k.Open(public), k.Open(private)...))
	tell(gateway.Strange, append(k.Shut(private), k.Shut(public)...))
	return out
}

// foreignDrift lists the rules made by hand, each once. Those on one host of a pair cannot be adopted:
// the other does not have them.
func (e *Engine) foreignDrift(rules []foreignRule) []gateway.Drift {
	told := map[string]bool{}
	var out []gateway.Drift
	for _, f := range rules {
		if !told[f.drift.Line] {
			told[f.drift.Line] = true
			if e.Gateway.IsPair() {
				f.drift.Forward, f.drift.Why = nil, "it stands on one host of a pair alone"
			}
			out = append(out, f.drift)
		}
	}
	return out
}

// driftWarning is what lists say of drift; the doors that others closed have warnings of their own.
func driftWarning(drift []gateway.Drift, closed int) []plan.Warning {
	count := map[gateway.DriftKind]int{gateway.Missing: -closed}
	for _, d := range drift {
		count[d.Kind]++
	}
	var parts []string
	if n := count[gateway.Strange]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d thing%s there that no plan made", n, plural(n)))
	}
	if n := count[gateway.Missing]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d missing", n))
	}
	if len(parts) == 0 {
		return nil
	}
	return []plan.Warning{{Title: DriftTitle, Detail: strings.Join(parts, ", ") + "; portico repair puts right what is Portico's"}}
}

// driftFact is the same as one of the gateway's facts, with the rules made by hand.
func driftFact(drift []gateway.Drift) gateway.Fact {
	count := map[gateway.DriftKind]int{}
	for _, d := range drift {
		count[d.Kind]++
	}
	var parts []string
	for _, k := range []gateway.DriftKind{gateway.Strange, gateway.Missing, gateway.Foreign} {
		if count[k] > 0 {
			word := string(k)
			if k == gateway.Foreign {
				word = "by hand" // as the lists call it
			}
			parts = append(parts, fmt.Sprintf("%d %s", count[k], word))
		}
	}
	f := gateway.Fact{Name: "drift", Value: strings.Join(parts, ", "), OK: count[gateway.Strange]+count[gateway.Missing] == 0}
	if len(parts) == 0 {
		f.Value = "none"
	}
	return f
}

// readLinks reads "ip -o -4 addr show": each interface's addresses.
func readLinks(text string) map[string][]netip.Addr {
	out := map[string][]netip.Addr{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || f[2] != "inet" {
			continue
		}
		name, _, _ := strings.Cut(f[1], "@")
		host, _, _ := strings.Cut(f[3], "/")
		if a, err := netip.ParseAddr(host); err == nil {
			out[name] = append(out[name], a)
		}
	}
	return out
}

// holder is the interface that has an address; "" when none is known to.
func (o *observed) holder(a netip.Addr) string {
	for _, name := range o.linkNames() {
		if slices.Contains(o.links[name], a) {
			return name
		}
	}
	return ""
}

func (o *observed) linkNames() []string { return slices.Sorted(maps.Keys(o.links)) }
