package rollback

import (
	"context"
	"crypto/ed25519"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/emulator"
	"portico/gateway/host"
)

// TestSwitchOnEmulator runs the contract over SSH on the emulated gateway, which has systemd and
// can be started again.
func TestSwitchOnEmulator(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T) rig {
		gw, r := emulated(t, emulator.Config{})
		r.reboot = func(t *testing.T) {
			t.Helper()
			gw.Reboot()
			if err := r.run.(*host.SSH).Redial(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		return r
	})
}

// TestSwitchWithoutSystemd runs it where only a process in a session of its own can watch.
// Nothing is started there at boot, so that it cannot put back what a reboot left.
func TestSwitchWithoutSystemd(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T) rig {
		_, r := emulated(t, emulator.Config{NoSystemd: true})
		return r
	})
}

// A gateway that cannot put its rules back says so, tries for a while, and notes it.
func TestFireThatFails(t *testing.T) {
	t.Parallel()
	gw, r := emulated(t, emulator.Config{})
	l := arm(t, r, "aaa", MaxWindow)
	r.shell(t, publish)
	gw.Fail(emulator.Fault{Program: "iptables-restore", Times: -1, Exit: 4, Stderr: "no\n"})
	if err := l.Fire(context.Background(), "its console said so"); cloud.KindOf(err) != gateway.Partial {
		t.Errorf("got %v of kind %v", err, cloud.KindOf(err))
	}
	if armed, back := status(t, r); armed != nil || len(back) != 1 || back[0].Whole || back[0].Why != "its console said so" {
		t.Errorf("status: %+v, %+v", armed, back)
	}
}

func emulated(t *testing.T, config emulator.Config) (*emulator.Gateway, rig) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	config.FixedIP, config.Public, config.Keys = netip.MustParseAddr("192.168.0.4"), emulator.Loopback(), []ssh.PublicKey{key.PublicKey()}
	gw, err := emulator.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gw.Close() })
	conn, err := host.Dial(context.Background(), host.Config{
		Name: "gw-1", Host: gw.Addr().Addr().String(), Port: gw.Addr().Port(), User: "debian", SSHConfig: "none", NoAgent: true,
		Signers: []ssh.Signer{key}, HostKeys: []ssh.PublicKey{gw.HostKey()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return gw, rig{run: conn, shell: func(t *testing.T, script string) string {
		t.Helper()
		res, err := conn.Run(context.Background(), gateway.Command{Args: []string{"sh", "-e", "-c", script}})
		if err != nil || res.Exit != 0 {
			t.Fatalf("%s: exit %d, %v: %s", strings.SplitN(script, "\n", 2)[0], res.Exit, err, res.Stderr)
		}
		return string(res.Stdout)
	}}
}
