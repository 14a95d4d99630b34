package emulator_test

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/gateway/emulator"
)

func TestLogin(t *testing.T) {
	f := start(t, emulator.Config{})
	for _, c := range []struct {
		name, user string
		auth       ssh.AuthMethod
	}{
		{"another key", "debian", ssh.PublicKeys(newSigner(t))},
		{"another user", "root", ssh.PublicKeys(f.key)},
		{"a password", "debian", ssh.Password("debian")},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, err := ssh.Dial("tcp", f.Addr().String(), &ssh.ClientConfig{
				User: c.user, Auth: []ssh.AuthMethod{c.auth}, HostKeyCallback: ssh.FixedHostKey(f.HostKey()), Timeout: 5 * time.Second,
			})
			if err == nil {
				_ = client.Close()
				t.Error("logged in")
			}
		})
	}
}

func TestKeepaliveIsAnswered(t *testing.T) {
	f := start(t, emulator.Config{})
	if _, _, err := f.client.SendRequest("keepalive@openssh.com", true, nil); err != nil {
		t.Error(err)
	}
}

func TestThroughTheGateway(t *testing.T) {
	n := newNetwork(t)
	c, err := n.client.DialContext(t.Context(), "tcp", vmAddr.String()+":22")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	conn, channels, requests, err := ssh.NewClientConn(c, "vm", &ssh.ClientConfig{User: "anna", HostKeyCallback: ssh.FixedHostKey(n.vm.HostKey())})
	if err != nil {
		t.Fatal(err)
	}
	client := ssh.NewClient(conn, channels, requests)
	defer func() { _ = client.Close() }()
	s, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Output("whoami"); err != nil || string(out) != "anna\n" {
		t.Errorf("%q, %v", out, err)
	}
	for _, addr := range []string{vmAddr.String() + ":81", "127.0.0.1:22", "10.20.0.67:22", "nowhere:22"} {
		if c, err := n.client.DialContext(t.Context(), "tcp", addr); err == nil {
			_ = c.Close()
			t.Errorf("%s answers", addr)
		}
	}
}

// TestSignalEndsACommand also shows that a session's end ends its command: Close, in the cleanup,
// waits for all.
func TestSignalEndsACommand(t *testing.T) {
	f := start(t, emulator.Config{})
	for name, end := range map[string]func(*ssh.Session) error{
		"signal": func(s *ssh.Session) error { return s.Signal(ssh.SIGTERM) },
		"close":  func(s *ssh.Session) error { return s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := f.client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Start("echo started; sleep 600"); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "started\n" {
				t.Fatalf("%q, %v", line, err)
			}
			if err := end(s); err != nil {
				t.Fatal(err)
			}
			if err := s.Wait(); err == nil {
				t.Error("it ended well")
			}
		})
	}
}

func TestCommandsAreLogged(t *testing.T) {
	f := start(t, emulator.Config{})
	f.run("id -u", "")
	f.run("false", "")
	if got := fmt.Sprint(f.Commands()); got != "[id -u false]" {
		t.Error(got)
	}
}

func TestBackgroundWorkEndsWithTheGateway(t *testing.T) {
	f := start(t, emulator.Config{})
	if r := f.run("(sleep 600; echo late) & echo now", ""); r.out != "now\n" {
		t.Errorf("%+v", r)
	}
}

// terminal is an interactive session: what is typed, and what comes back.
type terminal struct {
	t    *testing.T
	in   io.Writer
	out  *bufio.Reader
	sess *ssh.Session
}

func openTerminal(t *testing.T, c *ssh.Client) *terminal {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestPty("xterm", 24, 80, ssh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	return &terminal{t: t, in: in, out: bufio.NewReader(out), sess: s}
}

// expect reads until the text has come.
func (x *terminal) expect(text string) {
	x.t.Helper()
	var seen strings.Builder
	for !strings.Contains(seen.String(), text) {
		b, err := x.out.ReadByte()
		if err != nil {
			x.t.Fatalf("waiting for %q: %v after %q", text, err, seen.String())
		}
		seen.WriteByte(b)
	}
}

func (x *terminal) typed(text string) {
	x.t.Helper()
	if _, err := io.WriteString(x.in, text); err != nil {
		x.t.Fatal(err)
	}
}

func TestInteractiveGateway(t *testing.T) {
	f := start(t, emulator.Config{})
	x := openTerminal(t, f.client)
	x.expect("debian@gw:~$ ")
	x.typed("sudo id -u\r")
	x.expect("0\r\n")
	x.expect("$ ")
	x.typed("exit 3\r")
	err := x.sess.Wait()
	if exit, ok := err.(*ssh.ExitError); !ok || exit.ExitStatus() != 3 { //nolint:errorlint // Wait returns it bare
		t.Errorf("ended with %v", err)
	}
}
