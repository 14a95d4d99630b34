package emulator_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"portico/gateway/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var fixedIP = netip.MustParseAddr("10.20.0.67")

// fixture is a started gateway and a client that is logged in.
type fixture struct {
	*emulator.Gateway
	t      *testing.T
	key    ssh.Signer
	client *ssh.Client
}

func start(t *testing.T, config emulator.Config) *fixture {
	t.Helper()
	f := &fixture{t: t, key: newSigner(t)}
	config.FixedIP, config.Hostname = fixedIP, "gw"
	config.Keys = append(config.Keys, f.key.PublicKey())
	var err error
	if f.Gateway, err = emulator.Start(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	user := config.User
	if user == "" {
		user = "debian"
	}
	f.client = f.login(user)
	return f
}

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func (f *fixture) login(user string) *ssh.Client {
	f.t.Helper()
	c, err := ssh.Dial("tcp", f.Addr().String(), &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(f.key)}, HostKeyCallback: ssh.FixedHostKey(f.HostKey()), Timeout: 5 * time.Second,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Close() })
	return c
}

// result is how a command ended; lost says that the connection broke instead.
type result struct {
	out, err string
	exit     int
	lost     bool
}

func (f *fixture) run(line, stdin string) result {
	f.t.Helper()
	s, err := f.client.NewSession()
	if err != nil {
		return result{err: err.Error(), lost: true}
	}
	defer func() { _ = s.Close() }()
	var out, errs bytes.Buffer
	s.Stdin, s.Stdout, s.Stderr = strings.NewReader(stdin), &out, &errs
	err = s.Run(line)
	r := result{out: out.String(), err: errs.String()}
	var exit *ssh.ExitError
	switch {
	case errors.As(err, &exit):
		r.exit = exit.ExitStatus()
	case err != nil:
		r.lost = true
	}
	return r
}

// must runs a line that has to succeed.
func (f *fixture) must(line, stdin string) string {
	f.t.Helper()
	r := f.run(line, stdin)
	if r.exit != 0 || r.lost {
		f.t.Fatalf("%s: exit %d, lost %v: %s", line, r.exit, r.lost, r.err)
	}
	return r.out
}
