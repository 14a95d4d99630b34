package main

import (
	"slices"
	"strconv"
	"strings"

	"portico/gateway"
	"portico/gateway/publish"
)

// sshWay is how ssh reaches one instance. What is empty is left to ssh and its own configuration.
type sshWay struct {
	host             string
	port             uint16
	user, identity   string
	knownHosts       string
	hostKeyAlias     string
	leaveToSSHConfig bool // host is an alias that ~/.ssh/config explains
}

// way is the way to an instance: the forward that carries it, or its own floating IP. A gateway
// is reached as the configuration says, like Portico itself does.
func (c config) way(r publish.InstanceRow, login publish.Login) (sshWay, bool) {
	f, ok := publish.SSHForward(r)
	if !ok {
		return sshWay{}, false
	}
	w := sshWay{host: f.Public.Addr().String(), port: f.Public.Port(), user: login.User, identity: login.KeyFile}
	// One address carries many machines: each has its own host key.
	w.hostKeyAlias = "portico-" + r.Instance.ID
	direct := f.Public.Port() == 22 && slices.Contains(r.Public, f.Public.Addr())
	i := slices.IndexFunc(c.Gateways, func(g gatewayConfig) bool { return g.Name == r.Instance.Name && !g.Local })
	if direct && i >= 0 {
		w.configure(c.Gateways[i])
	}
	return w, true
}

// gatewayShell is the words that run a command on a gateway; none where this machine is it.
func (c config) gatewayShell(gw gateway.Gateway) []string {
	w := sshWay{host: gw.FloatingIP.String()}
	if !gw.FloatingIP.IsValid() {
		w.host = gw.FixedIP.String()
	}
	for _, g := range c.Gateways {
		switch {
		case g.Name != gw.Name:
		case g.Local:
			return nil
		default:
			w.configure(g)
		}
	}
	return w.words()
}

func (w *sshWay) configure(g gatewayConfig) {
	if g.Host != "" {
		w.host, w.port = g.Host, 0
		// A name without a dot is an alias, whose user and key ~/.ssh/config knows better.
		if w.leaveToSSHConfig = !strings.ContainsAny(g.Host, ".:"); w.leaveToSSHConfig {
			w.user, w.identity = "", ""
		}
	}
	if g.Port != 0 {
		w.port = g.Port
	}
	if g.User != "" {
		w.user = g.User
	}
	if g.Identity != "" {
		w.identity = g.Identity
	}
	if g.KnownHosts != "" { // it lists the host by its address
		w.knownHosts, w.hostKeyAlias = g.KnownHosts, ""
	}
}

// words is the command that goes there.
func (w sshWay) words() []string {
	out := []string{"ssh"}
	if w.port != 0 && w.port != 22 {
		out = append(out, "-p", strconv.Itoa(int(w.port)))
	}
	if w.identity != "" {
		out = append(out, "-i", w.identity)
	}
	if w.knownHosts != "" {
		value := w.knownHosts
		if strings.ContainsAny(value, " \t") {
			value = `"` + value + `"`
		}
		out = append(out, "-o", "UserKnownHostsFile="+value)
	}
	if w.user != "" {
		return append(out, w.user+"@"+w.host)
	}
	return append(out, w.host)
}
