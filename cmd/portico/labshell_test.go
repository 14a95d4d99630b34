//go:build lab

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// labByHand runs what the plan prints as a script: by hand one gets to exactly the same state.
func labByHand(t *testing.T, l *lab) {
	before := l.state()
	script := l.portico(nil, "plan", "target", "--service", "ssh,http", "--format", "shell").out
	home := filepath.Join(l.home, ".ssh")
	login := "ssh -i " + filepath.Join(home, "id_ed25519") + " -o UserKnownHostsFile=" + filepath.Join(home, "known_hosts") + " " + os.Getenv("OSLAB_VM_USER") + "@"
	r := l.run(nil, "sh", "-c", strings.ReplaceAll(script, "\nssh ", "\n"+login))
	if r.code != 0 {
		t.Fatalf("the script ends with %d: %s%s", r.code, r.out, r.err)
	}
	if r := l.portico(nil, "plan", "target", "--service", "ssh,http", "--exit-code"); r.code != 0 {
		t.Errorf("after the script there is something to do: exit %d", r.code)
	}
	labUse(t, l)
	if r := l.portico(nil, "withdraw", "target", "--yes"); r.code != 0 {
		t.Fatalf("withdraw: exit %d", r.code)
	}
	if diff := cmp.Diff(before, l.state(), cmp.AllowUnexported(labState{})); diff != "" {
		t.Error("something is left, or something foreign has changed:", diff)
	}
}
