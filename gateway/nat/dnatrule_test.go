package nat

import (
	"net/netip"
	"strings"
	"testing"

	"portico/gateway/netfilter"
)

func ruleOf(t *testing.T, chain, words string) netfilter.Rule {
	t.Helper()
	rules, err := netfilter.Parse("*nat\n:" + chain + " ACCEPT [0:0]\n-A " + chain + " " + words + "\nCOMMIT\n")
	if err != nil {
		t.Fatal(err)
	}
	return rules.Tables[0].Chains[0].Rules[0]
}

// A rule that gives the gateway's address to more than one endpoint's packets stays.
func TestCompanions(t *testing.T) {
	own := netip.MustParseAddr("192.168.0.4")
	for words, want := range map[string]string{
		"-d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4":                            "tcp 192.168.0.11:22",
		"-d 192.168.0.11/32 -o ens3 -p udp -m udp --dport 53 -m comment --comment mine -j MASQUERADE":            "udp 192.168.0.11:53",
		"-d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.5":                            "",
		"-d 192.168.0.0/24 -p tcp -m tcp --dport 22 -j MASQUERADE":                                               "",
		"-d 192.168.0.11/32 -p tcp -m tcp --dport 22:23 -j MASQUERADE":                                           "",
		"-d 192.168.0.11/32 -p tcp -j MASQUERADE":                                                                "",
		"! -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j MASQUERADE":                                            "",
		"-s 10.0.0.0/8 -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j MASQUERADE":                                "",
		"-d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j ACCEPT":                                                  "",
		"-d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4 --random":                   "",
		"-d 192.168.0.11/32 -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j SNAT --to-source 192.168.0.4": "",
		"-j MASQUERADE": "",
	} {
		proto, to, ok := readSNAT(ruleOf(t, "POSTROUTING", words), own)
		got := ""
		if ok {
			got = string(proto) + " " + to.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", words, got, want)
		}
	}
}

func TestMayLeadTo(t *testing.T) {
	end := netip.MustParseAddrPort("192.168.0.11:22")
	for to, want := range map[string]bool{
		"192.168.0.11:22": true, "192.168.0.11": true, "192.168.0.10-192.168.0.12:22": true, "192.168.0.11:20-30": true, "fe80::1": true,
		"192.168.0.12:22": false, "192.168.0.11:23": false, "192.168.0.12": false, "192.168.0.12-192.168.0.14": false,
	} {
		if got := mayLeadTo(to, end); got != want {
			t.Errorf("%s: %v", to, got)
		}
	}
}

// Whatever a rule says, what is made of it says no more than the rule does.
func FuzzReadDNAT(f *testing.F) {
	f.Add("-i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22")
	f.Add("! -s 10.0.0.0/8 -p udp --dport 5:6 -j DNAT --to-destination 1.2.3.4-1.2.3.9 --random")
	f.Add("-m comment --comment \"-p tcp\" -p tcp --dport 70000 -j DNAT --to-destination :22")
	f.Fuzz(func(t *testing.T, words string) {
		rules, err := netfilter.Parse("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING " + strings.ReplaceAll(words, "\n", " ") + "\nCOMMIT\n")
		if err != nil || len(rules.Tables) != 1 || len(rules.Tables[0].Chains) != 1 || len(rules.Tables[0].Chains[0].Rules) != 1 {
			return
		}
		d, why := readDNAT(rules.Tables[0].Chains[0].Rules[0])
		if why == "" && (d.port < 1024 || !d.to.Addr().Is4() || d.to.Port() == 0 || d.proto != "tcp" && d.proto != "udp") {
			t.Errorf("%q becomes %+v", words, d)
		}
	})
}
