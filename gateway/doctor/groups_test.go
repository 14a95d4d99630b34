package doctor

import (
	"errors"
	"net/netip"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }

// One port with the group "own", a neighbour at .9 with the group "friends", one with an allowed pair.
func TestAdmission(t *testing.T) {
	t.Parallel()
	in := func(r cloud.SecurityGroupRule) cloud.SecurityGroupRule {
		if r.Direction == "" {
			r.Direction = "ingress"
		}
		if r.EtherType == "" {
			r.EtherType = "IPv4"
		}
		r.ID = "rule"
		return r
	}
	for _, c := range []struct {
		name string
		rule cloud.SecurityGroupRule
		from string // "" is not known
		want Verdict
		says string
	}{
		{"anywhere", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 22, PortMax: 22}, "192.0.2.1", OK, "own allows tcp 22 from anywhere"},
		{"anywhere, and not known who", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 22, PortMax: 22, RemotePrefix: prefix("0.0.0.0/0")}, "", OK, "own allows tcp 22 from anywhere"},
		{"a range", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 20, PortMax: 30}, "192.0.2.1", OK, "own allows tcp 20-30 from anywhere"},
		{"below the range", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 23, PortMax: 30}, "192.0.2.1", Blocked, "no rule lets tcp/22 in from you"},
		{"protocol by number", cloud.SecurityGroupRule{Protocol: "6"}, "192.0.2.1", OK, "own allows 6 from anywhere"},
		{"any protocol", cloud.SecurityGroupRule{}, "192.0.2.1", OK, "own allows anything from anywhere"},
		{"another protocol", cloud.SecurityGroupRule{Protocol: "udp", PortMin: 22, PortMax: 22}, "192.0.2.1", Blocked, "no rule lets tcp/22 in from you"},
		{"icmp", cloud.SecurityGroupRule{Protocol: "icmp"}, "192.0.2.1", Blocked, "no rule lets tcp/22 in from you"},
		{"egress", cloud.SecurityGroupRule{Direction: "egress", Protocol: "tcp"}, "192.0.2.1", Blocked, "no rule lets tcp/22 in from you"},
		{"IPv6", cloud.SecurityGroupRule{EtherType: "IPv6", Protocol: "tcp"}, "192.0.2.1", Blocked, "no rule lets tcp/22 in from you"},
		{"a prefix", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 22, PortMax: 22, RemotePrefix: prefix("192.0.2.0/24")}, "192.0.2.1", OK, "own allows tcp 22 from 192.0.2.0/24"},
		{"another prefix", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 22, PortMax: 22, RemotePrefix: prefix("10.0.0.0/8")}, "192.0.2.1", Blocked, "tcp/22 is let in from 10.0.0.0/8 only, not from you"},
		{"a prefix, and not known who", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 22, PortMax: 22, RemotePrefix: prefix("10.0.0.0/8")}, "", Unknown, "tcp/22 is let in from 10.0.0.0/8 only"},
		{"a group's member", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 22, PortMax: 22, RemoteGroup: "friends"}, "10.0.0.9", OK, "own allows tcp 22 from members of friends"},
		{"by an allowed pair", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 22, PortMax: 22, RemoteGroup: "friends"}, "172.16.0.7", OK, "own allows tcp 22 from members of friends"},
		{"no member", cloud.SecurityGroupRule{Protocol: "tcp", PortMin: 22, PortMax: 22, RemoteGroup: "friends"}, "10.0.0.8", Blocked, "tcp/22 is let in from members of friends only, not from you"},
		{"everything to neighbours is about them", cloud.SecurityGroupRule{RemoteGroup: "friends"}, "10.0.0.8", Blocked, "no rule lets tcp/22 in from you"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inv := &cloud.Inventory{
				SecurityGroups: []cloud.SecurityGroup{{ID: "own", Name: "own", Rules: []cloud.SecurityGroupRule{in(c.rule)}}, {ID: "friends", Name: "friends"}},
				Ports: []cloud.Port{
					{ID: "n", Groups: []string{"friends"}, FixedIPs: []cloud.FixedIP{{Addr: addr("10.0.0.9")}}},
					{ID: "p", Groups: []string{"friends"}, AllowedPairs: []netip.Prefix{prefix("172.16.0.0/24")}},
				},
			}
			tr := traffic{proto: gateway.TCP, port: 22, who: "you"}
			if c.from != "" {
				tr.from = addr(c.from)
			}
			got := judgeAdmission(inv, cloud.Port{ID: "x", PortSecurity: true, Groups: []string{"own"}}, tr, VMGroup, VMGroupElsewhere)
			if got.Verdict != c.want || got.Text != c.says {
				t.Errorf("%s %q, want %s %q", got.Verdict, got.Text, c.want, c.says)
			}
			if (got.Verdict == Unknown) != (got.Missing != "") {
				t.Errorf("unknown and what was missing do not go together: %+v", got)
			}
		})
	}
}

// What cannot be read is unknown, and what does not filter lets in.
func TestAdmissionUnknown(t *testing.T) {
	t.Parallel()
	tr := traffic{proto: gateway.TCP, port: 22, from: addr("192.0.2.1"), who: "you"}
	port := cloud.Port{ID: "x", PortSecurity: true, Groups: []string{"shared"}}
	for _, c := range []struct {
		name string
		inv  cloud.Inventory
		port cloud.Port
		want Verdict
	}{
		{"a group of somebody else's", cloud.Inventory{}, port, Unknown},
		{"no right to list groups", cloud.Inventory{Missing: []cloud.Missing{{Part: "security groups", Err: errors.New("forbidden")}}}, port, Unknown},
		{"port security is off", cloud.Inventory{}, cloud.Port{ID: "x"}, OK},
		{"no group at all", cloud.Inventory{}, cloud.Port{ID: "x", PortSecurity: true}, Blocked},
	} {
		if got := judgeAdmission(&c.inv, c.port, tr, VMGroup, VMGroupElsewhere); got.Verdict != c.want || got.Verdict == Unknown && got.Missing == "" {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}

func TestParseMessage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]message{
		"203.0.113.10:30011":                     {addr: netip.MustParseAddrPort("203.0.113.10:30011")},
		" 203.0.113.10 30011 ":                   {addr: netip.MustParseAddrPort("203.0.113.10:30011")},
		"203.0.113.10":                           {addr: netip.MustParseAddrPort("203.0.113.10:22")},
		"ssh -p 30011 debian@203.0.113.10":       {addr: netip.MustParseAddrPort("203.0.113.10:30011"), user: "debian"},
		"ssh -p30011 -i ~/.ssh/k u@203.0.113.10": {addr: netip.MustParseAddrPort("203.0.113.10:30011"), user: "u"},
		"scp -P 30011 x 203.0.113.10:":           {addr: netip.MustParseAddrPort("203.0.113.10:30011")},
		"ssh: connect to host 203.0.113.10 port 30011: Connection timed out":             {addr: netip.MustParseAddrPort("203.0.113.10:30011")},
		"ssh: connect to host 203.0.113.10 port 30011: Connection refused\r\n":           {addr: netip.MustParseAddrPort("203.0.113.10:30011")},
		"kex_exchange_identification: read: Connection reset by 203.0.113.10 port 30011": {addr: netip.MustParseAddrPort("203.0.113.10:30011")},
		"root@203.0.113.10: Permission denied (publickey).":                              {addr: netip.MustParseAddrPort("203.0.113.10:22"), user: "root"},
		"Host key for [203.0.113.10]:30011 has changed and you have requested":           {addr: netip.MustParseAddrPort("203.0.113.10:30011")},
		"curl: (28) Failed to connect to 203.0.113.10 port 31011 after 130 ms":           {addr: netip.MustParseAddrPort("203.0.113.10:31011")},
		"https://203.0.113.10/":       {addr: netip.MustParseAddrPort("203.0.113.10:443")},
		"http://203.0.113.10:31011/x": {addr: netip.MustParseAddrPort("203.0.113.10:31011")},
		"999.1.1.1 203.0.113.10:7":    {addr: netip.MustParseAddrPort("203.0.113.10:7")},
		"203.0.113.10:99999":          {addr: netip.MustParseAddrPort("203.0.113.10:22")},
	} {
		if got, found := parseMessage(text); !found || got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	for _, text := range []string{"", "jupyter", "no address here port 22", "999.999.999.999:22", "\x1b[31m"} {
		if got, found := parseMessage(text); found {
			t.Errorf("%q: %+v, want nothing", text, got)
		}
	}
}
