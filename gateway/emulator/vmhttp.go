package emulator

import (
	"errors"
	"html"
	"net"
	"net/http"
	"sync"
	"time"
)

// HTTP serves an HTTP connection with one small page that names the VM.
func (vm *VM) HTTP(c net.Conn) {
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Server", "nginx/1.22.1")
			name := html.EscapeString(vm.name)
			_, _ = w.Write([]byte("<!doctype html>\n<title>" + name + "</title>\n<h1>" + name + "</h1>\n<p>An emulated VM of portico demo.</p>\n"))
		}),
	}
	one := &single{conn: c, ended: make(chan struct{})}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			one.end()
		}
	}
	_ = server.Serve(one) // ends when the connection has
}

// single is a listener that has one connection to give and ends with it.
type single struct {
	once  sync.Once
	mu    sync.Mutex
	conn  net.Conn
	ended chan struct{}
}

var errOnlyOne = errors.New("there is no further connection")

func (s *single) Accept() (net.Conn, error) {
	s.mu.Lock()
	c := s.conn
	s.conn = nil
	s.mu.Unlock()
	if c != nil {
		return c, nil
	}
	<-s.ended
	return nil, errOnlyOne
}

func (s *single) end()           { s.once.Do(func() { close(s.ended) }) }
func (s *single) Close() error   { return nil }
func (s *single) Addr() net.Addr { return &net.TCPAddr{} }
