package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/tui/effects"
	"portico/views"
)

// toast is a line in the status bar until the next key, or for a moment.
type toast struct {
	text  string
	bad   bool
	until time.Time
}

// notice is a failure of something the operator asked for; it goes with the next screen, with
// esc, or after a while.
type notice struct {
	err   error
	until time.Time
}

const (
	toastTime  = 4 * time.Second
	noticeTime = 30 * time.Second
)

func (r *Root) say(text string, bad bool) {
	r.toast = toast{text: cloud.Clean(text), bad: bad, until: r.now.Add(toastTime)}
}

func (r *Root) note(err error) { r.notice = notice{err: err, until: r.now.Add(noticeTime)} }

// copySSH puts an ssh command on the clipboard and shows it: the terminal may not have taken it.
func (r *Root) copySSH(i views.CopySSH) tea.Cmd {
	command := effects.CleanLines(publish.SSHCommand(i.Forward, r.logins.byID[i.Forward.Instance]))
	return r.hand(command, "ssh command", "ssh command sent to the clipboard: "+command)
}

func (r *Root) copyText(i views.CopyText) tea.Cmd {
	return r.hand(i.Text, i.What, i.What+" sent to the clipboard")
}
