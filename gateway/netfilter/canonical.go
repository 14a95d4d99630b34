package netfilter

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Canonical rewrites a rule's words into the form in which iptables-save gives them back, for the
// forms Portico uses: long options, addresses, the implied "-m tcp", ranges of one port, and the
// order in which addresses, interfaces and protocol come first. Words it does not know keep
// their place. Canonical(Canonical(x)) is Canonical(x).
func Canonical(args []string) []string {
	head := map[string][]string{} // the options of headOrder, with "!" and value
	var rest []string
	for i := 0; i < len(args); {
		words, n := nextOption(args[i:])
		i += n
		option := ""
		if len(words) > 1 {
			option = words[len(words)-2]
		}
		switch {
		case !slices.Contains(headOrder, option) || head[option] != nil: // one given twice is nothing we would write
			rest = append(rest, words...)
		case !isEverything(words):
			head[option] = words
		}
	}
	protocol := ""
	if p := head["-p"]; len(p) == 2 {
		protocol = p[1]
	}
	out := make([]string, 0, len(args)+2)
	for _, option := range headOrder {
		out = append(out, head[option]...)
	}
	return append(out, implyMatch(protocol, rest)...)
}

// nextOption takes one option with its "!" and its value, rewritten, and tells how many words
// that took. Of an option we do not rewrite, the value is left for the next call.
func nextOption(args []string) (words []string, n int) {
	if args[0] == "!" && len(args) > 1 {
		words, n = []string{"!"}, 1
	}
	option := shortOption(args[n])
	words = append(words, option)
	n++
	if n < len(args) && takesValue(option) {
		words = append(words, canonicalValue(option, args[n]))
		n++
	}
	return words, n
}

// headOrder is the order in which iptables-save begins a rule.
var headOrder = []string{"-s", "-d", "-i", "-o", "-p"}

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
	length, ok := maskBits(mask)
	if !ok {
		return value
	}
	return netip.PrefixFrom(addr, length).Masked().String()
}

// maskBits reads "24" or "255.255.255.0".
func maskBits(mask string) (int, bool) {
	if n, err := strconv.ParseUint(mask, 10, 8); err == nil {
		return int(n), n <= 32
	}
	addr, err := netip.ParseAddr(mask)
	if err != nil || !addr.Is4() {
		return 0, false
	}
	b := addr.As4()
	host := ^binary.BigEndian.Uint32(b[:])
	return bits.LeadingZeros32(host), host&(host+1) == 0
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

// isEverything reports whether an address or protocol condition matches every packet, which
// iptables-save leaves out. A negated one matches nothing and stays.
func isEverything(words []string) bool {
	return len(words) == 2 && (words[1] == "0.0.0.0/0" && words[0] != "-p" || words[0] == "-p" && words[1] == "all")
}

// implyMatch adds the "-m tcp" that iptables loads by itself for --dport and --sport.
func implyMatch(protocol string, rest []string) []string {
	if protocol != "tcp" && protocol != "udp" {
		return rest
	}
	for i := 0; i < len(rest); i++ {
		start := i
		if rest[i] == "!" && i+1 < len(rest) {
			i++
		}
		switch rest[i] {
		case "-m":
			if i+1 < len(rest) && (rest[i+1] == protocol || rest[i+1] == "multiport") {
				return rest
			}
		case "--dport", "--sport":
			return slices.Insert(slices.Clone(rest), start, "-m", protocol)
		}
		if takesValue(rest[i]) {
			i++
		}
	}
	return rest
}
