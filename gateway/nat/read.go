package nat

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// ourComment is what every rule that carries a forward says of itself. It is strict: a rule
// that says anything else is not a forward of ours.
var ourComment = regexp.MustCompile(`^portico v1 (vm|net)=([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}) svc=([a-z0-9][a-z0-9-]{0,31})(?: ports=([0-9]{1,5}-[0-9]{1,5}))?$`)

// mark is that comment, for a forward to an instance.
func mark(instance, service string) string { return "portico v1 vm=" + instance + " svc=" + service }

// markOf is that comment, for any forward: those of a whole subnet belong to it.
func markOf(f gateway.Forward) string {
	if f.Subnet != "" {
		return "portico v1 net=" + f.Subnet + " svc=" + f.Service.Name
	}
	return mark(f.Instance, f.Service.Name)
}

// readForwards finds the forwards that stand in our chains. Of two that want one public port the
// first holds, and the other is no forward.
func readForwards(gw gateway.Gateway, rules netfilter.Ruleset) (forwards []gateway.Forward) {
	table, _ := rules.Table(tableNAT)
	index := map[gateway.Key]int{} // by each public port
	for _, c := range table.Chains {
		if !netfilter.Owned(c.Name) {
			continue
		}
		for _, r := range c.Rules {
			w := words(r.Args)
			if w["-j"] != "DNAT" {
				continue
			}
			f, ok := readForward(gw, w)
			if !ok {
				continue
			}
			if i, seen := index[f.Key()]; seen {
				if g := forwards[i]; g.Public == f.Public && g.Private == f.Private && g.Owner() == f.Owner() && g.Service == f.Service {
					forwards[i].Sources = joinSources(g.Sources, f.Sources)
				}
				continue
			}
			keys := f.Keys()
			if slices.ContainsFunc(keys, func(k gateway.Key) bool { _, taken := index[k]; return taken }) {
				continue
			}
			for _, k := range keys {
				index[k] = len(forwards)
			}
			forwards = append(forwards, f)
		}
	}
	gateway.SortForwards(forwards)
	return forwards
}

// joinSources is who may come in by either of two rules: without sources that is anybody.
func joinSources(a, b []netip.Prefix) []netip.Prefix {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	return gateway.SortPrefixes(append(a, b...))
}

func readForward(gw gateway.Gateway, w map[string]string) (gateway.Forward, bool) {
	m := ourComment.FindStringSubmatch(w["--comment"])
	if m == nil || w["-d"] != netip.PrefixFrom(gw.FixedIP, 32).String() {
		return gateway.Forward{}, false
	}
	public, private, ok := readPorts(w["--dport"], w["--to-destination"], m[4])
	if !ok || !private.Addr().Is4() || private.Addr() == gw.FixedIP {
		return gateway.Forward{}, false
	}
	f := gateway.Forward{
		Service: gateway.Service{Name: m[3], Protocol: gateway.Protocol(w["-p"]), Port: private.Port()}.WithPorts(public.last - public.first + 1),
		Public:  netip.AddrPortFrom(publicAddr(gw), uint16(public.first)),
		Private: private,
		Engine:  Name,
	}
	if f.Instance = m[2]; m[1] == "net" {
		f.Instance, f.Subnet = "", m[2]
	}
	if s := w["-s"]; s != "" {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return gateway.Forward{}, false
		}
		f.Sources = []netip.Prefix{p}
	}
	return f, f.Service.Protocol == gateway.TCP || f.Service.Protocol == gateway.UDP
}

// otherAddresses lists the addresses, other than this gateway's, that forwards of ours stand for.
func otherAddresses(gw gateway.Gateway, rules netfilter.Ruleset) []string {
	table, _ := rules.Table(tableNAT)
	var out []string
	for _, c := range table.Chains {
		for _, r := range c.Rules {
			w := words(r.Args)
			mine := w["-d"] == netip.PrefixFrom(gw.FixedIP, 32).String()
			if netfilter.Owned(c.Name) && w["-j"] == "DNAT" && !mine && ourComment.MatchString(w["--comment"]) && !slices.Contains(out, w["-d"]) {
				out = append(out, w["-d"])
			}
		}
	}
	return out
}

// words maps each option of a rule to its value. A negated option keeps its "!" in the value,
// so that it never equals a plain one.
func words(args []string) map[string]string {
	out := make(map[string]string, len(args)/2)
	not := ""
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "!":
			not = "! "
		case strings.HasPrefix(args[i], "-") && i+1 < len(args):
			out[args[i]] = not + args[i+1]
			not = ""
			i++
		}
	}
	return out
}

// publicAddr is the address clients use: the floating IP, or the gateway's own where it has none.
func publicAddr(gw gateway.Gateway) netip.Addr {
	if gw.FloatingIP.IsValid() {
		return gw.FloatingIP
	}
	return gw.FixedIP
}

// harmless are targets that leave a packet's destination as it is.
var harmless = map[string]bool{"RETURN": true, "ACCEPT": true, "LOG": true, "MARK": true, "CONNMARK": true, "SNAT": true, "MASQUERADE": true, "": true}

// foreignPorts lists the public ports that other people's rules already send elsewhere, by
// themselves or by way of a chain of theirs.
func foreignPorts(rules netfilter.Ruleset) []gateway.Reserved {
	table, _ := rules.Foreign().Table(tableNAT)
	var out []gateway.Reserved
	for _, c := range table.Chains {
		for _, r := range c.Rules {
			w := words(r.Args)
			if harmless[cmp.Or(w["-j"], w["-g"])] {
				continue
			}
			for _, p := range dports(w) {
				out = append(out, gateway.Reserved{
					Protocol: gateway.Protocol(w["-p"]), Port: p, By: "a rule that is not Portico's: -A " + c.Name + " " + r.String(), ByRule: true,
				})
			}
		}
	}
	return out
}

// dports expands --dport and --dports; what is negated or cannot be read reserves nothing.
func dports(w map[string]string) []uint16 {
	var out []uint16
	list := w["--dport"]
	if list == "" {
		list = w["--dports"]
	}
	for item := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(item, ":")
		a, err := strconv.ParseUint(first, 10, 16)
		if err != nil {
			continue
		}
		b := a
		if isRange {
			if b, err = strconv.ParseUint(last, 10, 16); err != nil {
				continue
			}
		}
		for p := a; p <= b; p++ {
			out = append(out, uint16(p))
		}
	}
	return out
}
