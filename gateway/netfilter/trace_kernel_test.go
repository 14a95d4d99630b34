//go:build kernel && linux

package netfilter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-iptables/iptables"
)

// TestKernelAgreesWithTrace connects for real, within a namespace whose addresses are all on its
// loopback interface, and compares how that ends with what Trace says.
func TestKernelAgreesWithTrace(t *testing.T) {
	const nat, filter = "*nat\n%sCOMMIT\n", "*filter\n%sCOMMIT\n"
	cases := []struct{ name, table, rules, to, want string }{
		{"no rules", nat, "", "192.168.0.11:22", "delivered 192.168.0.11:22"},
		{"dnat", nat, "-A OUTPUT -d 10.0.0.5 -p tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22\n", "10.0.0.5:30011", "delivered 192.168.0.11:22"},
		{"dnat of the port alone", nat, "-A OUTPUT -p tcp --dport 30011 -j DNAT --to-destination :22\n", "10.0.0.5:30011", "delivered 10.0.0.5:22"},
		{"redirect", nat, "-A OUTPUT -d 127.0.0.1 -p tcp --dport 30011 -j REDIRECT --to-ports 22\n", "127.0.0.1:30011", "delivered 127.0.0.1:22"},
		{"missed by port", nat, "-A OUTPUT -p tcp --dport 30012:30020 -j DNAT --to-destination 192.168.0.11:22\n", "10.0.0.5:22", "delivered 10.0.0.5:22"},
		{"negated address", nat, "-A OUTPUT ! -d 10.0.0.5 -p tcp -j DNAT --to-destination 192.168.0.11:22\n", "10.0.0.5:22", "delivered 10.0.0.5:22"},
		{"goto", nat, ":A - [0:0]\n:B - [0:0]\n-A OUTPUT -j A\n-A OUTPUT -p tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22\n-A A -g B\n" +
			"-A A -p tcp --dport 30011 -j DNAT --to-destination 10.0.0.5:80\n-A B -j RETURN\n", "10.0.0.5:30011", "delivered 192.168.0.11:22"},
		{"multiport", nat, "-A OUTPUT -p tcp -m multiport --dports 1:9,30011 -j DNAT --to-destination 192.168.0.11:22\n", "10.0.0.5:30011", "delivered 192.168.0.11:22"},
		{"ports shifted", nat, "-A OUTPUT -p tcp --dport 30000:30100 -j DNAT --to-destination 192.168.0.11:12-112/30000\n", "10.0.0.5:30010", "delivered 192.168.0.11:22"},
		{"ports shifted, the first", nat, "-A OUTPUT -p tcp --dport 30000:30100 -j DNAT --to-destination 192.168.0.11:22-122/30000\n", "10.0.0.5:30000", "delivered 192.168.0.11:22"},
		{"ports kept within a range", nat, "-A OUTPUT -p tcp --dport 20:30 -j DNAT --to-destination 192.168.0.11:20-30\n", "10.0.0.5:22", "delivered 192.168.0.11:22"},
		{"ports kept", nat, "-A OUTPUT -p tcp --dport 20:30 -j DNAT --to-destination 192.168.0.11\n", "10.0.0.5:22", "delivered 192.168.0.11:22"},
		{"local by type", nat, "-A OUTPUT -p tcp --dport 30011 -m addrtype --dst-type LOCAL -j DNAT --to-destination 192.168.0.11:22\n", "10.0.0.5:30011", "delivered 192.168.0.11:22"},
		{"dropped on the way in", filter, "-A INPUT -d 192.168.0.11 -p tcp --dport 22 -j DROP\n", "192.168.0.11:22", "dropped"},
		{"rejected", filter, "-A INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset\n", "192.168.0.11:22", "rejected"},
		{"new ones dropped", filter, "-A OUTPUT -p tcp -m conntrack --ctstate NEW -j DROP\n", "192.168.0.11:22", "dropped"},
		{"nothing listens", filter, "-A INPUT -p tcp -m conntrack --ctstate DNAT -j DROP\n", "192.168.0.11:99", "refused"},
		{"policy", filter, ":INPUT DROP [0:0]\n-A INPUT -s 10.9.9.9 -j ACCEPT\n", "192.168.0.11:22", "dropped"},
		{"early accept", filter, "-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -m conntrack ! --ctstate ESTABLISHED -j DROP\n", "192.168.0.11:22", "delivered 192.168.0.11:22"},
	}
	onKernels(t, func(t *testing.T, k kernel, _ *iptables.IPTables) {
		port := openLoopback(t)
		for _, c := range cases {
			if _, err := k.run("*nat\n:OUTPUT ACCEPT\nCOMMIT\n*filter\n:INPUT ACCEPT\nCOMMIT\n", "restore"); err != nil {
				t.Fatal(err)
			}
			if out, err := k.run(fmt.Sprintf(c.table, c.rules), "restore", "--noflush"); err != nil {
				t.Fatalf("%s: %v%s", c.name, err, out)
			}
			to := netip.MustParseAddrPort(c.to)
			real := connect(t, to)
			v := k.state().Trace(Packet{
				Originated: true, Out: "lo", Proto: "tcp", Dst: to, Src: netip.AddrPortFrom(to.Addr(), 40000),
				Local: func(netip.Addr) bool { return true },
			})
			traced := v.Outcome.String()
			switch {
			case v.Outcome == Delivered && !port[v.Dst.Port()]:
				traced = "refused" // by the host: nothing listens there
			case v.Outcome == Delivered:
				traced += " " + v.Dst.String()
			}
			if c.want == "rejected" && real == "refused" {
				real = c.want // the client cannot tell them apart
			}
			if traced != c.want || real != c.want {
				t.Errorf("%s: the kernel says %q, Trace %q, want %q; hops %v", c.name, real, traced, c.want, v.Hops)
			}
		}
	})
}

// openLoopback gives the namespace's loopback interface the addresses of the test, listens there,
// and tells each client by which address and port it came. It returns the ports.
func openLoopback(t *testing.T) map[uint16]bool {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"}, {"addr", "add", "10.0.0.5/32", "dev", "lo"}, {"addr", "add", "192.168.0.11/32", "dev", "lo"},
	} {
		if out, err := exec.CommandContext(t.Context(), "ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v: %s", args, err, out)
		}
	}
	ports := map[uint16]bool{22: true, 80: true}
	for p := range ports {
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp4", fmt.Sprintf("0.0.0.0:%d", p))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = fmt.Fprint(c, c.LocalAddr())
				_ = c.Close()
			}
		}()
	}
	return ports
}

// connect says how a connection ends: "delivered ADDRESS", "refused" or "dropped".
func connect(t *testing.T, to netip.AddrPort) string {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var d net.Dialer
	var timeout net.Error
	c, err := d.DialContext(ctx, "tcp4", to.String())
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "dropped"
	case err != nil:
		return err.Error()
	}
	defer func() { _ = c.Close() }()
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	n, err := c.Read(b)
	if err != nil {
		return err.Error()
	}
	return "delivered " + string(b[:n])
}
