package tui

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"go.uber.org/goleak"

	"portico/gateway/publish"
	"portico/tui/effects"
	"portico/tui/effects/effectstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// driver runs a Root without a terminal: time stands still until the test moves it, and commands
// run as Bubble Tea would run them.
type driver struct {
	t       testing.TB
	root    *Root
	now     time.Time
	answers chan tea.Msg
	running int
	quit    bool
	copied  []string
}

// patience is how long a test waits for something that must happen.
const patience = 10 * time.Second

func drive(t testing.TB, b effects.Backend, width, height int, change ...func(*Options)) *driver {
	t.Helper()
	d := &driver{t: t, now: effectstest.Start, answers: make(chan tea.Msg, 10000)}
	o := Options{Backend: b, Now: func() time.Time { return d.now }, Jitter: func() float64 { return 0 }}
	for _, c := range change {
		c(&o)
	}
	d.root = New(context.Background(), o)
	d.root.tick = func(int, time.Duration) tea.Cmd { return nil }
	t.Cleanup(func() { d.root.Close() })
	d.send(tea.WindowSizeMsg{Width: width, Height: height})
	return d
}

// start sends the first commands and waits for their answers.
func (d *driver) start() *driver {
	d.run(d.root.Init())
	d.settle()
	return d
}

func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	d.running++
	go func() { d.answers <- cmd() }()
}

// send hands one message to the root.
func (d *driver) send(msg tea.Msg) {
	_, cmd := d.root.Update(msg)
	d.root.View()
	d.run(cmd)
}

// take handles the answer of one command.
func (d *driver) take(msg tea.Msg) {
	d.running--
	switch m := msg.(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range m {
			d.run(c)
		}
	case tea.QuitMsg:
		d.quit = true
	default:
		if v := reflect.ValueOf(m); v.Type().PkgPath() == "charm.land/bubbletea/v2" {
			if v.Kind() == reflect.String {
				d.copied = append(d.copied, v.String())
			}
			return // for Bubble Tea itself
		}
		d.send(m)
	}
}

// resize changes the terminal's size.
func (d *driver) resize(width, height int) { d.send(tea.WindowSizeMsg{Width: width, Height: height}) }

// settle waits until every command has been answered.
func (d *driver) settle() {
	d.t.Helper()
	d.until("all commands are answered", func() bool { return d.running == 0 })
}

// until handles answers until something holds.
func (d *driver) until(what string, holds func() bool) {
	d.t.Helper()
	deadline := time.After(patience)
	for !holds() {
		select {
		case msg := <-d.answers:
			d.take(msg)
		case <-deadline:
			d.t.Fatalf("never happened: %s\n%s", what, d.screen())
		}
	}
}

// pass lets time pass, one beat a second.
func (d *driver) pass(t time.Duration) {
	d.t.Helper()
	for end := d.now.Add(t); d.now.Before(end); {
		d.now = d.now.Add(time.Second)
		d.send(effects.TickMsg{Chain: d.root.chain})
		d.settle()
	}
}

// keys types keys: a letter each, or names like "enter" in angle brackets.
func (d *driver) keys(names ...string) {
	special := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "down": tea.KeyDown, "up": tea.KeyUp, "space": tea.KeySpace}
	for _, n := range names {
		switch code, ok := special[n]; {
		case ok && n == "space":
			d.send(tea.KeyPressMsg{Code: code, Text: " "})
		case ok:
			d.send(tea.KeyPressMsg{Code: code})
		case strings.HasPrefix(n, "ctrl+"):
			d.send(tea.KeyPressMsg{Code: rune(n[5]), Mod: tea.ModCtrl})
		default:
			for _, r := range n {
				d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
			}
		}
	}
}

// screen is what is seen, without styles.
func (d *driver) screen() string { return ansi.Strip(d.root.View().Content) }

// shows fails the test unless all texts are on the screen.
func (d *driver) shows(texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		if !strings.Contains(d.screen(), text) {
			d.t.Errorf("%q is not on the screen:\n%s", text, d.screen())
		}
	}
}

// hides fails the test if one of the texts is on the screen.
func (d *driver) hides(texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		if strings.Contains(d.screen(), text) {
			d.t.Errorf("%q is on the screen:\n%s", text, d.screen())
		}
	}
}

// snapshotFor is what the console would know of a backend.
func (r *Root) snapshotFor(b *effectstest.Backend) publish.Snapshot {
	return publish.Snapshot{Inventory: b.Project, Gateway: b.Gateway, State: &b.State}
}

func publishRequest(ids ...string) publish.Request { return publish.Request{Instances: ids} }
