package tui

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"portico/tui/effects/effectstest"
)

// terminal is an emulated one with the console in it: bytes go in as from a keyboard and come
// out as escape sequences.
type terminal struct {
	t      *testing.T
	emu    *vt.SafeEmulator
	keys   *io.PipeWriter
	cancel context.CancelFunc
	done   chan error

	mu  sync.Mutex
	raw bytes.Buffer
}

// Write does what a terminal's line discipline does: a line feed begins a new line.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.raw.Write(p)
	t.mu.Unlock()
	_, err := t.emu.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}

func open(t *testing.T, b *effectstest.Backend, width, height int, env ...string) *terminal {
	t.Helper()
	in, keys := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	term := &terminal{t: t, emu: vt.NewSafeEmulator(width, height), keys: keys, cancel: cancel, done: make(chan error, 1)}
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		_, _ = io.Copy(io.Discard, term.emu) // the terminal's answers to what programs ask it
	}()
	options := []tea.ProgramOption{
		tea.WithInput(in), tea.WithOutput(term), tea.WithWindowSize(width, height),
		tea.WithEnvironment(append([]string{"TERM=xterm-256color"}, env...)),
	}
	if len(env) == 0 {
		options = append(options, tea.WithColorProfile(colorprofile.TrueColor))
	}
	go func() {
		term.done <- Run(ctx, Options{Backend: b, Notice: io.Discard}, options...)
		_ = in.Close()
	}()
	t.Cleanup(func() {
		cancel()
		_ = keys.Close()
		// Closing the emulator itself would race with the reader.
		_ = term.emu.InputPipe().(io.Closer).Close()
		<-answers
	})
	return term
}

// press types keys as a terminal sends them.
func (t *terminal) press(keys string) {
	t.t.Helper()
	if _, err := t.keys.Write([]byte(keys)); err != nil {
		t.t.Fatal(err)
	}
}

func (t *terminal) screen() string { return ansi.Strip(t.emu.Render()) }

// sees waits until all texts are on the screen at once.
func (t *terminal) sees(texts ...string) {
	t.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		missing := ""
		for s := t.screen(); missing == "" && len(texts) > 0; {
			for _, text := range texts {
				if !strings.Contains(s, text) {
					missing = text
				}
			}
			break
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.t.Fatalf("%q never was on the screen:\n%s", missing, t.screen())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// ended waits for the console's end.
func (t *terminal) ended() {
	t.t.Helper()
	select {
	case err := <-t.done:
		if err != nil {
			t.t.Errorf("it ended with %v", err)
		}
	case <-time.After(patience):
		t.t.Fatal("it never ended")
	}
}

func TestMainJobInATerminal(t *testing.T) {
	b := effectstest.Project()
	b.Slow = 200 * time.Millisecond // longer than a frame
	term := open(t, b, 100, 30)
	term.sees("asking the cloud…")
	term.sees("bielefeld / metagenomics", "blast-db", "ssh 30010 ✓ 12 ms", "http 31020 ✗ timed out")
	term.press("jj")
	term.sees("▸ blast-db")
	term.press("p")
	term.sees("Publish", "203.0.113.10:30012")
	term.press("\r")
	term.sees("Changes", "apply")
	term.press("\r")
	term.sees("▸ Cancel")
	term.press("\t\r")
	term.sees("ssh -p 30012 -i ~/.ssh/mg debian@203.0.113.10", "answers")
	term.press("q")
	term.sees("▸ blast-db", "ssh 30012 ✓ 12 ms", "6 forwards")
	term.press("y")
	term.sees("ssh command sent to the clipboard")
	term.press("q")
	term.ended()
	term.mu.Lock()
	defer term.mu.Unlock()
	// base64 of "ssh -p 30012 -i ~/.ssh/mg debian@203.0.113.10"
	if want := "\x1b]52;c;c3NoIC1wIDMwMDEyIC1pIH4vLnNzaC9tZyBkZWJpYW5AMjAzLjAuMTEzLjEw"; !bytes.Contains(term.raw.Bytes(), []byte(want)) {
		t.Error("the command did not reach the terminal's clipboard")
	}
}

// TestTheTerminalShowsTheView: what the renderer sends, difference by difference, adds up to
// what the model meant, also when a banner moves everything down.
func TestTheTerminalShowsTheView(t *testing.T) {
	b := effectstest.Project()
	term := open(t, b, 120, 40)
	term.sees("● healthy")
	b.Change(func(b *effectstest.Backend) { b.InventoryErr = unreachable })
	term.press("r")
	term.sees("connection refused")
	want := drive(t, b, 120, 40)
	b.Change(func(b *effectstest.Backend) { b.InventoryErr = nil })
	want.start()
	b.Change(func(b *effectstest.Backend) { b.InventoryErr = unreachable })
	want.keys("r")
	want.settle()
	body := func(s string) string { // what depends on the moment is left out
		var out []string
		for i, l := range strings.Split(s, "\n") {
			if i != 0 && !strings.Contains(l, "again") {
				out = append(out, strings.TrimRight(l, " "))
			}
		}
		return strings.Join(out, "\n")
	}
	if got, want := body(term.screen()), body(want.screen()); got != want {
		t.Errorf("the terminal shows\n%s\nwant\n%s", got, want)
	}
	term.press("\x03")
	term.ended()
}

func TestNoColor(t *testing.T) {
	term := open(t, effectstest.Project(), 80, 24, "NO_COLOR=1")
	term.sees("● active", "▸ annotation-01")
	term.press("q")
	term.ended()
	term.mu.Lock()
	defer term.mu.Unlock()
	for _, colour := range []string{"38;", "48;", "[31m", "[32m", "[36m"} {
		if bytes.Contains(term.raw.Bytes(), []byte(colour)) {
			t.Errorf("a colour was sent under NO_COLOR: %q", colour)
		}
	}
}

// TestASignalEndsIt: the context's end is a normal end.
func TestASignalEndsIt(t *testing.T) {
	term := open(t, effectstest.Project(), 80, 24)
	term.sees("● active")
	term.cancel()
	term.ended()
}
