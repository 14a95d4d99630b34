package host

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
)

// server is an SSH server on loopback with a command table for a host.
type server struct {
	t       *testing.T
	config  *ssh.ServerConfig
	lis     net.Listener
	handler func(*call) int

	mu      sync.Mutex
	conns   []net.Conn
	lines   []string // every command line it got
	logins  int
	signals []string
	refuses bool // to run anything
	wg      sync.WaitGroup
}

// call is one running command.
type call struct {
	line           string
	stdin          io.Reader
	stdout, stderr io.Writer
	signal         chan string   // signals the client sent
	gone           chan struct{} // closed when the client closed the session
}

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve starts a server that lets user labuser in with one of the keys.
func serve(t *testing.T, hostKey ssh.Signer, handler func(*call) int, allowed ...ssh.PublicKey) *server {
	t.Helper()
	s := &server{t: t, handler: handler}
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		for _, a := range allowed {
			if c.User() == "labuser" && sameKey(a, key) {
				return nil, nil
			}
		}
		return nil, errors.New("no")
	}}
	s.config.AddHostKey(hostKey)
	lis, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.lis = lis
	s.wg.Go(s.accept)
	t.Cleanup(s.stop)
	return s
}

func (s *server) stop() {
	_ = s.lis.Close()
	s.dropAll()
	s.wg.Wait()
}

// dropAll cuts every connection, as a crash would.
func (s *server) dropAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

// addHostKey gives the server one more key, before its first client.
func (s *server) addHostKey(key ssh.Signer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.AddHostKey(key)
}

func (s *server) host() string { return "127.0.0.1" }
func (s *server) port() uint16 {
	_, p, _ := net.SplitHostPort(s.lis.Addr().String())
	n, _ := strconv.ParseUint(p, 10, 16)
	return uint16(n)
}

func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines...)
}

func (s *server) accept() {
	for {
		conn, err := s.lis.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		s.wg.Go(func() { s.connection(conn) })
	}
}

func (s *server) connection(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	s.mu.Lock()
	config := s.config
	s.mu.Unlock()
	_, chans, reqs, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	s.wg.Go(func() { ssh.DiscardRequests(reqs) })
	for ch := range chans {
		switch ch.ChannelType() {
		case "session":
			s.wg.Go(func() { s.session(ch) })
		case "direct-tcpip":
			s.wg.Go(func() { s.forward(ch) })
		default:
			_ = ch.Reject(ssh.UnknownChannelType, "no")
		}
	}
}

func (s *server) session(nc ssh.NewChannel) {
	ch, reqs, err := nc.Accept()
	if err != nil {
		return
	}
	c := &call{stdin: ch, stdout: ch, stderr: ch.Stderr(), signal: make(chan string, 4), gone: make(chan struct{})}
	defer close(c.gone)
	for req := range reqs {
		switch req.Type {
		case "exec":
			var msg struct{ Line string }
			_ = ssh.Unmarshal(req.Payload, &msg)
			c.line = msg.Line
			s.mu.Lock()
			s.lines = append(s.lines, msg.Line)
			refuses := s.refuses
			s.mu.Unlock()
			if refuses {
				_ = req.Reply(false, nil)
				continue
			}
			_ = req.Reply(true, nil)
			s.wg.Go(func() { finish(ch, s.handler(c)) })
		case "signal":
			var msg struct{ Name string }
			_ = ssh.Unmarshal(req.Payload, &msg)
			s.mu.Lock()
			s.signals = append(s.signals, msg.Name)
			s.mu.Unlock()
			c.signal <- msg.Name
		default:
			if req.WantReply {
				_ = req.Reply(false, nil)
			}
		}
	}
}

func finish(ch ssh.Channel, exit int) {
	if exit >= 0 {
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(exit)}))
	}
	_ = ch.Close()
}

func (s *server) forward(nc ssh.NewChannel) {
	var msg struct {
		Host   string
		Port   uint32
		Origin string
		OPort  uint32
	}
	if err := ssh.Unmarshal(nc.ExtraData(), &msg); err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	to, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", net.JoinHostPort(msg.Host, strconv.Itoa(int(msg.Port))))
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	ch, reqs, err := nc.Accept()
	if err != nil {
		_ = to.Close()
		return
	}
	s.wg.Go(func() { ssh.DiscardRequests(reqs) })
	s.wg.Go(func() { _, _ = io.Copy(to, ch); _ = to.Close() })
	_, _ = io.Copy(ch, to)
	_ = ch.Close()
	_ = to.Close()
}

// asRoot answers id -u as root and passes everything else on.
func asRoot(rest func(*call) int) func(*call) int {
	return func(c *call) int {
		if c.line == "id -u" {
			_, _ = io.WriteString(c.stdout, "0\n")
			return 0
		}
		return rest(c)
	}
}

// asUser answers id -u as an ordinary user and passes everything else on, without sudo's words if it had them.
func asUser(rest func(*call) int) func(*call) int {
	return func(c *call) int {
		if c.line == "id -u" {
			_, _ = io.WriteString(c.stdout, "1000\n")
			return 0
		}
		c.line = strings.TrimPrefix(c.line, "sudo -n -- ")
		return rest(c)
	}
}
