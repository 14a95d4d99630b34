package netfilter

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// lab is a gateway at 10.0.0.5 that forwards 30011 to 192.168.0.11:22 beside Docker, which drops
// whatever it does not know.
func lab(t *testing.T) Ruleset {
	docker, err := Parse(dumps(t)["docker.rules"])
	if err != nil {
		t.Fatal(err)
	}
	ours := smallWant
	ours.Chains = append([]Chain{
		chainOf("PORTICO-OUTPUT", "-j PORTICO-PREROUTING"),
		chainOf("PORTICO-POSTROUTING", "-m conntrack --ctstate DNAT --ctorigdst 10.0.0.5 --ctorigdstport 30000:30015 -j SNAT --to-source 10.0.0.5"),
	}, ours.Chains...)
	ours.Jumps = append([]Jump{{"OUTPUT", "PORTICO-OUTPUT"}, {"POSTROUTING", "PORTICO-POSTROUTING"}}, ours.Jumps...)
	filter := Layout{
		Table:  "filter",
		Chains: []Chain{chainOf("PORTICO-FORWARD", "-m conntrack --ctstate DNAT --ctorigdst 10.0.0.5 --ctorigdstport 30000:30015 -j ACCEPT")},
		Jumps:  []Jump{{"FORWARD", "PORTICO-FORWARD"}},
	}
	return apply(t, apply(t, docker, Diff(docker, ours).Restore), Diff(docker, filter).Restore)
}

func isGateway(a netip.Addr) bool { return a == netip.MustParseAddr("10.0.0.5") || a.IsLoopback() }

func tcp(src, dst string) Packet {
	return Packet{
		In: "ens3", Out: "ens3", Proto: "tcp", Local: isGateway,
		Src: netip.MustParseAddrPort(src), Dst: netip.MustParseAddrPort(dst),
	}
}

func TestTraceThroughTheGateway(t *testing.T) {
	rules := lab(t)
	originated := tcp("10.0.0.5:40000", "10.0.0.5:30011")
	originated.Originated, originated.In, originated.Out = true, "", "lo"
	container := tcp("198.51.100.7:40000", "10.0.0.5:8080")
	container.Out = "docker0"
	cases := []struct {
		name   string
		packet Packet
		want   string // outcome, source, destination
	}{
		{"published", tcp("198.51.100.7:40000", "10.0.0.5:30011"), "forwarded 10.0.0.5:40000 192.168.0.11:22"},
		{"from the gateway itself", originated, "forwarded 10.0.0.5:40000 192.168.0.11:22"},
		{"not published, in a leaf", tcp("198.51.100.7:40000", "10.0.0.5:30012"), "delivered 198.51.100.7:40000 10.0.0.5:30012"},
		{"the gateway's sshd", tcp("198.51.100.7:40000", "10.0.0.5:22"), "delivered 198.51.100.7:40000 10.0.0.5:22"},
		{"other address", tcp("198.51.100.7:40000", "10.0.0.6:30011"), "dropped 198.51.100.7:40000 10.0.0.6:30011"},
		{"a container's port", container, "forwarded 198.51.100.7:40000 172.17.0.2:80"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := rules.Trace(c.packet)
			if got := fmt.Sprintf("%s %s %s", v.Outcome, v.Src, v.Dst); got != c.want {
				t.Errorf("got %s, want %s; hops:\n%v", got, c.want, v.Hops)
			}
		})
	}
}

func TestTraceReplyAndHops(t *testing.T) {
	rules := lab(t)
	p := tcp("198.51.100.7:40000", "10.0.0.5:30011")
	v := rules.Trace(p)
	var hops []string
	for _, h := range v.Hops {
		hops = append(hops, h.Table+" "+h.Chain)
	}
	want := "nat PREROUTING, nat PORTICO-PREROUTING, nat PORTICO-TCP-30000-30015, filter FORWARD, filter PORTICO-FORWARD, nat POSTROUTING, nat PORTICO-POSTROUTING"
	if got := strings.Join(hops, ", "); got != want {
		t.Errorf("hops\n%s, want\n%s", got, want)
	}
	reply := rules.Trace(v.Reply(p))
	if reply.Outcome != Forwarded || reply.Dst != p.Src {
		t.Errorf("the reply is %s to %s; hops %v", reply.Outcome, reply.Dst, reply.Hops)
	}
	without := apply(t, rules, Diff(rules, Layout{Table: "filter"}).Restore)
	dropped := without.Trace(p)
	if last := dropped.Hops[len(dropped.Hops)-1]; dropped.Outcome != Dropped || last.String() != "filter FORWARD: policy DROP" {
		t.Errorf("without our filter chain the packet is %s by %s", dropped.Outcome, last)
	}
}

func TestTraceMatches(t *testing.T) {
	packet := tcp("198.51.100.7:40000", "10.0.0.5:443")
	packet.In = "eth1.5"
	cases := []struct {
		rule string
		want Outcome // Dropped when the rule matches, Delivered when not
	}{
		{"-s 198.51.100.0/24 -j DROP", Dropped},
		{"! -s 198.51.100.0/24 -j DROP", Delivered},
		{"-d 10.0.0.5 -i eth+ -j DROP", Dropped},
		{"! -i eth1.5 -j DROP", Delivered},
		{"-i + -o + -j DROP", Dropped},
		{"-p udp -j DROP", Delivered},
		{"-p 6 -j DROP", Dropped},
		{"-p tcp -m tcp --dport 443 -j DROP", Dropped},
		{"-p tcp -m tcp ! --dport 443 -j DROP", Delivered},
		{"-p tcp -m tcp --dport 400: --sport :40000 -j DROP", Dropped},
		{"-p tcp -m tcp --dport 444:500 -j DROP", Delivered},
		{"-p tcp -m multiport --dports 80,440:450 -j DROP", Dropped},
		{"-p tcp -m multiport --ports 40000 -j DROP", Dropped},
		{"-p tcp -m multiport ! --dports 80,443 -j DROP", Delivered},
		{"-m conntrack --ctstate NEW -j DROP", Dropped},
		{"-m state --state RELATED,ESTABLISHED -j DROP", Delivered},
		{"-m conntrack --ctstate DNAT -j DROP", Delivered},
		{"-m conntrack ! --ctstate DNAT -j DROP", Dropped},
		{"-m conntrack --ctorigdst 10.0.0.5 --ctorigdstport 443 -j DROP", Dropped},
		{"-m conntrack ! --ctorigdst 10.0.0.0/8 -j DROP", Delivered},
		{"-m addrtype --dst-type LOCAL -j DROP", Dropped},
		{"-m addrtype --src-type LOCAL -j DROP", Delivered},
		{"-m addrtype --dst-type BROADCAST -j DROP", Unknown},
		{`-m comment --comment "-p udp" -j DROP`, Dropped},
		{"-p tcp -j REJECT --reject-with tcp-reset", Rejected},
		{"-m mark --mark 0x1 -j DROP", Unknown},
		{"-p udp -m mark --mark 0x1 -j DROP", Delivered},
		{"-m mark --mark 0x1 -p udp -j DROP", Delivered},
		{"-m limit --limit 3/min -j LOG --log-prefix x", Delivered},
		{"-m limit --limit 3/min", Delivered},
		{"-j NFQUEUE --queue-num 0", Unknown},
		{"-j NOSUCHCHAIN", Unknown},
		{"-j ACCEPT", Delivered},
		{"-d nonsense -j DROP", Unknown},
		{"-p tcp -m tcp --dport https -j DROP", Unknown},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			input := Chain{Name: "INPUT", Policy: "ACCEPT", Rules: []Rule{rule(c.rule)}}
			v := Ruleset{Tables: []Table{{Name: "filter", Chains: []Chain{input}}}}.Trace(packet)
			if v.Outcome != c.want {
				t.Errorf("%s, want %s; hops %v", v.Outcome, c.want, v.Hops)
			}
		})
	}
}

func TestTraceChains(t *testing.T) {
	cases := []struct {
		name, rules string
		want        Outcome
	}{
		{"return from a jump goes on after it", "-A INPUT -j A\n-A INPUT -j DROP\n-A A -j RETURN\n-A A -j ACCEPT\n", Dropped},
		{"the end of a jump goes on after it", "-A INPUT -j A\n-A INPUT -j DROP\n", Dropped},
		{"the end of a goto does not", "-A INPUT -g A\n-A INPUT -j DROP\n", Delivered},
		{"return from a goto neither", "-A INPUT -g A\n-A INPUT -j DROP\n-A A -j RETURN\n", Delivered},
		{"a goto ends the chain that did it", "-A INPUT -j A\n-A INPUT -j DROP\n-A A -g B\n-A A -j ACCEPT\n", Dropped},
		{"return from a built-in chain", "-A INPUT -j RETURN\n-A INPUT -j DROP\n", Delivered},
		{"chains in a circle", "-A INPUT -j A\n-A A -j B\n-A A -j B\n-A B -j A\n-A B -j A\n", Unknown},
		{"interface not known", "-A INPUT ! -o eth0 -j DROP\n", Unknown},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := mustParse(t, "*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n"+c.rules+"COMMIT\n")
			p := tcp("198.51.100.7:40000", "10.0.0.5:443")
			p.Out = ""
			if v := r.Trace(p); v.Outcome != c.want {
				t.Errorf("%s, want %s; hops %v", v.Outcome, c.want, v.Hops)
			}
		})
	}
}

// Filter rules see the destination after DNAT, and the source before SNAT.
func TestTraceOrderOfTables(t *testing.T) {
	rules := mustParse(t, `*filter
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A FORWARD -s 198.51.100.7/32 -d 192.168.0.9/32 -j ACCEPT
-A OUTPUT -d 192.168.0.9/32 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -j DNAT --to-destination 192.168.0.9
-A OUTPUT -j DNAT --to-destination 192.168.0.9
-A POSTROUTING -d 192.168.0.9/32 -j SNAT --to-source 10.0.0.5
COMMIT
`)
	p := tcp("198.51.100.7:40000", "10.0.0.5:443")
	for _, originated := range []bool{false, true} {
		p.Originated = originated
		if v := rules.Trace(p); v.Outcome != Forwarded || v.Src.Addr().String() != "10.0.0.5" {
			t.Errorf("originated %v: %s from %s; hops %v", originated, v.Outcome, v.Src, v.Hops)
		}
	}
}

func TestTraceTranslations(t *testing.T) {
	cases := []struct{ chain, rule, want string }{
		{"PREROUTING", "-j DNAT --to-destination 192.168.0.9", "forwarded 192.168.0.9:443 from 198.51.100.7:40000"},
		{"PREROUTING", "-p tcp -j DNAT --to-destination :22", "delivered 10.0.0.5:22 from 198.51.100.7:40000"},
		{"PREROUTING", "-p tcp -j DNAT --to-destination 192.168.0.9:80-90", "unknown 10.0.0.5:443 from 198.51.100.7:40000"},
		{"PREROUTING", "-p tcp -j DNAT --to-destination 192.168.0.9-192.168.0.10", "unknown 10.0.0.5:443 from 198.51.100.7:40000"},
		{"PREROUTING", "-p tcp -j REDIRECT --to-ports 8443", "delivered 10.0.0.5:8443 from 198.51.100.7:40000"},
		{"PREROUTING", "-p tcp -j REDIRECT", "delivered 10.0.0.5:443 from 198.51.100.7:40000"},
		{"POSTROUTING", "-j MASQUERADE", "forwarded 192.168.0.9:443 from 10.0.0.5:40000"},
		{"POSTROUTING", "-p tcp -j MASQUERADE --to-ports 1024-2048", "unknown 192.168.0.9:443 from 198.51.100.7:40000"},
		{"POSTROUTING", "-j SNAT --to-source 10.0.0.6", "forwarded 192.168.0.9:443 from 10.0.0.6:40000"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			p := tcp("198.51.100.7:40000", "10.0.0.5:443")
			if c.chain == "POSTROUTING" {
				p.Dst = netip.MustParseAddrPort("192.168.0.9:443")
			}
			p.Masquerade = netip.MustParseAddr("10.0.0.5")
			chain := Chain{Name: c.chain, Policy: "ACCEPT", Rules: []Rule{rule(c.rule)}}
			v := Ruleset{Tables: []Table{{Name: "nat", Chains: []Chain{chain}}}}.Trace(p)
			if got := fmt.Sprintf("%s %s from %s", v.Outcome, v.Dst, v.Src); got != c.want {
				t.Errorf("got %s, want %s; hops %v", got, c.want, v.Hops)
			}
		})
	}
}
