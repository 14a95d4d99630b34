package host

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
)

// lockedRSA writes an RSA key with the passphrase "secret", in the old or in OpenSSH's own format.
func lockedRSA(t *testing.T, dir string, old bool) (string, ssh.Signer) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("secret"))
	if old {
		block, err = x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key), []byte("secret"), x509.PEMCipherAES128) //nolint:staticcheck // the weak format is what is tested
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "rsa")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, signer
}

func TestDialWithALockedRSAKey(t *testing.T) {
	tests := []struct {
		name            string
		old, pub, wants bool
		asked           int
	}{
		{"OpenSSH format", false, false, true, 1},
		{"OpenSSH format, not wanted", false, false, false, 0},
		{"old format with a public key file", true, true, true, 1},
		{"old format with a public key file, not wanted", true, true, false, 0},
		{"old format: asked before the server can say", true, false, false, 1},
		{"old format", true, false, true, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, asRoot(cat))
			path, signer := lockedRSA(t, w.home, tt.old)
			if tt.pub {
				if err := os.WriteFile(path+".pub", ssh.MarshalAuthorizedKey(signer.PublicKey()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if tt.wants {
				w.srv = serve(t, w.hostKey, asRoot(cat), signer.PublicKey())
			}
			w.trust(t)
			human := &fakeHuman{passphrase: []string{"secret"}}
			cfg := w.config()
			cfg.IdentityFiles, cfg.Prompter = []string{path}, human
			if tt.wants {
				mustDial(t, cfg)
			} else {
				fails(t, cfg, gateway.Auth, "accepted none of ~/rsa")
			}
			if len(human.files) != tt.asked {
				t.Errorf("asked %d times, want %d", len(human.files), tt.asked)
			}
		})
	}
}

func TestDialGoesOnAfterAKeyThatWasNotUnlocked(t *testing.T) {
	w := newWorld(t, asRoot(cat))
	locked, signer := writeKey(t, filepath.Join(w.home, "locked"), "secret")
	w.srv = serve(t, w.hostKey, asRoot(cat), signer.PublicKey(), w.signer.PublicKey())
	w.trust(t)
	cfg := w.config()
	cfg.IdentityFiles, cfg.Prompter = []string{locked, w.key}, &fakeHuman{}
	mustDial(t, cfg)
	cfg.Prompter = nil
	mustDial(t, cfg)
}

func TestDialToAServerThatTakesNoKeys(t *testing.T) {
	w := newWorld(t, asRoot(cat)).trust(t)
	w.srv.mu.Lock()
	w.srv.config = &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
		return nil, errors.New("no")
	}}
	w.srv.config.AddHostKey(w.hostKey)
	w.srv.mu.Unlock()
	fails(t, w.config(), gateway.Auth, "only password", "PubkeyAuthentication")
}

func TestDialToAServerThatLimitsTries(t *testing.T) {
	w := newWorld(t, asRoot(cat)).trust(t)
	w.srv.mu.Lock()
	w.srv.config.MaxAuthTries = 1
	w.srv.mu.Unlock()
	cfg := w.config()
	cfg.IdentityFiles = nil
	for _, name := range []string{"x", "y", "z"} {
		path, _ := writeKey(t, filepath.Join(w.home, name), "")
		cfg.IdentityFiles = append(cfg.IdentityFiles, path)
	}
	fails(t, cfg, gateway.Auth, "gave up", "IdentitiesOnly")
}

func TestRunOnAServerThatRunsNothing(t *testing.T) {
	w := newWorld(t, asRoot(cat)).trust(t)
	w.srv.mu.Lock()
	w.srv.refuses = true
	w.srv.mu.Unlock()
	_, err := w.dial(t).Run(t.Context(), gateway.Command{Args: []string{"true"}})
	checkError(t, err, gateway.Permission, "refuses to run commands", "ForceCommand")
}
