//go:build kernel && linux

package nat

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"portico/gateway"
	"portico/gateway/host"
)

// TestOnThisMachine runs part of the contract as a console on the gateway itself does: this test
// starts itself again inside a namespace, where the machine it commands is its own.
func TestOnThisMachine(t *testing.T) {
	if os.Getenv("PORTICO_INSIDE") == "" {
		ns := newNamespace(t)
		cmd := exec.CommandContext(t.Context(), "nsenter", "-t", ns.pid, "-n", "-m", "--", self(t), "-test.run", "^TestOnThisMachine$", "-test.v")
		cmd.Env = append(os.Environ(), "PORTICO_INSIDE=1")
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	local, err := host.NewLocal()
	if err != nil {
		t.Fatal(err)
	}
	if err := local.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	shell := func(t *testing.T, script string) string {
		t.Helper()
		res, err := local.Run(context.Background(), gateway.Command{Args: []string{"sh", "-e", "-c", script}})
		if err != nil || res.Exit != 0 {
			t.Fatalf("exit %d, %v: %s", res.Exit, err, res.Stderr)
		}
		return string(res.Stdout)
	}
	r := rig{run: local, shell: shell}
	contractPublish(t, r)
	contractForeign(t, r)
	contractTree(t, r)
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
