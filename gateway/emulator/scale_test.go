package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestWholeSubnet publishes three services of 254 VMs, shuts the gateway's group, and opens it
// again: what the demo shows at most.
func TestWholeSubnet(t *testing.T) {
	n := newNetwork(t)
	const first, count = 21000, 762 // below what the system gives to clients
	var b strings.Builder
	b.WriteString("*nat\n:PORTICO-PREROUTING - [0:0]\n-A PREROUTING -j PORTICO-PREROUTING\n-A POSTROUTING -m conntrack --ctstate DNAT -j MASQUERADE\n")
	for i := range count {
		fmt.Fprintf(&b, "-A PORTICO-PREROUTING -d 10.20.0.67/32 -p tcp -m tcp --dport %d -j DNAT --to-destination 192.168.0.11:22\n", first+i)
	}
	b.WriteString("COMMIT\n")
	n.must("sudo sysctl -q -w net.ipv4.ip_forward=1", "")
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"publish", func() { n.must("sudo iptables-restore --noflush", b.String()) }, banner},
		{"shut the group", func() { n.allowed.Store(false); n.Refresh() }, "timeout"},
		{"open it", func() { n.allowed.Store(true); n.Refresh() }, banner},
		{"withdraw", func() { n.must("sudo iptables -t nat -F PORTICO-PREROUTING", "") }, "refused"},
	} {
		began := time.Now()
		step.do()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", step.name, took)
		} else {
			t.Logf("%s took %s", step.name, took)
		}
		for _, port := range []uint16{first, first + count - 1} {
			if got := probe(port, step.want); got != step.want {
				t.Errorf("%s: port %d: %s, want %s", step.name, port, got, step.want)
			}
		}
	}
}
