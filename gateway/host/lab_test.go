//go:build lab

package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portico/gateway"
)

// lab says where the lab's gateway is; it fails rather than skips when it was asked for and is not there.
func lab(t *testing.T) Config {
	t.Helper()
	if os.Getenv("PORTICO_LAB") != "1" {
		t.Skip("PORTICO_LAB=1 runs this against the lab's gateway")
	}
	return Config{Name: "gw", Host: first(os.Getenv("PORTICO_LAB_GATEWAY"), "203.0.113.65"), User: "labuser",
		IdentityFiles: []string{first(os.Getenv("OSLAB_KEY"), "/var/lib/oslab/keys/id_ed25519")}, SSHConfig: "none",
		KnownHosts: []string{filepath.Join(t.TempDir(), "known_hosts")}, Prompter: &fakeHuman{accept: true}}
}

func TestLabRootBySudo(t *testing.T) {
	cfg := lab(t)
	start := time.Now()
	s := mustDial(t, cfg)
	t.Logf("Dial: %v", time.Since(start))
	for range 3 {
		start = time.Now()
		res, err := s.Run(t.Context(), gateway.Command{Args: []string{"id", "-u"}})
		if err != nil || strings.TrimSpace(string(res.Stdout)) != "0" {
			t.Fatalf("id -u: %q, exit %d, %v", res.Stdout, res.Exit, err)
		}
		t.Logf("Run: %v", time.Since(start))
	}
	res, err := s.Run(t.Context(), gateway.Command{Args: []string{"sh", "-c", "cat; echo $LC_ALL >&2; exit 7"}, Stdin: []byte("a\x00b")})
	if err != nil || string(res.Stdout) != "a\x00b" || res.Exit != 7 || string(res.Stderr) != "C\n" {
		t.Errorf("got %q, %q, %d, %v", res.Stdout, res.Stderr, res.Exit, err)
	}
}

func TestLabCancelEndsTheCommand(t *testing.T) {
	s := mustDial(t, lab(t))
	sleeping := func(exit int) func() bool {
		return func() bool {
			res, err := s.Run(t.Context(), gateway.Command{Args: []string{"pgrep", "-fx", "sleep 60.125"}})
			return err == nil && res.Exit == exit
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, gateway.Command{Args: []string{"sleep", "60.125"}})
		ended <- err
	}()
	eventually(t, "the start of the command", sleeping(0))
	start := time.Now()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	t.Logf("cancel: %v", time.Since(start))
	eventually(t, "the end of the command", sleeping(1))
	t.Logf("command gone: %v", time.Since(start))
}

func TestLabWrongUser(t *testing.T) {
	cfg := lab(t)
	cfg.User = "nobody-there"
	fails(t, cfg, gateway.Auth, "nobody-there", "id_ed25519")
}

// TestLabSudoRefuses makes accounts on the gateway whose sudo says no, each in its way.
func TestLabSudoRefuses(t *testing.T) {
	cfg := lab(t)
	admin := mustDial(t, cfg)
	root := func(args ...string) {
		t.Helper()
		if res, err := admin.Run(context.WithoutCancel(t.Context()), gateway.Command{Args: args}); err != nil || res.Exit != 0 {
			t.Errorf("%q: %s, %v", args, res.Stderr, err)
		}
	}
	tests := []struct{ user, shell, sudoers, says string }{
		{"p-nobody", "/bin/bash", "", "sudo refused"},
		{"p-password", "/bin/sh", "p-password ALL=(ALL) ALL", "NOPASSWD"},
		{"p-tty", "/bin/bash", "Defaults:p-tty requiretty\np-tty ALL=(ALL) NOPASSWD: ALL", "requiretty"},
		{"p-some", "/bin/sh", "p-some ALL=(ALL) NOPASSWD: /usr/bin/true", "sudo refused"},
		{"p-nologin", "/usr/sbin/nologin", "", "gets no shell"},
	}
	for _, tt := range tests {
		t.Run(tt.user, func(t *testing.T) {
			root("useradd", "-m", "-s", tt.shell, tt.user)
			defer root("sh", "-c", "rm -f /etc/sudoers.d/"+tt.user+"; userdel -rf "+tt.user+" 2>/dev/null")
			root("sh", "-c", "install -d -m 700 -o $1 /home/$1/.ssh && install -m 600 -o $1 /home/labuser/.ssh/authorized_keys /home/$1/.ssh/ && printf \"$2\\n\" >/etc/sudoers.d/$1",
				"sh", tt.user, tt.sudoers)
			mine := cfg
			mine.User = tt.user
			_, err := mustDial(t, mine).Run(t.Context(), gateway.Command{Args: []string{"iptables", "-S"}})
			checkError(t, err, gateway.Permission, tt.says)
			t.Log(err)
		})
	}
}
