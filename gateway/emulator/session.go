package emulator

import (
	"context"
	"encoding/binary"
	"io"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/term"

	"portico/gateway/emulator/internal/shell"
)

// session is one SSH session (RFC 4254, 6): requests that prepare it, then one that starts a
// command or a shell.
type session struct {
	gateway *Gateway
	user    string
	from    string // SSH_CONNECTION
	channel ssh.Channel
	cut     func()

	env      []string
	terminal *term.Terminal // after pty-req
	started  bool
}

// serve answers requests until the client has gone. As with sshd, only a terminal ends what runs on
// it then; else it runs on, until it has something to say.
func (s *session) serve(requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(s.gateway.machine.Lifetime())
	defer cancel()
	var work sync.WaitGroup
	for r := range requests {
		ok := false
		start := func() {}
		switch r.Type {
		case "env":
			var v struct{ Name, Value string }
			if ok = ssh.Unmarshal(r.Payload, &v) == nil; ok {
				s.env = append(s.env, v.Name+"="+v.Value)
			}
		case "pty-req":
			s.terminal, ok = term.NewTerminal(s.channel, ""), true
			resize(s.terminal, ptySize(r.Payload))
		case "window-change":
			resize(s.terminal, r.Payload)
		case "signal":
			cancel() // TERM, INT, HUP, KILL: all end it
		case "exec", "shell":
			var v struct{ Command string }
			if ok = !s.started && (r.Type == "shell" || ssh.Unmarshal(r.Payload, &v) == nil); ok {
				s.started = true
				start = func() { work.Go(func() { s.command(ctx, r.Type == "shell", v.Command) }) }
			}
		}
		if r.WantReply {
			_ = r.Reply(ok, nil)
		}
		start() // after the reply: a short command would close the channel before it
	}
	if s.terminal != nil {
		cancel()
	}
	work.Wait()
}

// command runs what the session is for, reports its status and ends it. Closing the channel says
// that there is no more output, too: a separate EOF would race with a terminal being resized.
func (s *session) command(ctx context.Context, interactive bool, line string) {
	defer func() { _ = s.channel.Close() }()
	var status int
	answered := true
	if interactive {
		status = s.shell(ctx)
	} else {
		status, answered = s.exec(ctx, line)
	}
	if !answered {
		s.cut()
		return
	}
	_, _ = s.channel.SendRequest("exit-status", false, binary.BigEndian.AppendUint32(nil, uint32(status))) //nolint:gosec // 0 to 255
}

// exec runs one line; answered is false if the connection is to break instead.
func (s *session) exec(ctx context.Context, line string) (status int, answered bool) {
	g := s.gateway
	g.mu.Lock()
	g.commands = append(g.commands, line)
	g.mu.Unlock()
	fault := g.lineFault(line)
	late := false // it arrives once the link flows again
	if fault != nil && !fault.After {
		g.breakLink(fault)
		if late = fault.Stall; late {
			g.link.flows(ctx.Done())
		}
	}
	if fault == nil || fault.After || late {
		status = s.run(ctx, line, s.channel, s.channel, s.channel.Stderr())
	}
	if fault == nil || late {
		return status, true
	}
	if fault.After {
		g.breakLink(fault)
	}
	switch {
	case fault.Cut:
		return 0, false
	case fault.Stall:
		return status, true
	}
	_, _ = io.WriteString(s.channel.Stderr(), fault.Stderr)
	return fault.Exit, true
}

func (s *session) run(ctx context.Context, line string, in io.Reader, out, errs io.Writer) int {
	return s.gateway.machine.Run(ctx, line, shell.Session{User: s.user, Env: append([]string{"SSH_CONNECTION=" + s.from}, s.env...), Stdin: in, Stdout: out, Stderr: errs, Cut: s.cut})
}

// shell is an interactive login: each line is a command of its own.
func (s *session) shell(ctx context.Context) int {
	sign := "$"
	if s.user == "root" {
		sign = "#"
	}
	prompt := s.user + "@" + s.gateway.config.Hostname + ":~" + sign + " "
	return repl(s.channel, s.terminal, prompt, func(line string, out io.Writer) int {
		return s.run(ctx, line, eof{}, out, out)
	})
}

// eof is an input with nothing in it.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
