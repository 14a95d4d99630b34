package nat

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/rollback"
)

// observed is what this engine read from the gateway.
type observed struct {
	rules      netfilter.Ruleset
	text       string            // the same as it was printed
	sums       map[string]string // table -> fingerprint, computed on the gateway itself
	files      map[string]string // our files as they are; "" when absent
	missing    []string          // programs the gateway lacks
	lacking    []string          // programs that it could do with
	packages   string            // what installs programs there: apt-get; "" where that is not known
	forwarding bool
	systemd    bool
	enabled    bool                    // our unit starts at boot
	version    string                  // of iptables: "1.8.9"; "" when it was not told
	links      map[string][]netip.Addr // interface -> its addresses
	kept       []string                // files that keep rules of others
	saved      map[string]string       // what is in those of savedElsewhere that have DNAT rules
	forwarders []string                // files of others that turn IP forwarding on
	foreign    []foreignRule
	sharing    bool // the service runs that holds the address of a pair
}

// sumPipe digests one table without its comments and counters. The apply script computes the
// same under the lock, so both must be this text.
const sumPipe = `iptables-save -t "$1" | sed -e '/^#/d' -e 's/ \[[0-9]*:[0-9]*\]$//' | sha256sum`

// observeScript prints everything an observation needs in one go. Sums come before the rules
// they stand for: what changes in between makes a plan stale, never wrong.
var observeScript = `PATH=$PATH:/usr/sbin:/sbin
sec() { printf '\n@@portico %s\n' "$1"; }
sum() { ` + sumPipe + `; }
sec missing; for c in iptables iptables-save iptables-restore flock grep sed setsid sha256sum ss; do command -v $c >/dev/null 2>&1 || echo $c; done
sec lacking; for c in conntrack; do command -v $c >/dev/null 2>&1 || echo $c; done
sec packages; for c in apt-get dnf yum zypper apk pacman; do command -v $c >/dev/null 2>&1 && echo $c; done
sec version; iptables -V
sec sum-nat; sum nat
sec sum-filter; sum filter
sec rules; iptables-save -c -t nat; a=$?; iptables-save -c -t filter; b=$?
sec saved; echo "$a $b"
sec forwarding; cat /proc/sys/net/ipv4/ip_forward
sec conntrack; cat /proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max
sec localports; cat /proc/sys/net/ipv4/ip_local_port_range
sec listening; ss -Hltnup
sec systemd; command -v systemctl
sec enabled; systemctl is-enabled ` + unitName + `
sec links; ip -o -4 addr show
sec kept; for f in ` + keptElsewhere + `; do grep -q DNAT "$f" 2>/dev/null && echo "$f"; done
for f in ` + strings.Join(savedElsewhere, " ") + `; do if [ -f "$f" ] && [ ! -h "$f" ] && grep -q DNAT "$f"; then sec "saves $f"; cat "$f"; fi; done 2>/dev/null
sec forwarders; for f in ` + forwardElsewhere + `; do [ "$f" != ` + pathSysctl + ` ] && grep -qs '^[^#;]*net[./]ipv4[./]ip_forward *= *1' "$f" && echo "$f"; done
sec sharing; systemctl is-active ` + SharingUnit + `
sec pending; ` + rollback.StatusScript + `
for f in "$@"; do sec "file $f"; cat "$f"; done
sec end
` + "exit 0"

// Observe reads the gateway's rules, settings and our files in one round trip.
func (e *Engine) Observe(ctx context.Context) (gateway.State, error) {
	if e.Gateway.IsPair() {
		return e.observePair(ctx)
	}
	h, s, err := e.observeHost(ctx)
	if err != nil {
		return gateway.State{}, err
	}
	s.Native = hosts{h}
	e.judge(&s, hosts{h})
	return s, nil
}

// observeHost reads one host. What it takes the whole gateway and the cloud to know is left to judge.
func (e *Engine) observeHost(ctx context.Context) (*hostSeen, gateway.State, error) {
	args := append([]string{"sh", "-c", observeScript, "portico"}, ourFiles...)
	res, err := e.Runner.Run(ctx, gateway.Command{Args: args})
	if err != nil {
		return nil, gateway.State{}, e.failed("look at", err)
	}
	sections := splitSections(string(res.Stdout))
	if _, complete := sections["end"]; res.Exit != 0 || !complete {
		return nil, gateway.State{}, e.failed("look at", fmt.Errorf("the gateway's answer is cut short (exit %d): %s", res.Exit, cloud.Clean(string(res.Stderr))))
	}
	// Rules that cannot be read must not look like rules that are not there.
	if saved := strings.TrimSpace(sections["saved"]); saved != "0 0" && strings.TrimSpace(sections["missing"]) == "" {
		return nil, gateway.State{}, e.failed("read the rules of", fmt.Errorf("iptables-save failed (exit %s): %s", saved, cloud.Clean(strings.TrimSpace(string(res.Stderr)))))
	}
	rules, err := netfilter.Parse(sections["rules"])
	if err != nil {
		return nil, gateway.State{}, e.failed("read the rules of", err)
	}
	seen := &observed{
		rules:      rules,
		text:       sections["rules"],
		sums:       map[string]string{tableNAT: firstWord(sections["sum-nat"]), tableFilter: firstWord(sections["sum-filter"])},
		files:      map[string]string{},
		saved:      map[string]string{},
		missing:    strings.Fields(sections["missing"]),
		lacking:    strings.Fields(sections["lacking"]),
		packages:   firstWord(sections["packages"]),
		forwarding: strings.TrimSpace(sections["forwarding"]) == "1",
		systemd:    strings.TrimSpace(sections["systemd"]) != "",
		enabled:    strings.HasPrefix(strings.TrimSpace(sections["enabled"]), "enabled"),
		links:      readLinks(sections["links"]),
		version:    firstWord(strings.TrimPrefix(strings.TrimSpace(sections["version"]), "iptables v")),
		kept:       strings.Fields(sections["kept"]),
		forwarders: strings.Fields(sections["forwarders"]),
		sharing:    strings.TrimSpace(sections["sharing"]) == "active",
	}
	for _, f := range ourFiles {
		seen.files[f] = sections["file "+f]
	}
	for _, f := range savedElsewhere {
		if text := sections["saves "+f]; len(text) <= maxSaved {
			seen.saved[f] = text
		}
	}
	s := e.hostState(seen, sections)
	return &hostSeen{observed: seen, forwards: s.Forwards, lost: s.Lost, covers: s.Covers}, s, nil
}

// hostState is what one host says, but for what is drift and for the warnings.
func (e *Engine) hostState(seen *observed, sections map[string]string) gateway.State {
	e.mean(seen)
	forwards := readForwards(e.Gateway, seen.rules)
	e.settle(forwards)
	s := gateway.State{Forwards: forwards, Covers: readCovers(seen), Prepared: seen.files[pathPrepared] != ""}
	programs := listening(sections["listening"], e.Gateway)
	s.Reserved = append(slices.Clone(programs), foreignPorts(seen.rules)...)
	s.LocalPorts = localPorts(sections["localports"])
	s.Traffic = readTraffic(e.Gateway, seen.rules, forwards)
	s.Base = e.base(seen)
	s.Armed, s.RolledBack = rollback.ParseStatus(sections["pending"])
	seen.foreign = e.readForeign(seen, forwards, programs)
	s.Companions, s.Kept = e.companions(seen), seen.kept
	s.Lost = e.lost(seen, s)
	version := strings.TrimPrefix(cloud.Clean(strings.TrimSpace(sections["version"])), "iptables ")
	s.Facts = []gateway.Fact{
		{Name: "iptables", Value: version, OK: len(seen.missing) == 0},
		{Name: "ip_forward", Value: onOff(seen.forwarding), OK: seen.forwarding || len(forwards) == 0},
		{Name: "survives a reboot", Value: yesNo(seen.enabled), OK: seen.enabled || len(forwards) == 0},
		{Name: "local ports", Value: cloud.Clean(strings.Join(strings.Fields(sections["localports"]), "-")), OK: true},
	}
	s.Facts = append(s.Facts, rulesFact(seen.rules)...)
	s.Facts = append(s.Facts, conntrackFact(sections["conntrack"])...)
	return s
}

// driftPlace is where the fact about drift stands among a host's: after those that say whether it works.
const driftPlace = 3

// judge says what is not as plans left it, on the hosts and at the doors.
func (e *Engine) judge(s *gateway.State, all hosts) {
	meant := slices.Concat(s.Forwards, s.Lost)
	e.meanHosts(all)
	for _, h := range all {
		s.Drift = append(s.Drift, h.engine(e).hostDrift(h.observed, meant, s.Covers)...)
	}
	if !slices.ContainsFunc(all, func(h *hostSeen) bool { return len(otherAddresses(e.Gateway, h.rules)) > 0 }) {
		s.Drift = append(s.Drift, e.doorDrift(meant)...)
	}
	closed := e.closedDoors(meant)
	s.Warnings = slices.Concat(s.Warnings, driftWarning(s.Drift, len(closed)), closed)
	for _, h := range all {
		s.Drift = append(s.Drift, e.foreignDrift(h.foreign)...)
	}
	place := driftPlace
	if e.Gateway.IsPair() {
		place = len(s.Members) // after how its hosts are
	}
	s.Facts = slices.Insert(s.Facts, min(place, len(s.Facts)), driftFact(s.Drift))
}

// listening reads "ss -Hltnup": what the gateway's own programs hold. What listens on loopback
// only is out of a forward's way.
func listening(text string, gw gateway.Gateway) []gateway.Reserved {
	var out []gateway.Reserved
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		local := f[4]
		i := strings.LastIndexByte(local, ':')
		if i < 0 {
			continue
		}
		host, _, _ := strings.Cut(strings.Trim(local[:i], "[]"), "%")
		port, err := strconv.ParseUint(local[i+1:], 10, 16)
		if err != nil || strings.HasPrefix(host, "127.") || host == "::1" {
			continue
		}
		by := "a program that listens on " + gw.Name
		if len(f) > 6 {
			if _, rest, ok := strings.Cut(f[6], `(("`); ok {
				name, _, _ := strings.Cut(rest, `"`)
				by = cloud.Clean(name) + ", which listens on " + gw.Name
			}
		}
		out = append(out, gateway.Reserved{Protocol: gateway.Protocol(f[0]), Port: uint16(port), By: by})
	}
	return out
}

// localPorts reads net.ipv4.ip_local_port_range.
func localPorts(text string) (out [2]uint16) {
	f := strings.Fields(text)
	if len(f) != 2 {
		return out
	}
	first, err := strconv.ParseUint(f[0], 10, 16)
	last, err2 := strconv.ParseUint(f[1], 10, 16)
	if err != nil || err2 != nil || first > last {
		return out
	}
	return [2]uint16{uint16(first), uint16(last)}
}

func splitSections(text string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(text, "\n@@portico ") {
		name, body, ok := strings.Cut(part, "\n")
		if ok {
			out[name] = body
		}
	}
	return out
}

func (e *Engine) failed(op string, err error) error {
	kind := cloud.KindOf(err)
	return &gateway.Error{Op: op, Target: "gateway " + e.Gateway.Name, Kind: kind, Err: err}
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
