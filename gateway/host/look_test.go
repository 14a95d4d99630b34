package host

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/hostkey"
)

// remembers writes the world's known_hosts: a line of others, and these keys of the server.
func (w *world) remembers(t *testing.T, keys ...ssh.PublicKey) string {
	t.Helper()
	text := "other.example " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(newSigner(t).PublicKey()))) + "\n"
	for _, k := range keys {
		text += xknownhosts.Line([]string{w.srv.lis.Addr().String()}, k) + "\n"
	}
	w.file(t, text)
	return text
}

// A look says what ssh would meet, and leaves everything as it was.
func TestLook(t *testing.T) {
	ok := asRoot(func(*call) int { return 0 })
	look := func(t *testing.T, w *world, cfg Config) Seen {
		t.Helper()
		before, _ := os.ReadFile(w.known)
		seen, err := Look(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		after, _ := os.ReadFile(w.known)
		if string(before) != string(after) {
			t.Errorf("known_hosts was %q and is %q", before, after)
		}
		if seen.Name != "[127.0.0.1]:"+port(w) || seen.Key != "ssh-ed25519 "+ssh.FingerprintSHA256(w.hostKey.PublicKey()) {
			t.Errorf("named %q, key %q", seen.Name, seen.Key)
		}
		return seen
	}
	t.Run("new, and let in", func(t *testing.T) {
		w := newWorld(t, ok)
		cfg := w.config()
		cfg.Prompter = &fakeHuman{} // who is not asked
		if s := look(t, w, cfg); s.Known || s.Changed || !s.LoggedIn || s.Denied || len(s.Offered) == 0 || s.With == "" {
			t.Errorf("%+v", s)
		}
	})
	t.Run("known", func(t *testing.T) {
		w := newWorld(t, ok)
		w.remembers(t, w.hostKey.PublicKey())
		if s := look(t, w, w.config()); !s.Known || s.Changed || !s.LoggedIn {
			t.Errorf("%+v", s)
		}
	})
	t.Run("changed: nobody logs in", func(t *testing.T) {
		w := newWorld(t, ok)
		old := newSigner(t).PublicKey()
		w.remembers(t, old)
		s := look(t, w, w.config())
		if !s.Changed || s.LoggedIn || s.Denied || s.Instead != "ssh-ed25519 "+ssh.FingerprintSHA256(old) || !strings.HasSuffix(s.Place, "line 2") || s.Vouched != hostkey.Unknown {
			t.Errorf("%+v", s)
		}
	})
	t.Run("changed, and vouched for", func(t *testing.T) {
		w := newWorld(t, ok)
		w.remembers(t, newSigner(t).PublicKey())
		cfg, c := w.config(), vouching(w.hostKey)
		c.vouch(&cfg)
		if s := look(t, w, cfg); !s.Changed || s.Vouched != hostkey.Match || !s.LoggedIn || len(c.told) > 0 {
			t.Errorf("%+v, told %v", s, c.told)
		}
	})
	t.Run("another than the cloud's: nobody logs in", func(t *testing.T) {
		w := newWorld(t, ok)
		cfg, c := w.config(), vouching(newSigner(t))
		c.vouch(&cfg)
		if s := look(t, w, cfg); s.Vouched != hostkey.Contradicted || s.LoggedIn || s.Denied {
			t.Errorf("%+v", s)
		}
	})
	t.Run("denied", func(t *testing.T) {
		w := newWorld(t, ok)
		cfg := w.config()
		cfg.Signers, cfg.IdentityFiles = []ssh.Signer{newSigner(t)}, nil
		if s := look(t, w, cfg); s.LoggedIn || !s.Denied || len(s.Offered) == 0 || !strings.Contains(s.Said, "accepted none of") {
			t.Errorf("%+v", s)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		w := newWorld(t, ok)
		cfg := w.config()
		w.srv.stop()
		if _, err := Look(t.Context(), cfg); err == nil {
			t.Error("a server that is stopped was seen")
		}
	})
}

// What is stale is forgotten, only where the cloud vouches for another key, and can be put back unless
// somebody was there meanwhile.
func TestForget(t *testing.T) {
	w := newWorld(t, asRoot(func(*call) int { return 0 }))
	was := w.remembers(t, newSigner(t).PublicKey(), w.hostKey.PublicKey())
	cfg := w.config()
	if _, err := Forget(t.Context(), cfg); cloud.KindOf(err) != gateway.HostKey || read(t, w.known) != was {
		t.Fatalf("without a cloud: %v", err)
	}
	vouching(w.hostKey).vouch(&cfg)
	back, err := Forget(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(was, "\n")
	if got := read(t, w.known); got != lines[0]+lines[2] {
		t.Fatalf("left %q of %q", got, was)
	}
	if err := back(); err != nil || read(t, w.known) != was {
		t.Fatalf("put back: %v, %q", err, read(t, w.known))
	}
	if back, err = Forget(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	mine := w.remembers(t)
	if err := back(); cloud.KindOf(err) != gateway.Stale || read(t, w.known) != mine {
		t.Errorf("over somebody else's change: %v", err)
	}
}
