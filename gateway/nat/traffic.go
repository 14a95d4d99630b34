package nat

import (
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
)

// readTraffic adds up what the rules of ours have counted. The DNAT rules see the first packet of each
// connection and no other, as all of the nat table does; the accept rules of the filter table see every
// packet, both ways, and there is one for each run of neighbouring ports.
func readTraffic(gw gateway.Gateway, rules netfilter.Ruleset, forwards []gateway.Forward) gateway.Traffic {
	t := gateway.Traffic{Forwards: make(map[gateway.Key]gateway.ForwardTraffic, len(forwards))}
	for _, f := range forwards {
		t.Forwards[f.Key()] = gateway.ForwardTraffic{}
	}
	nat, _ := rules.Table(tableNAT)
	ours(nat, "DNAT", func(w map[string]string, r netfilter.Rule) {
		f, ok := readForward(gw, w)
		x, known := t.Forwards[f.Key()]
		if ok && known {
			x.Connections += r.Packets
			t.Forwards[f.Key()] = x
		}
	})
	byPort := make(map[gateway.Protocol]map[uint16]gateway.Key)
	for _, f := range forwards {
		if byPort[f.Service.Protocol] == nil {
			byPort[f.Service.Protocol] = map[uint16]gateway.Key{}
		}
		for _, k := range f.Keys() {
			byPort[f.Service.Protocol][k.Public.Port()] = f.Key()
		}
	}
	filter, _ := rules.Table(tableFilter)
	ours(filter, "ACCEPT", func(w map[string]string, r netfilter.Rule) {
		first, last, ok := ports(w["--ctorigdstport"])
		if !ok {
			return
		}
		t.Total.Packets, t.Total.Bytes = t.Total.Packets+r.Packets, t.Total.Bytes+r.Bytes
		var counted []gateway.Key
		for p := int(first); p <= int(last); p++ {
			if k, ok := byPort[gateway.Protocol(w["-p"])][uint16(p)]; ok && (len(counted) == 0 || counted[len(counted)-1] != k) {
				counted = append(counted, k)
			}
		}
		for _, k := range counted {
			x := t.Forwards[k]
			// A forward of several ports may have several runs.
			x.Packets, x.Bytes = x.Packets+r.Packets, x.Bytes+r.Bytes
			x.Sharing = max(x.Sharing, len(counted))
			t.Forwards[k] = x
		}
	})
	return t
}

// ours hands over each rule of our chains in a table that goes to this target.
func ours(t netfilter.Table, target string, f func(map[string]string, netfilter.Rule)) {
	for _, c := range t.Chains {
		if !netfilter.Owned(c.Name) {
			continue
		}
		for _, r := range c.Rules {
			if w := words(r.Args); w["-j"] == target {
				f(w, r)
			}
		}
	}
}

// ports reads "30011" or "30010:30012".
func ports(text string) (first, last uint16, ok bool) {
	a, b, isRange := strings.Cut(text, ":")
	if !isRange {
		b = a
	}
	x, err1 := strconv.ParseUint(a, 10, 16)
	y, err2 := strconv.ParseUint(b, 10, 16)
	return uint16(x), uint16(y), err1 == nil && err2 == nil && x <= y
}

// nearlyFull is the fill of the connection table from which on new connections are in danger: a full
// one drops them.
const nearlyFull = 0.8

// conntrackFact says how full the gateway's table of connections is; nothing where it cannot be read,
// as where the kernel's module is not loaded yet.
func conntrackFact(section string) []gateway.Fact {
	f := strings.Fields(section)
	if len(f) != 2 {
		return nil
	}
	count, err1 := strconv.ParseUint(f[0], 10, 64)
	most, err2 := strconv.ParseUint(f[1], 10, 64)
	if err1 != nil || err2 != nil || most == 0 {
		return nil
	}
	fill := float64(count) / float64(most)
	value := strconv.FormatUint(count, 10) + " of " + strconv.FormatUint(most, 10)
	if fill >= nearlyFull {
		value += ", nearly full: new connections are dropped when it is"
	}
	return []gateway.Fact{{Name: "connections tracked", Value: cloud.Clean(value), OK: fill < nearlyFull}}
}

// rulesFact counts the rules of ours that stand; nothing where there are none.
func rulesFact(rules netfilter.Ruleset) []gateway.Fact {
	n, chains := 0, 0
	for _, t := range rules.Tables {
		for _, c := range t.Chains {
			if netfilter.Owned(c.Name) {
				n, chains = n+len(c.Rules), chains+1
			}
		}
	}
	if chains == 0 {
		return nil
	}
	return []gateway.Fact{{Name: "rules", Value: strconv.Itoa(n) + " in " + strconv.Itoa(chains) + " chains", OK: true}}
}
