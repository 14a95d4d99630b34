package netfilter

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// canonicalForms are rules as one may write them, and as iptables-save gives them back. The test
// on the real kernel checks the same list.
var canonicalForms = []struct{ in, want string }{
	{"-d 10.0.0.1 -p tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22",
		"-d 10.0.0.1/32 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22"},
	{"-p udp -d 10.0.0.1 -s 192.0.2.77/24 --dport 60001:60001 -j DNAT --to-destination 192.168.0.11",
		"-s 192.0.2.0/24 -d 10.0.0.1/32 -p udp -m udp --dport 60001 -j DNAT --to-destination 192.168.0.11"},
	{"--protocol TCP --source 10.0.0.0/255.255.0.0 --destination 0.0.0.0/0 --destination-port 22 --jump DNAT --to-destination 1.2.3.4",
		"-s 10.0.0.0/16 -p tcp -m tcp --dport 22 -j DNAT --to-destination 1.2.3.4"},
	{"-p 17 ! -s 10.0.0.1 ! --sport 53 -j RETURN", "! -s 10.0.0.1/32 -p udp -m udp ! --sport 53 -j RETURN"},
	{"-p all -i eth0 -j RETURN", "-i eth0 -j RETURN"},
	{"-p tcp -m tcp --dport 30000:30015 -j RETURN", "-p tcp -m tcp --dport 30000:30015 -j RETURN"},
	{`-p tcp -m comment --comment "portico v1 vm=6f1de2a0-0000-4000-8000-000000000001 svc=ssh" --dport 80 -j RETURN`,
		`-p tcp -m comment --comment "portico v1 vm=6f1de2a0-0000-4000-8000-000000000001 svc=ssh" -m tcp --dport 80 -j RETURN`},
	{`-m comment --comment --dport -p tcp -j RETURN`, `-p tcp -m comment --comment --dport -j RETURN`},
	{"-m conntrack --ctstate DNAT,NEW --ctorigdst 10.0.0.1/32 --ctorigdstport 30000:30100 -j RETURN",
		"-m conntrack --ctstate NEW,DNAT --ctorigdst 10.0.0.1 --ctorigdstport 30000:30100 -j RETURN"},
	{"-m conntrack --ctorigdst 10.0.0.1 --ctorigdstport 5:5 -j RETURN", "-m conntrack --ctorigdst 10.0.0.1 --ctorigdstport 5 -j RETURN"},
	{"-p tcp -m multiport --dports 22,80:90 -j RETURN", "-p tcp -m multiport --dports 22,80:90 -j RETURN"},
	{"-j SNAT --to-source 10.0.0.1", "-j SNAT --to-source 10.0.0.1"},
}

func TestCanonical(t *testing.T) {
	for _, c := range canonicalForms {
		t.Run(c.in, func(t *testing.T) {
			if got := (Rule{Args: Canonical(rule(c.in).Args)}).String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestCanonicalIsStable(t *testing.T) {
	var words []string
	for _, c := range canonicalForms {
		words = append(words, rule(c.in).Args...)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.SliceOf(rapid.SampledFrom(words)).Draw(t, "args")
		before := strings.Join(args, " ")
		once := Canonical(args)
		if twice := Canonical(once); !slices.Equal(once, twice) {
			t.Fatalf("%q becomes %q becomes %q", args, once, twice)
		}
		if after := strings.Join(args, " "); before != after {
			t.Fatalf("the words it was given have changed: %q, %q", before, after)
		}
	})
}
