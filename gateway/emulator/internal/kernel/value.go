package kernel

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// protocols are those whose names iptables prints; others stay numbers.
var protocols = map[string]string{"0": "all", "1": "icmp", "6": "tcp", "17": "udp", "33": "dccp", "47": "gre", "50": "esp", "51": "ah", "132": "sctp"}

func protocol(v string) (string, *refusal) {
	v = strings.ToLower(v)
	if name, ok := protocols[v]; ok {
		return name, nil
	}
	for _, name := range protocols {
		if v == name {
			return v, nil
		}
	}
	if n, err := strconv.ParseUint(v, 10, 8); err == nil {
		return strconv.FormatUint(n, 10), nil
	}
	return "", usage("unknown protocol \"%s\" specified", v)
}

// network rewrites an address as iptables prints it in -s and -d: masked, with its length.
func network(v string) (string, *refusal) {
	host, mask, hasMask := strings.Cut(v, "/")
	bits := 32
	if hasMask {
		var ok bool
		if bits, ok = maskLength(mask); !ok {
			return "", usage("invalid mask `%s' specified", mask)
		}
	}
	full := host
	if hasMask { // "10/8" means 10.0.0.0/8
		full += strings.Repeat(".0", max(0, 3-strings.Count(host, ".")))
	}
	addr, err := netip.ParseAddr(full)
	if err != nil || !addr.Is4() {
		return "", usage("host/network `%s' not found", host)
	}
	return netip.PrefixFrom(addr, bits).Masked().String(), nil
}

// hostOrNet is an address in an extension's option, where a whole one has no length.
func hostOrNet(v string) (string, *refusal) {
	out, r := network(v)
	return strings.TrimSuffix(out, "/32"), r
}

func maskLength(mask string) (int, bool) {
	if n, err := strconv.Atoi(mask); err == nil {
		return n, n >= 0 && n <= 32
	}
	addr, err := netip.ParseAddr(mask)
	if err != nil || !addr.Is4() {
		return 0, false
	}
	for bits := range 33 {
		if netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), bits).Masked().Addr() == addr {
			return bits, true
		}
	}
	return 0, false
}

var portNames = map[string]string{"ssh": "22", "http": "80", "https": "443", "domain": "53", "smtp": "25"}

func port(v string) (uint64, *refusal) {
	if n, ok := portNames[v]; ok {
		v = n
	}
	n, err := strconv.ParseUint(v, 10, 16)
	if err != nil {
		return 0, usage("invalid port/service `%s' specified", v)
	}
	return n, nil
}

// portRange rewrites "a", "a:b", ":b", "a:".
func portRange(v string) (string, *refusal) {
	first, last, isRange := strings.Cut(v, ":")
	if !isRange {
		last = first
	}
	low, high := uint64(0), uint64(65535)
	var r *refusal
	if first != "" {
		if low, r = port(first); r != nil {
			return "", r
		}
	}
	if last != "" {
		if high, r = port(last); r != nil {
			return "", r
		}
	}
	switch {
	case low > high:
		return "", usage("invalid portrange (min > max)")
	case low == high:
		return strconv.FormatUint(low, 10), nil
	}
	return fmt.Sprintf("%d:%d", low, high), nil
}

var (
	stateNames   = []string{"INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED"}
	ctStateNames = append(stateNames[:5:5], "SNAT", "DNAT")
	flagNames    = []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"}
)

func states(v string) (string, *refusal)   { return ordered(v, stateNames, "Bad state \"%s\"") }
func ctStates(v string) (string, *refusal) { return ordered(v, ctStateNames, "Bad ctstate \"%s\"") }

func tcpFlags(v string) (string, *refusal) {
	switch strings.ToUpper(v) {
	case "ALL":
		return strings.Join(flagNames, ","), nil
	case "NONE":
		return "NONE", nil
	}
	return ordered(v, flagNames, "Unknown TCP flag `%s'")
}

// ordered rewrites a list of words as a set in its fixed order.
func ordered(v string, names []string, complaint string) (string, *refusal) {
	given := strings.Split(strings.ToUpper(v), ",")
	for _, g := range given {
		if !slices.Contains(names, g) {
			return "", usage(complaint, g)
		}
	}
	var out []string
	for _, n := range names {
		if slices.Contains(given, n) {
			out = append(out, n)
		}
	}
	return strings.Join(out, ","), nil
}

var icmpNames = map[string]string{"echo-reply": "0", "destination-unreachable": "3", "redirect": "5", "echo-request": "8", "time-exceeded": "11"}

func icmpType(v string) (string, *refusal) {
	if n, ok := icmpNames[v]; ok {
		return n, nil
	}
	if _, err := strconv.ParseUint(v, 10, 8); err != nil {
		return "", usage("Invalid ICMP type `%s'", v)
	}
	return v, nil
}

func hexMark(v string) (string, *refusal) {
	n, err := strconv.ParseUint(v, 0, 32)
	if err != nil {
		return "", usage("mark: bad mark value \"%s\"", v)
	}
	return fmt.Sprintf("0x%x", n), nil
}

func xmark(v string) (string, *refusal) {
	if first, mask, ok := strings.Cut(v, "/"); ok {
		a, r := hexMark(first)
		b, r2 := hexMark(mask)
		if r != nil || r2 != nil {
			return "", usage("MARK: bad value for option \"--set-xmark\"")
		}
		return a + "/" + b, nil
	}
	a, r := hexMark(v)
	return a + "/0xffffffff", r
}
