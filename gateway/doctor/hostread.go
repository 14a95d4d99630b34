package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
)

// lookScript prints all that a gateway knows about one path, in one round trip, and changes nothing.
// $1 is its own address, $2 the public port, $3 the protocol, $4 the private address. Of the tables it
// asks for those that there are: to name one would make it.
const lookScript = `PATH=$PATH:/usr/sbin:/sbin
sec() { printf '\n@@doctor %s\n' "$1"; }
sec rules; iptables-save -c
sec saved; echo $?
sec sysctl; for k in net.ipv4.ip_forward net.ipv4.conf.all.rp_filter net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max; do sysctl "$k" 2>/dev/null; done
grep -H . /proc/sys/net/ipv4/conf/*/rp_filter 2>/dev/null
sec links; ip -o -4 addr show
sec mtu; ip -o link show 2>/dev/null
sec way; ip -4 route show 2>/dev/null
sec default; ip -4 route show default 2>/dev/null
sec me; echo "$SSH_CONNECTION"; tr '\0' '\n' 2>/dev/null < /proc/$PPID/environ | grep '^SSH_CONNECTION='
sec nft; nft list tables 2>/dev/null
sec legacy; case $(iptables -V) in *nf_tables*) grep -q . /proc/net/ip_tables_names 2>/dev/null && iptables-legacy-save 2>/dev/null | grep '^-A' ;; esac
sec netstat; cat /proc/net/netstat 2>/dev/null
sec flows; { conntrack -L -p "$3" --orig-dst "$1" --orig-port-dst "$2" 2>/dev/null || grep "dst=$1 .*dport=$2 " /proc/net/nf_conntrack 2>/dev/null; } | head -n 8
sec end
exit 0`

// againScript prints what a connection changes.
const againScript = `PATH=$PATH:/usr/sbin:/sbin
sec() { printf '\n@@doctor %s\n' "$1"; }
sec rules; iptables-save -c
sec netstat; cat /proc/net/netstat 2>/dev/null
sec flows; { conntrack -L -p "$3" --orig-dst "$1" --orig-port-dst "$2" 2>/dev/null || grep "dst=$1 .*dport=$2 " /proc/net/nf_conntrack 2>/dev/null; } | head -n 8
sec end
exit 0`

// flowsShown is how many tracked connections the scripts print at most.
const flowsShown = 8

// lookTime is what a gateway has to say what it knows: far more than a healthy one with thousands of
// rules needs. One on which a command hangs is not waited for.
const lookTime = 20 * time.Second

func (f *facts) script(ctx context.Context, r gateway.Runner, script string) (map[string]string, error) {
	private := f.fwd.Private.Addr()
	if !private.IsValid() {
		private = f.gw.FixedIP
	}
	args := []string{"sh", "-c", script, "portico", f.gw.FixedIP.String(), strconv.Itoa(int(f.fwd.Public.Port())), string(f.fwd.Service.Protocol), private.String()}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	res, err := r.Run(ctx, gateway.Command{Args: args})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for part := range strings.SplitSeq(string(res.Stdout), "\n@@doctor ") {
		if name, body, found := strings.Cut(part, "\n"); found {
			out[name] = body
		}
	}
	if _, complete := out["end"]; !complete {
		return nil, &gateway.Error{Op: "look at", Target: "gateway " + f.gw.Name, Kind: gateway.Internal, Err: fmt.Errorf("its answer is cut short (exit %d): %s", res.Exit, cloud.Clean(string(res.Stderr)))}
	}
	return out, nil
}

// look reads the gateway before the live connections are made.
func (f *facts) look(ctx context.Context, r gateway.Runner) (*hostFacts, error) {
	start := time.Now()
	out, err := f.script(ctx, r, lookScript)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(out["saved"]) != "0" {
		return nil, &gateway.Error{Op: "read the rules of", Target: "gateway " + f.gw.Name, Kind: gateway.Permission, Err: errors.New("iptables-save failed there")}
	}
	rules, err := netfilter.Parse(out["rules"])
	if err != nil {
		return nil, &gateway.Error{Op: "read the rules of", Target: "gateway " + f.gw.Name, Kind: gateway.Internal, Err: err}
	}
	h := &hostFacts{
		rules: rules, sysctl: readSysctl(out["sysctl"]), links: map[string][]netip.Addr{}, mtu: map[string]int{},
		out: deviceTo(out["way"], f.fwd.Private.Addr()), client: device(out["default"]), me: clientAddr(out["me"]), foreign: append(foreignTables(out["nft"]), legacyRules(out["legacy"])...),
		conntrack: flows(out["flows"]), complete: true, tookMillis: time.Since(start).Milliseconds(),
	}
	h.spoofed[0], h.counts[0] = reversePathDrops(out["netstat"]), readCounts(rules)
	readLinks(h, out["links"], out["mtu"])
	return h, nil
}

// lookAgain reads what the live connections have changed.
func (f *facts) lookAgain(ctx context.Context, r gateway.Runner) error {
	out, err := f.script(ctx, r, againScript)
	if err != nil {
		return err
	}
	rules, err := netfilter.Parse(out["rules"])
	if err != nil {
		return err
	}
	f.host.after, f.host.conntrack = &rules, flows(out["flows"])
	f.host.spoofed[1], f.host.counts[1] = reversePathDrops(out["netstat"]), readCounts(rules)
	return nil
}

func readSysctl(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, found := strings.Cut(line, "="); found {
			out[strings.TrimSpace(k)] = strings.TrimSpace(v)
		} else if file, v, found := strings.Cut(line, ":"); found { // grep's way to say it
			out[strings.ReplaceAll(strings.TrimPrefix(file, "/proc/sys/"), "/", ".")] = strings.TrimSpace(v)
		}
	}
	return out
}

// device is the word after "dev".
func device(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if w == "dev" && i+1 < len(words) {
			return cloud.Clean(words[i+1])
		}
	}
	return ""
}

// deviceTo is the interface of the most specific route to an address, as "ip route show" lists them.
func deviceTo(routes string, to netip.Addr) string {
	best, dev := -1, ""
	for line := range strings.Lines(routes) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		dest := words[0]
		if dest == "default" {
			dest = "0.0.0.0/0"
		}
		if !strings.Contains(dest, "/") {
			dest += "/32"
		}
		if p, err := netip.ParsePrefix(dest); err == nil && to.IsValid() && p.Contains(to) && p.Bits() > best {
			best, dev = p.Bits(), device(line)
		}
	}
	return dev
}

// clientAddr reads SSH_CONNECTION: the first word is the client's address as sshd sees it. sudo takes
// the variable away, but its own process still has it.
func clientAddr(text string) netip.Addr {
	for line := range strings.Lines(text) {
		words := strings.Fields(strings.TrimPrefix(line, "SSH_CONNECTION="))
		if len(words) != 4 {
			continue
		}
		if a, err := netip.ParseAddr(words[0]); err == nil && a.Unmap().Is4() {
			return a.Unmap()
		}
	}
	return netip.Addr{}
}

// foreignTables lists the tables of nftables that iptables does not show: what they drop is dropped
// all the same.
func foreignTables(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "table" {
			continue
		}
		family, name := words[1], words[2]
		switch name {
		case "filter", "nat", "mangle", "raw", "security":
			if family == "ip" || family == "ip6" {
				continue
			}
		}
		if family == "ip" || family == "inet" || family == "netdev" {
			out = append(out, cloud.Clean(family+" "+name))
		}
	}
	return out
}

// legacyRules are rules of the older iptables, on a gateway that uses the newer: both count.
func legacyRules(text string) []string {
	n := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "-A") {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("iptables-legacy (%d rules)", n)}
}

// reversePathDrops is the kernel's count of packets that rp_filter dropped (TcpExt
// IPReversePathFilter).
func reversePathDrops(text string) uint64 {
	var names []string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "TcpExt:" {
			continue
		}
		if names == nil {
			names = words
			continue
		}
		for i, n := range names {
			if n == "IPReversePathFilter" && i < len(words) {
				v, _ := strconv.ParseUint(words[i], 10, 64)
				return v
			}
		}
	}
	return 0
}

func flows(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.Contains(line, "src=") {
			out = append(out, cloud.Clean(line))
		}
	}
	return out
}

func readLinks(h *hostFacts, addrs, links string) {
	for line := range strings.Lines(addrs) {
		w := strings.Fields(line)
		if len(w) < 4 || w[2] != "inet" {
			continue
		}
		name, _, _ := strings.Cut(w[1], "@")
		host, _, _ := strings.Cut(w[3], "/")
		if a, err := netip.ParseAddr(host); err == nil {
			h.links[cloud.Clean(name)] = append(h.links[cloud.Clean(name)], a)
		}
	}
	for line := range strings.Lines(links) {
		w := strings.Fields(line)
		if len(w) < 2 {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimSuffix(w[1], ":"), "@")
		for i := range w {
			if w[i] == "mtu" && i+1 < len(w) {
				h.mtu[cloud.Clean(name)], _ = strconv.Atoi(w[i+1])
			}
		}
	}
}

// holder is the interface with an address; "" if none is known to have it.
func (h *hostFacts) holder(a netip.Addr) string {
	for name, addrs := range h.links {
		for _, x := range addrs {
			if x == a {
				return name
			}
		}
	}
	return ""
}

func (h *hostFacts) local(a netip.Addr) bool { return a.IsLoopback() || h.holder(a) != "" }

func (h *hostFacts) number(sysctl string) int {
	n, err := strconv.Atoi(h.sysctl[sysctl])
	if err != nil {
		return 0
	}
	return n
}
