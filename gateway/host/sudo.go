package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"portico/cloud"
	"portico/gateway"
)

// privilege is what to put before a command so that root runs it. It is asked for once.
type privilege struct {
	mu    sync.Mutex
	known bool
	root  bool
}

type lineRunner func(ctx context.Context, line string, stdin []byte) (gateway.Result, error)

// prefix returns nothing for root and sudo's words for anybody else.
func (p *privilege) prefix(ctx context.Context, target, user string, run lineRunner) ([]string, error) {
	p.mu.Lock()
	known, root := p.known, p.root
	p.mu.Unlock()
	if !known {
		res, err := run(ctx, "id -u", nil)
		if err != nil {
			return nil, err
		}
		uid, err := strconv.ParseUint(string(bytes.TrimSpace(res.Stdout)), 10, 32)
		if err != nil || res.Exit != 0 {
			return nil, noShell(target, user, res)
		}
		root = uid == 0
		p.mu.Lock()
		p.known, p.root = true, root
		p.mu.Unlock()
	}
	if root {
		return nil, nil
	}
	return []string{"sudo", "-n", "--"}, nil
}

// loginAs is what cloud images say to root: Please login as the user "debian" rather than the user "root".
var loginAs = regexp.MustCompile(`login as the user "([^"]+)"`)

// noShell is the error for an account that logs in but runs nothing: a forced command, /sbin/nologin.
func noShell(target, user string, res gateway.Result) error {
	said := firstLine(res.Stdout, res.Stderr)
	e := &gateway.Error{Op: "run commands on", Target: target, Kind: gateway.Permission,
		Err:  fmt.Errorf("user %s gets no shell there; 'id -u' ended with %d and said %q", user, res.Exit, said),
		Next: "log in as a user with a shell that may use sudo"}
	if m := loginAs.FindStringSubmatch(said); m != nil {
		e.Next = "log in as " + m[1] + ", as the machine says"
	}
	return e
}

func firstLine(texts ...[]byte) string {
	for _, text := range texts {
		if line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n"); line != "" {
			return cloud.Clean(line)
		}
	}
	return ""
}

// refusals are the ways in which sudo and sudo-rs say no, and what to do about it.
var refusals = []struct{ why, next string }{
	{"a password is required", askNoPassword},
	{"a terminal is required to read the password", askNoPassword},
	{"no tty present and no askpass program", askNoPassword},
	{"no askpass program specified", askNoPassword},
	{"interactive authentication is required", askNoPassword},
	{"account validation failure", askNoPassword},
	{"you must have a tty to run sudo", "remove 'Defaults requiretty' for this user (visudo)"},
	{"is not in the sudoers file", askSudoers},
	{"is not allowed to run sudo", askSudoers},
	{"is not allowed to execute", askSudoers},
	{"may not run sudo", askSudoers},
	{"I'm afraid I can't do that", askSudoers},
	{`The "no new privileges" flag is set`, "sudo can't work in this container or service: log in as root"},
	{"effective uid is not 0", "sudo is not setuid there, or its file system is mounted nosuid: repair it or log in as root"},
	{"must be owned by uid 0 and have the setuid bit set", "sudo is not setuid there: repair it or log in as root"},
}

const (
	askNoPassword = "allow the user sudo without password there (NOPASSWD in /etc/sudoers.d), or log in as root"
	askSudoers    = "add the user to sudoers there, for this command without password, or log in as root"
)

// sudoError tells a refusal of sudo from a failure of the command it was to run: it returns
// nil for the latter. Sudo's own failures end with status 1 and a message (sudo(8), EXIT VALUE); without
// sudo, the shell's end with 127.
func sudoError(target, user, command string, res gateway.Result) error {
	e := &gateway.Error{Op: "run " + command + " as root on", Target: target, Kind: gateway.Permission}
	stderr := string(res.Stderr)
	if res.Exit == 127 && strings.Contains(stderr, "sudo") && strings.Contains(stderr, "not found") {
		e.Err = fmt.Errorf("user %s is not root and there is no sudo", user)
		e.Next = "install sudo there, or log in as root"
		return e
	}
	if res.Exit != 1 || len(res.Stdout) > 0 {
		return nil
	}
	for _, r := range refusals {
		if line := lineWith(stderr, r.why); line != "" {
			e.Err = errors.New("sudo refused: " + cloud.Clean(line))
			e.Next = r.next
			return e
		}
	}
	return nil
}

// lineWith returns the first line that contains text and is sudo's, not the command's.
func lineWith(stderr, text string) string {
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		ours := strings.Contains(line, "sudo") || strings.HasPrefix(line, "Sorry, ") || strings.HasPrefix(line, "I'm sorry ")
		if ours && strings.Contains(line, text) {
			return line
		}
	}
	return ""
}
