package host

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"portico/gateway"
	"portico/gateway/hostkey"
)

// fakeCloud vouches for keys and counts how often it is asked.
type fakeCloud struct {
	set   hostkey.Set
	err   error
	asked int
	told  []string
}

func (c *fakeCloud) vouch(cfg *Config) {
	cfg.Vouched = func(ctx context.Context) (hostkey.Set, error) {
		c.asked++
		if _, bounded := ctx.Deadline(); !bounded {
			return hostkey.Set{}, errors.New("the time is not bounded")
		}
		return c.set, c.err
	}
	cfg.Tell = func(line string) { c.told = append(c.told, line) }
}

func vouching(signers ...ssh.Signer) *fakeCloud {
	c := &fakeCloud{}
	for _, s := range signers {
		c.set.Keys = append(c.set.Keys, s.PublicKey())
	}
	return c
}

func newECDSA(t *testing.T) ssh.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func idle(*call) int { return 0 }

func TestVerifiedByTheCloud(t *testing.T) {
	w := newWorld(t, asRoot(idle))
	cloud, human := vouching(w.hostKey), &fakeHuman{}
	cfg := w.config()
	cfg.Name, cfg.Prompter = "gw", human
	cloud.vouch(&cfg)
	mustDial(t, cfg)
	mustDial(t, cfg) // it is known now
	if cloud.asked != 1 || len(human.hostKeys) != 0 {
		t.Errorf("the cloud was asked %d times, the human %v", cloud.asked, human.hostKeys)
	}
	if line := xknownhosts.Line([]string{w.srv.lis.Addr().String()}, w.hostKey.PublicKey()) + "\n"; read(t, w.known) != line {
		t.Errorf("known_hosts has %q", read(t, w.known))
	}
	if len(cloud.told) != 1 || !strings.Contains(cloud.told[0], "gw (") || !strings.Contains(cloud.told[0], ssh.FingerprintSHA256(w.hostKey.PublicKey())) {
		t.Errorf("told %q", cloud.told)
	}
}

func TestVerifiedButNotFiled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	w := newWorld(t, asRoot(idle))
	cloud, cfg := vouching(w.hostKey), w.config()
	if err := os.MkdirAll(filepath.Dir(w.known), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(w.home, "nowhere", "known_hosts"), w.known); err != nil {
		t.Fatal(err)
	}
	cloud.vouch(&cfg)
	mustDial(t, cfg)
	if len(cloud.told) != 1 || !strings.Contains(cloud.told[0], "could not remember") {
		t.Errorf("told %q", cloud.told)
	}
}

func TestContradictedByTheCloud(t *testing.T) {
	w, other := newWorld(t, asRoot(idle)), newSigner(t)
	cloud, human := vouching(other), &fakeHuman{accept: true}
	cfg := w.config()
	cfg.Prompter = human
	cloud.vouch(&cfg)
	fails(t, cfg, gateway.HostKey, "NOT THE MACHINE'S", ssh.FingerprintSHA256(w.hostKey.PublicKey()), ssh.FingerprintSHA256(other.PublicKey()), "ssh_host_ed25519_key.pub")
	if len(human.hostKeys) != 0 {
		t.Errorf("the human was asked %v", human.hostKeys)
	}
	if _, err := os.Stat(w.known); !os.IsNotExist(err) {
		t.Errorf("known_hosts: %v", err)
	}
}

func TestNotVerifiable(t *testing.T) {
	tests := []struct {
		name  string
		cloud *fakeCloud
		says  string
	}{
		{"no block", &fakeCloud{}, "no host keys"},
		{"another type", vouching(newECDSA(t)), "names no ssh-ed25519 key, only ecdsa-sha2-nistp256"},
		{"no right", &fakeCloud{err: &gateway.Error{Op: "read", Kind: gateway.Permission, Err: errors.New("policy\x1b[31m says no")}}, "could not be read: policy says no"},
		{"too late", &fakeCloud{err: context.DeadlineExceeded}, "within 10s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, human := newWorld(t, asRoot(idle)), &fakeHuman{accept: true}
			cfg := w.config()
			tt.cloud.vouch(&cfg)
			fails(t, cfg, gateway.HostKey, "nobody can be asked", tt.says)
			if why, err := CheckHostKey(t.Context(), cfg); err != nil || !strings.Contains(why, tt.says) {
				t.Errorf("check: %q, %v", why, err)
			}
			cfg.Prompter = human
			mustDial(t, cfg)
			if len(human.hostKeys) != 1 || !strings.Contains(human.hostKeys[0].Unverified, tt.says) || len(tt.cloud.told) != 0 {
				t.Errorf("asked %+v, told %q", human.hostKeys, tt.cloud.told)
			}
		})
	}
}

// TestVouchedTypeIsAskedFor has a host with two keys, of which the cloud knows the less usual one.
func TestVouchedTypeIsAskedFor(t *testing.T) {
	for _, vouched := range []string{ssh.KeyAlgoECDSA256, ssh.KeyAlgoED25519} {
		t.Run(vouched, func(t *testing.T) {
			w, second := newWorld(t, asRoot(idle)), newECDSA(t)
			w.srv.addHostKey(second)
			cloud := vouching(w.hostKey)
			if vouched == ssh.KeyAlgoECDSA256 {
				cloud = vouching(second)
			}
			cfg := w.config()
			cloud.vouch(&cfg)
			mustDial(t, cfg)
			if got := read(t, w.known); !strings.Contains(got, vouched+" ") {
				t.Errorf("known_hosts has %q", got)
			}
		})
	}
}

func TestChangedKeyAndTheCloud(t *testing.T) {
	other := newSigner(t)
	for _, tt := range []struct {
		name  string
		cloud func(w *world) *fakeCloud
		says  []string
		next  string
	}{
		{"vouched for", func(w *world) *fakeCloud { return vouching(w.hostKey) }, []string{"CHANGED", "rebuilt", "names the new key", "ssh-keygen -f"}, ""},
		{"contradicted", func(*world) *fakeCloud { return vouching(other) }, []string{"CHANGED", "console log in the cloud names ssh-ed25519 " + ssh.FingerprintSHA256(other.PublicKey())}, ""},
		{"not verifiable", func(*world) *fakeCloud { return &fakeCloud{} }, []string{"CHANGED", "could not be verified by the cloud: its console log has no host keys"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, asRoot(idle))
			before := xknownhosts.Line([]string{w.srv.lis.Addr().String()}, other.PublicKey()) + "\n"
			w.file(t, before)
			cfg := w.config()
			cloud := tt.cloud(w)
			cloud.vouch(&cfg)
			fails(t, cfg, gateway.HostKey, tt.says...)
			human := &fakeHuman{}
			cfg.Prompter = human
			fails(t, cfg, gateway.HostKey, tt.says...)
			if vouched := tt.name == "vouched for"; vouched != (len(human.hostKeys) == 1) || vouched && !strings.Contains(human.hostKeys[0].Known, ssh.FingerprintSHA256(other.PublicKey())) {
				t.Errorf("asked %+v", human.hostKeys)
			}
			if read(t, w.known) != before || len(cloud.told) != 0 {
				t.Errorf("known_hosts has %q, told %q", read(t, w.known), cloud.told)
			}
		})
	}
}

func TestStaleKeyIsReplaced(t *testing.T) {
	w := newWorld(t, asRoot(idle))
	addr := w.srv.lis.Addr().String()
	name := xknownhosts.Normalize(addr)
	stale, ecdsa := xknownhosts.Line([]string{addr}, newSigner(t).PublicKey()), xknownhosts.Line([]string{addr}, newECDSA(t).PublicKey())
	_, blob, _ := strings.Cut(stale, " ")
	shared, hashed := "# mine\n\nexample.com,"+name+",10.0.0.9 "+blob+" a comment\n", xknownhosts.HashHostname(name)+" "+blob+"\n"
	kept := "example.org " + blob + "\n@revoked * ssh-ed25519 " + sampleKey + "\n*.example " + blob + "\n" + xknownhosts.HashHostname("example.net") + " " + blob + "\n"
	w.file(t, stale+"\n"+shared+kept+ecdsa+"\n"+hashed)
	if err := os.Chmod(w.known, 0o640); err != nil {
		t.Fatal(err)
	}
	target := w.known + ".real"
	if err := errors.Join(os.Rename(w.known, target), os.Symlink(target, w.known)); err != nil {
		t.Fatal(err)
	}
	cloud, human := vouching(w.hostKey), &fakeHuman{accept: true}
	cfg := w.config()
	cfg.Prompter = human
	cloud.vouch(&cfg)
	mustDial(t, cfg)
	got := read(t, w.known)
	text, last, _ := strings.Cut(got, "|1|") // the kept one, and then ours, which is hashed as the file has such
	_, last, _ = strings.Cut(last, "\n")
	if want := "# mine\n\nexample.com,10.0.0.9 " + blob + " a comment\n" + strings.Split(kept, "|1|")[0]; text != want {
		t.Errorf("the file begins\n%swant\n%s", text, want)
	}
	if !strings.HasPrefix(last, "|1|") || strings.Count(last, "\n") != 1 {
		t.Errorf("the file ends %q", last)
	}
	private(t, w.known, 0o640)
	if info, err := os.Lstat(w.known); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if len(cloud.told) != 1 || len(human.hostKeys) != 1 {
		t.Errorf("told %q, asked %v", cloud.told, human.hostKeys)
	}
	cfg.Prompter, cfg.Vouched = nil, nil
	mustDial(t, cfg)
}

func TestCheckHostKey(t *testing.T) {
	w := newWorld(t, asRoot(idle))
	cloud, cfg := vouching(w.hostKey), w.config()
	cloud.vouch(&cfg)
	for range 2 {
		if why, err := CheckHostKey(t.Context(), cfg); why != "" || err != nil {
			t.Fatalf("got %q, %v", why, err)
		}
	}
	if cloud.asked != 1 || len(cloud.told) != 1 || !strings.HasPrefix(read(t, w.known), "[127.0.0.1]:"+port(w)+" ssh-ed25519 ") {
		t.Errorf("asked %d times, told %q, known_hosts has %q", cloud.asked, cloud.told, read(t, w.known))
	}
	w.file(t, xknownhosts.Line([]string{w.srv.lis.Addr().String()}, newSigner(t).PublicKey())+"\n")
	if why, err := CheckHostKey(t.Context(), cfg); why != "" {
		t.Errorf("why %q", why)
	} else {
		checkError(t, err, gateway.HostKey, "CHANGED", "names the new key")
	}
	w.srv.mu.Lock()
	logins := w.srv.logins
	w.srv.mu.Unlock()
	if logins != 0 {
		t.Errorf("%d logins", logins)
	}
	w.srv.stop()
	_, err := CheckHostKey(t.Context(), cfg)
	checkError(t, err, gateway.Unreachable, "refused")
}
