//go:build lab

package probe

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"portico/gateway"
	"portico/gateway/host"
)

type yes struct{}

func (yes) HostKey(context.Context, gateway.HostKeyQuestion) (bool, error) { return true, nil }
func (yes) Passphrase(context.Context, string) ([]byte, error)             { return nil, os.ErrInvalid }

// TestLabFromOutsideAndFromTheGateway probes real machines, from here and as the gateway sees them.
func TestLabFromOutsideAndFromTheGateway(t *testing.T) {
	if os.Getenv("PORTICO_LAB") != "1" {
		t.Skip("PORTICO_LAB=1 runs this against the lab's gateway")
	}
	env := func(name, otherwise string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return otherwise
	}
	public := netip.MustParseAddr(env("PORTICO_LAB_GATEWAY", "203.0.113.65"))
	private := netip.MustParseAddr(env("PORTICO_LAB_VM", "10.20.0.149"))
	s, err := host.Dial(t.Context(), host.Config{Host: public.String(), User: "labuser", SSHConfig: "none", Prompter: yes{},
		IdentityFiles: []string{env("OSLAB_KEY", "/var/lib/oslab/keys/id_ed25519")},
		KnownHosts:    []string{filepath.Join(t.TempDir(), "known_hosts")}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, tt := range []struct {
		name    string
		from    Dialer
		addr    netip.Addr
		port    uint16
		service string
		want    Outcome
	}{
		{"the gateway's sshd", new(net.Dialer), public, 22, "ssh", OK},
		{"no security group rule", new(net.Dialer), public, 81, "http", Timeout},
		{"the VM's sshd", s, private, 22, "ssh", OK},
		{"the VM's web server", s, private, 80, "http", OK},
		{"sshd asked for a page", s, private, 22, "http", Wrong},
		{"nothing listens", s, private, 81, "http", Refused},
		{"nobody has the address", s, private.Next().Next().Next(), 22, "ssh", Timeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target := Target{Addr: netip.AddrPortFrom(tt.addr, tt.port), Service: service(tt.service)}
			r := Run(t.Context(), tt.from, []Target{target}, Options{Timeout: 5 * time.Second}, nil)[0]
			t.Logf("%s %v %q", r.Outcome, r.Latency, r.Detail)
			if r.Outcome != tt.want {
				t.Errorf("want %s", tt.want)
			}
		})
	}
}
