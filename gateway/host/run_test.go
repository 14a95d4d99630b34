package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/gateway"
)

// table answers command lines; others end with 127.
func table(lines map[string]func(*call) int) func(*call) int {
	return func(c *call) int {
		if f, ok := lines[c.line]; ok {
			return f(c)
		}
		_, _ = fmt.Fprintf(c.stderr, "sh: 1: %s: not found\n", strings.Fields(c.line)[0])
		return 127
	}
}

func cat(c *call) int {
	_, err := io.Copy(c.stdout, c.stdin)
	if err != nil {
		return 1
	}
	return 0
}

func TestRunAsRootAndBySudo(t *testing.T) {
	commands := table(map[string]func(*call) int{
		"cat":    cat,
		"false":  func(*call) int { return 1 },
		"ignore": func(*call) int { return 0 },
		"printf 'a b' 'it'\\''s'": func(c *call) int {
			_, _ = io.WriteString(c.stdout, "out")
			_, _ = io.WriteString(c.stderr, "err")
			return 3
		},
	})
	big := bytes.Repeat([]byte("rule\n"), 1<<20)
	tests := []struct {
		name string
		cmd  gateway.Command
		want gateway.Result
	}{
		{"input comes back", gateway.Command{Args: []string{"cat"}, Stdin: []byte("x\x00y\n")}, gateway.Result{Stdout: []byte("x\x00y\n")}},
		{"much input and output", gateway.Command{Args: []string{"cat"}, Stdin: big}, gateway.Result{Stdout: big}},
		{"failure", gateway.Command{Args: []string{"false"}}, gateway.Result{Exit: 1}},
		{"input not read", gateway.Command{Args: []string{"ignore"}, Stdin: big}, gateway.Result{}},
		{"both streams, quoted", gateway.Command{Args: []string{"printf", "a b", "it's"}},
			gateway.Result{Stdout: []byte("out"), Stderr: []byte("err"), Exit: 3}},
		{"not there", gateway.Command{Args: []string{"nix"}}, gateway.Result{Stderr: []byte("sh: 1: nix: not found\n"), Exit: 127}},
	}
	for _, who := range []struct {
		name    string
		handler func(*call) int
		line    string
	}{{"root", asRoot(commands), "cat"}, {"user", asUser(commands), "sudo -n -- cat"}} {
		t.Run(who.name, func(t *testing.T) {
			w := newWorld(t, who.handler).trust(t)
			s := w.dial(t)
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					got, err := s.Run(t.Context(), tt.cmd)
					if err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(got.Stdout, tt.want.Stdout) || !bytes.Equal(got.Stderr, tt.want.Stderr) || got.Exit != tt.want.Exit {
						t.Errorf("got exit %d, %d+%d bytes", got.Exit, len(got.Stdout), len(got.Stderr))
					}
				})
			}
			if diff := cmp.Diff([]string{"id -u", who.line}, w.srv.got()[:2]); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunTellsSudoFromTheCommand(t *testing.T) {
	tests := []struct {
		name, stderr string
		exit         int
		says         []string // nil: the command's own failure
	}{
		{"password", "sudo: a password is required\n", 1, []string{"a password is required", "NOPASSWD"}},
		{"password, after a warning", "sudo: unable to resolve host vm1: Name or service not known\nsudo: a password is required\n", 1, []string{"NOPASSWD"}},
		{"password, sudo-rs", "sudo: interactive authentication is required\n", 1, []string{"NOPASSWD"}},
		{"requiretty", "sudo: sorry, you must have a tty to run sudo\n", 1, []string{"requiretty"}},
		{"not in sudoers", "labuser is not in the sudoers file.\nThis incident has been reported to the administrator.\n", 1, []string{"sudoers"}},
		{"not this command", "Sorry, user labuser is not allowed to execute '/usr/sbin/iptables' as root on vm1.\n", 1, []string{"sudoers"}},
		{"no sudo, dash", "sh: 1: sudo: not found\n", 127, []string{"there is no sudo", "install sudo"}},
		{"no sudo, bash", "bash: line 1: sudo: command not found\n", 127, []string{"there is no sudo"}},
		{"nosuid", "sudo: effective uid is not 0, is sudo installed setuid root?\n", 1, []string{"setuid"}},
		{"hostile", "sudo: \x1b[31ma password is required\n", 1, []string{"sudo: a password is required"}},
		{"the command fails", "iptables: Bad rule\n", 1, nil},
		{"the command fails, with sudo's warning", "sudo: unable to resolve host vm1\niptables: Bad rule\n", 1, nil},
		{"the command is not there", "sudo: iptables: command not found\n", 1, nil},
		{"the command ends with 127", "sh: 1: ipset: not found\n", 127, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, asUser(func(c *call) int {
				_, _ = io.WriteString(c.stderr, tt.stderr)
				return tt.exit
			})).trust(t)
			res, err := w.dial(t).Run(t.Context(), gateway.Command{Args: []string{"iptables"}})
			if tt.says != nil {
				checkError(t, err, gateway.Permission, tt.says...)
			} else if err != nil || res.Exit != tt.exit {
				t.Errorf("exit %d, %v; want the command's own failure", res.Exit, err)
			}
		})
	}
}

func TestRunInAnAccountWithoutAShell(t *testing.T) {
	w := newWorld(t, func(c *call) int {
		_, _ = io.WriteString(c.stdout, "Please login as the user \"debian\" rather than the user \"root\".\n")
		return 142
	}).trust(t)
	_, err := w.dial(t).Run(t.Context(), gateway.Command{Args: []string{"true"}})
	checkError(t, err, gateway.Permission, "Please login as", "log in as debian")
}

func TestRunRefusesWhatCanNotBeRun(t *testing.T) {
	w := newWorld(t, asRoot(func(*call) int { return 0 })).trust(t)
	s := w.dial(t)
	for _, args := range [][]string{nil, {""}, {"echo", "a\x00b"}} {
		_, err := s.Run(t.Context(), gateway.Command{Args: args})
		if e := new(gateway.Error); !errors.As(err, &e) || e.Kind != gateway.Invalid {
			t.Errorf("%q: %v", args, err)
		}
	}
	if got := w.srv.got(); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
}

// hang runs until it gets a signal or the client goes away.
func hang(started chan<- struct{}) func(*call) int {
	return func(c *call) int {
		started <- struct{}{}
		select {
		case <-c.signal:
		case <-c.gone:
		}
		return -1
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	started := make(chan struct{}, 1)
	w := newWorld(t, asRoot(hang(started))).trust(t)
	s := w.dial(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	_, err := s.Run(ctx, gateway.Command{Args: []string{"sleep", "60"}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	eventually(t, "the signal", func() bool {
		w.srv.mu.Lock()
		defer w.srv.mu.Unlock()
		return cmp.Equal([]string{"TERM"}, w.srv.signals)
	})
	late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Run(late, gateway.Command{Args: []string{"sleep", "60"}})
	checkError(t, err, gateway.Unreachable, "in time")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("does not wrap the context's error: %v", err)
	}
}

func TestRunBoundsOutput(t *testing.T) {
	w := newWorld(t, asRoot(func(c *call) int {
		block := make([]byte, 1<<20)
		for range 10 {
			if _, err := c.stdout.Write(block); err != nil {
				return 1
			}
		}
		return 0
	})).trust(t)
	s := w.dial(t)
	s.limit = 2 << 20
	_, err := s.Run(t.Context(), gateway.Command{Args: []string{"yes"}})
	checkError(t, err, gateway.Invalid, "2 MiB")
}

func TestRunBoundsSessions(t *testing.T) {
	started := make(chan struct{}, 16)
	release := make(chan struct{})
	w := newWorld(t, asRoot(func(*call) int {
		started <- struct{}{}
		<-release
		return 0
	})).trust(t)
	s := w.dial(t)
	done := make(chan error, 10)
	for range cap(done) {
		go func() {
			_, err := s.Run(t.Context(), gateway.Command{Args: []string{"wait"}})
			done <- err
		}()
	}
	for range maxSessions {
		<-started
	}
	select {
	case <-started:
		t.Errorf("more than %d sessions at once", maxSessions)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Errorf("never came: %s", what)
}
