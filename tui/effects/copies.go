package effects

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
)

// Copier works out what there is to take along for an instance. Copies asks nobody; KnownHostKeys
// asks the cloud.
type Copier interface {
	Copies(s publish.Snapshot, instanceID string, f gateway.Forward, logins map[string]publish.Login, keys publish.HostKeyLines) []publish.Copy
	KnownHostKeys(ctx context.Context, instanceID string) publish.HostKeyLines
}

// consoleTimeout bounds the look at a console log.
const consoleTimeout = 20 * time.Second

// Copies brings what there is to take along as a CopiesMsg, and a second one when the cloud has told
// the host keys.
func (e *Effects) Copies(seq int, s publish.Snapshot, o views.OpenCopies, logins map[string]publish.Login) tea.Cmd {
	out := newStream(e.ctx)
	say := func(keys publish.HostKeyLines) {
		m := views.CopiesMsg{Seq: seq, Instance: o.Instance, Name: publish.InstanceName(s.Inventory, o.Instance), Copies: e.backend.Copies(s, o.Instance, o.Forward, logins, keys)}
		for i := range m.Copies {
			c := &m.Copies[i]
			c.Text, c.Why, c.Note = CleanLines(c.Text), cloud.Clean(c.Why), cloud.Clean(c.Note)
		}
		out.send(m)
	}
	return e.start(out, func() {
		say(publish.HostKeyLines{Why: "asking the cloud for its console log…"})
		ctx, cancel := context.WithTimeout(e.ctx, consoleTimeout)
		defer cancel()
		say(e.backend.KnownHostKeys(ctx, o.Instance))
	}, func(err error) tea.Msg { return views.ToastMsg{Text: cloud.Explain(err).Why, Bad: true} })
}

// Show leaves the console for a page with a text alone, in lines as long as they are, until enter is
// pressed: what a terminal wraps by itself it also selects as one line.
func (e *Effects) Show(text, what string) tea.Cmd {
	return tea.Exec(&shown{text: CleanLines(text), what: cloud.Clean(what)}, func(err error) tea.Msg {
		if err != nil {
			return views.ToastMsg{Text: "the text could not be shown: " + cloud.Clean(err.Error()), Bad: true}
		}
		return nil
	})
}

// shown is the page, as Bubble Tea runs a program in its place.
type shown struct {
	text, what string
	in         io.Reader
	out        io.Writer
}

// SetStdin, SetStdout and SetStderr give it the terminal.
func (p *shown) SetStdin(r io.Reader) { p.in = r }

// SetStdout is where the text goes.
func (p *shown) SetStdout(w io.Writer) { p.out = w }

// SetStderr is not used.
func (*shown) SetStderr(io.Writer) {}

// The terminal's other screen, emptied, and back (xterm's ctlseqs, private mode 1049).
const (
	otherScreen = "\x1b[?1049h\x1b[H\x1b[2J"
	firstScreen = "\x1b[?1049l"
)

// Run shows the text and waits for enter.
func (p *shown) Run() error {
	text := strings.TrimRight(p.text, "\n")
	_, err := fmt.Fprintf(p.out, "%s%s\n\n(%s; select it with the terminal. enter goes back) ", otherScreen, text, p.what)
	if err != nil {
		return err
	}
	_, err = bufio.NewReader(p.in).ReadString('\n')
	if _, back := io.WriteString(p.out, firstScreen); err == nil || errors.Is(err, io.EOF) {
		err = back
	}
	return err
}
