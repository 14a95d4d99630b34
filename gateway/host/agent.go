package host

import (
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// windowsAgent is the named pipe of the OpenSSH agent that comes with Windows.
const windowsAgent = `\\.\pipe\openssh-ssh-agent`

// agentSocket returns where the agent listens, "" if there is none. In configured, the words of
// ssh_config(5)'s IdentityAgent are understood.
func agentSocket(configured string) string {
	switch {
	case configured == "none":
		return ""
	case configured != "" && configured[0] == '$':
		return os.Getenv(configured[1:])
	case configured != "" && configured != "SSH_AUTH_SOCK":
		return configured
	}
	if sock := os.Getenv("SSH_AUTH_SOCK"); sock != "" || runtime.GOOS != "windows" {
		return sock
	}
	return windowsAgent
}

// agentKey is a key that an agent holds.
type agentKey struct {
	comment string
	signer  ssh.Signer
}

// openAgent lists an agent's keys. The connection must stay open until they have signed.
func openAgent(ctx context.Context, socket string, timeout time.Duration) ([]agentKey, io.Closer, error) {
	conn, err := dialAgent(ctx, socket, timeout)
	if err != nil {
		return nil, nil, err
	}
	// An agent that never answers: closing makes the read end.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	timer := time.AfterFunc(timeout, func() { _ = conn.Close() })
	defer timer.Stop()
	client := agent.NewClient(conn)
	keys, err := client.List()
	var signers []ssh.Signer
	if err == nil {
		signers, err = client.Signers()
	}
	if err != nil {
		stop()
		_ = conn.Close()
		return nil, nil, err
	}
	comments := map[string]string{}
	for _, k := range keys {
		comments[string(k.Marshal())] = k.Comment
	}
	out := make([]agentKey, 0, len(signers))
	for _, s := range signers {
		out = append(out, agentKey{comments[string(s.PublicKey().Marshal())], s})
	}
	return out, closerFunc(func() error { stop(); return conn.Close() }), nil
}

func dialAgent(ctx context.Context, socket string, timeout time.Duration) (io.ReadWriteCloser, error) {
	if runtime.GOOS == "windows" && len(socket) > 4 && socket[:4] == `\\.\` {
		return os.OpenFile(socket, os.O_RDWR, 0) // #nosec G304 -- the user's own agent
	}
	d := net.Dialer{Timeout: timeout}
	return d.DialContext(ctx, "unix", socket)
}

type closerFunc func() error

func (f closerFunc) Close() error { return f() }
