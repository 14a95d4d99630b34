package nat

import (
	"context"
	"crypto/ed25519"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/emulator"
	"portico/gateway/host"
	"portico/gateway/plan"
)

// TestContractOnEmulator runs the contract over SSH on the emulated gateway.
func TestContractOnEmulator(t *testing.T) {
	contract(t, func(t *testing.T) rig {
		r, _ := emulated(t, emulator.Config{})
		return r
	})
}

// emulated starts a gateway and connects to it as the program does.
func emulated(t *testing.T, c emulator.Config) (rig, *emulator.Gateway) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	c.FixedIP, c.Public, c.Keys = testGateway.FixedIP, emulator.Loopback(), []ssh.PublicKey{key.PublicKey()}
	gw, err := emulator.Start(c)
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
	shell := func(t *testing.T, script string) string {
		t.Helper()
		res, err := conn.Run(context.Background(), gateway.Command{Args: []string{"sh", "-e", "-c", script}})
		if err != nil || res.Exit != 0 {
			t.Fatalf("%s: exit %d, %v: %s", strings.SplitN(script, "\n", 2)[0], res.Exit, err, res.Stderr)
		}
		return string(res.Stdout)
	}
	return rig{run: conn, shell: shell, reboot: func(t *testing.T) {
		t.Helper()
		gw.Reboot()
		if err := conn.Redial(context.Background()); err != nil {
			t.Fatal(err)
		}
	}}, gw
}

// A gateway that fails in the middle ends in the old state: nothing of ours stands, and no
// group is left.
func TestGatewayFailures(t *testing.T) {
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	for name, fault := range map[string]emulator.Fault{
		"the trial restore is refused":   {Program: "iptables-restore --test", Exit: 1, Stderr: "iptables-restore: line 3 failed."},
		"the second table is refused":    {Program: "iptables-restore", Skip: 3, Exit: 4, Stderr: "Resource temporarily unavailable"},
		"the connection is cut before":   {Line: "flock", Cut: true},
		"the connection is cut after":    {Line: "flock", Cut: true, After: true},
		"files cannot be written":        {Program: "systemctl enable", Exit: 1, Stderr: "Read-only file system"},
		"forwarding cannot be turned on": {Program: "sysctl", Exit: 255, Stderr: "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			r, gw := emulated(t, emulator.Config{})
			p := newProject()
			pl := planFor(t, r, p, want)
			gw.Fail(fault)
			report := plan.Apply(context.Background(), pl, nil)
			if report.OK() || len(report.Left) > 0 {
				t.Fatalf("error %v, left %v (%v)", report.Err, report.Left, report.Undo)
			}
			if got := gw.Ruleset().Format(false); strings.Contains(got, "PORTICO") {
				t.Errorf("rules are left:\n%s", got)
			}
			for _, f := range ourFiles {
				if _, err := gw.File(f); err == nil {
					t.Errorf("file %s is left", f)
				}
			}
			if gw.Forwarding() || len(p.inv.SecurityGroups) != 1 {
				t.Errorf("forwarding %v, groups %v", gw.Forwarding(), p.inv.SecurityGroups)
			}
			apply(t, r, p, want)
		})
	}
}

// What cannot be undone is named, with the commands that clean it up.
func TestGatewayLeftBehind(t *testing.T) {
	r, gw := emulated(t, emulator.Config{})
	p := newProject()
	pl := planFor(t, r, p, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)})
	gw.Fail(emulator.Fault{Program: "systemctl enable", Exit: 1, Stderr: "no"}, emulator.Fault{Program: "iptables-restore", Skip: 4, Times: -1, Exit: 4, Stderr: "no"})
	report := plan.Apply(context.Background(), pl, nil)
	if report.OK() || len(report.Left) == 0 || len(report.Left) != len(report.Undo) {
		t.Fatalf("report: %v, left %v", report.Err, report.Left)
	}
	for _, c := range report.Left {
		if len(c.Shell) == 0 {
			t.Errorf("no commands for %s: %s", c.Target, c.Title)
		}
	}
}

func TestGatewayWithoutTools(t *testing.T) {
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
	t.Run("no flock", func(t *testing.T) {
		r, _ := emulated(t, emulator.Config{Without: []string{"flock"}})
		p := newProject()
		_, err := engineOn(r, p).Plan(context.Background(), want, observe(t, r, p))
		if x := cloud.Explain(err); cloud.KindOf(err) != gateway.NotFound || !strings.Contains(x.Why, "flock") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no systemd", func(t *testing.T) {
		r, _ := emulated(t, emulator.Config{Without: []string{"systemctl"}})
		p := newProject()
		pl := apply(t, r, p, want)
		if len(pl.Warnings) < 2 {
			t.Errorf("nobody is told that it will not survive a reboot: %v", pl.Warnings)
		}
		apply(t, r, p, nil)
	})
	t.Run("no sudo", func(t *testing.T) {
		r, gw := emulated(t, emulator.Config{})
		gw.SetSudo(emulator.SudoPassword)
		_, err := engineOn(r, newProject()).Observe(context.Background())
		if cloud.KindOf(err) != gateway.Permission {
			t.Errorf("got %v of kind %v", err, cloud.KindOf(err))
		}
	})
}
