//go:build lab

package main

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLabTrust interrupts applies in every way there is: whatever happens in the middle, the
// gateway ends in the old state or in the new one, and a repair leaves nothing in the cloud.
func TestLabTrust(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := newLab(t)
	l.server("vm", "vm2")
	for _, vm := range []string{"target", "vm2"} { // what an interrupted run may have left
		l.portico(nil, "repair", "--yes")
		l.portico(nil, "withdraw", vm, "--yes")
	}
	steps := []struct {
		name string
		run  func(*testing.T, *lab)
	}{
		{"killed at random moments", labKilled},
		{"two consoles at once", labRaces},
		{"reboots", labReboots},
	}
	for _, s := range steps {
		if !t.Run(s.name, func(t *testing.T) { in := *l; in.t = t; s.run(t, &in) }) {
			break
		}
	}
}

// host is all that a publish changes on the gateway itself.
func (l *lab) host() string {
	l.t.Helper()
	return l.inside("gw", `iptables-save | sed -e '/^#/d' -e 's/ \[[0-9]*:[0-9]*\]$//' | grep PORTICO | sort
for f in /etc/portico/* /etc/sysctl.d/60-portico.conf /etc/systemd/system/portico*; do if [ -e "$f" ]; then echo "$f"; cat "$f"; fi; done
ls /etc/systemd/system/multi-user.target.wants | grep portico; true`)
}

// armed reports whether a rollback is armed on the gateway.
func (l *lab) armed() bool {
	return l.inside("gw", "if [ -e /var/lib/portico/armed/id ]; then echo yes; fi") != ""
}

// silent waits until the gateway has done all that a dead console had asked of it: a command that had
// arrived goes on.
func (l *lab) silent() {
	l.t.Helper()
	eventually(l.t, func() bool { return l.inside("gw", "pgrep -x sudo; pgrep -f '^sshd: .*@notty'; true") == "" })
}

// rolledBack is what the gateway says it took back and nobody has seen to.
func (l *lab) rolledBack() string {
	return l.inside("gw", "cat /var/lib/portico/rolledback/* 2>/dev/null; true")
}

// settled repairs what an interrupted apply has left in the cloud; after that there is nothing to
// repair.
func (l *lab) settled() {
	l.t.Helper()
	if r := l.run(nil, l.bin, "repair", "--yes"); r.code != 0 {
		l.t.Errorf("repair: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := l.run(nil, l.bin, "repair", "--yes"); r.code != 0 || !strings.Contains(r.out, "No changes") {
		l.t.Errorf("a second repair: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if note := l.rolledBack(); note != "" {
		l.t.Errorf("a repair leaves a note: %s", note)
	}
}

func labKilled(t *testing.T, l *lab) {
	const kills = 40
	// Once, before anything is compared: IP forwarding stays on from then, and the file says how it was.
	if l.portico(nil, "publish", "target", "--yes").code != 0 || l.portico(nil, "withdraw", "target", "--yes").code != 0 {
		t.Fatal("publish and withdraw failed")
	}
	first := l.portico(nil, "publish", "target", "--yes", "--service", "ssh,http")
	k := killing{published: l.host(), counts: map[string]int{}}
	second := l.portico(nil, "withdraw", "target", "--yes")
	k.withdrawn = l.host()
	if first.code != 0 || second.code != 0 {
		t.Fatal("publish and withdraw failed")
	}
	before := l.state()
	most, seed := min(first.took, second.took), uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d; an apply takes %.1f s", seed, most.Seconds())
	for range kills {
		k.strike(l, time.Duration((0.15+0.85*random.Float64())*float64(most)))
		l.settled()
	}
	t.Logf("killed with SIGKILL %d times: %v; never between", kills, k.counts)
	if k.counts[killedArmed] == 0 {
		t.Error("no kill struck while the gateway was armed")
	}
	if r := l.portico(nil, "withdraw", "target", "--yes"); k.stands && r.code != 0 {
		t.Fatal("withdraw failed")
	}
	if diff := cmp.Diff(before, l.state(), cmp.AllowUnexported(labState{})); diff != "" {
		t.Error("something is left, or something foreign has changed:", diff)
	}
}

const killedArmed = "armed, and rolled back by the gateway"

// killing publishes and withdraws in turns, and kills the program meanwhile.
type killing struct {
	published, withdrawn string // the gateway in its two states
	stands               bool   // it is published
	counts               map[string]int
}

func (k *killing) strike(l *lab, after time.Duration) {
	l.t.Helper()
	args := []string{"publish", "target", "--yes", "--rollback", "5s", "--service", "ssh,http"}
	if k.stands {
		args = []string{"withdraw", "target", "--yes", "--rollback", "5s"}
	}
	ended := l.killAfter(after, args...)
	l.silent()
	armed := l.armed()
	eventually(l.t, func() bool { return !l.armed() })
	was, note := k.stands, l.rolledBack()
	switch now := l.host(); now {
	case k.published:
		k.stands = true
	case k.withdrawn:
		k.stands = false
	default:
		l.t.Fatalf("%s, killed after %s: neither old nor new:\n%s", args[0], after, now)
	}
	outcome := "before it was armed"
	switch {
	case ended && k.stands != was:
		outcome = "after it had ended"
	case k.stands != was:
		outcome = "after it was confirmed"
	case note != "":
		outcome = killedArmed
	case armed:
		l.t.Errorf("%s, killed after %s: the gateway was armed, and tells of nothing", args[0], after)
	}
	k.counts[outcome]++
}

// killAfter starts the program and kills it; ended says that it had ended by itself.
func (l *lab) killAfter(d time.Duration, args ...string) (ended bool) {
	l.t.Helper()
	cmd := exec.CommandContext(l.t.Context(), l.bin, args...)
	cmd.Env = l.env
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(d):
	}
	_ = cmd.Process.Kill()
	<-done
	return false
}

// killAt starts the program and kills it when it says a line with these words.
func (l *lab) killAt(words string, args ...string) {
	l.t.Helper()
	cmd := exec.CommandContext(l.t.Context(), l.bin, args...)
	cmd.Env = l.env
	cmd.Stdout = io.Discard
	out, err := cmd.StderrPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	var said bytes.Buffer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), words) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			l.t.Logf("$ portico %s\n%s(killed)", strings.Join(args, " "), said.String())
			return
		}
	}
	_ = cmd.Wait()
	l.t.Fatalf("it never said %q:\n%s", words, said.String())
}

func labRaces(t *testing.T, l *lab) {
	const races = 20
	before := l.state()
	replanned, waited := 0, 0
	for i := range races {
		args := []string{"publish", "--yes"}
		if i%2 == 1 {
			args = []string{"withdraw", "--yes"}
		}
		var wg sync.WaitGroup
		results := [2]result{}
		for n, vm := range []string{"target", "vm2"} {
			wg.Go(func() { results[n] = l.run(nil, l.bin, append(args, vm)...) })
		}
		wg.Wait()
		for n, r := range results {
			if r.code != 0 {
				t.Fatalf("race %d, console %d: exit %d\n%s%s", i, n, r.code, r.out, r.err)
			}
			replanned += strings.Count(r.err, "the plan is now another")
			waited += strings.Count(r.err, "waiting for")
		}
		var listed struct{ Forwards []forwardJSON }
		decode(t, l.run(nil, l.bin, "forwards", "--json").out, &listed)
		if want := 2 - 2*(i%2); len(listed.Forwards) != want {
			t.Fatalf("race %d: %d forwards stand, want %d: %+v", i, len(listed.Forwards), want, listed.Forwards)
		}
		if r := l.run(nil, l.bin, "test"); r.code != 0 && len(listed.Forwards) > 0 {
			t.Errorf("race %d: test: exit %d\n%s%s", i, r.code, r.out, r.err)
		}
	}
	t.Logf("%d races of two consoles: all done; %d times a console waited for the other, %d plans were made anew", races, waited, replanned)
	if waited+replanned == 0 {
		t.Error("the consoles never met")
	}
	if diff := cmp.Diff(before, l.state(), cmp.AllowUnexported(labState{})); diff != "" {
		t.Error("something is left, or something foreign has changed:", diff)
	}
}

func labReboots(t *testing.T, l *lab) {
	before := l.state()
	withdrawn := l.host()
	reboot := func() {
		t.Helper()
		l.must(l.oslab, "reboot", "gw")
		eventually(t, func() bool { return l.run(nil, l.bin, "forwards").code == 0 })
	}
	stands := func(want bool) {
		t.Helper()
		if want {
			eventually(t, func() bool { return l.ssh(l.port(30000)).code == 0 })
		}
		if r := l.run(nil, l.bin, "forwards", "--json"); strings.Contains(r.out, `"public"`) != want {
			t.Errorf("forwards stand: %v, want %v\n%s%s", !want, want, r.out, r.err)
		}
	}
	unconfirmed := func(verb string, want bool) {
		t.Helper()
		l.killAt("reading back", verb, "target", "--yes", "--rollback", "1h")
		if !l.armed() {
			t.Fatal("the gateway is not armed")
		}
		reboot()
		if note := l.rolledBack(); !strings.Contains(note, "started again") || !strings.HasPrefix(note, "ok\n") {
			t.Errorf("the gateway notes %q", note)
		}
		if r := l.portico(nil, "gateways"); !strings.Contains(r.out+r.err, "took back") {
			t.Error("gateways does not tell of it")
		}
		l.settled()
		stands(want)
	}
	unconfirmed("publish", false)
	if diff := cmp.Diff(withdrawn, l.host()); diff != "" {
		t.Error("the gateway is not as before:", diff)
	}
	if r := l.portico(nil, "publish", "target", "--yes"); r.code != 0 {
		t.Fatal("publish failed")
	}
	published := l.host()
	reboot()
	stands(true)
	unconfirmed("withdraw", true)
	if diff := cmp.Diff(published, l.host()); diff != "" {
		t.Error("the gateway is not as before:", diff)
	}
	reboot()
	stands(true)
	if r := l.portico(nil, "withdraw", "target", "--yes"); r.code != 0 {
		t.Fatal("withdraw failed")
	}
	reboot()
	stands(false)
	t.Log("5 reboots, two of them between apply and confirm: old or new each time")
	after := l.state()
	before.rules, after.rules = ours(before.rules), ours(after.rules) // others' rules go with a reboot
	if diff := cmp.Diff(before, after, cmp.AllowUnexported(labState{})); diff != "" {
		t.Error("something is left:", diff)
	}
}

// ours is Portico's part of a gateway's rules.
func ours(rules string) string {
	var out strings.Builder
	for line := range strings.Lines(rules) {
		if strings.Contains(line, "PORTICO") {
			out.WriteString(line)
		}
	}
	return out.String()
}
