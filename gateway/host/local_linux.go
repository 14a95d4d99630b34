package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-iptables/iptables"

	"portico/gateway"
)

const (
	localName = "this machine"
	// killDelay is what a command has between TERM and KILL.
	killDelay = 2 * time.Second
	// lockWait is how long, in seconds, to wait for another program's xtables lock.
	lockWait = 5
)

// Local is this machine as a gateway: for a console that runs on it.
type Local struct {
	prefix   []string // what makes root run a command
	user     string
	iptables string // path of the program
	version  string
}

var _ gateway.Runner = (*Local)(nil)

// NewLocal finds out how to become root and where iptables is. It changes nothing.
func NewLocal() (*Local, error) {
	l := &Local{user: "root"}
	if os.Geteuid() != 0 {
		l.prefix = []string{"sudo", "-n", "--"}
		if u, err := user.Current(); err == nil {
			l.user = u.Username
		}
	}
	path, err := findIptables()
	if err != nil {
		return nil, err
	}
	ipt, err := iptables.New(iptables.Path(path), iptables.Timeout(lockWait))
	if err != nil {
		return nil, &gateway.Error{Op: "use iptables on", Target: localName, Kind: gateway.Invalid, Err: cleaned(err),
			Next: "run 'iptables --version' by hand and repair the installation"}
	}
	major, minor, patch := ipt.GetIptablesVersion()
	l.iptables, l.version = path, fmt.Sprintf("%d.%d.%d", major, minor, patch)
	return l, nil
}

// isCloudVariable reports whether an environment variable is one of those that hold the cloud's
// credentials, which no program that commands the host needs.
func isCloudVariable(pair string) bool { return strings.HasPrefix(pair, "OS_") }

// program finds a program where a login shell of root would: many users' PATH lacks sbin.
func program(name string) string {
	for _, try := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(try); err == nil {
			return path
		}
	}
	return name
}

func findIptables() (string, error) {
	path, err := exec.LookPath(program("iptables"))
	if err == nil {
		return path, nil
	}
	return "", &gateway.Error{Op: "find iptables on", Target: localName, Kind: gateway.NotFound, Err: exec.ErrNotFound,
		Next: "install the package iptables"}
}

// Version is that of the iptables program found: "1.8.9".
func (l *Local) Version() string { return l.version }

// Check proves that the nat table can be read as root and that nobody holds the xtables lock for long.
func (l *Local) Check(ctx context.Context) error {
	if len(l.prefix) > 0 {
		res, err := l.Run(ctx, gateway.Command{Args: []string{l.iptables, "-w", fmt.Sprint(lockWait), "-t", "nat", "-S", "PREROUTING"}})
		if err == nil && res.Exit != 0 {
			err = natError(res.Exit, errors.New(firstLine(res.Stderr, res.Stdout)))
		}
		return err
	}
	ipt, err := iptables.New(iptables.Path(l.iptables), iptables.Timeout(lockWait))
	if err != nil {
		return natError(0, err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := ipt.ChainExists("nat", "PREROUTING")
		done <- err
	}()
	select {
	case <-ctx.Done(): // the program gives up by itself when it can't get the lock
		return stopped(ctx, localName)
	case err := <-done:
		var failed *iptables.Error
		switch {
		case err == nil:
			return nil
		case errors.As(err, &failed):
			return natError(failed.ExitStatus(), err)
		}
		return natError(0, err)
	}
}

// natError explains why the nat table can't be read. Status 4 is iptables' RESOURCE_PROBLEM.
func natError(exit int, err error) error {
	e := &gateway.Error{Op: "read the nat table of", Target: localName, Kind: gateway.Invalid, Err: cleaned(err),
		Next: "check that the kernel has netfilter NAT: 'modprobe iptable_nat nft_chain_nat'"}
	if exit == 4 {
		e.Kind = gateway.Transient
		e.Next = "another program holds the xtables lock: try again in a moment"
	}
	return e
}

// Run runs a command on this machine as root, without a shell. When ctx ends, the command and everything it
// started get TERM, and KILL after two seconds.
func (l *Local) Run(ctx context.Context, c gateway.Command) (gateway.Result, error) {
	if err := checkArgs(localName, c); err != nil {
		return gateway.Result{}, err
	}
	args := append(slices.Clone(l.prefix), c.Args...)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := newCapture(maxOutput)
	cmd := exec.CommandContext(ctx, program(args[0]), args[1:]...) // #nosec G204 -- commanding the host is what this is for
	cmd.Env = append(slices.DeleteFunc(os.Environ(), isCloudVariable), "LC_ALL=C")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(c.Stdin), out.stdout(), out.stderr()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = killDelay
	cmd.Cancel = func() error { return l.endGroup(cmd.Process.Pid, "TERM") }
	go func() {
		select {
		case <-out.full:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := cmd.Run()
	switch {
	case out.exceeded():
		return gateway.Result{}, out.tooMuch(localName)
	case ctx.Err() != nil:
		if cmd.Process != nil {
			_ = l.endGroup(cmd.Process.Pid, "KILL")
		}
		return gateway.Result{}, stopped(ctx, localName)
	}
	res, err := l.ended(out, cmd, err)
	if err == nil && len(l.prefix) > 0 {
		err = sudoError(localName, l.user, c.Args[0], res)
	}
	return res, err
}

// endGroup sends a signal to a process and all its descendants that stayed in its group. A group
// that root runs in by way of sudo takes it only from root.
func (l *Local) endGroup(pid int, signal string) error {
	args := append(slices.Clone(l.prefix), "kill", "-s", signal, "--", strconv.Itoa(-pid))
	ctx, cancel := context.WithTimeout(context.Background(), killDelay)
	defer cancel()
	_ = exec.CommandContext(ctx, args[0], args[1:]...).Run() // #nosec G204 -- fixed words; a group that is gone is fine
	return nil
}

// ended turns the end of the process into a result. A program that is not there ends with 127, as in a shell.
func (l *Local) ended(out *capture, cmd *exec.Cmd, err error) (gateway.Result, error) {
	var exit *exec.ExitError
	switch {
	case err == nil || errors.Is(err, syscall.EPIPE):
		return out.result(cmd.ProcessState.ExitCode()), nil
	case errors.As(err, &exit):
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			return out.result(128 + int(ws.Signal())), nil
		}
		return out.result(exit.ExitCode()), nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		res := out.result(127)
		res.Stderr = []byte(cmd.Args[0] + ": not found\n")
		return res, nil
	}
	return gateway.Result{}, &gateway.Error{Op: "run " + cmd.Args[0] + " on", Target: localName, Kind: gateway.Permission, Err: cleaned(err)}
}

// ClientAddr is the address that whoever runs this program has logged in from over SSH. The error
// is of kind Invalid where nobody has.
func (l *Local) ClientAddr(context.Context) (netip.Addr, error) {
	return clientAddr(localName, os.Getenv("SSH_CONNECTION"))
}

// Close does nothing: there is no connection to end.
func (l *Local) Close() error { return nil }

// DialContext connects to an address from this machine.
func (l *Local) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, address)
}
