//go:build kernel && linux

package nat

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// netspace is a network namespace that is gone with this process, however that ends: a thread that
// never leaves it. Sockets that the thread makes, and programs that it starts, are inside.
type netspace struct {
	calls chan func()
	path  string
}

func newNetspace(t *testing.T) *netspace {
	t.Helper()
	s := &netspace{calls: make(chan func())}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked, so that the thread ends with the goroutine
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		s.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), syscall.Gettid())
		made <- err
		for call := range s.calls {
			call()
		}
	}()
	if err := <-made; err != nil {
		t.Fatal("needs root: ", err)
	}
	t.Cleanup(func() { close(s.calls) })
	s.must(t, "ip link set lo up")
	return s
}

// do runs a function on the namespace's thread and waits for it.
func (s *netspace) do(f func()) {
	done := make(chan struct{})
	s.calls <- func() { defer close(done); f() }
	<-done
}

// run runs a program inside, and fails the test if it fails.
func (s *netspace) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	var err error
	s.do(func() {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
		err = cmd.Run()
	})
	if err != nil {
		t.Fatalf("%v: %v: %.500s", args, err, errs.String())
	}
	return out.String()
}

// must runs lines of shell inside.
func (s *netspace) must(t *testing.T, lines ...string) {
	t.Helper()
	s.run(t, "", "sh", "-ec", strings.Join(lines, "\n"))
}
