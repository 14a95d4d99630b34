//go:build lab

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// lab is a real OpenStack with a gateway and a VM, and the built program. The test runs inside
// the lab's network namespace:
//
//	.ci/openstack-lab/oslab exec env PORTICO_BIN=... PORTICO_OSLAB=... lab.test -test.v
type lab struct {
	t          *testing.T
	bin, oslab string
	home       string
	env        []string
	gw, vm     labVM
}

type labVM struct {
	Name     string   `json:"name"`
	ID       string   `json:"id"`
	Fixed    []string `json:"fixed"`
	Floating []string `json:"floating"`
}

// labHome is the lab as a user sees it who has a key, and knows no host yet.
func labHome(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, bin: os.Getenv("PORTICO_BIN"), oslab: os.Getenv("PORTICO_OSLAB"), home: t.TempDir()}
	if l.bin == "" || l.oslab == "" {
		t.Fatal("PORTICO_BIN and PORTICO_OSLAB must name the program and the lab's command")
	}
	ssh := filepath.Join(l.home, ".ssh")
	if err := os.MkdirAll(ssh, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id_ed25519", "id_ed25519.pub"} {
		key, err := os.ReadFile(filepath.Join(filepath.Dir(os.Getenv("OSLAB_KEY")), name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(ssh, name), key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.env = append(os.Environ(), "HOME="+l.home, "XDG_CONFIG_HOME="+l.home+"/.config", "SSH_AUTH_SOCK=", "NO_COLOR=1")
	return l
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := labHome(t)
	// A group of its own that lets nothing in: what works afterwards, Portico's doors let through.
	if !slices.Contains(strings.Fields(l.openstack("security", "group", "list", "-f", "value", "-c", "Name")), "closed") {
		l.openstack("security", "group", "create", "closed")
	}
	l.vm = l.server("vm", "target", "--sg", "closed")
	l.gw = l.server("gateway", "gw")
	key := l.inside("gw", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
	if err := os.WriteFile(filepath.Join(l.home, ".ssh", "known_hosts"), []byte(l.gw.Floating[0]+" "+key), 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lab) server(kind string, args ...string) labVM {
	l.t.Helper()
	out := l.must(l.oslab, append([]string{kind}, args...)...)
	var vm labVM
	if err := json.Unmarshal([]byte(out[strings.IndexByte(out, '{'):]), &vm); err != nil {
		l.t.Fatalf("%s: %v", out, err)
	}
	return vm
}

// result is how a command ended.
type result struct {
	out, err string
	code     int
	took     time.Duration
}

func (l *lab) run(env []string, name string, args ...string) result {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(slices.Clone(l.env), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		l.t.Fatalf("%s: %v", name, err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode(), time.Since(start)}
}

func (l *lab) must(name string, args ...string) string {
	l.t.Helper()
	r := l.run(nil, name, args...)
	if r.code != 0 {
		l.t.Fatalf("%s %q: exit %d\n%s%s", name, args, r.code, r.out, r.err)
	}
	return r.out
}

// portico runs the program and prints the command as a user would type it.
func (l *lab) portico(env []string, args ...string) result {
	l.t.Helper()
	r := l.run(env, l.bin, args...)
	l.t.Logf("$ portico %s\n%s%s(exit %d, %.1f s)", strings.Join(args, " "), r.out, r.err, r.code, r.took.Seconds())
	return r
}

func (l *lab) openstack(args ...string) string {
	return l.must(l.oslab, append([]string{"os"}, args...)...)
}

func (l *lab) admin(args ...string) string {
	l.t.Helper()
	r := l.run([]string{"OS_CLOUD=admin"}, l.oslab, append([]string{"os"}, args...)...)
	if r.code != 0 {
		l.t.Fatalf("openstack %q as admin: %s", args, r.err)
	}
	return r.out
}

// inside runs a shell script as root in a VM, without its network.
func (l *lab) inside(vm, script string) string {
	l.t.Helper()
	return l.must(l.oslab, "in", vm, "sh", "-c", script)
}

// ssh tries to log in through a public port and run hostname.
func (l *lab) ssh(port int) result {
	l.t.Helper()
	args := []string{
		"-o", "ConnectTimeout=4", "-o", "ServerAliveInterval=3", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
		"-i", filepath.Join(l.home, ".ssh", "id_ed25519"), "-p", fmt.Sprint(port), os.Getenv("OSLAB_VM_USER") + "@" + l.gw.Floating[0], "hostname",
	}
	r := l.run(nil, "ssh", args...)
	l.t.Logf("$ ssh -p %d %s hostname\n%s%s(exit %d)", port, l.gw.Floating[0], r.out, r.err, r.code)
	return r
}

// port is the public port of the per-service scheme for the target VM.
func (l *lab) port(base int) int {
	parts := strings.Split(l.vm.Fixed[0], ".")
	var n int
	_, _ = fmt.Sscan(parts[3], &n)
	return base + n
}

// state is everything a publish may touch, as the systems themselves tell it.
type labState struct{ rules, groups, portGroups, files string }

// untouchedTable is a table that nobody has put anything into. Whether iptables-save shows one tells
// only whether somebody has ever looked at it since the boot.
var untouchedTable = regexp.MustCompile(`(?m)^\*\w+\n(:\w+ ACCEPT\n)*COMMIT\n`)

// plainRules is what iptables-save says, without its comments and counters.
func plainRules(saved string) string {
	var out strings.Builder
	for line := range strings.Lines(saved) {
		if !strings.HasPrefix(line, "#") {
			text, _, _ := strings.Cut(line, " [")
			out.WriteString(strings.TrimSpace(text) + "\n")
		}
	}
	return untouchedTable.ReplaceAllString(out.String(), "")
}

func (l *lab) state() labState {
	l.t.Helper()
	return labState{
		rules:      plainRules(l.inside("gw", "iptables-save")),
		groups:     l.openstack("security", "group", "rule", "list", "--long", "-f", "json", "--sort-column", "ID") + l.openstack("security", "group", "list", "-f", "json", "--sort-column", "ID"),
		portGroups: l.openstack("port", "list", "--long", "-f", "json", "-c", "ID", "-c", "Security Groups", "--sort-column", "ID"),
		files:      l.inside("gw", "find /etc/portico /etc/sysctl.d /etc/systemd/system -type f -o -type l 2>/dev/null | sort"),
	}
}
