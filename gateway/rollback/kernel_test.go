//go:build kernel && linux

package rollback

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

// TestSwitchOnKernel runs the contract on real iptables, without systemd, each case in namespaces
// of its own.
func TestSwitchOnKernel(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("needs root: namespaces are made")
	}
	contract(t, func(t *testing.T) rig {
		ns := newNamespace(t)
		return rig{run: ns, shell: ns.shell}
	})
}

type namespace struct{ pid string }

const setUp = `mount --make-rprivate / && mkdir -p /etc/portico /var/lib/portico &&
for d in /etc/portico /etc/sysctl.d /etc/systemd/system /var/lib/portico /run; do mount -t tmpfs tmpfs $d || exit 1; done
if [ -e /usr/bin/systemctl ]; then mount --bind /dev/null /usr/bin/systemctl; mount --bind /dev/null /usr/bin/systemd-run; fi
ip link set lo up; sysctl -q -w net.ipv4.ip_forward=0
echo ready; exec sleep 600`

func newNamespace(t *testing.T) *namespace {
	t.Helper()
	// Its own PID namespace ends what was left running in the background.
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", setUp)
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
	child, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return &namespace{pid: strings.TrimSpace(string(child))}
}

func (n *namespace) Run(ctx context.Context, c gateway.Command) (gateway.Result, error) {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"-t", n.pid, "-n", "-m", "-p", "--"}, c.Args...)...)
	var out, errs bytes.Buffer
	cmd.WaitDelay = time.Second // what runs on in the background may hold its output
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(c.Stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return gateway.Result{Stdout: out.Bytes(), Stderr: errs.Bytes(), Exit: cmd.ProcessState.ExitCode()}, err
}

func (n *namespace) shell(t *testing.T, script string) string {
	t.Helper()
	res, err := n.Run(context.Background(), gateway.Command{Args: []string{"sh", "-e", "-c", script}})
	if err != nil || res.Exit != 0 {
		t.Fatalf("%s: exit %d, %v: %s", strings.SplitN(script, "\n", 2)[0], res.Exit, err, res.Stderr)
	}
	return string(res.Stdout)
}

// TestArmUnderBash: where sh is bash and there is no systemd, the answer to arming does not wait for
// the watch to end.
func TestArmUnderBash(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("needs root: namespaces are made")
	}
	ns := newNamespace(t)
	ns.shell(t, "mount --bind $(command -v bash) $(readlink -f /bin/sh)")
	r := rig{run: ns, shell: ns.shell}
	was := sums(t, r)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := newSwitch(r).Arm(ctx, record("aaa", "ada@laptop"), MaxWindow, was); err != nil {
		t.Fatal(err)
	}
}
