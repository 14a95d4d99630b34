package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// serverVersion is what Debian 12's sshd says of itself.
const serverVersion = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"

// loginTime bounds a handshake, as sshd's LoginGraceTime does.
const loginTime = 30 * time.Second

func (g *Gateway) serveSSH() {
	for {
		c, err := g.sshd.Accept()
		if err != nil {
			return // closed
		}
		if g.link.refuses() {
			reset(c)
			continue
		}
		c = g.link.over(c)
		if g.track(c) {
			g.spawn(func() {
				defer g.release(c)
				g.login(c)
			})
		}
	}
}

var errDenied = errors.New("permission denied")

// serverConfig lets in the configured user with one of the configured keys.
func (g *Gateway) serverConfig() *ssh.ServerConfig {
	c := &ssh.ServerConfig{
		ServerVersion: serverVersion,
		PublicKeyCallback: func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			known := slices.ContainsFunc(g.config.Keys, func(k ssh.PublicKey) bool { return bytes.Equal(k.Marshal(), key.Marshal()) })
			if known && meta.User() == g.config.User {
				return &ssh.Permissions{}, nil
			}
			return nil, errDenied
		},
	}
	c.AddHostKey(g.signer)
	return c
}

func (g *Gateway) login(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(loginTime))
	conn, channels, requests, err := ssh.NewServerConn(c, g.serverConfig())
	if err != nil {
		return
	}
	_ = c.SetDeadline(time.Time{})
	ctx, cancel := context.WithCancel(g.ctx)
	defer cancel()
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { answerGlobal(requests) })
	cut := func() { _ = c.Close() }
	for ch := range channels {
		work.Go(func() { g.channel(ctx, conn, ch, cut) })
	}
	cancel() // before the wait: what is forwarded ends with its connection
}

// answerGlobal refuses global requests, which is sshd's answer to a keepalive, too.
func answerGlobal(requests <-chan *ssh.Request) {
	for r := range requests {
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
	}
}

func (g *Gateway) channel(ctx context.Context, conn *ssh.ServerConn, offered ssh.NewChannel, cut func()) {
	switch offered.ChannelType() {
	case "session":
		ch, requests, err := offered.Accept()
		if err == nil {
			s := &session{gateway: g, user: conn.User(), from: connection(conn), channel: ch, cut: cut}
			s.serve(requests)
		}
	case "direct-tcpip":
		g.directTCP(ctx, offered)
	default:
		_ = offered.Reject(ssh.UnknownChannelType, "unknown channel type")
	}
}

// connection is what sshd puts into SSH_CONNECTION: both ends, each as an address and a port.
func connection(c ssh.ConnMetadata) string {
	client, _ := c.RemoteAddr().(*net.TCPAddr)
	server, _ := c.LocalAddr().(*net.TCPAddr)
	return fmt.Sprintf("%s %d %s %d", client.IP, client.Port, server.IP, server.Port)
}
