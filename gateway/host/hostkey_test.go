package host

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"portico/gateway"
)

func TestUnknownHostKey(t *testing.T) {
	ok := asRoot(func(*call) int { return 0 })
	t.Run("nobody to ask", func(t *testing.T) {
		w := newWorld(t, ok)
		fails(t, w.config(), gateway.HostKey, ssh.FingerprintSHA256(w.hostKey.PublicKey()), "console log")
		if _, err := os.Stat(w.known); !os.IsNotExist(err) {
			t.Errorf("known_hosts was made: %v", err)
		}
	})
	t.Run("not accepted", func(t *testing.T) {
		w := newWorld(t, ok)
		cfg := w.config()
		cfg.Prompter = &fakeHuman{}
		fails(t, cfg, gateway.HostKey, "not accepted")
	})
	t.Run("accepted once, asked once", func(t *testing.T) {
		w := newWorld(t, ok)
		human := &fakeHuman{accept: true}
		cfg := w.config()
		cfg.Name, cfg.Prompter = "gw", human
		mustDial(t, cfg)
		mustDial(t, cfg)
		want := gateway.HostKeyQuestion{Host: "gw", Addr: "[127.0.0.1]:" + port(w), Type: "ssh-ed25519",
			Fingerprint: ssh.FingerprintSHA256(w.hostKey.PublicKey())}
		if len(human.hostKeys) != 1 || human.hostKeys[0] != want {
			t.Errorf("asked %+v, want once %+v", human.hostKeys, want)
		}
		line := xknownhosts.Line([]string{w.srv.lis.Addr().String()}, w.hostKey.PublicKey()) + "\n"
		if got := read(t, w.known); got != line || !strings.HasPrefix(got, "[127.0.0.1]:") {
			t.Errorf("known_hosts has %q, want %q", got, line)
		}
		private(t, w.known, 0o600)
		private(t, filepath.Dir(w.known), 0o700)
	})
	t.Run("strict", func(t *testing.T) {
		w := newWorld(t, ok)
		cfg := w.config()
		cfg.Prompter = &fakeHuman{accept: true}
		cfg.SSHConfig = w.sshConfig(t, "StrictHostKeyChecking yes\n")
		fails(t, cfg, gateway.HostKey, "nobody can be asked")
	})
}

func port(w *world) string {
	_, p, _ := net.SplitHostPort(w.srv.lis.Addr().String())
	return p
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func private(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != want {
		t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
	}
}

// sshConfig writes a configuration file and returns its path.
func (w *world) sshConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(w.home, "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAcceptedKeyJoinsAFile(t *testing.T) {
	for _, tt := range []struct{ name, before, config string }{
		{"without a last newline", "example.com ssh-ed25519 " + sampleKey, ""},
		{"of hashed names", xknownhosts.HashHostname("example.com") + " ssh-ed25519 " + sampleKey + "\n", ""},
		{"hashed by configuration", "# mine\n", "HashKnownHosts yes\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, asRoot(func(*call) int { return 0 }))
			w.file(t, tt.before)
			cfg := w.config()
			cfg.Prompter = &fakeHuman{accept: true}
			cfg.SSHConfig = w.sshConfig(t, tt.config)
			mustDial(t, cfg)
			got := read(t, w.known)
			if !strings.HasPrefix(got, strings.TrimSuffix(tt.before, "\n")+"\n") || strings.Count(got, "\n") != 2 {
				t.Errorf("file is now %q", got)
			}
			if hashed := strings.Contains(strings.SplitAfter(got, "\n")[1], "|1|"); hashed == strings.HasPrefix(tt.name, "without") {
				t.Errorf("hashed: %v in %q", hashed, got)
			}
			cfg.Prompter = nil
			mustDial(t, cfg)
		})
	}
}

const sampleKey = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

func TestUntrustedHostKey(t *testing.T) {
	tests := []struct {
		name string
		line func(addr string, real, other ssh.PublicKey) string
		says []string
	}{
		{"changed", func(addr string, _, other ssh.PublicKey) string {
			return xknownhosts.Line([]string{addr}, other)
		}, []string{"CHANGED", "line 1", "ssh-keygen -f", "-R '[127.0.0.1]:"}},
		{"revoked", func(addr string, real, _ ssh.PublicKey) string {
			return "@revoked * " + strings.TrimPrefix(xknownhosts.Line([]string{addr}, real), xknownhosts.Normalize(addr)+" ")
		}, []string{"revoked", "do not connect"}},
		{"of another kind", func(addr string, _, _ ssh.PublicKey) string {
			return xknownhosts.Normalize(addr) + " ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="
		}, []string{"CHANGED", "ecdsa-sha2-nistp256"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, asRoot(func(*call) int { return 0 }))
			before := tt.line(w.srv.lis.Addr().String(), w.hostKey.PublicKey(), newSigner(t).PublicKey()) + "\n"
			w.file(t, before)
			human := &fakeHuman{accept: true}
			cfg := w.config()
			cfg.Prompter = human
			fails(t, cfg, gateway.HostKey, append(tt.says, ssh.FingerprintSHA256(w.hostKey.PublicKey()))...)
			if len(human.hostKeys) != 0 || read(t, w.known) != before {
				t.Errorf("asked %v, file %q", human.hostKeys, read(t, w.known))
			}
		})
	}
}

func TestHostCertificate(t *testing.T) {
	w := newWorld(t, asRoot(func(*call) int { return 0 }))
	ca := newSigner(t)
	cert := &ssh.Certificate{Key: w.hostKey.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"},
		ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(strings.NewReader(strings.Repeat("r", 64)), ca); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(cert, w.hostKey)
	if err != nil {
		t.Fatal(err)
	}
	w.srv = serve(t, signer, w.srv.handler, w.signer.PublicKey())
	w.srv.addHostKey(w.hostKey)
	w.file(t, "@cert-authority "+xknownhosts.Line([]string{w.srv.lis.Addr().String()}, ca.PublicKey())+"\n")
	mustDial(t, w.config())
	w.file(t, "") // without the authority, the plain key is what can be shown and compared
	fails(t, w.config(), gateway.HostKey, ssh.FingerprintSHA256(w.hostKey.PublicKey()))
}

func TestKnownByAlias(t *testing.T) {
	w := newWorld(t, asRoot(func(*call) int { return 0 }))
	w.file(t, xknownhosts.Line([]string{"gateway.example"}, w.hostKey.PublicKey())+"\n")
	cfg := w.config()
	cfg.HostKeyAlias = "gateway.example"
	mustDial(t, cfg)
}

func TestBrokenKnownHosts(t *testing.T) {
	w := newWorld(t, asRoot(func(*call) int { return 0 }))
	w.file(t, "# fine\nexample.com ssh-ed25519 !!!\n")
	fails(t, w.config(), gateway.Invalid, "known_hosts:2")
}
