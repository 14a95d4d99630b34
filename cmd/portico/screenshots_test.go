package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/vt"

	"portico/cloud/emulator"
	"portico/gateway/doctor"
	gatewayemulator "portico/gateway/emulator"
	"portico/tui"
	"portico/tui/effects"
)

var writeScreenshots = flag.Bool("screenshots", false, "write screenshots/ anew instead of checking it")

// Pictures show the same clock on all machines. It is set before anything looks at one.
func init() { time.Local = time.UTC }

// pictureDemo is a demo for pictures: its floating IP is one of the documentation's.
func pictureDemo(t *testing.T) (*demo, *wiring, steady) {
	t.Helper()
	floating := netip.MustParseAddr("203.0.113.10")
	listen := gatewayemulator.Loopback()
	d, err := startDemo(floating, listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	for _, line := range d.cloud.Env() {
		name, value, _ := strings.Cut(line, "=")
		t.Setenv(name, value)
	}
	t.Setenv("OS_CLOUD", "")
	t.Setenv("HOME", t.TempDir())
	a := newApp(os.Stdin, io.Discard, io.Discard)
	t.Cleanup(a.close)
	options, err := a.options(config{History: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	options.Gateway, options.Dialer = emulator.DemoGateway, redirect{floating, listen, demoNet{d}}
	options.By = "ada@laptop"
	w, err := a.demoWiring(t.Context(), d, nil, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.publish(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	return d, w, steady{Combined: effects.Combined{Publisher: w.publisher, Diagnoser: pictureDoctor(w, listen)}, clock: &clock{}}
}

// pictureDoctor looks at ssh where the demo listens.
func pictureDoctor(w *wiring, listen netip.Addr) *doctor.Doctor {
	return doctor.New(w.publisher, doctor.Options{SSH: func(ctx context.Context, ask doctor.SSHAsk) (doctor.SSHSeen, error) {
		ask.Forward.Public = netip.AddrPortFrom(listen, ask.Forward.Public.Port())
		return w.lookSSH(ctx, ask)
	}})
}

// scene is one step of the walk through the screens: what happens, the keys, what must then be on
// the screen, and the name of the picture that is taken of it, if one is.
type scene struct {
	first func(s *screen)
	keys  []string
	sees  []string
	shot  string
}

// scenes lead to the pictures. A line or two add one.
func scenes(t *testing.T, d *demo, w *wiring) []scene {
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return []scene{
		{sees: []string{"sshd-down", "refused", "30050 ✓"}, shot: "instances"},
		{keys: []string{"jj", "p"}, sees: []string{"Publish  blast-db", "30012"}},
		{keys: []string{"\t", " "}, sees: []string{"31012", "2 to add, 4 to change, 2 to remove"}, shot: "publish"},
		{keys: []string{"\r"}, sees: []string{"enter apply"}, shot: "preview"},
		{keys: []string{"\r"}, sees: []string{"▸ Cancel"}},
		{keys: []string{"\x1b[C"}, sees: []string{"▸ Apply"}},
		{keys: []string{"\r"}, sees: []string{"2 of 2 answer", "confirmed", "8 forwards"}, shot: "applied"},
		{first: func(*screen) { must(d.gateway.AddForeignRules(demoByHand)) }, keys: []string{"\r", "4"}, sees: []string{"Gateways"}},
		{first: (*screen).later, sees: []string{"2201", "can be adopted"}, shot: "gateways"},
		{keys: []string{"3"}, sees: []string{"203.0.113.10:31012", "made by hand"}, shot: "forwards"},
		{keys: []string{"5"}, sees: []string{"sshd-down"}},
		{first: func(s *screen) {
			s.later()
			s.wait("it is tested from the gateway", func(text string) bool { return strings.Count(text, "✗ refused") == 2 })
		}, sees: []string{"6 fine"}, shot: "tests"},
		{keys: []string{"6"}, sees: []string{"publish blast-db", "✓ applied"}, shot: "history"},
		{keys: []string{"1", "gjj", "Y"}, sees: []string{"Copy  blast-db", "scp"}, shot: "copy"},
		{keys: []string{"\x1b"}, sees: []string{"13 instances"}},
		{keys: []string{":"}, sees: []string{"Do or find"}, shot: "palette"},
		{keys: []string{"\x1b"}, sees: []string{"13 instances"}},
		{first: func(*screen) { must(d.lockDown(t.Context(), w)); d.gateway.Refresh() }, keys: []string{"jjjjjj", "r", "t"}, sees: []string{"30050 ✗ timed out"}},
		{keys: []string{"d"}, sees: []string{"blocked at hop 6 of 8", "drift 1 missing"}, shot: "doctor"},
		{keys: []string{"\x1b"}, sees: []string{"13 instances"}},
		{keys: []string{"2"}, sees: []string{"203.0.113.27", "drift 1 missing"}, shot: "floatingips"},
		{keys: []string{"1", "T"}, sees: []string{"high-contrast"}, shot: "themes"},
		{first: func(s *screen) { s.ground = lightGround }, keys: []string{"jj", "\r"}, sees: []string{"theme light"}, shot: "light"},
	}
}

// TestScreenshots runs the console on the demo, types keys, and compares what a person sees with
// the pictures in screenshots/. Only times are made the same for everybody.
func TestScreenshots(t *testing.T) {
	d, w, backend := pictureDemo(t)
	s := startScreen(t, backend, 110, 30)
	for _, x := range scenes(t, d, w) {
		if x.first != nil {
			x.first(s)
		}
		s.keys(x.keys...)
		s.until(x.sees...)
		if x.shot != "" {
			s.shot(x.shot)
		}
	}
}

// redirect connects to where the demo listens in place of its floating IP.
type redirect struct {
	from, to netip.Addr
	net      demoNet
}

func (r redirect) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return r.net.DialContext(ctx, network, strings.Replace(address, r.from.String(), r.to.String(), 1))
}

// screen is the console on an emulated terminal.
type screen struct {
	t      *testing.T
	mu     sync.Mutex // of term
	term   *vt.Emulator
	in     io.Writer
	ground ground
	clock  *clock
}

func startScreen(t *testing.T, b steady, width, height int) *screen {
	t.Helper()
	in, typed := io.Pipe()
	s := &screen{t: t, term: vt.NewEmulator(width, height), in: typed, ground: darkGround, clock: b.clock}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, _ = io.Copy(io.Discard, s.term) }() // the terminal's own answers
	go func() {
		done <- tui.Run(ctx, tui.Options{Backend: b, Cloud: "demo", Now: b.clock.now, Notice: io.Discard},
			tea.WithInput(in), tea.WithOutput(s), tea.WithWindowSize(width, height), tea.WithColorProfile(colorprofile.TrueColor),
			tea.WithEnvironment([]string{"TERM=xterm-256color"}))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = typed.Close() // the program reads until its input ends
		_ = s.term.Close()
	})
	return s
}

// Write is what the program prints, with the line ends that a terminal's driver would make.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.term.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}

// keys types, and after each key waits until what it did is drawn.
func (s *screen) keys(keys ...string) {
	for _, k := range keys {
		if _, err := io.WriteString(s.in, k); err != nil {
			s.t.Fatal(err)
		}
		s.rest(3)
	}
}

// later lets what glows go out, and reads again.
func (s *screen) later() {
	s.clock.moved.Add(int64(3 * time.Second))
	s.keys("r")
	s.until("0 s ago")
}

// rest waits until so many looks in a row have seen the same, each longer after the other than a
// frame takes.
func (s *screen) rest(looks int) {
	got := s.svg()
	for calm := 0; calm < looks; calm++ {
		time.Sleep(60 * time.Millisecond)
		if next := s.svg(); next != got {
			got, calm = next, 0
		}
	}
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term.String()
}

func (s *screen) svg() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ground.svg(s.term)
}

func (s *screen) until(texts ...string) {
	s.t.Helper()
	s.wait(strings.Join(texts, ", "), func(text string) bool {
		for _, want := range texts {
			if !strings.Contains(text, want) {
				return false
			}
		}
		return true
	})
}

func (s *screen) wait(what string, fits func(text string) bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !fits(s.text()); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("never on the screen: %s\n%s", what, s.text())
		}
	}
}

// shot compares the screen with its pictures, once it has come to rest.
func (s *screen) shot(name string) {
	s.t.Helper()
	s.rest(6)
	s.mu.Lock()
	svg, img := s.ground.svg(s.term), s.ground.png(s.t, s.term)
	s.mu.Unlock()
	keepPicture(s.t, name+".svg", []byte(svg), func(file []byte) bool {
		if string(file) != svg {
			s.t.Log("\n" + s.text())
		}
		return string(file) == svg
	})
	if *writeScreenshots {
		keepPicture(s.t, name+".png", encoded(s.t, img), nil)
	} else {
		keepPicture(s.t, name+".png", nil, func(file []byte) bool { return samePicture(file, img) })
	}
}

// keepPicture writes a picture, or checks that the one there is shows the same.
func keepPicture(t *testing.T, name string, file []byte, same func(file []byte) bool) {
	t.Helper()
	path := filepath.Join("..", "..", "screenshots", name)
	if *writeScreenshots {
		if err := os.WriteFile(path, file, 0o644); err != nil { //nolint:gosec // a picture for everybody
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(path); err != nil || !same(got) {
		t.Errorf("%s is not what the program shows (%v): make screenshots", path, err)
	}
}
