package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"testing"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/emulator"
	"portico/gateway/host"
	"portico/gateway/nat"
	"portico/gateway/plan"
)

// TestPorticoOnTheEmulator has the production host and engine publish, withdraw, and
// survive a reboot, over SSH and sudo.
func TestPorticoOnTheEmulator(t *testing.T) {
	n := newNetwork(t)
	foreign := "*nat\n:DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\nCOMMIT\n" +
		"*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"
	if err := n.AddForeignRules(foreign); err != nil {
		t.Fatal(err)
	}
	before := n.Ruleset().Foreign().Format(false)
	gw := gateway.Gateway{Name: "gw", FloatingIP: netip.MustParseAddr("127.0.0.1"), FixedIP: fixedIP}
	engine := &nat.Engine{Gateway: gw, Runner: n.host(t), Inventory: cloud.Inventory{}}
	forward := func(service gateway.Service) gateway.Forward {
		return gateway.Forward{
			Instance: "142613bf-2d27-41b3-9f6a-7251c1803af4", Service: service, Engine: nat.Name,
			Public: netip.AddrPortFrom(gw.FloatingIP, freePort(t)), Private: netip.AddrPortFrom(vmAddr, service.Port),
		}
	}
	sshd := forward(gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22})
	mosh := forward(gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 60001})
	port := sshd.Public.Port()

	apply(t, engine, []gateway.Forward{sshd, mosh})
	if got := probe(port, banner); got != banner {
		t.Errorf("published: %s", got)
	}
	if p := planFor(t, engine, []gateway.Forward{sshd, mosh}); len(p.Steps) != 0 {
		t.Errorf("a second publish has steps: %v", p.Steps[0].Change())
	}
	apply(t, engine, nil)
	if got := probe(port, "refused"); got != "refused" {
		t.Errorf("withdrawn: %s", got)
	}
	if after := n.Ruleset().Format(false); after != before {
		t.Errorf("rules before:\n%s\nafter:\n%s", before, after)
	}
	for _, file := range []string{"/etc/portico/rules.v4", "/etc/portico", "/etc/systemd/system/portico.service", "/etc/sysctl.d/60-portico.conf"} {
		if _, err := n.File(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", file, err)
		}
	}
	apply(t, engine, []gateway.Forward{sshd})
	n.Reboot()
	if got := probe(port, banner); got != banner {
		t.Errorf("after a reboot: %s", got)
	}
	if p := planFor(t, engine, []gateway.Forward{sshd}); len(p.Steps) != 0 {
		t.Errorf("after a reboot there is something to do: %v", p.Steps[0].Change())
	}
}

func (f *fixture) host(t *testing.T) *host.SSH {
	t.Helper()
	h, err := host.Dial(t.Context(), host.Config{
		Host: "127.0.0.1", Port: f.Addr().Port(), User: "debian", Signers: []ssh.Signer{f.key}, HostKeys: []ssh.PublicKey{f.HostKey()},
		SSHConfig: "none", NoAgent: true, IdentitiesOnly: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func planFor(t *testing.T, e *nat.Engine, want []gateway.Forward) plan.Plan {
	t.Helper()
	state, err := e.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Plan(t.Context(), want, state)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func apply(t *testing.T, e *nat.Engine, want []gateway.Forward) {
	t.Helper()
	p := planFor(t, e, want)
	if len(p.Steps) == 0 {
		t.Fatal("there is nothing to apply")
	}
	for _, s := range p.Steps {
		if err := s.Do(t.Context()); err != nil {
			t.Fatalf("%s: %v", s.Change().Title, err)
		}
	}
}

// TestFaultsReachTheEngine shows that what the emulator makes go wrong comes out as the engine's
// typed errors.
func TestFaultsReachTheEngine(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault emulator.Fault
		sudo  emulator.Sudo
		want  gateway.Kind
	}{
		{"restore refused by the test", emulator.Fault{Program: "iptables-restore --test", Exit: 4, Stderr: "iptables-restore: no\n"}, 0, gateway.Invalid},
		{"restore refused for real", emulator.Fault{Program: "iptables-restore", Skip: 1, Exit: 4, Stderr: "iptables-restore: no\n"}, 0, gateway.Internal},
		{"cut before the restore", emulator.Fault{Program: "iptables-restore", Skip: 1, Cut: true}, 0, gateway.Unreachable},
		{"cut after the restore", emulator.Fault{Program: "iptables-restore", Skip: 1, Cut: true, After: true}, 0, gateway.Unreachable},
		{"cut in place of an answer", emulator.Fault{Line: "flock", Cut: true}, 0, gateway.Unreachable},
		{"no sudo", emulator.Fault{Line: "nothing has this"}, emulator.SudoPassword, gateway.Permission},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t)
			engine := &nat.Engine{Gateway: gateway.Gateway{Name: "gw", FloatingIP: netip.MustParseAddr("127.0.0.1"), FixedIP: fixedIP}, Runner: n.host(t)}
			p := planFor(t, engine, []gateway.Forward{{
				Instance: "142613bf-2d27-41b3-9f6a-7251c1803af4", Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}, Engine: nat.Name,
				Public: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), freePort(t)), Private: netip.AddrPortFrom(vmAddr, 22),
			}})
			n.SetSudo(c.sudo)
			n.Fail(c.fault)
			if err := firstError(t.Context(), p); cloud.KindOf(err) != c.want {
				t.Errorf("%v is %s, want %s", err, cloud.KindOf(err), c.want)
			}
		})
	}
}

func firstError(ctx context.Context, p plan.Plan) error {
	for _, s := range p.Steps {
		if err := s.Do(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("nothing failed")
}
