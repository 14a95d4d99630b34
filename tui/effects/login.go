package effects

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/views"
)

// loginTimeout bounds trying one login out.
const loginTimeout = 60 * time.Second

// Logins tries logins out and keeps those that work.
type Logins interface {
	// Try logs in, and changes nothing.
	Try(ctx context.Context, c cloud.Credentials) (cloud.Identity, error)
	// Save writes a login down, and names the files it is in.
	Save(c cloud.Credentials) ([]string, error)
}

// TryLogin tries a login out and saves it when it works. giveUp ends it: nothing is saved then.
func (e *Effects) TryLogin(l Logins, i views.TryLogin) (cmd tea.Cmd, giveUp func()) {
	ctx, cancel := context.WithTimeout(e.ctx, loginTimeout)
	failed := func(err error) tea.Msg { return views.LoginTriedMsg{Seq: i.Seq, Name: i.Credentials.Name, Err: err} }
	return e.do(func() tea.Msg {
		defer cancel()
		id, err := l.Try(ctx, i.Credentials)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return failed(err)
		}
		files, err := l.Save(i.Credentials)
		return views.LoginTriedMsg{Seq: i.Seq, Name: i.Credentials.Name, Identity: id, Files: files, Err: err}
	}, failed), cancel
}
