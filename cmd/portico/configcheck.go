package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"portico/cloud"
)

// loginWord and hostWord are what ssh gets as user and host. Neither can be taken for an option, nor
// is there anything in them that a shell would obey, to which ssh hands both in ProxyCommand.
var (
	loginWord = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@+\\-]*$`)
	hostWord  = regexp.MustCompile(`^[A-Za-z0-9_:\[][A-Za-z0-9_.:%\[\]-]*$`)
)

// check refuses what could do more in a command, a file or a title than be read there.
func (c config) check() error {
	for _, s := range c.Services {
		if s.Name == "" || s.Port == 0 || s.Protocol != "tcp" && s.Protocol != "udp" {
			return fmt.Errorf("service %q needs name, protocol (tcp or udp) and port", cloud.Clean(s.Name))
		}
		if err := checkText("service", s.Name); err != nil {
			return err
		}
	}
	for _, g := range c.Gateways {
		if err := g.check(); err != nil {
			return err
		}
	}
	if err := checkText("gateway", c.Gateway, c.Scheme); err != nil {
		return err
	}
	users := append(slices.Sorted(maps.Values(c.Login.Images)), c.Login.Default)
	return checkWord("login", loginWord, users...)
}

func (g gatewayConfig) check() error {
	if g.Name == "" {
		return errors.New("every gateway needs a name")
	}
	if err := checkText("gateway", g.Name, g.Identity, g.KnownHosts); err != nil {
		return err
	}
	if err := checkWord("user of gateway "+g.Name, loginWord, g.User); err != nil {
		return err
	}
	return checkWord("host of gateway "+g.Name, hostWord, g.Host)
}

// checkText refuses line breaks, controls and characters that do not show.
func checkText(what string, texts ...string) error {
	for _, s := range texts {
		if cloud.Clean(s) != s {
			return fmt.Errorf("%s %q has characters that are not text", what, cloud.Clean(s))
		}
	}
	return nil
}

func checkWord(what string, form *regexp.Regexp, words ...string) error {
	for _, w := range words {
		if w != "" && !form.MatchString(w) {
			return fmt.Errorf("%s: %q is none that ssh takes", what, cloud.Clean(w))
		}
	}
	return nil
}
