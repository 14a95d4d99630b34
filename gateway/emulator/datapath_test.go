package emulator_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/gateway/emulator"
)

var vmAddr = netip.MustParseAddr("192.168.0.11")

// network is a gateway in front of one VM, with a security group that can be shut.
type network struct {
	*fixture
	vm      *emulator.VM
	allowed atomic.Bool
	src     atomic.Value // netip.Addr: who the VM last saw
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	vm, err := emulator.NewVM("web-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = vm.Close() })
	n := &network{vm: vm}
	n.allowed.Store(true)
	n.fixture = start(t, emulator.Config{
		Allow: func(uint16, netip.Addr) bool { return n.allowed.Load() },
		Reach: func(src netip.Addr, dst netip.AddrPort) (emulator.Dial, emulator.Verdict) {
			n.src.Store(src)
			if dst.Addr() != vmAddr {
				return nil, emulator.Dropped
			}
			return vm.Route(dst.Port())
		},
	})
	return n
}

// freePort is a port of loopback nobody listens on.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

// publish applies a forward as Portico's rules have it, and turns forwarding on.
func (n *network) publish(port, service uint16) {
	n.t.Helper()
	n.must("sudo sysctl -q -w net.ipv4.ip_forward=1", "")
	n.must("sudo iptables-restore --noflush --counters -w 10", rules(port, service))
}

func rules(port, service uint16) string {
	return fmt.Sprintf(`*filter
:PORTICO-FORWARD - [0:0]
-A PORTICO-FORWARD -m conntrack --ctstate DNAT --ctorigdst 10.20.0.67 -j ACCEPT
-I FORWARD 1 -j PORTICO-FORWARD
COMMIT
*nat
:PORTICO-PREROUTING - [0:0]
:PORTICO-POSTROUTING - [0:0]
:PORTICO-TCP - [0:0]
-A PORTICO-PREROUTING -p tcp -m tcp --dport %[1]d -g PORTICO-TCP
-A PORTICO-TCP -d 10.20.0.67/32 -p tcp -m tcp --dport %[1]d -m comment --comment "portico v1 vm=x svc=y" -j DNAT --to-destination 192.168.0.11:%[2]d
-A PORTICO-POSTROUTING -m conntrack --ctstate DNAT --ctorigdst 10.20.0.67 -j SNAT --to-source 10.20.0.67
-I PREROUTING 1 -j PORTICO-PREROUTING
-I POSTROUTING 1 -j PORTICO-POSTROUTING
COMMIT
`, port, service)
}

// probe connects and reads a line: what it says, "refused" or "timeout". It is patient unless a
// time-out is what is wanted.
func probe(port uint16, want string) string {
	patience := 5 * time.Second
	if want == "timeout" {
		patience = 400 * time.Millisecond
	}
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), patience)
	if err != nil {
		return verdictOf(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	b := make([]byte, 64)
	k, err := c.Read(b)
	if err != nil {
		return verdictOf(err)
	}
	line, _, _ := strings.Cut(string(b[:k]), "\r\n")
	return line
}

func verdictOf(err error) string {
	var e net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF):
		return "refused"
	case errors.As(err, &e) && e.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	}
	return err.Error()
}

const banner = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"

func TestForwardConnects(t *testing.T) {
	n := newNetwork(t)
	port := freePort(t)
	if got := probe(port, "refused"); got != "refused" {
		t.Fatalf("before: %s", got)
	}
	n.publish(port, 22)
	var said string
	c, err := ssh.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port), &ssh.ClientConfig{
		User: "anna", HostKeyCallback: ssh.FixedHostKey(n.vm.HostKey()), Timeout: 5 * time.Second,
		BannerCallback: func(m string) error { said = m; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if !strings.Contains(said, "web-1") {
		t.Errorf("banner %q", said)
	}
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Output("hostname")
	if err != nil || string(out) != "web-1\n" {
		t.Errorf("hostname: %q, %v", out, err)
	}
	if src := n.src.Load(); src != fixedIP {
		t.Errorf("the VM saw %v, not the gateway", src)
	}
	save := n.must("sudo iptables-save -c -t nat", "")
	if !strings.Contains(save, `[1:60] -A PORTICO-TCP -d 10.20.0.67/32`) {
		t.Errorf("the rule has not counted one connection:\n%s", save)
	}
}

func TestForwardedHTTP(t *testing.T) {
	n := newNetwork(t)
	port := freePort(t)
	n.publish(port, 80)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	r, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", port)) //nolint:noctx // the client has a time-out
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	page, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 || !strings.Contains(string(page), "<h1>web-1</h1>") {
		t.Errorf("%s, %v: %s", r.Status, err, page)
	}
}

// TestHowPortsFail breaks each hop of a way that works, sees how the client is told, and mends it.
func TestHowPortsFail(t *testing.T) {
	n := newNetwork(t)
	port := freePort(t)
	n.publish(port, 22)
	refresh := func(f func()) func() { return func() { f(); n.Refresh() } }
	line := func(l string) func() { return func() { n.must(l, "") } }
	for _, c := range []struct {
		name         string
		breaks, mend func()
		want         string
	}{
		{"the gateway's group", refresh(func() { n.allowed.Store(false) }), refresh(func() { n.allowed.Store(true) }), "timeout"},
		{"ip_forward", line("sudo sysctl -q -w net.ipv4.ip_forward=0"), line("sudo sysctl -q -w net.ipv4.ip_forward=1"), "timeout"},
		{"a DROP rule before ours", line("sudo iptables -I FORWARD -d 192.168.0.11 -j DROP"), line("sudo iptables -D FORWARD 1"), "timeout"},
		{"a DROP rule for answers", line("sudo iptables -I FORWARD -s 192.168.0.11 -j DROP"), line("sudo iptables -D FORWARD 1"), "timeout"},
		{"a REJECT rule", line("sudo iptables -I FORWARD -p tcp --dport 22 -j REJECT"), line("sudo iptables -D FORWARD 1"), "refused"},
		{"Docker's policy without our rule", line("sudo iptables -P FORWARD DROP; sudo iptables -D FORWARD -j PORTICO-FORWARD"),
			line("sudo iptables -I FORWARD -j PORTICO-FORWARD"), "timeout"},
		{"Docker's policy with our rule", func() {}, line("sudo iptables -P FORWARD ACCEPT"), banner},
		{"no SNAT", line("sudo iptables -t nat -F PORTICO-POSTROUTING"),
			line("sudo iptables -t nat -A PORTICO-POSTROUTING -m conntrack --ctstate DNAT -j SNAT --to-source 10.20.0.67"), "timeout"},
		{"no DNAT", line("sudo iptables -t nat -D PREROUTING -j PORTICO-PREROUTING"), line("sudo iptables -t nat -I PREROUTING -j PORTICO-PREROUTING"), "refused"},
		{"a source that is not ours", line("sudo iptables -t nat -I PREROUTING -p tcp --dport " + fmt.Sprint(port) + " ! -s 192.0.2.0/24 -j RETURN"),
			line("sudo iptables -t nat -D PREROUTING 1"), "refused"},
		{"the VM's sshd", refresh(func() { n.vm.Handle(22, nil) }), refresh(func() { n.vm.Handle(22, n.vm.SSH) }), "refused"},
		{"the VM is off", refresh(func() { n.vm.SetOff(true) }), refresh(func() { n.vm.SetOff(false) }), "timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := probe(port, banner); got != banner && c.want != banner {
				t.Fatalf("before: %s", got)
			}
			c.breaks()
			if got := probe(port, c.want); got != c.want {
				t.Errorf("broken: %s, want %s", got, c.want)
			}
			c.mend()
			if got := probe(port, banner); got != banner {
				t.Errorf("mended: %s", got)
			}
		})
	}
}

// TestChangesUnderWay changes what nobody has refreshed: it is seen when a client comes.
func TestChangesUnderWay(t *testing.T) {
	n := newNetwork(t)
	port := freePort(t)
	n.publish(port, 22)
	n.allowed.Store(false)
	if got := probe(port, "timeout"); got != "timeout" {
		t.Errorf("shut: %s", got)
	}
	n.allowed.Store(true)
	n.vm.Handle(22, nil)
	if got := probe(port, "refused"); got != "refused" {
		t.Errorf("sshd down: %s", got)
	}
	n.vm.Handle(22, func(c net.Conn) { _, _ = io.WriteString(c, "hello\r\n") })
	if got := probe(port, "hello"); got != "hello" {
		t.Errorf("other service: %s", got)
	}
}

func TestPortInUse(t *testing.T) {
	n := newNetwork(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	n.publish(port, 22)
	if p := n.Problems(); len(p) != 1 || !strings.Contains(p[0].Error(), fmt.Sprint(port)) {
		t.Errorf("problems: %v", p)
	}
	_ = l.Close()
	n.Refresh()
	if p := n.Problems(); len(p) != 0 {
		t.Errorf("problems once it is free: %v", p)
	}
	if got := probe(port, banner); got != banner {
		t.Errorf("once it is free: %s", got)
	}
}

func TestReboot(t *testing.T) {
	n := newNetwork(t)
	port := freePort(t)
	n.publish(port, 22)
	n.must(`sudo sh -c 'mkdir -p /etc/portico && iptables-save -t nat > /etc/portico/rules.v4 && iptables-save -t filter >> /etc/portico/rules.v4
printf "net.ipv4.ip_forward = 1\n" > /etc/sysctl.d/60-portico.conf
cat > /etc/systemd/system/portico.service && systemctl daemon-reload && systemctl enable portico.service'`, `[Unit]
Description=Portico forwards
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'iptables-restore --noflush -w 10 < /etc/portico/rules.v4'
[Install]
WantedBy=multi-user.target
`)
	n.must("sudo iptables -A INPUT -s 10.9.9.9 -j DROP; echo gone > /run/x 2>/dev/null; sudo touch /run/y", "")
	s, err := n.client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("sleep 600; sudo iptables -A INPUT -s 10.9.9.9 -j DROP"); err != nil {
		t.Fatal(err)
	}
	n.Reboot()
	if r := n.run("true", ""); !r.lost {
		t.Error("the connection outlived the reboot")
	}
	if got := probe(port, banner); got != banner {
		t.Errorf("after the reboot: %s", got)
	}
	n.client = n.login("debian")
	if out := n.must("systemctl is-active portico; systemctl is-enabled portico; ls /run", ""); out != "active\nenabled\nlock\nsystemd\n" {
		t.Errorf("after the reboot: %q", out)
	}
	if out := n.must("sudo iptables -S INPUT", ""); strings.Contains(out, "10.9.9.9") {
		t.Error("a rule that was not saved outlived the reboot")
	}
	n.must("sudo systemctl disable --now portico.service", "")
	n.Reboot()
	if got := probe(port, "refused"); got != "refused" {
		t.Errorf("after a reboot without the unit: %s", got)
	}
}
