package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"portico/gateway"
)

const sampleConfig = `
Host gw
  HostName 203.0.113.10
  User debian
  Port 2222
  IdentityFile ~/keys/%h_%r
  IdentityFile "/srv/id %%"
  ConnectTimeout 3
  UserKnownHostsFile ~/a ~/b
  GlobalKnownHostsFile none
  HostKeyAlias gw-key
Match host deep,deeper
  ProxyJump gw
Match exec "touch /nowhere"
  User evil
Host *.internal !no.internal
  HostName node-%h
  ProxyJump a@one:23,two
Host two
  ProxyJump never
Host direct
  ProxyCommand nc %h %p
Host loop
  ProxyJump loop
Host envy
  IdentityFile ${KEYDIR}/k
  IdentityAgent none
Match all
  IdentitiesOnly yes
`

// routeOf resolves a host against the sample, and shows the hops as user@host:port.
func routeOf(t *testing.T, cfg Config) ([]*hop, []string, error) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("KEYDIR", "/keys")
	t.Setenv("SSH_AUTH_SOCK", "/agent")
	if cfg.SSHConfig == "" {
		if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".ssh", "config"), []byte(sampleConfig), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hops, err := route(cfg)
	var names []string
	for _, h := range hops {
		names = append(names, strings.Replace(h.user+"@"+h.addr(), localUser()+"@", "me@", 1))
	}
	return hops, names, err
}

func TestRoute(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"plain address", Config{Host: "192.0.2.1"}, []string{"me@192.0.2.1:22"}},
		{"IPv6 address", Config{Host: "2001:db8::1"}, []string{"me@[2001:db8::1]:22"}},
		{"from the file", Config{Host: "gw"}, []string{"debian@203.0.113.10:2222"}},
		{"explicit wins", Config{Host: "gw", User: "admin", Port: 22}, []string{"admin@203.0.113.10:22"}},
		{"the name for messages is not looked up", Config{Name: "gw", Host: "192.0.2.1"}, []string{"me@192.0.2.1:22"}},
		{"by a jump host, with its own settings", Config{Host: "deeper", User: "admin"}, []string{"debian@203.0.113.10:2222", "admin@deeper:22"}},
		{"by two, the list replacing the second's own", Config{Host: "x.internal"}, []string{"a@one:23", "me@two:22", "me@node-x.internal:22"}},
		{"negated pattern", Config{Host: "no.internal"}, []string{"me@no.internal:22"}},
		{"explicit jump", Config{Host: "h", ProxyJump: "u@[2001:db8::2]:24"}, []string{"u@[2001:db8::2]:24", "me@h:22"}},
		{"explicitly none", Config{Host: "deep", ProxyJump: "none"}, []string{"me@deep:22"}},
		{"a command is not needed", Config{Host: "direct", ProxyJump: "j"}, []string{"me@j:22", "me@direct:22"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, got, err := routeOf(t, tt.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRouteFiles(t *testing.T) {
	hops, _, err := routeOf(t, Config{Host: "gw"})
	if err != nil {
		t.Fatal(err)
	}
	h, at := hops[0], func(p string) string { return filepath.Join(home(), p) }
	if diff := cmp.Diff([]string{at("keys/203.0.113.10_debian"), "/srv/id %"}, h.identities); diff != "" {
		t.Errorf("identities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{at("a"), at("b")}, h.knownHosts); diff != "" {
		t.Errorf("known hosts (-want +got):\n%s", diff)
	}
	if h.timeout != 3*time.Second || h.keyName() != "gw-key:22" || !h.only || h.agent != "/agent" {
		t.Errorf("timeout %v, key name %s, only %v, agent %q", h.timeout, h.keyName(), h.only, h.agent)
	}
	if hops, _, err = routeOf(t, Config{Host: "envy", KnownHosts: []string{"/k"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/keys/k", "/k", ""}, []string{hops[0].identities[0], hops[0].knownHosts[0], hops[0].agent}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRouteRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("Host gw\nInclude [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		cfg  Config
		says string
	}{
		{"a command", Config{Host: "direct"}, "ProxyCommand"},
		{"a loop", Config{Host: "loop"}, "jump hosts"},
		{"no host", Config{Name: "gw"}, "no address"},
		{"a bad jump port", Config{Host: "h", ProxyJump: "j:ssh"}, "bad port"},
		{"an empty jump", Config{Host: "h", ProxyJump: "j,"}, "no name"},
		{"a missing file", Config{Host: "h", SSHConfig: "/nonexistent/config"}, "no such file"},
		{"a broken file", Config{Host: "h", SSHConfig: broken}, "ssh_config"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := routeOf(t, tt.cfg)
			checkError(t, err, gateway.Invalid, tt.says)
		})
	}
}

func TestDialByTwoJumpHosts(t *testing.T) {
	w := newWorld(t, asRoot(cat))
	keyA, signA := writeKey(t, filepath.Join(w.home, "a"))
	keyB, signB := writeKey(t, filepath.Join(w.home, "b"))
	a := serve(t, newSigner(t), asRoot(cat), signA.PublicKey())
	hostB := newSigner(t)
	b := serve(t, hostB, asRoot(cat), signB.PublicKey())
	cfg := w.config()
	cfg.SSHConfig = w.sshConfig(t, "Host a\n HostName 127.0.0.1\n Port "+port(&world{srv: a})+"\n User labuser\n IdentityFile "+keyA+
		"\nHost b\n HostName 127.0.0.1\n Port "+port(&world{srv: b})+"\n User labuser\n ProxyJump a\n IdentityFile "+keyB+"\n")
	cfg.ProxyJump = "b"
	human := &fakeHuman{accept: true}
	cfg.Prompter = human
	s := mustDial(t, cfg)
	res, err := s.Run(t.Context(), gateway.Command{Args: []string{"cat"}, Stdin: []byte("through")})
	if err != nil || string(res.Stdout) != "through" {
		t.Errorf("%q, %v", res.Stdout, err)
	}
	if s.RemoteAddr().String() != w.srv.lis.Addr().String() || s.User() != "labuser" {
		t.Errorf("%s as %s", s.RemoteAddr(), s.User())
	}
	if len(human.hostKeys) != 3 {
		t.Errorf("%d host keys were checked, want one for each hop: %+v", len(human.hostKeys), human.hostKeys)
	}
	b.dropAll()
	<-s.link.done
	// The hop in between is another machine now: its key must not pass, whatever the target's is.
	w.file(t, strings.Replace(read(t, w.known), xknownhosts.Line([]string{b.lis.Addr().String()}, hostB.PublicKey()),
		xknownhosts.Line([]string{b.lis.Addr().String()}, newSigner(t).PublicKey()), 1))
	_, err = s.Run(t.Context(), gateway.Command{Args: []string{"cat"}})
	checkError(t, err, gateway.HostKey, "CHANGED", "b (127.0.0.1:")
}
