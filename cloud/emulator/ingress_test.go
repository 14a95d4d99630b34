package emulator

import (
	"net/netip"
	"testing"
)

func TestAllowsIngress(t *testing.T) {
	c := startDemo(t)
	world := netip.MustParseAddr("198.51.100.7")
	gw, blast := netip.MustParseAddr("192.168.0.4"), netip.MustParseAddr("192.168.0.12")
	for _, test := range []struct {
		name, server, protocol string
		port                   uint16
		from                   netip.Addr
		want                   bool
	}{
		{"ssh from anywhere", DemoGateway, "tcp", 22, world, true},
		{"mapped address", DemoGateway, "tcp", 22, netip.MustParseAddr("::ffff:198.51.100.7"), true},
		{"IPv6 has no rule", DemoGateway, "tcp", 22, netip.MustParseAddr("2001:db8::1"), false},
		{"a forward's port", DemoGateway, "tcp", 30011, world, false},
		{"other protocol", DemoGateway, "udp", 22, world, false},
		{"web", "jupyter", "TCP", 443, world, true},
		{"between web ports", "jupyter", "tcp", 81, world, false},
		{"within the default group", "blast-db", "tcp", 22, gw, true},
		{"from outside the group", "blast-db", "tcp", 22, world, false},
		{"egress only", DemoLockedDown, "tcp", 22, gw, false},
		{"from the egress only group", "blast-db", "tcp", 22, netip.MustParseAddr("192.168.0.50"), false},
		{"to itself, second subnet", DemoSecondSubnet, "tcp", 22, blast, true},
		{"no ports yet", DemoBuilding, "tcp", 22, gw, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := c.AllowsIngress(ID("server", test.server), test.protocol, test.port, test.from); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if !c.AllowsIngressFrom(ID("server", "blast-db"), "tcp", 22, ID("server", DemoGateway)) {
		t.Error("by instance: not allowed")
	}
}

func TestAdmits(t *testing.T) {
	c := startDemo(t)
	gw := netip.MustParseAddr("192.168.0.4")
	for dst, want := range map[string]bool{
		"192.168.0.12:22":  true,
		"192.168.0.33:22":  false, // switched off
		"192.168.0.50:22":  false, // locked down
		"192.168.0.51:22":  true,  // sshd is down, but the packet arrives
		"192.168.0.99:22":  false, // nobody there
		"127.0.0.1:22":     true,  // the gateway's floating IP
		"203.0.113.27:22":  false, // a free floating IP
		"192.168.0.2:22":   false, // a DHCP port is no instance
		"203.0.113.31:443": true,
	} {
		if got := c.Admits(netip.MustParseAddrPort(dst), "tcp", gw); got != want {
			t.Errorf("%s: got %v", dst, got)
		}
	}
	port, off := v2+"/ports/"+c.portID(t, DemoLockedDown), `{"port":{"security_groups":[],"port_security_enabled":false}}`
	if a := call(t, c, "PUT", port, off); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if !c.Admits(netip.MustParseAddrPort("192.168.0.50:22"), "tcp", gw) {
		t.Error("without port security groups must not matter")
	}
	if a := call(t, c, "PUT", v2+"/ports/"+c.portID(t, "blast-db"), `{"port":{"admin_state_up":false}}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if c.Admits(netip.MustParseAddrPort("192.168.0.12:22"), "tcp", gw) {
		t.Error("a port that is down lets packets in")
	}
}

func TestEgressIsJudgedToo(t *testing.T) {
	c := startDemo(t)
	dst, from := netip.MustParseAddrPort("192.168.0.20:80"), netip.MustParseAddr("192.168.0.50")
	if !c.Admits(dst, "tcp", from) {
		t.Fatal("not admitted with the default egress rules")
	}
	for _, r := range call(t, c, "GET", v2+"/security-group-rules?direction=egress&security_group_id="+
		ID("security_group", "isolated"), "").items(t, "security_group_rules") {
		if a := call(t, c, "DELETE", v2+"/security-group-rules/"+r["id"].(string), ""); a.status != 204 {
			t.Fatalf("%d %s", a.status, a.text)
		}
	}
	if c.Admits(dst, "tcp", from) {
		t.Error("admitted though nothing may leave the sender")
	}
}

func TestByAddress(t *testing.T) {
	c := startDemo(t)
	for addr, want := range map[string]string{
		"192.168.0.4": DemoGateway, "127.0.0.1": DemoGateway, "203.0.113.31": DemoWeb, "192.168.1.15": DemoSecondSubnet,
		"192.168.0.60": DemoHostile, DemoFreeAddress: "", "192.168.0.1": "", "192.168.0.2": "",
	} {
		i, ok := c.ByAddress(netip.MustParseAddr(addr))
		if ok != (want != "") || i.Name != want {
			t.Errorf("%s: %q, %v", addr, i.Name, ok)
		}
	}
	i, _ := c.Server(ID("server", DemoGateway))
	if len(i.Floating) != 1 || i.Image != "debian-12" || i.PublicKey != demoKey || !i.Running() {
		t.Errorf("%+v", i)
	}
}
