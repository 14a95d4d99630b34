package netfilter

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// answer is whether a packet matches: no, maybe, yes.
type answer int

const (
	no answer = iota
	maybe
	yes
)

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

// condition is one "[!] --option value" of a rule.
type condition struct {
	not           bool
	option, value string
}

// facts is a rule taken apart: its conditions, and its target with the target's options.
type facts struct {
	conditions []condition
	target     string
	goTo       bool
	options    []string
}

func (f facts) option(name string) string {
	if i := slices.Index(f.options, name); i >= 0 && i+1 < len(f.options) {
		return f.options[i+1]
	}
	return ""
}

// knownMatches are the extensions whose every option is a condition we judge or one that judge
// calls maybe by its name.
var knownMatches = map[string]bool{
	"tcp": true, "udp": true, "icmp": true, "multiport": true, "conntrack": true, "state": true, "addrtype": true, "comment": true,
}

func readRule(r Rule) facts {
	var f facts
	not := false
	for i := 0; i < len(r.Args); i++ {
		word, value := r.Args[i], ""
		if i+1 < len(r.Args) {
			value = r.Args[i+1]
		}
		switch {
		case word == "!":
			not = true
			continue
		case word == "-j" || word == "-g":
			f.target, f.goTo = value, word == "-g"
			f.options = r.Args[min(i+2, len(r.Args)):]
			return f
		case word == "-m" && knownMatches[value] || word == "--comment":
			i++
		case judges[word] != nil || word == "-m":
			f.conditions = append(f.conditions, condition{not, word, value})
			i++
		case strings.HasPrefix(word, "-"):
			f.conditions = append(f.conditions, condition{not, word, ""})
			i += arity(word)
		}
		not = false
	}
	return f
}

// judge tells whether the packet matches all conditions. One that says no decides, whatever the
// others are.
func (f facts) judge(t *tracer) answer {
	all := yes
	for _, c := range f.conditions {
		a := maybe
		if j := judges[c.option]; j != nil {
			a = j(t, c.value)
		}
		if c.not && a != maybe {
			a = yes - a
		}
		all = min(all, a)
		if all == no {
			return no
		}
	}
	return all
}

// judges holds, by option, whether a packet under way matches a value.
var judges = map[string]func(t *tracer, value string) answer{
	"-s": func(t *tracer, v string) answer { return inPrefix(t.Src.Addr(), v) },
	"-d": func(t *tracer, v string) answer { return inPrefix(t.Dst.Addr(), v) },
	"-i": func(t *tracer, v string) answer { return onInterface(t.packet.In, v) },
	"-o": func(t *tracer, v string) answer { return onInterface(t.packet.Out, v) },
	"-p": func(t *tracer, v string) answer {
		return answerOf(v == "all" || canonicalProtocol(v) == canonicalProtocol(t.packet.Proto))
	},
	"--sport":  func(t *tracer, v string) answer { return inPorts(t.Src.Port(), v) },
	"--dport":  func(t *tracer, v string) answer { return inPorts(t.Dst.Port(), v) },
	"--sports": func(t *tracer, v string) answer { return inPorts(t.Src.Port(), v) },
	"--dports": func(t *tracer, v string) answer { return inPorts(t.Dst.Port(), v) },
	"--ports": func(t *tracer, v string) answer {
		return max(inPorts(t.Src.Port(), v), inPorts(t.Dst.Port(), v))
	},
	"--ctstate":       (*tracer).inState,
	"--state":         (*tracer).inState,
	"--ctorigdst":     func(t *tracer, v string) answer { return inPrefix(t.original.Addr(), v) },
	"--ctorigdstport": func(t *tracer, v string) answer { return inPorts(t.original.Port(), v) },
	"--ctorigsrc": func(t *tracer, v string) answer {
		if t.packet.Established {
			return maybe
		}
		return inPrefix(t.originalSrc.Addr(), v)
	},
	"--dst-type": func(t *tracer, v string) answer { return t.ofType(t.Dst.Addr(), v) },
	"--src-type": func(t *tracer, v string) answer { return t.ofType(t.Src.Addr(), v) },
}

func inPrefix(addr netip.Addr, value string) answer {
	p, err := netip.ParsePrefix(canonicalPrefix(value))
	if err != nil || !addr.IsValid() {
		return maybe
	}
	return answerOf(p.Contains(addr))
}

// onInterface matches a name, or with "+" at its end a beginning of one.
func onInterface(name, value string) answer {
	prefix, wild := strings.CutSuffix(value, "+")
	switch {
	case wild && prefix == "":
		return yes
	case name == "":
		return maybe
	case wild:
		return answerOf(strings.HasPrefix(name, prefix))
	}
	return answerOf(name == value)
}

// inPorts matches a list of ports and ranges "a:b", either end of which may be left out.
func inPorts(port uint16, list string) answer {
	found := no
	for item := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(item, ":")
		if !isRange {
			last = first
		} else {
			if first == "" {
				first = "0"
			}
			if last == "" {
				last = "65535"
			}
		}
		a, err1 := strconv.ParseUint(first, 10, 16)
		b, err2 := strconv.ParseUint(last, 10, 16)
		if err1 != nil || err2 != nil {
			return maybe
		}
		if uint64(port) >= a && uint64(port) <= b {
			found = yes
		}
	}
	return found
}

func (t *tracer) inState(list string) answer {
	found := no
	for s := range strings.SplitSeq(list, ",") {
		switch s {
		case "NEW":
			found = max(found, answerOf(!t.packet.Established))
		case "ESTABLISHED":
			found = max(found, answerOf(t.packet.Established))
		case "DNAT":
			found = max(found, answerOf(t.DNATed))
		case "SNAT":
			found = max(found, answerOf(t.SNATed))
		case "INVALID", "RELATED", "UNTRACKED":
		default:
			return maybe
		}
	}
	return found
}

func (t *tracer) ofType(addr netip.Addr, value string) answer {
	if value != "LOCAL" || t.packet.Local == nil {
		return maybe
	}
	return answerOf(t.packet.Local(addr))
}
