//go:build kernel && linux

package userdata

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
)

// serveMetadata, set in the environment, makes this program the metadata service of the namespace it
// was started in: its value is the answer.
const serveMetadata = "PORTICO_TEST_METADATA"

func TestMain(m *testing.M) {
	answer := os.Getenv(serveMetadata)
	if answer == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp4", "169.254.169.254:80")
	if err != nil {
		panic(err)
	}
	fmt.Println("ready")
	mux := http.NewServeMux()
	if strings.HasPrefix(answer, "{") {
		mux.HandleFunc("/openstack/latest/network_data.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) })
	} else {
		mux.HandleFunc("/latest/meta-data/local-ipv4", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) })
	}
	panic((&http.Server{Handler: mux, ReadHeaderTimeout: time.Second}).Serve(l))
}

// machine is a network and a mount namespace: what a boot script writes stays in there.
type machine struct{ pid string }

const setUp = `mount --make-rprivate / && mkdir -p /etc/portico /var/lib/portico &&
for d in /etc/portico /etc/sysctl.d /etc/systemd/system /run /var/log /var/lib/portico; do mount -t tmpfs tmpfs $d || exit 1; done
rmdir /etc/portico 2>/dev/null
if [ -e /usr/bin/systemctl ]; then mount --bind /dev/null /usr/bin/systemctl; fi
ip link set lo up; ip addr add 169.254.169.254/32 dev lo
ip link add ens3 type veth peer name far; ip addr add 192.168.0.4/24 dev ens3; ip link set ens3 up; ip link set far up; ip route add default via 192.168.0.1
echo 0 >/proc/sys/net/ipv4/ip_forward
echo ready; exec sleep 600`

// start runs a command until the test ends, and returns when it has said that it is ready.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line := make([]byte, 16)
	if n, err := out.Read(line); err != nil || !strings.HasPrefix(string(line[:n]), "ready") {
		t.Fatalf("%v did not come up: %q, %v", cmd.Args[0], line[:n], err)
	}
}

func newMachine(t *testing.T, metadata string) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("needs root: namespaces are made")
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "sh", "-c", setUp)
	start(t, cmd)
	m := &machine{pid: fmt.Sprint(cmd.Process.Pid)}
	if metadata != "" {
		server := exec.CommandContext(t.Context(), "nsenter", "-t", m.pid, "-n", "--", os.Args[0])
		server.Env = append(os.Environ(), serveMetadata+"="+metadata)
		start(t, server)
	}
	return m
}

func (m *machine) Run(ctx context.Context, c gateway.Command) (gateway.Result, error) {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"-t", m.pid, "-n", "-m", "--"}, c.Args...)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(c.Stdin), &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil
	}
	return gateway.Result{Stdout: out.Bytes(), Stderr: errs.Bytes(), Exit: cmd.ProcessState.ExitCode()}, err
}

// sh runs a script, and returns what it said and how it ended.
func (m *machine) sh(t *testing.T, script string) (string, int) {
	t.Helper()
	res, err := m.Run(t.Context(), gateway.Command{Args: []string{"sh", "-s"}, Stdin: []byte(script)})
	if err != nil {
		t.Fatal(err)
	}
	return string(res.Stdout) + string(res.Stderr), res.Exit
}

const everything = `iptables-save | grep -v '^#' | sed 's/^:\(.*\) \[.*/:\1/'; cat /proc/sys/net/ipv4/ip_forward
find /etc/portico /etc/sysctl.d /etc/systemd/system /var/lib/portico -type f -exec ls -l --time-style=full-iso {} + 2>/dev/null`

// boot runs the script as a first boot does; a second run changes nothing. What stands is for the nat
// engine a gateway as it leaves it itself, with just these forwards.
func boot(t *testing.T, m *machine, o Options) string {
	t.Helper()
	text, err := Script(o)
	if err != nil {
		t.Fatal(err)
	}
	said, exit := m.sh(t, text)
	if exit != 0 {
		t.Fatalf("exit %d: %s", exit, said)
	}
	stands, _ := m.sh(t, everything)
	again, exit := m.sh(t, text)
	if exit != 0 || !strings.Contains(again, "nothing was changed") {
		t.Errorf("a second run: exit %d: %s", exit, again)
	}
	if now, _ := m.sh(t, everything); now != stands {
		t.Error("changed by a second run:", cmp.Diff(stands, now))
	}
	if mode, _ := m.sh(t, "stat -c %a:%U /var/log/portico-boot.log"); strings.TrimSpace(mode) != "600:root" {
		t.Errorf("the log is %s", mode)
	}
	asTheEngineLeavesIt(t, m, o)
	return said
}

// asTheEngineLeavesIt: nothing has drifted, and a plan for the same forwards finds nothing to do.
func asTheEngineLeavesIt(t *testing.T, m *machine, o Options) {
	t.Helper()
	e := engine(m)
	state, err := e.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range state.Drift {
		if d.Kind != gateway.Foreign {
			t.Errorf("drift: %v", d)
		}
	}
	var want []gateway.Forward
	for _, f := range o.Forwards {
		f.Public = netip.AddrPortFrom(e.Gateway.FixedIP, f.Public.Port())
		if f.Private.Addr() != e.Gateway.FixedIP {
			want = append(want, f)
		}
	}
	gateway.SortForwards(want)
	if diff := cmp.Diff(want, state.Forwards, cmp.Comparer(gateway.Forward.Equal)); diff != "" && len(want)+len(state.Forwards) > 0 {
		t.Error("forwards:", diff)
	}
	p, err := e.Plan(t.Context(), want, state)
	if err != nil || !p.Empty() {
		t.Errorf("a plan for the same: %v, %v", p.Changes(), err)
	}
}

func engine(m *machine) *nat.Engine {
	return &nat.Engine{Gateway: gateway.Gateway{Name: "gw-1", FixedIP: netip.MustParseAddr("192.168.0.4")}, Runner: m, Inventory: cloud.Inventory{}}
}

func TestBootOnKernel(t *testing.T) {
	for name, c := range map[string]struct {
		metadata string
		forwards int
		says     string
	}{
		"base":             {"192.168.0.4", 0, "by ask_ec2"},
		"with windows end": {"192.168.0.4\r\n", 0, "by ask_ec2"},
		"openstack alone":  {`{"networks": [{"type": "ipv4", "ip_address": "10.9.9.9"}, {"ip_address": "192.168.0.4"}]}`, 0, "by ask_openstack"},
		"a few":            {"192.168.0.4", 3, "this machine is a gateway"},
		"many, packed":     {"192.168.0.4", 2000, "this machine is a gateway"},
	} {
		t.Run(name, func(t *testing.T) {
			said := boot(t, newMachine(t, c.metadata), Options{Name: "gw-1", Forwards: forwards(c.forwards)})
			if !strings.Contains(said, c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, said)
			}
		})
	}
}

// A subnet's mapping holds the gateway's own address, which it leaves out at boot; what stands is then as
// if that had been known.
func TestBootMappingOnKernel(t *testing.T) {
	mosh := append(web[:1:1], gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 60000})
	for name, o := range map[string]Options{
		"ports beside each other": mapping(t, "192.168.0.0/24", "per-service", web, "192.168.0.1"),
		"ports in turn":           mapping(t, "192.168.0.0/24", "interleaved", web, "192.168.0.1"),
		"of two protocols":        mapping(t, "192.168.0.0/24", "two-octet", mosh, "192.168.0.1", "192.168.0.2"),
		"own at an end":           mapping(t, "192.168.0.0/24", "per-service", web[:1], "192.168.0.1", "192.168.0.2", "192.168.0.3"),
		"alone in its leaf":       mapping(t, "192.168.0.0/28", "per-service", web[:1], "192.168.0.1", "192.168.0.2", "192.168.0.3", "192.168.0.5", "192.168.0.6"),
		"larger":                  mapping(t, "192.168.0.0/21", "two-octet", web[:1], "192.168.0.1"),
	} {
		t.Run(name, func(t *testing.T) { boot(t, newMachine(t, "192.168.0.4"), o) })
	}
}

// What cannot be done is taken back whole, and what others have made stays.
func TestBootFailsOnKernel(t *testing.T) {
	m := newMachine(t, "192.168.0.4")
	const foreign = "iptables -w -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80; iptables -w -P FORWARD DROP"
	if said, exit := m.sh(t, foreign); exit != 0 {
		t.Fatal(said)
	}
	text, err := Script(Options{Forwards: forwards(2)})
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(text, "-j DNAT --to-destination", "-j NOSUCHTARGET --to-destination", 1)
	if broken == text {
		t.Fatal("nothing to break")
	}
	said, exit := m.sh(t, broken)
	if exit != 1 || !strings.Contains(said, "was taken back") {
		t.Errorf("exit %d: %s", exit, said)
	}
	left, _ := m.sh(t, everything)
	for _, ours := range []string{"PORTICO", "portico", "\n1\n"} {
		if strings.Contains(left, ours) {
			t.Errorf("%q is left:\n%s", ours, left)
		}
	}
	if !strings.Contains(left, "--dport 8080") || !strings.Contains(left, ":FORWARD DROP") {
		t.Errorf("what others made is gone:\n%s", left)
	}
	boot(t, m, Options{Forwards: forwards(2)})
}

// A copy of another gateway's disk is refused, and its files stay as they are.
func TestBootCopiedOnKernel(t *testing.T) {
	m := newMachine(t, "192.168.0.4")
	boot(t, m, Options{Forwards: forwards(1)})
	if said, exit := m.sh(t, "ip addr del 192.168.0.4/24 dev ens3; ip addr add 192.168.0.9/24 dev ens3; ip route add default via 192.168.0.1"); exit != 0 {
		t.Fatal(said)
	}
	text, err := Script(Options{Forwards: forwards(1)})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := m.sh(t, everything)
	said, exit := m.sh(t, "sleep() { :; }\n"+text) // the metadata service now lies, and is asked again
	if exit != 1 || !strings.Contains(said, "another") {
		t.Errorf("exit %d: %s", exit, said)
	}
	if after, _ := m.sh(t, everything); after != before {
		t.Error("changed:", cmp.Diff(before, after))
	}
}
