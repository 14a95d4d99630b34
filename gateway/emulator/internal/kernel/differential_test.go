//go:build kernel

package kernel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"portico/gateway/emulator/internal/kernel"
)

var update = flag.Bool("update", false, "write down what the real iptables answers, for TestSameAsRecorded")

// TestSameAsTheKernel gives one history of inputs, good and bad, to the model and to the real
// iptables in a network namespace of its own, and compares after each what both say and hold.
// It needs root, unshare and iptables: go test -tags kernel.
func TestSameAsTheKernel(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test needs root on Linux")
	}
	ns := newNamespace(t)
	if v := ns.run(t, "", "iptables", "-V"); !strings.Contains(v.Out, "nf_tables") {
		t.Fatalf("the model is of iptables on nf_tables, this is %s", v.Out)
	}
	model := kernel.New()
	var all []answer
	for _, h := range history {
		real := ns.run(t, h.input, append([]string{h.program()}, h.args...)...)
		real.Name, real.Err = h.name, normalise(real.Err)
		real.Save = withoutComments(ns.run(t, "", "iptables-save", "-c").Out)
		all = append(all, real)
		t.Run(h.name, func(t *testing.T) { compare(t, h, real, ask(model, h)) })
	}
	if *update && !t.Failed() {
		record(t, all)
	}
}

func record(t *testing.T, all []answer) {
	t.Helper()
	text, err := json.MarshalIndent(all, "", "\t")
	if err == nil {
		err = os.WriteFile(recorded, append(text, '\n'), 0o644) //nolint:gosec // part of the sources
	}
	if err != nil {
		t.Fatal(err)
	}
}

func withoutComments(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// namespace is a network namespace held open by a program that waits for its input to end.
type namespace struct {
	pid string
	end func()
}

func newNamespace(t *testing.T) namespace {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "unshare", "-n", "sh", "-c", "echo $$; exec cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ns := namespace{end: sync.OnceFunc(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})}
	t.Cleanup(ns.end)
	line := make([]byte, 32)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	ns.pid = strings.TrimSpace(string(line[:n]))
	return ns
}

func (ns namespace) run(t *testing.T, stdin string, words ...string) answer {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "nsenter", append([]string{"-n", "-t", ns.pid}, words...)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return answer{Exit: cmd.ProcessState.ExitCode(), Out: out.String(), Err: errs.String()}
}
