package kernel_test

import (
	"slices"
	"strings"

	"portico/gateway/emulator/internal/kernel"
)

// input is one call of iptables-restore, or of iptables.
type input struct {
	name       string
	iptables   bool
	args       []string
	input      string
	otherWords bool // the kernel's wording names details the model does not know
}

func (i input) program() string {
	if i.iptables {
		return "iptables"
	}
	return "iptables-restore"
}

func (i input) options() kernel.RestoreOptions {
	return kernel.RestoreOptions{
		NoFlush: slices.Contains(i.args, "--noflush"), Test: slices.Contains(i.args, "--test"),
		Counters: slices.Contains(i.args, "--counters"),
	}
}

func nat(name string, lines ...string) input {
	return input{name: name, args: []string{"--noflush"}, input: "*nat\n" + strings.Join(lines, "\n") + "\nCOMMIT\n"}
}

func filter(name string, lines ...string) input {
	return input{name: name, args: []string{"--noflush"}, input: "*filter\n" + strings.Join(lines, "\n") + "\nCOMMIT\n"}
}

func (i input) with(args ...string) input {
	i.args = args
	return i
}

func (i input) loosely() input {
	i.otherWords = true
	return i
}

func command(words string) input {
	return input{name: "iptables " + words, iptables: true, args: strings.Fields(words)}
}

var history = slices.Concat(chains, rules, kernelSays, wording, commands)

var chains = []input{
	nat("a chain and its jump", ":FOO - [0:0]", "-A PREROUTING -j FOO"),
	nat("a jump to nowhere", "-A PREROUTING -j NOPE"),
	nat("a goto to nowhere", "-A PREROUTING -g NOPE"),
	nat("a rule in no chain", "-A NOPE -j ACCEPT"),
	nat("filled and with counters", ":FOO - [5:6]", "[7:8] -A FOO -d 10.0.0.1 -p tcp --dport 30:30 -j DNAT --to-destination 1.2.3.4:22").with("--noflush", "--counters"),
	nat("appended to", "-A FOO -j RETURN"),
	nat("declared again is emptied", ":FOO - [0:0]", "-A FOO -j ACCEPT"),
	nat("counters are ignored without -c", ":FOO - [5:6]", "[7:8] -A FOO -j ACCEPT"),
	nat("jump repeated", "-A PREROUTING -j FOO", "-A PREROUTING -j FOO"),
	nat("inserted", "-I FOO -j RETURN", "-I FOO 2 -s 1.2.3.4 -j RETURN", "-I FOO 4 -s 1.2.3.5 -j RETURN"),
	nat("inserted too far", "-I FOO 9 -j RETURN"),
	nat("deleted by number", "-D FOO 2"),
	nat("deleted by too large a number", "-D FOO 9"),
	nat("deleted by words", "-D FOO -s 1.2.3.5/32 -j RETURN"),
	nat("deleted though not there", "-D FOO -s 9.9.9.9 -j RETURN"),
	nat("name of 28", ":ABCDEFGHIJKLMNOPQRSTUVWXYZAB - [0:0]"),
	nat("name of 29", ":ABCDEFGHIJKLMNOPQRSTUVWXYZABC - [0:0]"),
	nat("name with a form feed", ":4\fR - [0:0]"),
	nat("new name with a blank", `-N "a b"`),
	nat("new name that is negated", "-N !x"),
	nat("name like an option", ":-x - [0:0]"),
	nat("new chain by -N", "-N BAR", "-A BAR -j FOO"),
	nat("new chain that is there", "-N BAR"),
	nat("delete one in use", "-F FOO", "-X FOO"),
	nat("delete one not empty", "-X BAR"),
	nat("delete none", "-X NOPE"),
	nat("flush none", "-F NOPE"),
	nat("delete in order", "-F BAR", "-X BAR"),
	nat("delete with its jumps", "-D PREROUTING -j FOO", "-D PREROUTING -j FOO", "-D PREROUTING -j FOO", "-F FOO", "-X FOO"),
	nat("policy of a built-in chain does not empty it", "-A OUTPUT -j ACCEPT", ":OUTPUT ACCEPT [0:0]"),
	nat("bad policy", ":OUTPUT PERHAPS [0:0]"),
	nat("no policy", ":FOO"),
	filter("drop by default", ":FORWARD DROP [0:0]", "-A FORWARD -j ACCEPT"),
	filter("accept again", ":FORWARD ACCEPT [0:0]"),
	nat("flush all in the input's table", ":BAZ - [0:0]", "-A BAZ -j ACCEPT").with(),
	nat("test changes nothing", ":QUX - [0:0]").with("--noflush", "--test"),
	nat("test finds a bad rule", "-A NOPE -j ACCEPT").with("--noflush", "--test"),
	nat("test does not ask the kernel", "-A POSTROUTING -j DNAT --to-destination 1.2.3.4").with("--noflush", "--test"),
}

var rules = []input{
	nat("our own", ":PORTICO-TCP-30000-30015 - [0:0]", ":PORTICO-PREROUTING - [0:0]",
		`-A PORTICO-TCP-30000-30015 -s 198.51.100.0/24 -d 10.0.0.1/32 -p tcp -m tcp --dport 30011 -m comment --comment "portico v1 vm=ab svc=ssh" -j DNAT --to-destination 192.168.0.11:22`,
		"-A PORTICO-PREROUTING -p tcp -m tcp --dport 30000:30015 -g PORTICO-TCP-30000-30015",
		"-A PREROUTING -j PORTICO-PREROUTING"),
	nat("snat", `-A POSTROUTING -m conntrack --ctstate DNAT --ctorigdst 10.0.0.1 --ctorigdstport 30000:30010 -m comment --comment "portico v1 snat" -j SNAT --to-source 10.0.0.1`),
	nat("docker's", "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", "-A PREROUTING -m addrtype --dst-type LOCAL -j ACCEPT"),
	nat("redirect", "-A PREROUTING -p tcp --dport 99 -j REDIRECT --to-ports 88"),
	nat("quotes", `-A PREROUTING -p udp --dport 99:101 -m comment --comment "it's \"x\" \\y" -j MARK --set-mark 5`),
	nat("open quote", `-A PREROUTING -m comment --comment "a b`),
	nat("plain comment", `-A PREROUTING -m comment --comment a_b-c`, `-A PREROUTING -m comment --comment a.b`),
	filter("everything at once", `-A FORWARD -d 1.2.3.0/24 ! -s 10.0.0.0/255.0.0.0 -i eth0 ! -o eth1 -p tcp -m multiport --dports 22,80,443:445 -m state --state NEW,ESTABLISHED -j LOG --log-prefix "hello world: "`),
	filter("states in their order", "-A FORWARD -m conntrack --ctstate DNAT,RELATED,ESTABLISHED -m mark --mark 5 -j REJECT"),
	filter("flags", "-A FORWARD -p tcp --syn -j ACCEPT", "-A FORWARD -p tcp --tcp-flags ALL NONE --sport 1: -j ACCEPT"),
	filter("not", "-A FORWARD -p tcp -m conntrack ! --ctstate NEW -j DROP", "-A FORWARD ! -d 10.1.2.3 -j DROP", "-A FORWARD -p tcp ! --dport 22 -j DROP"),
	filter("protocol by number", "-A INPUT -p 6 -j ACCEPT", "-A INPUT -p all -j ACCEPT", "-A INPUT -p icmp --icmp-type echo-request -j ACCEPT", "-A INPUT -p 47 -j ACCEPT"),
	filter("only counts", "-A INPUT -s 10.0.0.0/8", "-A INPUT"),
	filter("networks are masked", "-A INPUT -s 10.9.8.7/16 -d 0/0 -j ACCEPT").loosely(),
	filter("limit", "-A INPUT -m limit --limit 5/min -j LOG"),
	nat("gone again").with(),
	filter("gone again too").with(),
}

var kernelSays = []input{
	nat("DNAT where it has no place", "-A POSTROUTING -j DNAT --to-destination 1.2.3.4"),
	nat("SNAT where it has no place", "-A PREROUTING -j SNAT --to-source 1.2.3.4"),
	filter("DNAT in the wrong table", "-A FORWARD -j DNAT --to-destination 1.2.3.4"),
	nat("REJECT in the wrong table", "-A PREROUTING -j REJECT"),
	nat("DNAT in an unreachable chain", ":AA - [0:0]", "-A AA -j DNAT --to-destination 1.2.3.4"),
	nat("and then reached from the wrong side", "-A POSTROUTING -j AA").loosely(),
	nat("and from the right one", "-A PREROUTING -j AA"),
	nat("a circle", ":A1 - [0:0]", ":B1 - [0:0]", "-A A1 -j B1", "-A B1 -j A1", "-A PREROUTING -j A1").loosely(),
	nat("a deep path", deep(15)...),
	nat("too deep a path", deep(16)...).loosely(),
}

// deep is a path of n chains from PREROUTING.
func deep(n int) []string {
	var declared, jumps []string
	from := "PREROUTING"
	for i := range n {
		name := "D" + string(rune('a'+i))
		declared = append(declared, ":"+name+" - [0:0]")
		jumps = append(jumps, "-A "+from+" -j "+name)
		from = name
	}
	return append(declared, jumps...)
}

var wording = []input{
	{name: "two tables, the second bad", args: []string{"--noflush"}, input: "*nat\n:TWO - [0:0]\nCOMMIT\n*filter\n-A NOPE -j ACCEPT\nCOMMIT\n"},
	{name: "two tables, the first bad", args: []string{"--noflush"}, input: "*nat\n-A NOPE -j ACCEPT\nCOMMIT\n*filter\n:TWO - [0:0]\nCOMMIT\n"},
	{name: "no COMMIT", args: []string{"--noflush"}, input: "*nat\n-A OUTPUT -j ACCEPT\n"},
	{name: "nothing", args: []string{"--noflush"}},
	{name: "comments", args: []string{"--noflush"}, input: "# hello\n\n*nat\n# there\n\nCOMMIT\n# bye\n"},
	{name: "no table", args: []string{"--noflush"}, input: "hello\n"},
	{name: "blank before a table", args: []string{"--noflush"}, input: "  *nat\nCOMMIT\n"},
	{name: "a table that is none", args: []string{"--noflush"}, input: "*foo\nCOMMIT\n"},
	nat("a table in a rule", "-t filter -A FORWARD -j ACCEPT"),
	nat("no option at all", "hello"),
	nat("unknown option", "-A PREROUTING --foo bar"),
	nat("unknown match", "-A PREROUTING -m nope -j ACCEPT"),
	nat("ports without protocol", "-A PREROUTING --dport 22 -j ACCEPT"),
	nat("no such port", "-A PREROUTING -p tcp --dport 70000 -j ACCEPT"),
	nat("no such protocol", "-A PREROUTING -p foo -j ACCEPT"),
	nat("no such address", "-A PREROUTING -d 1.2.3.4.5.invalid -j ACCEPT"),
	nat("no such mask", "-A PREROUTING -d 1.2.3.4/33 -j ACCEPT"),
	nat("DNAT without address", "-A PREROUTING -j DNAT"),
	nat("DNAT to a port of no protocol", "-A PREROUTING -j DNAT --to-destination 1.2.3.4:22"),
	nat("DROP in nat", "-A PREROUTING -j DROP"),
	nat("option without value", "-A PREROUTING -j"),
	nat("in by OUTPUT", "-A OUTPUT -i eth0 -j ACCEPT"),
	nat("out by PREROUTING", "-A PREROUTING -o eth0 -j ACCEPT"),
	nat("rule number 0", "-I PREROUTING 0 -j ACCEPT"),
}

var commands = []input{
	command("-t nat -C PREROUTING -j NOPE"),
	command("-t nat -C NOPE -j ACCEPT"),
	command("-t nat -N FOO"),
	command("-t nat -N FOO"),
	command("-w 10 -t nat -A FOO -p tcp --dport 5 -j DNAT --to 1.2.3.4:22"),
	command("-t nat -A FOO -s 10.0.0.0/8 ! -d 1.2.3.4 -j ACCEPT"),
	command("-t nat -X FOO"),
	command("-t nat -X NOPE"),
	command("-t nat -F NOPE"),
	command("-t nat -D FOO -j ACCEPT"),
	command("-t nat -D FOO 7"),
	command("-t nat -I FOO 7 -j ACCEPT"),
	command("-t nat -I FOO 0 -j ACCEPT"),
	command("-t nat -P FOO ACCEPT"),
	command("-P FORWARD DROP"),
	command("-t nat -I PREROUTING 1 -j FOO"),
	command("-t nat -C PREROUTING -j FOO"),
	command("-t nat -C PREROUTING -p tcp -j FOO"),
	command("-t nat -S"),
	command("-t nat -S FOO"),
	command("-t nat -S NOPE"),
	command("-S"),
	command("-L -n"),
	command("-t foo -L"),
	command("-t nat -A PREROUTING -m nope -j ACCEPT"),
	command("-A FORWARD -j DNAT --to-destination 1.2.3.4"),
	command("-A FORWARD -j NOPE"),
	command("-t nat -F"),
	command("-t nat -X"),
	command("hello"),
	{name: "iptables alone", iptables: true},
	command("-A"),
	command("-A FOO -j"),
}
