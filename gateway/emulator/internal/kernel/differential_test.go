//go:build kernel

package kernel_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/gateway/emulator/internal/kernel"
)

// TestSameAsTheKernel gives one history of inputs, good and bad, to the model and to the real
// iptables in a network namespace of its own, and compares after each what both say and hold.
// It needs root, unshare and iptables: go test -tags kernel.
func TestSameAsTheKernel(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Fatal("this test needs root on Linux")
	}
	ns := newNamespace(t)
	if v := ns.run(t, "", "iptables", "-V"); !strings.Contains(v.out, "nf_tables") {
		t.Fatalf("the model is of iptables on nf_tables, this is %s", v.out)
	}
	model := kernel.New()
	for _, h := range history {
		t.Run(h.name, func(t *testing.T) {
			var got answer
			real := ns.run(t, h.input, append([]string{h.program()}, h.args...)...)
			if h.iptables {
				out, f := model.Command(h.args)
				got = answerOf(out, f)
			} else {
				got = answerOf("", model.Restore(h.input, h.options()))
			}
			if got.exit != real.exit {
				t.Errorf("exit: model %d, kernel %d\nmodel: %s\nkernel: %s", got.exit, real.exit, got.err, real.err)
			}
			if diff := cmp.Diff(normalise(real.err), normalise(got.err)); diff != "" && !h.otherWords {
				t.Errorf("standard error (-kernel +model):\n%s", diff)
			}
			if diff := cmp.Diff(real.out, got.out); diff != "" && h.iptables {
				t.Errorf("standard output (-kernel +model):\n%s", diff)
			}
			want := withoutComments(ns.run(t, "", "iptables-save", "-c").out)
			have, _ := model.Save("", true)
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("iptables-save -c (-kernel +model):\n%s", diff)
			}
		})
	}
}

// answer is how a program ended.
type answer struct {
	exit     int
	out, err string
}

func answerOf(out string, f *kernel.Failure) answer {
	if f == nil {
		return answer{out: out}
	}
	return answer{exit: f.Exit, out: out, err: f.Text}
}

// normalise drops what depends on the version installed.
func normalise(s string) string {
	s = strings.ReplaceAll(s, kernel.Version, "VERSION")
	if i := strings.Index(s, " v1."); i >= 0 {
		if j := strings.Index(s[i:], ")"); j >= 0 {
			s = s[:i] + " VERSION" + s[i+j+1:]
		}
	}
	return s
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
type namespace struct{ pid string }

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
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line := make([]byte, 32)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	return namespace{strings.TrimSpace(string(line[:n]))}
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
	return answer{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}
