package probe

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"portico/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen serves every connection with f and then closes it.
func listen(t *testing.T, f func(net.Conn)) netip.AddrPort {
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
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				f(conn)
			})
		}
	})
	t.Cleanup(func() { _ = lis.Close(); wg.Wait() })
	return netip.MustParseAddrPort(lis.Addr().String())
}

// says writes a text and waits until the client is gone.
func says(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, text)
		_, _ = io.Copy(io.Discard, c)
	}
}

func hangsUp(net.Conn) {}

func resets(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

func service(name string) gateway.Service {
	return gateway.Service{Name: name, Protocol: gateway.TCP, Port: 4711}
}

// check probes one target and compares outcome and detail.
func check(t *testing.T, d Dialer, target Target, want Outcome, says string) Result {
	t.Helper()
	rs := Run(t.Context(), d, []Target{target}, Options{Timeout: 500 * time.Millisecond}, nil)
	r := rs[0]
	if r.Outcome != want || !strings.Contains(r.Detail, says) {
		t.Errorf("%s %q, want %s %q", r.Outcome, r.Detail, want, says)
	}
	if decided := want == OK || want == Refused || want == Wrong; (r.Latency > 0) != decided {
		t.Errorf("latency %v with outcome %s", r.Latency, want)
	}
	if r.Target != target || r.At.IsZero() {
		t.Errorf("target %v at %v", r.Target, r.At)
	}
	return r
}

func TestProbes(t *testing.T) {
	web := func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1024))
		_, _ = io.WriteString(c, "HTTP/1.0 503 Service Unavailable\r\n\r\nbusy")
	}
	tests := []struct {
		name, service string
		peer          func(net.Conn)
		want          Outcome
		says          string
	}{
		{"ssh", "ssh", says("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), OK, "SSH-2.0-OpenSSH_9.2p1 Debian-2"},
		{"ssh after other lines", "ssh", says("welcome\r\nto a host\r\nSSH-2.0-x\r\n"), OK, "SSH-2.0-x"},
		{"ssh, hostile", "ssh", says("SSH-2.0-\x1b[2Jx\x07\r\n"), OK, "SSH-2.0-x\uFFFD"},
		{"ssh, mail server", "ssh", says("220 mx ESMTP\r\n"), Wrong, `it says "220 mx ESMTP", which is not SSH`},
		{"ssh, endless line", "ssh", func(c net.Conn) {
			for _, err := io.WriteString(c, strings.Repeat("x", 4096)); err == nil; _, err = io.WriteString(c, strings.Repeat("x", 4096)) {
			}
		}, Wrong, "xxx"},
		{"ssh, silence", "ssh", says(""), Timeout, "connected, but nothing answered"},
		{"ssh, hangs up", "ssh", hangsUp, Refused, "hung up"},
		{"ssh, reset", "ssh", resets, Refused, "reset"},
		{"http", "http", web, OK, "HTTP/1.0 503 Service Unavailable"},
		{"http, ssh server", "http", says("SSH-2.0-x\r\n"), Wrong, `it says "SSH-2.0-x", which is not HTTP`},
		{"http, silence", "http", says(""), Timeout, "nothing answered"},
		{"http, reset", "http", resets, Refused, ""},
		{"tls, http server", "https", says("HTTP/1.1 400 Bad Request\r\n\r\n"), Wrong, "HTTP/1.1 400 Bad Request"},
		{"tls, a few letters", "tls", func(c net.Conn) { _, _ = io.WriteString(c, "hi"); _, _ = c.Read(make([]byte, 1<<12)) }, Wrong, `it says "hi"`},
		{"tls, silence", "tls", says(""), Timeout, "nothing answered"},
		{"tls, alert", "tls", says("\x15\x03\x03\x00\x02\x02\x28"), OK, "handshake failure"},
		{"tcp", "rdp", says(""), OK, "connected"},
		{"tcp, closed at once", "rdp", hangsUp, OK, "connected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			check(t, new(net.Dialer), Target{Addr: listen(t, tt.peer), Service: service(tt.service)}, tt.want, tt.says)
		})
	}
}

func TestProbeWebServers(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "" || r.URL.Path != "/" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	plain := httptest.NewServer(page)
	defer plain.Close()
	check(t, new(net.Dialer), Target{Addr: addr(plain), Service: service("http")}, OK, "HTTP/1.1 200 OK")
	secure := httptest.NewUnstartedServer(page)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	check(t, new(net.Dialer), Target{Addr: addr(secure), Service: service("https")}, OK, "example.com and 3 more, valid until 2084-01-29")
	check(t, new(net.Dialer), Target{Addr: addr(secure), Service: gateway.Service{Name: "shop", Protocol: gateway.TCP, Port: 443}}, OK, "example.com")
}

func addr(s *httptest.Server) netip.AddrPort {
	return netip.MustParseAddrPort(s.Listener.Addr().String())
}

func TestProbeNothingThere(t *testing.T) {
	lis, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = lis.Close()
	closed := netip.MustParseAddrPort(lis.Addr().String())
	check(t, new(net.Dialer), Target{Addr: closed, Service: service("ssh")}, Refused, "refused")
	udp := gateway.Service{Name: "mosh", Protocol: gateway.UDP, Port: 60001}
	check(t, new(net.Dialer), Target{Addr: closed, Service: udp}, Unknown, "udp")
}

// dialerFunc is a Dialer made of a function.
type dialerFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (f dialerFunc) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}

func TestProbeDialErrors(t *testing.T) {
	silent := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	fails := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	rejects := func(r ssh.RejectionReason, text string) func(context.Context) error {
		return fails(&ssh.OpenChannelError{Reason: r, Message: text})
	}
	tests := []struct {
		name string
		dial func(context.Context) error
		want Outcome
		says string
	}{
		{"no answer", silent, Timeout, "no answer"},
		{"windows: refused", fails(&net.OpError{Op: "dial", Err: wsaConnRefused}), Refused, "refused"},
		{"windows: no route", fails(&net.OpError{Op: "dial", Err: wsaHostUnreach}), Unknown, "no route"},
		{"windows: reset", fails(wsaConnReset), Refused, "reset"},
		{"gateway: refused", rejects(ssh.ConnectionFailed, "Connection refused"), Refused, "seen from the gateway"},
		{"gateway: timeout", rejects(ssh.ConnectionFailed, "Connection timed out"), Timeout, "seen from the gateway"},
		{"gateway: no route", rejects(ssh.ConnectionFailed, "No route to host"), Timeout, "No route to host"},
		{"gateway: no text", rejects(ssh.ConnectionFailed, ""), Unknown, "could not connect"},
		{"gateway: not allowed", rejects(ssh.Prohibited, "open failed"), Unknown, "AllowTcpForwarding"},
		{"anything else", fails(errors.New("too many\x1b[31m open files")), Unknown, "too many open files"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := dialerFunc(func(ctx context.Context, _, _ string) (net.Conn, error) { return nil, tt.dial(ctx) })
			check(t, d, Target{Addr: netip.MustParseAddrPort("192.0.2.1:22"), Service: service("ssh")}, tt.want, tt.says)
		})
	}
}

func TestRunKeepsOrderAndBounds(t *testing.T) {
	var now, most atomic.Int32
	d := dialerFunc(func(ctx context.Context, _, address string) (net.Conn, error) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		defer now.Add(-1)
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
		return nil, errors.New(address)
	})
	targets := make([]Target, 50)
	for i := range targets {
		targets[i] = Target{Addr: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(1000+i)), Service: service("ssh")}
	}
	emitted := map[Target]bool{}
	results := Run(t.Context(), d, targets, Options{Parallel: 4}, func(r Result) { emitted[r.Target] = true })
	for i, r := range results {
		if r.Target != targets[i] || r.Detail != targets[i].Addr.String() {
			t.Errorf("result %d is %+v", i, r)
		}
	}
	if len(emitted) != len(targets) || most.Load() != 4 {
		t.Errorf("%d emitted, %d at once; want %d and 4", len(emitted), most.Load(), len(targets))
	}
	if rs := Run(t.Context(), d, nil, Options{}, nil); len(rs) != 0 {
		t.Errorf("results of nothing: %v", rs)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	silent := Target{Addr: listen(t, says("")), Service: service("ssh")}
	targets := []Target{silent, silent, silent}
	time.AfterFunc(50*time.Millisecond, cancel)
	for _, r := range Run(ctx, new(net.Dialer), targets, Options{Parallel: 1, Timeout: time.Minute}, nil) {
		if r.Outcome != Unknown || !strings.Contains(r.Detail, "stopped") {
			t.Errorf("%s %q", r.Outcome, r.Detail)
		}
	}
}

// deafConn neither ends a read when it is closed nor takes deadlines, as a connection over a stalled gateway.
type deafConn struct {
	net.Conn
	release chan struct{}
}

func (c deafConn) Read([]byte) (int, error)    { <-c.release; return 0, io.EOF }
func (c deafConn) Write(p []byte) (int, error) { return len(p), nil }
func (c deafConn) Close() error                { return nil }

func TestProbeOverAStalledGateway(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	d := dialerFunc(func(context.Context, string, string) (net.Conn, error) { return deafConn{release: release}, nil })
	for _, name := range []string{"ssh", "http"} {
		check(t, d, Target{Addr: netip.MustParseAddrPort("192.0.2.1:22"), Service: service(name)}, Timeout, "nothing answered")
	}
}
