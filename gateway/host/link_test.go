package host

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
)

// relay passes bytes between clients and a server, until it is frozen.
type relay struct {
	lis  net.Listener
	to   string
	thaw chan struct{}

	mu     sync.Mutex
	frozen bool
	conns  []net.Conn
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	lis, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{lis: lis, to: to, thaw: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := lis.Accept()
			if err != nil {
				return
			}
			up, err := new(net.Dialer).DialContext(context.Background(), "tcp", to)
			if err != nil {
				_ = conn.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, conn, up)
			r.mu.Unlock()
			wg.Go(func() { r.copy(up, conn) })
			wg.Go(func() { r.copy(conn, up) })
		}
	})
	t.Cleanup(func() {
		_ = lis.Close()
		close(r.thaw)
		r.mu.Lock()
		for _, c := range r.conns {
			_ = c.Close()
		}
		r.mu.Unlock()
		wg.Wait()
	})
	return r
}

// copy keeps both ends open while it is frozen, as a firewall that forgot the connection does.
func (r *relay) copy(dst, src net.Conn) {
	buf := make([]byte, 1<<14)
	for {
		n, err := src.Read(buf)
		r.mu.Lock()
		frozen := r.frozen
		r.mu.Unlock()
		if frozen {
			<-r.thaw
		}
		if _, werr := dst.Write(buf[:n]); err != nil || werr != nil {
			_ = dst.Close()
			return
		}
	}
}

func (r *relay) freeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frozen = true
}

// via changes the configuration to go through the relay, under the key of the server itself.
func (r *relay) via(t *testing.T, w *world, cfg Config) Config {
	t.Helper()
	tcp, ok := r.lis.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("not TCP")
	}
	cfg.Port, cfg.HostKeyAlias = uint16(tcp.Port), "srv"
	w.file(t, "srv "+string(ssh.MarshalAuthorizedKey(w.hostKey.PublicKey())))
	return cfg
}

func TestKeepAliveEndsADeadLink(t *testing.T) {
	started := make(chan struct{}, 1)
	w := newWorld(t, asRoot(hang(started)))
	r := newRelay(t, w.srv.lis.Addr().String())
	cfg := r.via(t, w, w.config())
	cfg.KeepAlive = 50 * time.Millisecond
	s := mustDial(t, cfg)
	go func() { <-started; r.freeze() }()
	_, err := s.Run(t.Context(), gateway.Command{Args: []string{"sleep", "60"}})
	checkError(t, err, gateway.Unreachable, "keepalive")
}

func TestServerDiesMidCommand(t *testing.T) {
	started := make(chan struct{}, 1)
	w := newWorld(t, asRoot(hang(started))).trust(t)
	s := w.dial(t)
	go func() { <-started; w.srv.dropAll() }()
	_, err := s.Run(t.Context(), gateway.Command{Args: []string{"sleep", "60"}})
	checkError(t, err, gateway.Unreachable, "while the command ran")
	if got := w.srv.got(); len(got) != 2 {
		t.Errorf("a command that was sent was sent again: %q", got)
	}
}

func TestRunDialsAgainWhenNothingWasSent(t *testing.T) {
	w := newWorld(t, asRoot(cat)).trust(t)
	s := w.dial(t)
	for range 3 {
		if _, err := s.Run(t.Context(), gateway.Command{Args: []string{"cat"}}); err != nil {
			t.Fatal(err)
		}
		w.srv.dropAll()
	}
	w.srv.stop()
	_, err := s.Run(t.Context(), gateway.Command{Args: []string{"cat"}})
	checkError(t, err, gateway.Unreachable)
}

func TestRedialAndClose(t *testing.T) {
	w := newWorld(t, asRoot(cat)).trust(t)
	s := w.dial(t)
	if err := s.Redial(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second login", func() bool {
		w.srv.mu.Lock()
		defer w.srv.mu.Unlock()
		return w.srv.logins == 2
	})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := s.Run(t.Context(), gateway.Command{Args: []string{"cat"}})
	checkError(t, err, gateway.Unreachable, "closed")
	checkError(t, s.Redial(t.Context()), gateway.Unreachable, "closed")
}

func TestDialContextThroughTheHost(t *testing.T) {
	w := newWorld(t, asRoot(cat)).trust(t)
	s := w.dial(t)
	conn, err := s.DialContext(t.Context(), "tcp", w.srv.lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	banner := make([]byte, 8)
	if _, err := io.ReadFull(conn, banner); err != nil || string(banner) != "SSH-2.0-" {
		t.Errorf("%q, %v", banner, err)
	}
	_ = conn.Close()
	var rejected *ssh.OpenChannelError
	if _, err = s.DialContext(t.Context(), "tcp", closedPort(t)); !errors.As(err, &rejected) {
		t.Errorf("a closed port: %v", err)
	}
}

// closedPort is an address on loopback where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	lis, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = lis.Close()
	return lis.Addr().String()
}

// talker accepts and writes a text to everybody, then says nothing more.
func talker(t *testing.T, text string, hangUp bool) Config {
	t.Helper()
	lis, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := lis.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, text)
			if !hangUp {
				wg.Go(func() { _, _ = io.Copy(io.Discard, conn) })
				continue
			}
			_ = conn.Close()
		}
	})
	t.Cleanup(func() { _ = lis.Close(); wg.Wait() })
	tcp, ok := lis.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("not TCP")
	}
	return Config{Host: "127.0.0.1", Port: uint16(tcp.Port), SSHConfig: "none", KnownHosts: []string{"/nonexistent"},
		NoAgent: true, IdentityFiles: []string{"none"}, Timeout: 100 * time.Millisecond}
}

func TestDialUnreachable(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		cfg := talker(t, "", true)
		tcp, err := net.ResolveTCPAddr("tcp", closedPort(t))
		if err != nil {
			t.Fatal(err)
		}
		cfg.Port = uint16(tcp.Port)
		cfg.Timeout = 5 * time.Second
		fails(t, cfg, gateway.Unreachable, "refused", "nothing listens")
	})
	t.Run("silent", func(t *testing.T) { fails(t, talker(t, "", false), gateway.Unreachable, "in time") })
	t.Run("silent in mid-handshake", func(t *testing.T) {
		fails(t, talker(t, "SSH-2.0-x\r\n", false), gateway.Unreachable, "in time")
	})
	t.Run("hangs up", func(t *testing.T) {
		cfg := talker(t, "SSH-2.0-x\r\n", true)
		cfg.Timeout = 5 * time.Second
		fails(t, cfg, gateway.Unreachable, "hung up")
	})
	t.Run("not SSH", func(t *testing.T) {
		cfg := talker(t, string(make([]byte, 4096)), true)
		cfg.Timeout = 5 * time.Second
		fails(t, cfg, gateway.Unreachable)
	})
	t.Run("no such name", func(t *testing.T) {
		cfg := talker(t, "", true)
		cfg.Host, cfg.Timeout = "no-such-name.invalid", 5*time.Second
		fails(t, cfg, gateway.Unreachable, "check the name")
	})
}

func TestDialEndsWithItsContext(t *testing.T) {
	cfg := talker(t, "", false)
	cfg.Timeout = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, cfg); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := Dial(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("cancel: %v", err)
	}
}

func TestHumanTimeIsNotCounted(t *testing.T) {
	w := newWorld(t, asRoot(cat))
	cfg := w.config()
	cfg.Timeout = 200 * time.Millisecond
	cfg.Prompter = &slowHuman{wait: 600 * time.Millisecond}
	mustDial(t, cfg)
}

type slowHuman struct {
	fakeHuman
	wait time.Duration
}

func (s *slowHuman) HostKey(ctx context.Context, _ gateway.HostKeyQuestion) (bool, error) {
	select {
	case <-time.After(s.wait):
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
