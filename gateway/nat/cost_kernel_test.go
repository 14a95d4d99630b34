//go:build kernel && linux

package nat

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"portico/gateway"
	"portico/gateway/measure"
	"portico/gateway/netfilter"
)

// costSize is how much of each is measured.
type costSize struct {
	forwards []int
	rounds   int
	connects int // in a round, for each forward
	bytes    int // likewise, sent
}

func costSizes() costSize {
	if measure.All() {
		return costSize{forwards: []int{762, 10000, 40000}, rounds: 21, connects: 150, bytes: 64 << 20}
	}
	return costSize{forwards: []int{762}, rounds: 3, connects: 50, bytes: 4 << 20}
}

// way is one kind of gateway between the client and the server, and what is measured through it.
type way struct {
	rules, place string
	to           netip.AddrPort
	from         *netspace
	connect      []time.Duration // the median of each round
	rate         []float64       // connections a second, of each round
	speed        []float64       // bytes a second, of each round
}

// TestNetworkCost measures what a new TCP connection and its bytes cost through the first and the
// last of many forwards: with the linear rules that are typed by hand, with an nftables map, with
// this engine's tree, and without any rules. Client, gateways and server are network namespaces,
// joined by veth pairs; each kind of gateway has one of its own, and they are measured in turns of
// random order, so that other load on the machine hits all alike.
func TestNetworkCost(t *testing.T) {
	for _, program := range []string{"nft", "iptables-restore"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v (Debian: apt install nftables iptables)", err)
		}
	}
	size := costSizes()
	ways := costWays(t, size)
	for round := range size.rounds {
		for _, i := range rand.Perm(len(ways)) {
			ways[i].measure(t, size, round)
		}
	}
	printCosts(ways, size)
	judgeCosts(t, ways, size)
}

// costWays builds all namespaces. The server answers at every address of 10.99.0.0/16.
func costWays(t *testing.T, size costSize) []*way {
	client, server := newNetspace(t), newNetspace(t)
	server.must(t, "ip route add local 10.99.0.0/16 dev lo")
	for _, port := range costPorts {
		serve(t, server, port)
	}
	n := 0
	_, plain := joinGateway(t, client, server, n)
	client.must(t, "ip route add 10.99.0.0/16 via "+plain.FixedIP.String())
	ways := []*way{{rules: "plain routing", place: "-", to: netip.MustParseAddrPort("10.99.0.1:22"), from: client}}
	for _, count := range size.forwards {
		forwards := costForwards(count)
		for _, kind := range costKinds {
			n++
			space, gw := joinGateway(t, client, server, n)
			space.run(t, kind.render(gw, forwards), strings.Fields(kind.restore)...)
			for _, place := range []struct {
				name string
				at   int
			}{{"first", 0}, {"last", count - 1}} {
				ways = append(ways, &way{
					rules: kind.name, place: fmt.Sprintf("%s of %d", place.name, count), from: client,
					to: netip.AddrPortFrom(gw.FixedIP, forwards[place.at].Public.Port()),
				})
			}
		}
	}
	return ways
}

// joinGateway puts gateway number n between the two.
func joinGateway(t *testing.T, client, server *netspace, n int) (*netspace, gateway.Gateway) {
	t.Helper()
	s, net := newNetspace(t), fmt.Sprintf("10.%d", 100+n)
	s.must(t,
		"ip link add ens3 type veth peer name c"+fmt.Sprint(n)+" netns "+client.path,
		"ip link add ens4 type veth peer name s"+fmt.Sprint(n)+" netns "+server.path,
		"ip addr add "+net+".0.1/24 dev ens3; ip addr add "+net+".1.1/24 dev ens4; ip link set ens3 up; ip link set ens4 up",
		"ip route add 10.99.0.0/16 via "+net+".1.2", "sysctl -q -w net.ipv4.ip_forward=1",
	)
	client.must(t, fmt.Sprintf("ip addr add %s.0.2/24 dev c%d; ip link set c%d up", net, n, n))
	server.must(t, fmt.Sprintf("ip addr add %s.1.2/24 dev s%d; ip link set s%d up; ip route add %s.0.0/24 via %s.1.1", net, n, n, net, net))
	own := netip.MustParseAddr(net + ".0.1")
	return s, gateway.Gateway{Name: "gw", FixedIP: own, FloatingIP: own}
}

var costPorts = []uint16{22, 80, 443}

// costForwards are three services each of many instances.
func costForwards(n int) []gateway.Forward {
	out := make([]gateway.Forward, n)
	for i := range out {
		vm := i/3 + 1
		svc := gateway.Service{Name: []string{"ssh", "http", "https"}[i%3], Protocol: gateway.TCP, Port: costPorts[i%3]}
		addr := netip.AddrFrom4([4]byte{10, 99, byte(vm >> 8), byte(vm)})
		out[i] = gateway.Forward{
			Instance: fmt.Sprintf("00000000-0000-4000-8000-%012x", vm), Service: svc, Engine: Name,
			Public:  netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), uint16(20000+i)),
			Private: netip.AddrPortFrom(addr, svc.Port),
		}
	}
	return out
}

// costKinds are the rules that are compared.
var costKinds = []struct {
	name, restore string
	render        func(gateway.Gateway, []gateway.Forward) string
}{
	{"linear, as by hand", "iptables-restore", linearRules},
	{"nftables map", "nft -f -", mapRules},
	{"Portico's tree", "iptables-restore", treeRules},
}

// linearRules are those of the boot scripts: a DNAT and a SNAT rule for each forward.
func linearRules(gw gateway.Gateway, forwards []gateway.Forward) string {
	var b strings.Builder
	b.WriteString("*nat\n")
	for _, f := range forwards {
		fmt.Fprintf(&b, "-A PREROUTING -i ens3 -p tcp -m tcp --dport %d -j DNAT --to-destination %s\n", f.Public.Port(), f.Private)
		fmt.Fprintf(&b, "-A POSTROUTING -d %s/32 -p tcp -m tcp --dport %d -j SNAT --to-source %s\n", f.Private.Addr(), f.Private.Port(), gw.FixedIP)
	}
	b.WriteString("COMMIT\n")
	return b.String()
}

// mapRules is the same as one lookup.
func mapRules(gw gateway.Gateway, forwards []gateway.Forward) string {
	var b strings.Builder
	b.WriteString("table ip forwards {\n\tmap to { type inet_service : ipv4_addr . inet_service; elements = {\n")
	for _, f := range forwards {
		fmt.Fprintf(&b, "%d : %s . %d,\n", f.Public.Port(), f.Private.Addr(), f.Private.Port())
	}
	fmt.Fprintf(&b, `} }
	chain in { type nat hook prerouting priority dstnat; ip daddr %s dnat ip to tcp dport map @to; }
	chain out { type nat hook postrouting priority srcnat; ct status dnat snat to %[1]s; }
	chain through { type filter hook forward priority filter; ct status dnat accept; }
}
`, gw.FixedIP)
	return b.String()
}

// treeRules is what a plan of this engine sends for an empty gateway.
func treeRules(gw gateway.Gateway, forwards []gateway.Forward) string {
	nat, filter := layouts(gw, forwards)
	return netfilter.Diff(netfilter.Ruleset{}, filter).Restore + netfilter.Diff(netfilter.Ruleset{}, nat).Restore
}

// serve accepts on a port at every address; it reads what comes, and answers the end of it.
func serve(t *testing.T, s *netspace, port uint16) {
	t.Helper()
	var l net.Listener
	var err error
	s.do(func() { l, err = net.Listen("tcp4", fmt.Sprintf("0.0.0.0:%d", port)) })
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
			go func() {
				defer func() { _ = c.Close() }()
				buffer := make([]byte, 256<<10)
				for {
					if _, err = c.Read(buffer); err != nil {
						_, _ = c.Write(buffer[:1])
						return
					}
				}
			}()
		}
	}()
}

// measure is one round.
func (w *way) measure(t *testing.T, size costSize, round int) {
	t.Helper()
	var took []time.Duration
	var sent time.Duration
	var err error
	w.from.do(func() {
		if _, err = connectOnce(w.to, 0); err != nil { // neighbours, caches
			return
		}
		for range size.connects {
			var d time.Duration
			if d, err = connectOnce(w.to, 0); err != nil {
				return
			}
			took = append(took, d)
		}
		sent, err = connectOnce(w.to, size.bytes)
	})
	if err != nil {
		t.Fatalf("round %d, %s, %s: %v", round, w.rules, w.place, err)
	}
	var all time.Duration
	for _, d := range took {
		all += d
	}
	w.connect = append(w.connect, measure.Median(took))
	w.rate = append(w.rate, float64(len(took))/all.Seconds())
	w.speed = append(w.speed, float64(size.bytes)/sent.Seconds())
}

// connectOnce connects and resets the connection: how long connecting took. With bytes it sends
// these first: how long it took until all had come through.
func connectOnce(to netip.AddrPort, bytes int) (time.Duration, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = syscall.Close(fd) }()
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_SYNCNT, 3) // gives up after 15 s
	_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	start := time.Now()
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		return 0, fmt.Errorf("connect to %s: %w", to, err)
	}
	took := time.Since(start)
	if bytes == 0 {
		return took, nil
	}
	chunk := make([]byte, 256<<10)
	start = time.Now()
	for bytes > 0 {
		n, err := syscall.Write(fd, chunk[:min(bytes, len(chunk))])
		if err != nil {
			return 0, fmt.Errorf("send to %s: %w", to, err)
		}
		bytes -= n
	}
	_ = syscall.Shutdown(fd, syscall.SHUT_WR)
	if _, err := syscall.Read(fd, chunk[:1]); err != nil {
		return 0, fmt.Errorf("wait for %s: %w", to, err)
	}
	return time.Since(start), nil
}

func printCosts(ways []*way, size costSize) {
	version, _ := exec.Command("iptables", "-V").Output()
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	table := measure.Table{
		Title: "New TCP connections and throughput through a gateway",
		How: fmt.Sprintf("medians of %d interleaved rounds of %d connections and %d MiB; client, gateway and server are network namespaces on veth; Linux %s, %s",
			size.rounds, size.connects, size.bytes>>20, strings.TrimSpace(string(kernel)), strings.TrimSpace(string(version))),
		Head: []string{"rules", "forward", "new connection", "over plain routing", "connections/s", "throughput"},
	}
	base := measure.Median(ways[0].connect)
	for _, w := range ways {
		p50 := measure.Median(w.connect)
		table.Add(w.rules, w.place, p50, fmt.Sprintf("%+.1f µs", float64(p50-base)/1e3), fmt.Sprintf("%.0f", measure.Median(w.rate)), fmt.Sprintf("%.1f Gbit/s", measure.Median(w.speed)*8/1e9))
	}
	table.Print()
}

// judgeCosts fails when the tree is not flat: its last forward may cost a new connection less than
// half of what the last of the linear rules costs over plain routing. A sample is too small to tell.
func judgeCosts(t *testing.T, ways []*way, size costSize) {
	if !measure.All() {
		return
	}
	last := map[string]time.Duration{}
	for _, w := range ways {
		last[w.rules+" "+w.place] = measure.Median(w.connect) - measure.Median(ways[0].connect)
	}
	place := fmt.Sprintf(" last of %d", size.forwards[len(size.forwards)-1])
	if tree, linear := last["Portico's tree"+place], last["linear, as by hand"+place]; tree > linear/2 {
		t.Errorf("%s: %v over plain routing with the tree, %v with linear rules", place, tree, linear)
	}
}
