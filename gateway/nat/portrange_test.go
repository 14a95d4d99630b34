package nat

import (
	"context"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
)

// rangeOf is a forward of several ports.
func rangeOf(addr string, proto gateway.Protocol, public, private uint16, n int, sources ...string) gateway.Forward {
	f := forward(vmID, addr, "mosh", public, private, sources...)
	f.Service.Protocol = proto
	f.Service = f.Service.WithPorts(n)
	return f
}

// Ranges stand, shifted or not, beside single ports; a piece that is missing is missed; what is
// withdrawn goes wholly, and so do its flows.
func contractRanges(t *testing.T, r rig) {
	p := newProject()
	kept, shifted := rangeOf("192.168.0.11", gateway.UDP, 30000, 30000, 40), rangeOf("192.168.0.11", gateway.TCP, 40010, 8000, 11, "198.51.100.0/24")
	shifted.Service.Name = "cluster"
	one := forward(vm2ID, "192.168.0.12", "ssh", 40021, 22)
	want := []gateway.Forward{shifted, one, kept}
	apply(t, r, p, want)
	if got := r.shell(t, "iptables-save -t nat"); strings.Count(got, "ports=30000-30039") != 3 || !strings.Contains(got, "--to-destination 192.168.0.11:8000-8005/40010") {
		t.Errorf("the rules are others:\n%s", got)
	}
	ports := map[string]bool{}
	for _, g := range p.inv.SecurityGroups {
		for _, rule := range g.Rules {
			ports[gateway.PortText(rule.PortMin, int(rule.PortMax)-int(rule.PortMin)+1)] = true
		}
	}
	for _, open := range []string{"30000-30039", "40010-40020", "8000-8010", "40021", "22"} {
		if !ports[open] {
			t.Errorf("no door for %s: %v", open, ports)
		}
	}
	if _, err := engineOn(r, p).Plan(context.Background(), append(want, forward(vm2ID, "192.168.0.12", "x", 40015, 22)), observe(t, r, p)); cloud.KindOf(err) != gateway.Conflict {
		t.Errorf("a port within a range is given twice: %v", err)
	}
	r.shell(t, "iptables -w -t nat -F PORTICO-UDP-30016-30031")
	if s := observe(t, r, p); len(s.Forwards) != 3 || !strings.Contains(driftLines(s.Drift), "missing") {
		t.Errorf("a piece that is gone is not missed: %v\n%s", s.Forwards, driftLines(s.Drift))
	}
	apply(t, r, p, want)
	if r.flow != nil {
		r.flow(t) // to port 30011
	}
	apply(t, r, p, []gateway.Forward{shifted, one})
	if r.flow != nil {
		if left := r.shell(t, "conntrack -L -p udp 2>/dev/null || true"); strings.Contains(left, "dport=30011") {
			t.Errorf("the flow is still known: %s", left)
		}
	}
	apply(t, r, p, nil)
}

func driftLines(drift []gateway.Drift) string {
	var b strings.Builder
	for _, d := range drift {
		b.WriteString(string(d.Kind) + " " + d.Line + "\n")
	}
	return b.String()
}

// What no plan of ours writes is no forward of ours.
func TestRangesThatAreNotOurs(t *testing.T) {
	const whole = `-A PORTICO-X -d 192.168.0.4/32 -p udp -m udp --dport 30000:30003 -m comment --comment "portico v1 vm=` + vmID + ` svc=mosh ports=30000-30003" -j DNAT --to-destination 192.168.0.11`
	for name, c := range map[string]struct{ from, to string }{
		"whole":                 {"", ""},
		"outside of the whole":  {"--dport 30000:30003", "--dport 30000:30004"},
		"the whole is one port": {"ports=30000-30003", "ports=30000-30000"},
		"backwards":             {"ports=30000-30003", "ports=30003-30000"},
		"too many":              {"ports=30000-30003", "ports=30000-60000"},
		"below":                 {"ports=30000-30003", "ports=1000-30003"},
		"other ports by chance": {"192.168.0.11", "192.168.0.11:22-25"},
		"shift of another size": {"192.168.0.11", "192.168.0.11:22-26/30000"},
		"shift from elsewhere":  {"192.168.0.11", "192.168.0.11:22-25/30001"},
		"leads below port 1":    {`--dport 30000:30003 -m comment`, `--dport 30003 -m comment`},
		"no comment of a range": {" ports=30000-30003", ""},
	} {
		line := whole
		if c.from != "" {
			line = strings.Replace(whole, c.from, c.to, 1)
		}
		if name == "leads below port 1" {
			line = strings.Replace(line, "--to-destination 192.168.0.11", "--to-destination 192.168.0.11:3", 1)
		}
		rules, err := netfilter.Parse("*nat\n:PORTICO-X - [0:0]\n" + line + "\nCOMMIT\n")
		if err != nil {
			t.Fatal(err)
		}
		if got := readForwards(testGateway, rules); (len(got) == 1) != (name == "whole") {
			t.Errorf("%s: %v of %s", name, got, line)
		}
	}
}

// A shift needs an iptables that can; the same ports need none.
func TestOldIptables(t *testing.T) {
	e := &Engine{Gateway: testGateway}
	same, shifted := rangeOf("192.168.0.11", gateway.UDP, 60000, 60000, 11), rangeOf("192.168.0.11", gateway.UDP, 60000, 50000, 11)
	for version, ok := range map[string]bool{"1.4.21": false, "1.6.1": false, "1.8.0": true, "1.8.9": true, "1.10.0": true, "2.0": true, "": true, "nonsense": true} {
		err := e.checkOffsets([]gateway.Forward{shifted}, &observed{version: version})
		if (err == nil) != ok {
			t.Errorf("iptables %q: %v", version, err)
		}
		if err := e.checkOffsets([]gateway.Forward{same}, &observed{version: version}); err != nil {
			t.Errorf("iptables %q: %v", version, err)
		}
	}
}
