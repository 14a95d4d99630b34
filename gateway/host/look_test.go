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

// looks are servers and what of them a look must say; a setup may file keys and change the configuration.
var looks = []struct {
	name  string
	setup func(t *testing.T, w *world, cfg *Config)
	good  func(s Seen) bool
}{
	{"new, and let in", func(_ *testing.T, _ *world, cfg *Config) { cfg.Prompter = &fakeHuman{} }, func(s Seen) bool {
		return !s.Known && !s.Changed && s.LoggedIn && !s.Denied && len(s.Offered) > 0 && s.With != ""
	}},
	{"known", func(t *testing.T, w *world, _ *Config) { w.remembers(t, w.hostKey.PublicKey()) }, func(s Seen) bool {
		return s.Known && !s.Changed && s.LoggedIn
	}},
	{"changed: nobody logs in", func(t *testing.T, w *world, _ *Config) { w.remembers(t, newSigner(t).PublicKey()) }, func(s Seen) bool {
		return s.Changed && !s.LoggedIn && !s.Denied && strings.HasPrefix(s.Instead, "ssh-ed25519 SHA256:") && s.Instead != s.Key && strings.HasSuffix(s.Place, "line 2") && s.Vouched == hostkey.Unknown
	}},
	{"changed, and vouched for", func(t *testing.T, w *world, cfg *Config) {
		w.remembers(t, newSigner(t).PublicKey())
		vouching(w.hostKey).vouch(cfg)
	}, func(s Seen) bool { return s.Changed && s.Vouched == hostkey.Match && s.LoggedIn }},
	{"another than the cloud's: nobody logs in", func(t *testing.T, _ *world, cfg *Config) { vouching(newSigner(t)).vouch(cfg) }, func(s Seen) bool {
		return s.Vouched == hostkey.Contradicted && !s.LoggedIn && !s.Denied
	}},
	{"denied", func(t *testing.T, _ *world, cfg *Config) {
		cfg.Signers, cfg.IdentityFiles = []ssh.Signer{newSigner(t)}, nil
	}, func(s Seen) bool {
		return !s.LoggedIn && s.Denied && len(s.Offered) > 0 && strings.Contains(s.Said, "accepted none of")
	}},
}

// A look says what ssh would meet, asks nobody, and leaves everything as it was.
func TestLook(t *testing.T) {
	for _, c := range looks {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, asRoot(func(*call) int { return 0 }))
			cfg := w.config()
			c.setup(t, w, &cfg)
			before, _ := os.ReadFile(w.known)
			seen, err := Look(t.Context(), cfg)
			if err != nil || !c.good(seen) {
				t.Errorf("%v: %+v", err, seen)
			}
			if seen.Name != "[127.0.0.1]:"+port(w) || seen.Key != "ssh-ed25519 "+ssh.FingerprintSHA256(w.hostKey.PublicKey()) {
				t.Errorf("named %q, key %q", seen.Name, seen.Key)
			}
			if after, _ := os.ReadFile(w.known); string(before) != string(after) {
				t.Errorf("known_hosts was %q and is %q", before, after)
			}
		})
	}
	w := newWorld(t, asRoot(func(*call) int { return 0 }))
	w.srv.stop()
	if _, err := Look(t.Context(), w.config()); cloud.KindOf(err) != gateway.Unreachable {
		t.Errorf("a server that is stopped: %v", err)
	}
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
