package nat

import (
	"net/netip"
	"strconv"
	"strings"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// dnatRule is a DNAT rule that says no more than a forward can: one public port, or several in a row,
// to one address.
type dnatRule struct {
	proto  gateway.Protocol
	source netip.Prefix // who may come in; invalid is anybody
	dest   netip.Prefix // what it was sent to; invalid is anything
	in     string       // the interface it comes in by; "" is any
	port   uint16
	last   uint16 // of several ports; 0: there is one
	to     netip.AddrPort
	toLast uint16 // likewise
	base   uint16 // the public port that leads to the first of several; 0: ports stay what they are
}

// ports is how many public ports the rule is for.
func (d dnatRule) ports() int { return int(max(d.port, d.last)-d.port) + 1 }

// beyond says, by extension, what a rule has that a forward has not.
var beyond = map[string]string{
	"multiport": "it is for several ports at once",
	"addrtype":  "it is for all local addresses",
	"set":       "it depends on a set of addresses",
	"iprange":   "it is for a range of addresses",
	"statistic": "it takes a share of the connections only",
	"mac":       "it is for one hardware address",
}

const noEndpoint = "it does not lead to an IPv4 address and a port"

// readDNAT takes a DNAT rule apart. why says what in it a forward cannot say; then only what was
// read up to there holds.
func readDNAT(r netfilter.Rule) (d dnatRule, why string) {
	args := netfilter.Canonical(r.Args)
	seen := map[string]bool{}
	for i := 0; i < len(args); i += 2 {
		word := args[i]
		switch {
		case word == "!":
			return d, "it has a negated condition"
		case i+1 == len(args):
			return d, "it has the option " + word
		case seen[word] && word != "-m":
			return d, "it says " + word + " twice"
		}
		seen[word] = true
		if why := d.take(word, args[i+1]); why != "" {
			return d, why
		}
	}
	switch {
	case d.proto == "":
		return d, "it is for all protocols"
	case d.port == 0:
		return d, "it is for all ports"
	case !d.to.Addr().IsValid():
		return d, noEndpoint
	case d.to.Port() == 0: // without a port of its own it keeps the public one
		d.to = netip.AddrPortFrom(d.to.Addr(), d.port)
		return d, ""
	}
	return d, d.unequal()
}

// unequal says why the public and the private ports are not as many, the first leading to the first.
func (d dnatRule) unequal() string {
	switch to := int(max(d.to.Port(), d.toLast)-d.to.Port()) + 1; {
	case d.ports() > gateway.MaxServicePorts:
		return "it is for more ports than a service has"
	case d.ports() == 1 && to == 1 && d.base == 0:
		return ""
	case d.ports() > 1 && to == 1:
		return "it leads several ports to one"
	case to != d.ports(), d.base != 0 && d.base != d.port, d.base == 0 && d.to.Port() != d.port:
		return "it leads to a range"
	}
	return ""
}

// take reads one option; the answer says why a forward cannot have it.
func (d *dnatRule) take(option, value string) string {
	switch option {
	case "-m":
		if why := beyond[value]; why != "" {
			return why
		}
		if value != string(gateway.TCP) && value != string(gateway.UDP) && value != "comment" {
			return "it has the condition " + value
		}
	case "-s":
		return takePrefix(&d.source, value)
	case "-d":
		return takePrefix(&d.dest, value)
	case "-i":
		d.in = value
	case "-p":
		d.proto = gateway.Protocol(value)
		if d.proto != gateway.TCP && d.proto != gateway.UDP {
			return "its protocol is neither tcp nor udp"
		}
	case "--dport":
		return d.takePort(value)
	case "--to-destination":
		return d.takeTarget(value)
	case "--comment", "-j":
	default:
		return "it has the option " + option
	}
	return ""
}

func takePrefix(to *netip.Prefix, value string) string {
	p, err := netip.ParsePrefix(value)
	if err != nil {
		return "its address " + value + " is no network"
	}
	*to = p
	return ""
}

func (d *dnatRule) takePort(value string) string {
	first, last, ok := ports(value)
	if !ok || first == 0 {
		return "its port " + value + " is no number"
	}
	if d.port = first; last > first {
		d.last = last
	}
	if first < 1024 {
		return "its public port is below 1024"
	}
	return ""
}

func (d *dnatRule) takeTarget(value string) string {
	host, list, hasPort := strings.Cut(value, ":")
	if strings.Contains(host, "-") {
		return "it leads to a range"
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.Is4() {
		return noEndpoint
	}
	d.to = netip.AddrPortFrom(addr, 0)
	if !hasPort {
		return ""
	}
	list, base, hasBase := strings.Cut(list, "/")
	first, last, ok := ports(strings.Replace(list, "-", ":", 1))
	from, _, isBase := ports(base)
	if !ok || first == 0 || hasBase && (!isBase || from == 0) {
		return noEndpoint
	}
	d.to, d.base = netip.AddrPortFrom(addr, first), from
	if last > first {
		d.toLast = last
	}
	return ""
}

// mayLeadTo reports whether a --to-destination could be this endpoint. What cannot be read could.
func mayLeadTo(destination string, end netip.AddrPort) bool {
	host, port, hasPort := strings.Cut(destination, ":")
	first, last, isRange := strings.Cut(host, "-")
	if !isRange {
		last = first
	}
	a, err1 := netip.ParseAddr(first)
	b, err2 := netip.ParseAddr(last)
	if err1 == nil && err2 == nil && (end.Addr().Less(a) || b.Less(end.Addr())) {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return !hasPort || err != nil || uint16(n) == end.Port()
}

// readSNAT reads a rule that gives the gateway's address to what goes to one endpoint, and to
// nothing else.
func readSNAT(r netfilter.Rule, own netip.Addr) (proto gateway.Protocol, to netip.AddrPort, ok bool) {
	args := netfilter.Canonical(r.Args)
	said := map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		option, value := args[i], args[i+1]
		switch option {
		case "-m":
			if value == "comment" {
				continue
			}
		case "-d", "-p", "--dport", "-j", "--to-source", "-o", "--comment":
		default:
			return "", to, false
		}
		if said[option] != "" {
			return "", to, false
		}
		said[option] = value
	}
	addr, err := netip.ParsePrefix(said["-d"])
	port, perr := strconv.ParseUint(said["--dport"], 10, 16)
	translates := said["-j"] == "MASQUERADE" || said["-j"] == "SNAT" && said["--to-source"] == own.String()
	if err != nil || perr != nil || port == 0 || len(args)%2 != 0 || !translates || said["-m"] != said["-p"] || !addr.IsSingleIP() {
		return "", to, false
	}
	return gateway.Protocol(said["-p"]), netip.AddrPortFrom(addr.Addr(), uint16(port)), true
}
