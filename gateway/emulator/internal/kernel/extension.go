package kernel

// option is one option of a match or target, with how many words follow it and how they are
// rewritten. Options stand in the order in which iptables prints them.
type option struct {
	name  string
	words int
	norm  func(string) (string, *refusal)
	alias string // another name for it
}

// extension is a match or a target with its options.
type extension struct {
	name     string
	options  []option
	required string   // an option that must be given
	tables   []string // where the kernel takes it; nil is everywhere
	hooks    []string // from which built-in chains it may be reached; nil is all
	implied  []string // words that are added when no option is given
}

func flag(name string) option  { return option{name: name} }
func value(name string) option { return option{name: name, words: 1} }

func valued(name string, norm func(string) (string, *refusal)) option {
	return option{name: name, words: 1, norm: norm}
}

func (o option) or(alias string) option {
	o.alias = alias
	return o
}

var portOptions = []option{valued("--sport", portRange).or("--source-port"), valued("--dport", portRange).or("--destination-port")}

var matches = index([]extension{
	{name: "tcp", options: append(portOptions[:2:2], value("--tcp-option"), option{name: "--tcp-flags", words: 2, norm: tcpFlags}, flag("--syn"))},
	{name: "udp", options: portOptions},
	{name: "icmp", options: []option{valued("--icmp-type", icmpType)}},
	{name: "comment", options: []option{value("--comment")}, required: "--comment"},
	{name: "conntrack", options: []option{
		valued("--ctstate", ctStates), value("--ctproto"), valued("--ctorigsrc", hostOrNet), valued("--ctorigdst", hostOrNet),
		valued("--ctreplsrc", hostOrNet), valued("--ctrepldst", hostOrNet), valued("--ctorigsrcport", portRange),
		valued("--ctorigdstport", portRange), valued("--ctreplsrcport", portRange), valued("--ctrepldstport", portRange),
		value("--ctstatus"), value("--ctexpire"), value("--ctdir"),
	}},
	{name: "state", options: []option{valued("--state", states)}},
	{name: "multiport", options: []option{
		value("--sports").or("--source-ports"), value("--dports").or("--destination-ports"), value("--ports"),
	}},
	{name: "addrtype", options: []option{
		value("--src-type"), value("--dst-type"), flag("--limit-iface-in"), flag("--limit-iface-out"),
	}},
	{name: "mark", options: []option{valued("--mark", hexMark)}},
	{name: "limit", options: []option{value("--limit"), value("--limit-burst")}},
	{name: "pkttype", options: []option{value("--pkt-type")}},
	{name: "mac", options: []option{value("--mac-source")}},
	{name: "owner", options: []option{value("--uid-owner"), value("--gid-owner")}},
	{name: "set", options: []option{{name: "--match-set", words: 2}}},
	{name: "physdev", options: []option{
		value("--physdev-in"), value("--physdev-out"), flag("--physdev-is-in"), flag("--physdev-is-out"), flag("--physdev-is-bridged"),
	}},
})

var targets = index([]extension{
	{name: "ACCEPT"}, {name: "DROP"}, {name: "RETURN"}, {name: "QUEUE"},
	{name: "DNAT", options: []option{value("--to-destination"), flag("--random"), flag("--persistent")}, required: "--to-destination",
		tables: []string{"nat"}, hooks: []string{"PREROUTING", "OUTPUT"}},
	{name: "SNAT", options: []option{value("--to-source"), flag("--random"), flag("--random-fully"), flag("--persistent")}, required: "--to-source",
		tables: []string{"nat"}, hooks: []string{"POSTROUTING", "INPUT"}},
	{name: "MASQUERADE", options: []option{value("--to-ports"), flag("--random"), flag("--random-fully")},
		tables: []string{"nat"}, hooks: []string{"POSTROUTING"}},
	{name: "REDIRECT", options: []option{value("--to-ports"), flag("--random")},
		tables: []string{"nat"}, hooks: []string{"PREROUTING", "OUTPUT"}},
	{name: "REJECT", options: []option{value("--reject-with")}, tables: []string{"filter"}, hooks: []string{"INPUT", "FORWARD", "OUTPUT"},
		implied: []string{"--reject-with", "icmp-port-unreachable"}},
	{name: "LOG", options: []option{value("--log-prefix"), value("--log-level")}},
	{name: "MARK", options: []option{valued("--set-xmark", xmark).or("--set-mark")}},
	{name: "TCPMSS", options: []option{value("--set-mss"), flag("--clamp-mss-to-pmtu")}, tables: []string{"mangle", "filter", "raw"}},
	{name: "NOTRACK", tables: []string{"raw"}},
})

func index(list []extension) map[string]*extension {
	out := make(map[string]*extension, len(list))
	for i := range list {
		out[list[i].name] = &list[i]
	}
	return out
}

// find returns the option of that name, of its other name, or the only one that begins so.
func (e *extension) find(word string) *option {
	var found *option
	for i := range e.options {
		o := &e.options[i]
		if word == o.name || o.alias != "" && word == o.alias {
			return o
		}
	}
	for i := range e.options {
		if o := &e.options[i]; len(word) > 3 && len(word) < len(o.name) && o.name[:len(word)] == word {
			if found != nil {
				return nil
			}
			found = o
		}
	}
	return found
}
