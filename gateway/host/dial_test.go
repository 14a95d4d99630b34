package host

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"portico/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeHuman answers questions and counts them.
type fakeHuman struct {
	accept     bool
	passphrase []string // one an ask
	hostKeys   []gateway.HostKeyQuestion
	files      []string
	given      [][]byte
}

func (p *fakeHuman) HostKey(_ context.Context, q gateway.HostKeyQuestion) (bool, error) {
	p.hostKeys = append(p.hostKeys, q)
	return p.accept, nil
}

func (p *fakeHuman) Passphrase(_ context.Context, file string) ([]byte, error) {
	p.files = append(p.files, file)
	if len(p.passphrase) == 0 {
		return nil, errors.New("given up")
	}
	pass := []byte(p.passphrase[0])
	p.passphrase = p.passphrase[1:]
	p.given = append(p.given, pass)
	return pass, nil
}

// world is a home directory, a key in it, and a server that lets it in.
type world struct {
	home, key, known string
	signer           ssh.Signer
	hostKey          ssh.Signer
	srv              *server
}

func newWorld(t *testing.T, handler func(*call) int) *world {
	t.Helper()
	w := &world{home: t.TempDir()}
	t.Setenv("HOME", w.home)
	t.Setenv("USERPROFILE", w.home)
	t.Setenv("SSH_AUTH_SOCK", "")
	w.key, w.signer = writeKey(t, filepath.Join(w.home, "key"))
	w.known = filepath.Join(w.home, ".ssh", "known_hosts")
	w.hostKey = newSigner(t)
	w.srv = serve(t, w.hostKey, handler, w.signer.PublicKey())
	return w
}

// trust files the server's key.
func (w *world) trust(t *testing.T) *world {
	t.Helper()
	w.file(t, xknownhosts.Line([]string{w.srv.lis.Addr().String()}, w.hostKey.PublicKey())+"\n")
	return w
}

func (w *world) file(t *testing.T, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.known), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.known, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) config() Config {
	return Config{Host: w.srv.host(), Port: w.srv.port(), User: "labuser", IdentityFiles: []string{w.key},
		KnownHosts: []string{w.known}, SSHConfig: "none", Timeout: time.Minute}
}

func (w *world) dial(t *testing.T) *SSH {
	t.Helper()
	return mustDial(t, w.config())
}

func mustDial(t *testing.T, cfg Config) *SSH {
	t.Helper()
	s, err := Dial(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// writeKey makes a key file and returns its path.
func writeKey(t *testing.T, path string) (string, ssh.Signer) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, path, block), signer
}

func writePEM(t *testing.T, path string, block *pem.Block) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil { // #nosec G703 -- in the test's own directory
		t.Fatal(err)
	}
	return path
}

// fails dials and checks the error: its kind, what it says and what it advises.
func fails(t *testing.T, cfg Config, kind gateway.Kind, says ...string) {
	t.Helper()
	s, err := Dial(t.Context(), cfg)
	if err == nil {
		_ = s.Close()
		t.Fatal("Dial succeeded")
	}
	checkError(t, err, kind, says...)
}

func checkError(t *testing.T, err error, kind gateway.Kind, says ...string) {
	t.Helper()
	var e *gateway.Error
	if !errors.As(err, &e) {
		t.Fatalf("not a gateway.Error: %v", err)
	}
	if e.Kind != kind {
		t.Errorf("kind %v, want %v: %v", e.Kind, kind, err)
	}
	if e.Next == "" {
		t.Errorf("no advice: %v", err)
	}
	for _, s := range says {
		if !strings.Contains(err.Error()+"\n"+e.Next, s) {
			t.Errorf("does not say %q: %v\nnext: %s", s, err, e.Next)
		}
	}
}

func TestDialAuthenticates(t *testing.T) {
	ok := asRoot(func(*call) int { return 0 })
	t.Run("key file", func(t *testing.T) {
		s := newWorld(t, ok).trust(t).dial(t)
		if _, err := s.Run(t.Context(), gateway.Command{Args: []string{"true"}}); err != nil {
			t.Error(err)
		}
	})
	t.Run("default key file", func(t *testing.T) {
		w := newWorld(t, ok).trust(t)
		if err := os.Rename(w.key, filepath.Join(w.home, ".ssh", "id_ed25519")); err != nil {
			t.Fatal(err)
		}
		cfg := w.config()
		cfg.IdentityFiles = nil
		mustDial(t, cfg)
	})
	t.Run("agent", func(t *testing.T) {
		w := newWorld(t, ok).trust(t)
		cfg := w.config()
		cfg.IdentityFiles = nil
		cfg.AgentSocket = serveAgent(t, rawKey(t, w.key))
		mustDial(t, cfg)
		cfg.NoAgent = true
		fails(t, cfg, gateway.Auth, "labuser", "no key to offer", "ssh-add")
	})
	t.Run("agent, only the chosen public key", func(t *testing.T) {
		w := newWorld(t, ok).trust(t)
		pub := filepath.Join(w.home, "chosen.pub")
		if err := os.WriteFile(pub, ssh.MarshalAuthorizedKey(w.signer.PublicKey()), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg := w.config()
		cfg.IdentityFiles, cfg.IdentitiesOnly, cfg.AgentSocket = []string{pub}, true, serveAgent(t, rawKey(t, w.key))
		mustDial(t, cfg)
		cfg.AgentSocket = ""
		fails(t, cfg, gateway.Auth, "chosen.pub", "public key")
	})
}

func rawKey(t *testing.T, file string) any {
	t.Helper()
	raw, err := ssh.ParseRawPrivateKey([]byte(read(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// serveAgent runs an agent that holds the key.
func serveAgent(t *testing.T, raw any) string {
	t.Helper()
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: raw, Comment: "laptop"}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "a") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	lis, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Skip("no unix sockets here: ", err)
	}
	t.Cleanup(func() { _ = lis.Close() })
	go func() {
		for {
			conn, err := lis.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn); _ = conn.Close() }()
		}
	}()
	return lis.Addr().String()
}

func TestDialSaysWhichKeysWereRefused(t *testing.T) {
	w := newWorld(t, asRoot(func(*call) int { return 0 })).trust(t)
	other, _ := writeKey(t, filepath.Join(w.home, "other"))
	inAgent, _ := writeKey(t, filepath.Join(w.home, "agentkey"))
	cfg := w.config()
	cfg.IdentityFiles = []string{other, filepath.Join(w.home, "missing")}
	cfg.AgentSocket = serveAgent(t, rawKey(t, inAgent))
	fails(t, cfg, gateway.Auth, "user labuser", "~/other", "agent key laptop", "~/missing (no such file", "authorized_keys")
	cfg.User = "root"
	cfg.IdentityFiles = []string{w.key}
	fails(t, cfg, gateway.Auth, "user root", "~/key")
}

func TestDialAsksPassphrase(t *testing.T) {
	tests := []struct {
		name    string
		answers []string
		allowed bool
		asked   int
		fails   string
	}{
		{"right", []string{"secret"}, true, 1, ""},
		{"right at the third try", []string{"a", "b", "secret"}, true, 3, ""},
		{"wrong three times", []string{"a", "b", "c", "secret"}, true, 3, "wrong passphrase"},
		{"given up", nil, true, 1, "given up"},
		{"the server does not want the key", []string{"secret"}, false, 0, "accepted none of ~/locked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, asRoot(func(*call) int { return 0 }))
			locked, signer := writeLocked(t, filepath.Join(w.home, "locked"))
			if tt.allowed {
				w.srv = serve(t, w.hostKey, asRoot(func(*call) int { return 0 }), signer.PublicKey())
			}
			w.trust(t)
			human := &fakeHuman{passphrase: tt.answers}
			cfg := w.config()
			cfg.IdentityFiles, cfg.Prompter = []string{locked}, human
			if tt.fails != "" {
				fails(t, cfg, gateway.Auth, tt.fails)
			} else if err := mustDial(t, cfg).Redial(t.Context()); err != nil {
				t.Errorf("the second connection: %v", err)
			}
			if len(human.files) != tt.asked {
				t.Errorf("asked %d times, want %d", len(human.files), tt.asked)
			}
			for _, g := range human.given {
				if !bytes.Equal(g, make([]byte, len(g))) {
					t.Errorf("a passphrase was left in memory")
				}
			}
		})
	}
}

func TestDialPrefersTheAgentToAPassphrase(t *testing.T) {
	w := newWorld(t, asRoot(func(*call) int { return 0 }))
	locked, signer := writeLocked(t, filepath.Join(w.home, "locked"))
	w.srv = serve(t, w.hostKey, w.srv.handler, signer.PublicKey())
	w.trust(t)
	human := &fakeHuman{}
	cfg := w.config()
	cfg.IdentityFiles, cfg.Prompter, cfg.AgentSocket = []string{locked}, human, serveAgent(t, lockedEd25519().raw)
	mustDial(t, cfg)
	if diff := cmp.Diff([]string(nil), human.files); diff != "" {
		t.Errorf("asked for a passphrase (-want +got):\n%s", diff)
	}
}
