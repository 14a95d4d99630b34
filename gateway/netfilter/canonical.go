package netfilter

import (
	"net/netip"
	"slices"
	"strings"
)

// Canonical rewrites a rule's words into the form in which iptables-save gives them back, for the
// forms Portico uses: long options, addresses, the implied "-m tcp", ranges of one port, and the
// order in which addresses, interfaces and protocol come first. Words it does not know keep
// their place. Canonical(Canonical(x)) is Canonical(x).
func Canonical(args []string) []string {
	var head [len(headOrder)][]string // -s -d -i -o -p with their values, in the order saved
	var rest []string
	protocol := ""
	for i := 0; i < len(args); i++ {
		not := args[i] == "!" && i+1 < len(args)
		if not {
			i++
		}
		option := shortOption(args[i])
		slot := slices.Index(headOrder[:], option)
		if i+1 == len(args) || slot >= 0 && head[slot] != nil {
			slot = -1 // without a value, or given twice: nothing we would write
		}
		words := []string{option}
		if not {
			words = []string{"!", option}
		}
		if i+1 < len(args) && takesValue(option) {
			i++
			words = append(words, canonicalValue(option, args[i]))
		}
		switch {
		case slot < 0:
			rest = append(rest, words...)
			continue
		case slot < 2 && isEverywhere(words):
			continue
		case option == "-p" && words[len(words)-1] == "all":
			continue
		case option == "-p" && !not:
			protocol = words[1]
		}
		head[slot] = words
	}
	return append(slices.Concat(head[:]...), implyMatch(protocol, rest)...)
}

var headOrder = [...]string{"-s", "-d", "-i", "-o", "-p"}

// takesValue is for the options whose value is rewritten or must not be taken for an option.
func takesValue(option string) bool {
	switch option {
	case "-s", "-d", "-i", "-o", "-p", "-m", "-j", "-g", "--dport", "--sport", "--ctorigdst", "--ctorigsrc",
		"--ctorigdstport", "--ctorigsrcport", "--ctstate", "--state":
		return true
	}
	return arity(option) == 1
}

func shortOption(word string) string {
	switch word {
	case "--source", "--src":
		return "-s"
	case "--destination", "--dst":
		return "-d"
	case "--in-interface":
		return "-i"
	case "--out-interface":
		return "-o"
	case "--protocol", "--proto":
		return "-p"
	case "--match":
		return "-m"
	case "--jump":
		return "-j"
	case "--goto":
		return "-g"
	case "--destination-port":
		return "--dport"
	case "--source-port":
		return "--sport"
	}
	return word
}

func canonicalValue(option, value string) string {
	switch option {
	case "-s", "-d":
		return canonicalPrefix(value)
	case "-p":
		return canonicalProtocol(value)
	case "--dport", "--sport", "--ctorigdstport", "--ctorigsrcport":
		if first, last, ok := strings.Cut(value, ":"); ok && first == last && first != "" {
			return first
		}
	case "--ctorigdst", "--ctorigsrc":
		return strings.TrimSuffix(canonicalPrefix(value), "/32")
	case "--ctstate":
		return canonicalStates(value)
	}
	return value
}

// canonicalPrefix masks an IPv4 address and writes its length: "10.0.0.1" is "10.0.0.1/32".
func canonicalPrefix(value string) string {
	host, mask, ok := strings.Cut(value, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.Is4() {
		return value
	}
	if !ok {
		return netip.PrefixFrom(addr, 32).String()
	}
	bits, ok := maskBits(mask)
	if !ok {
		return value
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}

// maskBits reads "24" or "255.255.255.0".
func maskBits(mask string) (int, bool) {
	for bits := range 33 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), bits).Masked()
		if mask == p.Addr().String() || mask == strings.TrimPrefix(p.String(), p.Addr().String()+"/") {
			return bits, true
		}
	}
	return 0, false
}

func canonicalProtocol(value string) string {
	switch v := strings.ToLower(value); v {
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "1":
		return "icmp"
	case "0":
		return "all"
	default:
		return v
	}
}

// stateOrder is the order in which the conntrack match prints its states.
var stateOrder = []string{"INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"}

func canonicalStates(value string) string {
	states := strings.Split(value, ",")
	var out []string
	for _, s := range stateOrder {
		if slices.Contains(states, s) {
			out = append(out, s)
		}
	}
	if len(out) != len(states) {
		return value // a word we do not know, or one twice
	}
	return strings.Join(out, ",")
}

// isEverywhere reports whether "-s" or "-d" words match every address, which iptables-save
// leaves out. A negated one matches nothing and stays.
func isEverywhere(words []string) bool { return len(words) == 2 && words[1] == "0.0.0.0/0" }

// implyMatch adds the "-m tcp" that iptables loads by itself for --dport and --sport.
func implyMatch(protocol string, rest []string) []string {
	if protocol != "tcp" && protocol != "udp" {
		return rest
	}
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case "-m":
			if i+1 < len(rest) && (rest[i+1] == protocol || rest[i+1] == "multiport") {
				return rest
			}
		case "--dport", "--sport":
			if i > 0 && rest[i-1] == "!" {
				i--
			}
			return slices.Insert(slices.Clone(rest), i, "-m", protocol)
		}
		i += arity(rest[i])
	}
	return rest
}
