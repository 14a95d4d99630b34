package host

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portico/gateway"
)

// programs fills a directory with shell scripts and makes it the PATH's first.
func programs(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil { // #nosec G306 -- a program
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

const (
	iptables189 = `case "$*" in
--version) echo "iptables v1.8.9 (nf_tables)";;
"-t nat -S PREROUTING 1 --wait 5"|"-w 5 -t nat -S PREROUTING") exit $(cat "$0.exit" 2>/dev/null || echo 0);;
*) echo "unexpected: $*" >&2; exit 99;;
esac`
	openSudo = `[ "$1 $2" = "-n --" ] || exit 98; shift 2; exec "$@"`
)

func TestLocalChecksIptables(t *testing.T) {
	dir := programs(t, map[string]string{"iptables": iptables189, "sudo": openSudo})
	l, err := NewLocal()
	if err != nil {
		t.Fatal(err)
	}
	if l.Version() != "1.8.9" || l.iptables != filepath.Join(dir, "iptables") {
		t.Errorf("version %s of %s", l.Version(), l.iptables)
	}
	for _, prefix := range [][]string{nil, {"sudo", "-n", "--"}} {
		l.prefix = prefix
		for _, tt := range []struct {
			exit string
			kind gateway.Kind
		}{{"4", gateway.Transient}, {"3", gateway.Invalid}} {
			if err := os.WriteFile(filepath.Join(dir, "iptables.exit"), []byte(tt.exit), 0o600); err != nil {
				t.Fatal(err)
			}
			checkError(t, l.Check(t.Context()), tt.kind)
		}
		if err := os.Remove(filepath.Join(dir, "iptables.exit")); err != nil {
			t.Fatal(err)
		}
		if err := l.Check(t.Context()); err != nil {
			t.Errorf("as %q: %v", prefix, err)
		}
	}
	programs(t, map[string]string{"iptables": "echo busybox"})
	_, err = NewLocal()
	checkError(t, err, gateway.Invalid, "version")
}

func TestLocalRun(t *testing.T) {
	big := bytes.Repeat([]byte("rule\n"), 1<<18)
	tests := []struct {
		name string
		cmd  gateway.Command
		want gateway.Result
	}{
		{"input comes back", gateway.Command{Args: []string{"cat"}, Stdin: big}, gateway.Result{Stdout: big}},
		{"no shell", gateway.Command{Args: []string{"printf", "%s|", "a b", "$HOME", "it's"}}, gateway.Result{Stdout: []byte("a b|$HOME|it's|")}},
		{"status and streams", gateway.Command{Args: []string{"sh", "-c", "echo out; echo $LC_ALL >&2; exit 7"}},
			gateway.Result{Stdout: []byte("out\n"), Stderr: []byte("C\n"), Exit: 7}},
		{"input not read", gateway.Command{Args: []string{"true"}, Stdin: big}, gateway.Result{}},
		{"ended by a signal", gateway.Command{Args: []string{"sh", "-c", "kill -9 $$"}}, gateway.Result{Exit: 137}},
		{"not there", gateway.Command{Args: []string{"no-such-program"}}, gateway.Result{Stderr: []byte("no-such-program: not found\n"), Exit: 127}},
	}
	l := &Local{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := l.Run(t.Context(), tt.cmd)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Stdout, tt.want.Stdout) || !bytes.Equal(got.Stderr, tt.want.Stderr) || got.Exit != tt.want.Exit {
				t.Errorf("got exit %d, %.80q, %.80q", got.Exit, got.Stdout, got.Stderr)
			}
		})
	}
	_, err := l.Run(t.Context(), gateway.Command{})
	if e := new(gateway.Error); !errors.As(err, &e) || e.Kind != gateway.Invalid {
		t.Errorf("nothing to run: %v", err)
	}
}

func TestLocalRunBySudo(t *testing.T) {
	l := &Local{prefix: []string{"sudo", "-n", "--"}, user: "labuser"}
	programs(t, map[string]string{"sudo": openSudo})
	if res, err := l.Run(t.Context(), gateway.Command{Args: []string{"false"}}); err != nil || res.Exit != 1 {
		t.Errorf("exit %d, %v", res.Exit, err)
	}
	programs(t, map[string]string{"sudo": "echo 'sudo: a password is required' >&2; exit 1"})
	_, err := l.Run(t.Context(), gateway.Command{Args: []string{"iptables-save"}})
	checkError(t, err, gateway.Permission, "run iptables-save as root", "NOPASSWD")
}

func TestLocalRunEndsWithItsContext(t *testing.T) {
	programs(t, map[string]string{"sudo": openSudo})
	for _, l := range []*Local{{}, {prefix: []string{"sudo", "-n", "--"}}} {
		file := filepath.Join(t.TempDir(), "pid")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			// The shell waits for a child: the signal must reach that, too.
			_, err := l.Run(ctx, gateway.Command{Args: []string{"sh", "-c", `sleep 60 & echo $! >"$1.new"; mv "$1.new" "$1"; wait`, "sh", file}})
			ended <- err
		}()
		var pid string
		eventually(t, "the child", func() bool {
			text, err := os.ReadFile(file) // #nosec G304 -- just made
			pid = strings.TrimSpace(string(text))
			return err == nil
		})
		start := time.Now()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > killDelay {
			t.Errorf("it took %v", took)
		}
		eventually(t, "the child's end", func() bool {
			stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat")) // #nosec G304 -- a number
			return err != nil || bytes.Contains(stat, []byte(") Z "))
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := new(Local).Run(ctx, gateway.Command{Args: []string{"true"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended before the start: %v", err)
	}
}

// What this machine runs for the console does not get the cloud's credentials.
func TestLocalRunIsWithoutCredentials(t *testing.T) {
	t.Setenv("OS_PASSWORD", "correct-horse")
	programs(t, map[string]string{"iptables": iptables189, "sudo": openSudo})
	l, err := NewLocal()
	if err != nil {
		t.Fatal(err)
	}
	res, err := l.Run(t.Context(), gateway.Command{Args: []string{"env"}})
	if err != nil || res.Exit != 0 || !strings.Contains(string(res.Stdout), "LC_ALL=C") || strings.Contains(string(res.Stdout), "correct-horse") {
		t.Errorf("%s, %v", res.Stdout, err)
	}
}
