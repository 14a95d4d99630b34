//go:build kernel && linux

package nat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"portico/gateway"
)

// TestContractOnKernel runs the contract on real iptables, each case in a network and a mount
// namespace of its own, so that neither rules nor files of this machine are touched.
func TestContractOnKernel(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("needs root: namespaces are made")
	}
	contract(t, func(t *testing.T) rig {
		ns := newNamespace(t)
		return rig{run: ns, shell: ns.shell, flow: ns.flow}
	})
}

type namespace struct{ pid string }

const setUp = `mount --make-rprivate / && mkdir -p /etc/portico /etc/iptables &&
for d in /etc/portico /etc/iptables /etc/sysctl.d /etc/systemd/system /run; do mount -t tmpfs tmpfs $d || exit 1; done
if [ -e /usr/bin/systemctl ]; then mount --bind /dev/null /usr/bin/systemctl; fi
ip link set lo up; ip link add ens3 type veth peer name far; ip addr add 192.168.0.4/24 dev ens3; sysctl -q -w net.ipv4.ip_forward=0
echo ready; exec sleep 600`

func newNamespace(t *testing.T) *namespace {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "sh", "-c", setUp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line := make([]byte, 16)
	done := make(chan struct{})
	go func() { defer close(done); _, _ = out.Read(line) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the namespace did not come up")
	}
	if !bytes.HasPrefix(line, []byte("ready")) {
		t.Fatal("the namespace could not be set up")
	}
	return &namespace{pid: fmt.Sprint(cmd.Process.Pid)}
}

func (n *namespace) Run(ctx context.Context, c gateway.Command) (gateway.Result, error) {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"-t", n.pid, "-n", "-m", "--"}, c.Args...)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(c.Stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return gateway.Result{Stdout: out.Bytes(), Stderr: errs.Bytes(), Exit: cmd.ProcessState.ExitCode()}, err
}

// flow lets the kernel know a UDP flow to the gateway's public port.
func (n *namespace) flow(t *testing.T) {
	t.Helper()
	n.shell(t, "conntrack -I -p udp -s 192.0.2.7 -d 192.168.0.4 --sport 40000 --dport 30011 --timeout 60")
	if known := n.shell(t, "conntrack -L -p udp 2>/dev/null"); !strings.Contains(known, "dport=30011") {
		t.Fatalf("the flow was not made: %s", known)
	}
}

func (n *namespace) shell(t *testing.T, script string) string {
	t.Helper()
	res, err := n.Run(context.Background(), gateway.Command{Args: []string{"sh", "-e", "-c", script}})
	if err != nil || res.Exit != 0 {
		t.Fatalf("%s: exit %d, %v: %s", strings.SplitN(script, "\n", 2)[0], res.Exit, err, res.Stderr)
	}
	return string(res.Stdout)
}
