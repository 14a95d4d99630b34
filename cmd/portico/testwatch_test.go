package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	cloudemulator "portico/cloud/emulator"
	"portico/gateway"
	gatewayemulator "portico/gateway/emulator"
)

// inDemo starts a demo in which something is published, and wires a program to it.
func inDemo(t *testing.T, out *bytes.Buffer, vms ...string) (*demo, *app, *wiring) {
	t.Helper()
	addr := gatewayemulator.Loopback()
	d, err := startDemo(addr, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	dir := t.TempDir()
	if err := d.writeFiles(dir); err != nil {
		t.Fatal(err)
	}
	for _, pair := range append(d.cloud.Env(), "HOME="+dir, "USERPROFILE="+dir, "SSH_AUTH_SOCK=", "NO_COLOR=1", "PORTICO_CONFIG="+filepath.Join(dir, "config.yaml")) {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	a := newApp(os.Stdin, out, out)
	t.Cleanup(a.close)
	w, err := a.wire(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	one := newApp(a.in, new(bytes.Buffer), new(bytes.Buffer)) // another run of the program, whose output is nobody's
	t.Cleanup(one.close)
	c := one.command()
	one.flags = a.flags
	one.flags.yes = true
	c.SetArgs(append([]string{"publish", "--service", "ssh", "--yes"}, vms...))
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d, a, w
}

// A watch tells of what changes, and on which side: an sshd that stops, a VM that goes, one that is
// published no more.
func TestWatchTellsOfChanges(t *testing.T) {
	var out bytes.Buffer
	d, a, w := inDemo(t, &out, "assembly-02", "blast-db")
	vm := d.vms[cloudemulator.ID("server", "assembly-02")]
	steps := []func(){
		func() { vm.Handle(22, nil) },
		func() {},
		func() { vm.Handle(22, vm.SSH) },
	}
	var said []string // of each round
	wait := func(context.Context, time.Duration) bool {
		said = append(said, out.String())
		out.Reset()
		if len(steps) == 0 {
			return false
		}
		steps[0]()
		steps = steps[1:]
		return true
	}
	if err := a.watchTests(t.Context(), w, testOptions{fromGateway: true, interval: time.Second}, wait); err != nil {
		t.Errorf("ended with %v", err)
	}
	want := []string{
		`^\S+  ✓ \S+ ms  from the gateway ✓ \S+ ms  \S+:30011  ssh  assembly-02  SSH-2.0.*\n\S+  ✓ .*  blast-db  SSH-2.0.*\n$`,
		`^\S+  ✗ refused  from the gateway ✗ refused  \S+:30011  ssh  assembly-02  was ok for \d s\n$`,
		`^$`,
		`^\S+  ✓ \S+ ms  from the gateway ✓ .*  assembly-02  was refused for \d s\n$`,
	}
	if len(said) != len(want) {
		t.Fatalf("%d rounds: %q", len(said), said)
	}
	for i := range want {
		if !regexp.MustCompile(strings.ReplaceAll(want[i], `✓ \S+ ms`, `✓ \S+( ms)?`)).MatchString(said[i]) {
			t.Errorf("round %d: %q, want %s", i+1, said[i], want[i])
		}
	}
}

// What is gone is told, and the lines of --json are what scripts were promised.
func TestWatchAsJSON(t *testing.T) {
	var out bytes.Buffer
	d, a, w := inDemo(t, &out, "assembly-02")
	a.flags.json = true
	s, err := w.publisher.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x := &watch{app: a, s: s, known: map[gateway.Key]watched{}}
	at := time.Date(2026, 3, 14, 12, 3, 0, 0, time.UTC)
	x.round(w.test(t.Context(), s, s.State.Forwards, false), at)
	d.vms[cloudemulator.ID("server", "assembly-02")].Handle(22, nil)
	x.round(w.test(t.Context(), s, s.State.Forwards, true), at.Add(time.Minute))
	x.round(testRound{}, at.Add(2*time.Minute))
	var got []string
	dec := json.NewDecoder(&out)
	for dec.More() {
		var l watchLine
		if err := dec.Decode(&l); err != nil {
			t.Fatal(err)
		}
		seen := ""
		if l.FromGateway != nil {
			seen = string(l.FromGateway.Outcome)
		}
		got = append(got, fmt.Sprintf("%s %s %s, was %q since %q, gateway %q, gone %v", l.At, l.Instance, l.Outcome, l.Was, l.Since, seen, l.Gone))
	}
	want := []string{
		`2026-03-14T12:03:00Z assembly-02 ok, was "" since "", gateway "", gone false`,
		`2026-03-14T12:04:00Z assembly-02 refused, was "ok" since "2026-03-14T12:03:00Z", gateway "refused", gone false`,
		`2026-03-14T12:05:00Z assembly-02 refused, was "" since "", gateway "", gone true`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
