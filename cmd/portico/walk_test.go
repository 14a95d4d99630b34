//go:build !windows

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// built is the program as a user has it, built once.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "portico-walk-")
	if err != nil {
		return "", err
	}
	atEnd = append(atEnd, func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "portico")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", &buildError{string(out), err}
	}
	return path, nil
})

type buildError struct {
	out string
	err error
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.out }

// walk is the real program on a terminal: keys go in, and what a person would see comes out.
type walk struct {
	t    testing.TB
	cmd  *exec.Cmd
	tty  *os.File
	done chan error
	stop func() // kills it, if it still runs, and waits

	mu      sync.Mutex // of what follows
	term    *vt.Emulator
	raw     bytes.Buffer
	changed chan struct{} // closed and made anew with each change
}

// walkPatience is how long something may take that must happen.
const walkPatience = 20 * time.Second

func startWalk(t testing.TB, width, height int, args ...string) *walk {
	t.Helper()
	return startWalkWith(t, nil, width, height, args...)
}

// startWalkWith gives it further environment variables.
func startWalkWith(t testing.TB, env []string, width, height int, args ...string) *walk {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	w := &walk{t: t, term: vt.NewEmulator(width, height), changed: make(chan struct{}), done: make(chan error, 1), cmd: exec.Command(path, args...)}
	w.cmd.Env = []string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_STATE_HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH"),
		"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8", "SSH_AUTH_SOCK=",
	}
	w.cmd.Env = append(w.cmd.Env, env...)
	w.tty, err = pty.StartWithSize(w.cmd, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)})
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(w.tty, w.term) // what the terminal answers when it is asked
	}()
	go w.watch()
	w.stop = sync.OnceFunc(func() {
		_ = w.cmd.Process.Kill()
		<-w.done
		_ = w.tty.Close()
		_ = w.term.InputPipe().(io.Closer).Close()
		<-answered
	})
	t.Cleanup(w.stop)
	return w
}

// watch takes in what the program prints until it ends.
func (w *walk) watch() {
	chunk := make([]byte, 64<<10)
	for {
		n, err := w.tty.Read(chunk)
		w.mu.Lock()
		w.raw.Write(chunk[:n])
		_, _ = w.term.Write(chunk[:n])
		close(w.changed)
		w.changed = make(chan struct{})
		w.mu.Unlock()
		if err != nil {
			break
		}
	}
	w.done <- w.cmd.Wait()
	close(w.done)
}

func (w *walk) look() (text string, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return ansi.Strip(w.term.Render()), w.changed
}

// until waits until the screen is as it is to be.
func (w *walk) until(what string, fits func(screen string) bool) {
	w.t.Helper()
	late := time.After(walkPatience)
	for {
		text, changed := w.look()
		if fits(text) {
			return
		}
		select {
		case <-changed:
		case <-late:
			w.t.Fatalf("%s: never\n%s", what, text)
		}
	}
}

// sees waits until all texts are on the screen at once.
func (w *walk) sees(texts ...string) {
	w.t.Helper()
	w.until(strings.Join(texts, ", "), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// misses waits until none of the texts is on the screen.
func (w *walk) misses(texts ...string) {
	w.t.Helper()
	w.until("without "+strings.Join(texts, ", "), func(screen string) bool {
		for _, text := range texts {
			if strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// prints waits until these bytes were sent to the terminal.
func (w *walk) prints(text string) {
	w.t.Helper()
	w.until("prints "+text, func(string) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return bytes.Contains(w.raw.Bytes(), []byte(text))
	})
}

// keys types what a keyboard sends.
func (w *walk) keys(keys ...string) {
	w.t.Helper()
	for _, k := range keys {
		if _, err := io.WriteString(w.tty, k); err != nil {
			w.t.Fatal(err)
		}
	}
}

// to moves the cursor of a list to the row with this name.
func (w *walk) to(name string) {
	w.t.Helper()
	for range 40 {
		before, _ := w.look()
		if strings.Contains(before, "▸ "+name) {
			return
		}
		w.keys("j")
		w.until("the cursor has moved", func(now string) bool { return cursorAt(now) != cursorAt(before) })
	}
	w.t.Fatalf("no row %s", name)
}

// cursorAt is the beginning of the row that the cursor is on: other things on a screen change by themselves.
func cursorAt(screen string) string {
	_, row, _ := strings.Cut(screen, "▸ ")
	row, _, _ = strings.Cut(row, "\n")
	name, _, _ := strings.Cut(row, "  ")
	return name
}

func (w *walk) resize(width, height int) {
	w.t.Helper()
	w.mu.Lock()
	w.term.Resize(width, height)
	w.mu.Unlock()
	if err := pty.Setsize(w.tty, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		w.t.Fatal(err)
	}
}

// ended waits for the program's end, which must be a good one that leaves the terminal as it was.
func (w *walk) ended() {
	w.t.Helper()
	select {
	case err := <-w.done:
		if err != nil {
			w.t.Errorf("it ended with %v", err)
		}
	case <-time.After(walkPatience):
		text, _ := w.look()
		w.t.Fatalf("it never ended:\n%s", text)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, restored := range []string{"\x1b[?1049l", "\x1b[?25h"} {
		if !bytes.Contains(w.raw.Bytes(), []byte(restored)) {
			w.t.Errorf("the terminal was left without %q", restored)
		}
	}
}

// Keys as terminals send them.
const (
	enterKey = "\r"
	escKey   = "\x1b"
	tabKey   = "\t"
	rightKey = "\x1b[C"
	ctrlC    = "\x03"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// line is the first line of a screen with this text in it, or "".
func line(screen, with string) string {
	for l := range strings.Lines(screen) {
		if strings.Contains(l, with) {
			return l
		}
	}
	return ""
}

func lastLine(screen string) string {
	lines := strings.Split(strings.TrimRight(screen, "\n"), "\n")
	return lines[len(lines)-1]
}
