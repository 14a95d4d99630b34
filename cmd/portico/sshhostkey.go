package main

import (
	"context"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/host"
	"portico/gateway/publish"
)

// checkTimeout bounds the look at a host key before ssh connects, which has more patience.
const checkTimeout = 5 * time.Second

// settleHostKey settles the question of a VM's host key before ssh asks it blindly: a key that the
// VM's console log names is put into known_hosts, one that contradicts it is refused. What can't be
// verified is said in one line and left to ssh.
func (a *app) settleHostKey(ctx context.Context, t sshTarget) error {
	cfg := hostConfig(t.way)
	cfg.Name, cfg.Vouched = t.row.Instance.Name, t.connector.vouch.of(t.row.Instance.ID)
	cfg.Prompter, cfg.Tell, cfg.Timeout = a.prompter(), a.tell, checkTimeout
	unverified, err := host.CheckHostKey(ctx, cfg)
	switch {
	case err == nil && unverified == "":
	case err == nil:
		a.note("%s\n", warning("the host key could not be verified by the cloud, so ssh may ask", unverified))
	case ctx.Err() != nil, cloud.KindOf(err) == gateway.HostKey:
		return err
	default: // ssh may know another way
		a.note("%s\n", warning("the host key could not be looked at, so ssh may ask", cloud.Explain(err).Why))
	}
	return nil
}

// hostConfig is a way as Portico itself would go it.
func hostConfig(w publish.Way) host.Config {
	c := host.Config{Host: w.Host, Port: w.Port, User: w.User}
	if w.KnownHosts != "" {
		c.KnownHosts = []string{expandHome(w.KnownHosts)}
	}
	return c
}

// tell says on standard error what was accepted without a question.
func (a *app) tell(line string) { a.note("%s\n", styleGood.Render("✓ "+cloud.Clean(line))) }

// teller is where such a line goes: on the screen of the console, else on standard error.
func (a *app) teller(p gateway.Prompter) func(string) {
	if screen, ok := p.(interface{ Tell(string) }); ok {
		return screen.Tell
	}
	return a.tell
}

// sshTarget is an instance and the way to it.
type sshTarget struct {
	view
	row publish.InstanceRow
	way publish.Way
}

// withoutSecrets is an environment for a program that has no business with the cloud: OS_*
// variables hold passwords and tokens.
func withoutSecrets(env []string) []string {
	var out []string
	for _, v := range env {
		if !strings.HasPrefix(v, "OS_") {
			out = append(out, v)
		}
	}
	return out
}
