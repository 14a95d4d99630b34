package publish

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// defaultIdentities are the key files in ~/.ssh that ssh tries unasked (ssh_config(5), IdentityFile).
var defaultIdentities = []string{"id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"}

// triedAnyway reports whether ssh tries a key without being told.
func triedAnyway(file string) bool {
	return file == "" || path.Dir(strings.ReplaceAll(file, `\`, "/")) == "~/.ssh" && slices.Contains(defaultIdentities, path.Base(file))
}

// jump goes through the gateway to the private address: it needs no forward, but a login on the
// gateway.
func (c *copier) jump() Copy {
	private := c.private()
	switch {
	case c.row.Gateway:
		return made(AsJump, nil, "", "it is the gateway itself")
	case !c.s.HasGateway():
		return made(AsJump, nil, "", "there is no gateway to go through")
	case !private.IsValid():
		return made(AsJump, nil, "", "it has no IPv4 address")
	}
	login := c.logins[c.row.Instance.ID]
	to := Way{Host: private.Addr().String(), Port: private.Port(), User: login.User, Identity: login.KeyFile}
	words := []string{"ssh"}
	note := "needs a login on the gateway, and no forward"
	if gw, ok := c.p.gatewayWay(c.s.Host(), c.logins[c.s.Host().InstanceID]); ok {
		words = append(words, gw.through()...)
	} else {
		note = "this machine is the gateway"
	}
	return made(AsJump, append(append(words, to.options("-p")...), to.target()), note, "")
}

// through are the options that lead ssh through this machine. A key that has to be named needs more
// words: what is said of keys on the command line is about the last machine alone.
func (w Way) through() []string {
	if triedAnyway(w.Identity) && w.KnownHosts == "" {
		jump := w.target()
		if w.Port != 0 && w.Port != 22 {
			jump += ":" + strconv.Itoa(int(w.Port))
		}
		return []string{"-J", jump}
	}
	options := w.options("-p")
	for i := range options {
		options[i] = percent(options[i])
	}
	words := append([]string{"ssh"}, options...)
	return []string{"-o", "ProxyCommand=" + CommandLine(append(words, "-W")) + " %h:%p " + percent(CommandLine([]string{w.target()}))}
}
