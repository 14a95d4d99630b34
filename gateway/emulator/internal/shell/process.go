package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"mvdan.cc/sh/v3/interp"

	"portico/gateway/emulator/internal/memfs"
)

// process is one running program: who runs it, where, and with what.
type process struct {
	machine        *Machine
	ctx            context.Context //nolint:containedctx // a process has one life
	user           memfs.Who
	env            []string
	dir            string
	stdin          io.Reader
	stdout, stderr io.Writer
	cut            func() // cuts the connection it was asked over
	end            func() // ends all that was asked over it
	line           uint   // of the script that called it

	pid, group int         // of the shell it is or runs in; 0 outside of one
	leader     bool        // its shell begins a group of its own
	umask      fs.FileMode // what new files and directories may not have
	held       []*hold     // locks it keeps as long as it runs
	failAt     int         // the line of its input at which iptables-restore is to fail

	// builtin runs a command that the shell also has built in (test, printf); nil outside of one.
	builtin func(args []string) int
}

// program does its work with the words after its name and returns its exit status.
type program func(p *process, args []string) int

// killed is the exit status of what was ended by SIGTERM, or with the machine.
const killed = 128 + 15

// elf begins the file of a program; its name follows.
const elf = "\x7fELF portico:"

// run starts a program by its name or path, as exec(3) does.
func (p *process) run(args []string) int {
	file, status := p.lookPath(args[0])
	if status != 0 {
		what := "not found"
		if status == 126 {
			what = "Permission denied"
		}
		p.errorf("sh: %d: %s: %s\n", max(p.line, 1), args[0], what)
		return status
	}
	return p.exec(file, args)
}

// lookPath finds the file of a program; the status is 127 if there is none, 126 if it must not
// be run.
func (p *process) lookPath(name string) (string, int) {
	if strings.Contains(name, "/") {
		return p.runnable(p.abs(name))
	}
	worst := 127
	for dir := range strings.SplitSeq(p.getenv("PATH"), ":") {
		file, status := p.runnable(path.Join("/", dir, name))
		if status == 0 {
			return file, 0
		}
		worst = min(worst, status)
	}
	return "", worst
}

func (p *process) runnable(file string) (string, int) {
	info, err := p.machine.FS.Stat(file, true)
	switch {
	case err != nil:
		return "", 127
	case info.IsDir() || p.machine.FS.Access(p.user, file, 1) != nil:
		return "", 126
	}
	return file, 0
}

// exec runs the program in a file.
func (p *process) exec(file string, args []string) int {
	data, err := p.machine.FS.Read(memfs.Root, file)
	if err != nil {
		p.errorf("sh: %d: %s: %v\n", max(p.line, 1), args[0], reason(err))
		return 126
	}
	name, isProgram := strings.CutPrefix(string(data), elf)
	if !isProgram {
		return p.script(string(data), file, args[1:])
	}
	if p.machine.Fault != nil {
		if f := p.machine.Fault(args); f != nil {
			return p.execFaulty(name, args, f)
		}
	}
	return p.execProgram(name, args, 0)
}

// execProgram lets the program do its work, iptables-restore up to a line.
func (p *process) execProgram(name string, args []string, failAt int) int {
	defer p.machine.enter()()
	if p.ctx.Err() != nil {
		return killed
	}
	q := *p
	q.failAt = failAt
	return q.written(name, q.machine.programs[name](&q, args[1:]))
}

// execFaulty runs the program, or does not, and lets go wrong what shall.
func (p *process) execFaulty(name string, args []string, fault *Fault) int {
	status := 0
	if !fault.After {
		fault.Link()
	}
	runs := fault.After || fault.Stall || fault.AtLine > 0
	if runs {
		status = p.execProgram(name, args, fault.AtLine)
	}
	if fault.After {
		fault.Link()
	}
	if fault.Cut {
		p.cut()
		if !runs {
			p.end()
			return killed
		}
	}
	if fault.Stall || fault.AtLine > 0 || fault.Cut && runs {
		return status
	}
	p.errorf("%s", fault.Stderr)
	return fault.Exit
}

// written is the status of a program that may have failed to write what it had to say.
// iptables-save never looks whether it could.
func (p *process) written(name string, status int) int {
	file, ok := p.stdout.(*output)
	if !ok || !file.failed.Swap(false) || name == "iptables-save" {
		return status
	}
	p.errorf("%s: write error: %v\n", name, memfs.NoSpace)
	return max(status, 1)
}

// perm is the mode of a new file or directory of which wide is the widest.
func (p *process) perm(wide fs.FileMode) fs.FileMode { return wide &^ p.umask }

// as is the same process as another user, with the PATH that sudo gives (secure_path).
func (p *process) as(user memfs.Who) *process {
	q := *p
	q.user = user
	q.env = append(p.env[:len(p.env):len(p.env)], "USER="+string(user), "LOGNAME="+string(user), "HOME=/root",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	return &q
}

// getenv is the value of the last setting of a variable.
func (p *process) getenv(name string) string {
	for i := len(p.env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(p.env[i], name+"="); ok {
			return v
		}
	}
	return ""
}

// abs is a path seen from the process's directory.
func (p *process) abs(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return path.Join(p.dir, name)
}

func (p *process) printf(format string, args ...any) { _, _ = fmt.Fprintf(p.stdout, format, args...) }
func (p *process) errorf(format string, args ...any) { _, _ = fmt.Fprintf(p.stderr, format, args...) }

// fail prints "NAME: what" and returns status 1.
func (p *process) fail(name, format string, args ...any) int {
	p.errorf("%s: %s\n", name, fmt.Sprintf(format, args...))
	return 1
}

// input reads standard input to its end.
func (p *process) input() []byte {
	if p.stdin == nil {
		return nil
	}
	var b bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(&b, p.stdin)
	}()
	select {
	case <-done:
		return b.Bytes()
	case <-p.ctx.Done():
		return nil
	}
}

// read returns a file's text, or standard input's for "-". An error has been printed.
func (p *process) read(name, file string) (string, bool) {
	if file == "-" {
		return string(p.input()), true
	}
	data, err := p.machine.FS.Read(p.user, p.abs(file))
	if err != nil {
		p.errorf("%s: %s: %v\n", name, file, reason(err))
		return "", false
	}
	return string(data), true
}

// inputs reads all files named, or standard input if none is.
func (p *process) inputs(name string, files []string) (texts []string, ok bool) {
	if len(files) == 0 {
		files = []string{"-"}
	}
	ok = true
	for _, f := range files {
		text, good := p.read(name, f)
		if !good {
			ok = false
			continue
		}
		texts = append(texts, text)
	}
	return texts, ok
}

// reason is an error without the path that *fs.PathError puts before it.
func reason(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// statusOf turns what the interpreter returned into an exit status.
func statusOf(ctx context.Context, err error) int {
	var exit interp.ExitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case ctx.Err() != nil:
		return killed
	}
	return 2
}
