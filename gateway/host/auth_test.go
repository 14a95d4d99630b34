package host

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
)

// lockedKey is a key whose passphrase is "secret". Locking one takes long, so all tests share them.
type lockedKey struct {
	raw    any
	signer ssh.Signer
	block  *pem.Block
}

var (
	lockedEd25519 = sync.OnceValue(func() lockedKey {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return lock(key, err)
	})
	lockedRSA = sync.OnceValue(func() lockedKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		return lock(key, err)
	})
)

func lock(key crypto.PrivateKey, err error) lockedKey {
	if err != nil {
		panic(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		panic(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("secret"))
	if err != nil {
		panic(err)
	}
	return lockedKey{key, signer, block}
}

// writeLocked writes a locked key.
func writeLocked(t *testing.T, path string) (string, ssh.Signer) {
	t.Helper()
	return writePEM(t, path, lockedEd25519().block), lockedEd25519().signer
}

// oldFormat locks an RSA key as OpenSSL used to.
func oldFormat(t *testing.T, key any) *pem.Block {
	t.Helper()
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("a %T", key)
	}
	block, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), []byte("secret"), x509.PEMCipherAES128) //nolint:staticcheck // the weak format is what is tested
	if err != nil {
		t.Fatal(err)
	}
	return block
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
			key := lockedRSA()
			block, signer := key.block, key.signer
			if tt.old {
				block = oldFormat(t, key.raw)
			}
			path := writePEM(t, filepath.Join(w.home, "rsa"), block)
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
	locked, signer := writeLocked(t, filepath.Join(w.home, "locked"))
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
		path, _ := writeKey(t, filepath.Join(w.home, name))
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
