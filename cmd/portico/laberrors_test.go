//go:build lab

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// labErrors makes each failure for real: a clear error, the right exit code, nothing changed.
func labErrors(t *testing.T, l *lab) {
	cases := []struct {
		name    string
		prepare func(*lab) (undo func())
		env     []string
		args    []string
		code    int
		says    string
	}{
		{"wrong password", nil, passwordEnv("wrong", "http://127.0.0.1:5000/v3"), nil, exitFailed, "password"},
		{"unreachable API", nil, passwordEnv("lab", "http://127.0.0.1:5999/v3"), nil, exitUnreachable, "refused"},
		{"gateway without sudo", withoutSudo, nil, nil, exitFailed, "sudo"},
		{"full security group quota", fullQuota, nil, nil, exitFailed, "security group"},
		{"port of the gateway's sshd", secondSSHD, nil, nil, exitFailed, "sshd"},
		{"VM without a fixed IP", portlessVM, nil, []string{"fill"}, exitUsage, "no fixed IPv4 address"},
		{"unknown VM", nil, nil, []string{"no-such-vm"}, exitFailed, "no-such-vm"},
		{"unknown flag", nil, nil, []string{"target", "--nonsense"}, exitUsage, "nonsense"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			in := *l
			in.t = t
			if tt.prepare != nil {
				undo := tt.prepare(&in)
				defer undo()
			}
			before := in.state()
			args := tt.args
			if args == nil {
				args = []string{"target"}
			}
			r := in.portico(tt.env, append([]string{"publish", "--yes"}, args...)...)
			if r.code != tt.code || !strings.Contains(strings.ToLower(r.err), strings.ToLower(tt.says)) {
				t.Errorf("exit %d, want %d and a word about %q", r.code, tt.code, tt.says)
			}
			if n := strings.Count(strings.TrimSpace(r.err), "\n"); n != 2 {
				t.Errorf("the error has %d lines, want 3", n+1)
			}
			if diff := cmp.Diff(before, in.state(), cmp.AllowUnexported(labState{})); diff != "" {
				t.Error("something changed:", diff)
			}
		})
	}
}

func passwordEnv(password, url string) []string {
	return []string{
		"OS_CLOUD=", "OS_CLIENT_CONFIG_FILE=/nonexistent", "OS_AUTH_URL=" + url, "OS_USERNAME=demo", "OS_PASSWORD=" + password,
		"OS_PROJECT_NAME=demo", "OS_USER_DOMAIN_NAME=Default", "OS_PROJECT_DOMAIN_NAME=Default",
	}
}

func withoutSudo(l *lab) func() {
	l.inside("gw", "mv /etc/sudoers.d /etc/sudoers.off && mkdir /etc/sudoers.d")
	return func() { l.inside("gw", "rm -rf /etc/sudoers.d && mv /etc/sudoers.off /etc/sudoers.d") }
}

func fullQuota(l *lab) func() {
	var rules []map[string]any
	decode(l.t, l.openstack("security", "group", "rule", "list", "-f", "json"), &rules)
	l.admin("quota", "set", "--secgroup-rules", fmt.Sprint(len(rules)+2), "demo")
	return func() { l.admin("quota", "set", "--secgroup-rules", "2000", "demo") }
}

func secondSSHD(l *lab) func() {
	port := fmt.Sprint(l.port(30000))
	l.inside("gw", "/usr/sbin/sshd -p "+port+" -o PidFile=/run/second-sshd.pid")
	eventually(l.t, func() bool { return strings.Contains(l.inside("gw", "ss -Hltn"), ":"+port) })
	return func() { l.inside("gw", "kill $(cat /run/second-sshd.pid)") }
}

func portlessVM(l *lab) func() {
	l.must(l.oslab, "fill", "1", "none")
	return func() { l.must(l.oslab, "fill", "0") }
}

// writeCalls lists the requests of a debug file that change something in the cloud.
func writeCalls(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, calls := 0, []string{}
	for line := range strings.Lines(string(text)) {
		lines++
		for _, method := range []string{"POST ", "PUT ", "PATCH ", "DELETE "} {
			if strings.Contains(line, method) && !strings.Contains(line, "/auth/tokens") {
				calls = append(calls, strings.TrimSpace(line))
			}
		}
	}
	if lines < 5 {
		t.Fatalf("the debug file has only %d lines", lines)
	}
	return calls
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("it did not happen within 40 s")
}
