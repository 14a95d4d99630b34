package emulator

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/term"
)

// SSH serves an SSH connection: any user is let in without a key, and told where they are.
func (vm *VM) SSH(c net.Conn) {
	config := &ssh.ServerConfig{
		ServerVersion: serverVersion,
		BannerCallback: func(ssh.ConnMetadata) string {
			return "This is " + vm.name + ", an emulated VM of portico demo.\n"
		},
	}
	vm.authenticate(config)
	_ = c.SetDeadline(time.Now().Add(loginTime))
	conn, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	_ = c.SetDeadline(time.Time{})
	var work sync.WaitGroup
	work.Go(func() { answerGlobal(requests) })
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.Prohibited, "this VM only has a shell")
			continue
		}
		if ch, requests, err := offered.Accept(); err == nil {
			s := &vmSession{vm: vm, user: conn.User(), channel: ch}
			work.Go(func() { s.serve(requests) })
		}
	}
	work.Wait()
}

// vmSession is one session on a VM.
type vmSession struct {
	vm       *VM
	user     string
	channel  ssh.Channel
	terminal *term.Terminal
	started  bool
}

func (s *vmSession) serve(requests <-chan *ssh.Request) {
	var work sync.WaitGroup
	for r := range requests {
		ok := false
		start := func() {}
		switch r.Type {
		case "env":
			ok = true
		case "pty-req":
			s.terminal, ok = term.NewTerminal(s.channel, ""), true
			resize(s.terminal, ptySize(r.Payload))
		case "window-change":
			resize(s.terminal, r.Payload)
		case "exec", "shell":
			var v struct{ Command string }
			if ok = !s.started && (r.Type == "shell" || ssh.Unmarshal(r.Payload, &v) == nil); ok {
				s.started = true
				start = func() { work.Go(func() { s.command(r.Type == "shell", v.Command) }) }
			}
		}
		if r.WantReply {
			_ = r.Reply(ok, nil)
		}
		start() // after the reply: a short command would close the channel before it
	}
	work.Wait()
}

func (s *vmSession) command(interactive bool, line string) {
	defer func() { _ = s.channel.Close() }()
	var status int
	if interactive {
		motd := fmt.Sprintf("Linux %s 6.1.0-28-cloud-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22) x86_64\n\nYou are on %s. Try: hostname, whoami, uname -a, exit\n", s.vm.name, s.vm.name)
		if s.terminal != nil {
			_, _ = io.WriteString(s.terminal, motd)
		} else {
			_, _ = io.WriteString(s.channel, motd)
		}
		status = repl(s.channel, s.terminal, fmt.Sprintf("%s@%s:~$ ", s.user, s.vm.name), s.run)
	} else {
		status = s.run(line, s.channel)
	}
	_, _ = s.channel.SendRequest("exit-status", false, binary.BigEndian.AppendUint32(nil, uint32(status))) //nolint:gosec // 0 to 127
}

// run answers the few commands with which one finds out where one is.
func (s *vmSession) run(line string, out io.Writer) int {
	words := strings.Fields(line)
	say := func(text string) int {
		_, _ = io.WriteString(out, text+"\n")
		return 0
	}
	if len(words) == 0 {
		return 0
	}
	switch words[0] {
	case "hostname":
		return say(s.vm.name)
	case "whoami":
		return say(s.user)
	case "true", ":":
		return 0
	case "false":
		return 1
	case "echo":
		return say(strings.Join(words[1:], " "))
	case "pwd":
		return say("/home/" + s.user)
	case "id":
		return say(fmt.Sprintf("uid=1000(%s) gid=1000(%s) groups=1000(%s)", s.user, s.user, s.user))
	case "uname":
		if len(words) == 1 {
			return say("Linux")
		}
		return say("Linux " + s.vm.name + " 6.1.0-28-cloud-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22) x86_64 GNU/Linux")
	}
	say("-bash: " + words[0] + ": command not found")
	return 127
}
