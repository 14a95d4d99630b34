package main

import (
	"context"
	"slices"
	"sync"

	"portico/gateway/doctor"
	"portico/gateway/host"
	"portico/gateway/hostkey"
	"portico/gateway/publish"
)

// lookSSH goes to a VM as the command that Portico hands out would, and says what it meets. Of users
// that might be right instead of one that is denied, the first who is let in is named.
func (w *wiring) lookSSH(ctx context.Context, ask doctor.SSHAsk) (doctor.SSHSeen, error) {
	way := publish.Way{Host: ask.Forward.Public.Addr().String(), Port: ask.Forward.Public.Port(), User: ask.Login.User}
	cfg := hostConfig(way)
	cfg.Name, cfg.Vouched = ask.Instance.Name, w.connector.vouch.of(ask.Instance.ID)
	if ask.Login.KeyFile != "" {
		cfg.FallbackIdentities = []string{expandHome(ask.Login.KeyFile)}
	}
	cfg.Timeout = checkTimeout
	if w.connector.adjustSSH != nil {
		w.connector.adjustSSH(&cfg)
	}
	seen, err := host.Look(ctx, cfg)
	if err != nil {
		return doctor.SSHSeen{}, err
	}
	out := sshSeen(seen)
	if out.Denied {
		out.OtherUser = admitted(ctx, cfg, ask.Users)
	}
	return out, nil
}

// admitted is the first of these users whom the server lets in. They are tried at once: each one that
// is denied takes sshd two seconds.
func admitted(ctx context.Context, cfg host.Config, users []string) string {
	in := make([]bool, len(users))
	var work sync.WaitGroup
	for i, user := range users {
		as := cfg
		as.User = user
		work.Go(func() {
			seen, err := host.Look(ctx, as)
			in[i] = err == nil && seen.LoggedIn
		})
	}
	work.Wait()
	if i := slices.Index(in, true); i >= 0 {
		return users[i]
	}
	return ""
}

func sshSeen(s host.Seen) doctor.SSHSeen {
	out := doctor.SSHSeen{
		Name: s.Name, Key: s.Key, Known: doctor.KeyNew, KnownKey: s.Instead, KnownAt: s.Place, VouchedWhy: s.Why,
		User: s.User, LoggedIn: s.LoggedIn, With: s.With, Denied: s.Denied, Offered: s.Offered, Said: s.Said,
	}
	switch {
	case s.Changed:
		out.Known = doctor.KeyChanged
	case s.Known:
		out.Known = doctor.KeySame
	}
	switch s.Vouched {
	case hostkey.Match:
		out.Vouched = doctor.VouchedYes
	case hostkey.Contradicted:
		out.Vouched = doctor.VouchedNo
	case hostkey.Unknown:
	}
	return out
}
