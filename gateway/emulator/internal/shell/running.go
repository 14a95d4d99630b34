package shell

import (
	"context"
	"strconv"
	"strings"
	"time"

	"portico/gateway/emulator/internal/memfs"
)

// shProgram is sh: "-c SCRIPT [NAME [ARGS]]", a file, or standard input.
func shProgram(p *process, args []string) int {
	var set []string
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 && !strings.Contains(args[0], "c") {
		if args[0] == "-s" || args[0] == "--" {
			args = args[1:]
			break
		}
		set, args = append(set, args[0]), args[1:]
	}
	prefix := ""
	if len(set) > 0 {
		prefix = "set " + strings.Join(set, " ") + "\n"
	}
	switch {
	case len(args) > 0 && strings.HasPrefix(args[0], "-"):
		if flags := strings.ReplaceAll(args[0][1:], "c", ""); flags != "" {
			prefix = "set -" + flags + "\n"
		}
		if len(args) < 2 {
			p.fail("sh", "0: -c requires an argument")
			return 2
		}
		name := "sh"
		if len(args) > 2 {
			name = args[2]
		}
		return p.script(prefix+args[1], name, args[min(3, len(args)):])
	case len(args) > 0:
		text, ok := p.read("sh: 0: cannot open", args[0])
		if !ok {
			return 2
		}
		return p.script(prefix+text, args[0], args[1:])
	}
	return p.script(prefix+string(p.input()), "sh", nil)
}

// sudo runs a command as root, or says why not.
func sudo(p *process, args []string) int {
	o := options{short: "nEHSkbu:g:", strict: true, long: map[string]byte{"--non-interactive": 'n', "--preserve-env": 'E', "--user": 'u'}}
	g, rest, err := o.parse(args)
	if err != nil {
		return p.fail("sudo", "%v", err)
	}
	p.machine.mu.Lock()
	mode := p.machine.sudo
	p.machine.mu.Unlock()
	switch {
	case p.user == memfs.Root || mode == SudoAllowed:
	case mode == SudoRefused:
		p.errorf("%s is not in the sudoers file.\n", p.user)
		return 1
	case g.has('n'):
		return p.fail("sudo", "a password is required")
	default:
		p.errorf("sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper\nsudo: a password is required\n")
		return 1
	}
	var settings []string
	for len(rest) > 0 && strings.Contains(rest[0], "=") {
		settings, rest = append(settings, rest[0]), rest[1:]
	}
	if len(rest) == 0 {
		p.errorf("usage: sudo [-n] [--] command\n")
		return 1
	}
	q := p.as(memfs.Who(g.last('u', string(memfs.Root))))
	q.env = append(q.env, settings...)
	file, status := q.lookPath(rest[0])
	if status != 0 {
		return p.fail("sudo", "%s: command not found", rest[0])
	}
	return q.exec(file, rest)
}

func env(p *process, args []string) int {
	q := *p
	for len(args) > 0 && (args[0] == "-i" || strings.Contains(args[0], "=")) {
		if args[0] == "-i" {
			q.env = nil
		} else {
			q.env = append(q.env[:len(q.env):len(q.env)], args[0])
		}
		args = args[1:]
	}
	if len(args) == 0 {
		for _, e := range q.env {
			p.printf("%s\n", e)
		}
		return 0
	}
	return q.run(args)
}

// nohup runs a command: here nothing hangs up.
func nohup(p *process, args []string) int {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		args = args[1:]
	}
	if len(args) == 0 {
		return p.fail("nohup", "missing operand")
	}
	return p.run(args)
}

// timeout ends a command after a time.
func timeout(p *process, args []string) int {
	_, rest, err := options{short: "k:s:", strict: true}.parse(args)
	if err != nil || len(rest) < 2 {
		p.fail("timeout", "missing operand")
		return 125
	}
	d, ok := duration(rest[0])
	if !ok {
		p.fail("timeout", "invalid time interval '%s'", rest[0])
		return 125
	}
	ctx, cancel := context.WithTimeout(p.ctx, d)
	defer cancel()
	q := *p
	q.ctx = ctx
	status := q.run(rest[1:])
	if ctx.Err() != nil && p.ctx.Err() == nil {
		return 124
	}
	return status
}

// duration reads "1.5", "2s", "3m".
func duration(s string) (time.Duration, bool) {
	unit := time.Second
	switch {
	case strings.HasSuffix(s, "m"):
		unit = time.Minute
	case strings.HasSuffix(s, "h"):
		unit = time.Hour
	}
	n, err := strconv.ParseFloat(strings.TrimRight(s, "smh"), 64)
	return time.Duration(n * float64(unit)), err == nil && n >= 0
}

func sleep(p *process, args []string) int {
	for _, a := range args {
		d, ok := duration(a)
		if !ok {
			return p.fail("sleep", "invalid time interval '%s'", a)
		}
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.ctx.Done():
			return killed
		}
	}
	return 0
}
