package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/rollback"
	"portico/gateway/scheme"
)

// loginWord and hostWord are what ssh gets as user and host. Neither can be taken for an option, nor
// is there anything in them that a shell would obey, to which ssh hands both in ProxyCommand.
var (
	loginWord = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@+\\-]*$`)
	hostWord  = regexp.MustCompile(`^[A-Za-z0-9_:\[][A-Za-z0-9_.:%\[\]-]*$`)
)

// check refuses what could do more in a command, a file or a title than be read there, and what
// does not fit together. Errors are *misfit.
func (c config) check() error {
	for i, s := range c.Services {
		path := fmt.Sprintf("services[%d]", i)
		if err := s.check(path); err != nil {
			return err
		}
	}
	for i, g := range c.Gateways {
		if err := g.check(fmt.Sprintf("gateways[%d]", i)); err != nil {
			return err
		}
	}
	for path, text := range map[string]string{"gateway": c.Gateway, "history": c.History} {
		if err := at(path, checkText(path, text)); err != nil {
			return err
		}
	}
	for _, image := range slices.Sorted(maps.Keys(c.Login.Images)) {
		if err := at("login.images."+image, checkWord("login", loginWord, c.Login.Images[image])); err != nil {
			return err
		}
	}
	if err := at("login.default", checkWord("login", loginWord, c.Login.Default)); err != nil {
		return err
	}
	if c.Rollback != 0 && (c.Rollback < rollback.MinWindow || c.Rollback > rollback.MaxWindow) {
		return at("rollback", fmt.Errorf("it runs from %s to %s", rollback.MinWindow, rollback.MaxWindow))
	}
	if err := c.checkSchemes(); err != nil {
		return err
	}
	if err := c.checkKeys(); err != nil {
		return err
	}
	return c.checkThemes()
}

func (s serviceConfig) check(path string) error {
	switch {
	case s.Protocol != "tcp" && s.Protocol != "udp":
		return at(path+".protocol", fmt.Errorf("service %q needs name, protocol (tcp or udp) and port", cloud.Clean(s.Name)))
	case s.Name == "":
		return at(path+".name", fmt.Errorf("a service needs name, protocol (tcp or udp) and port"))
	case s.Port == 0:
		return at(path+".port", fmt.Errorf("service %q needs a port from 1 to 65535", cloud.Clean(s.Name)))
	}
	if s.Last != 0 && (s.Last <= s.Port || int(s.Last-s.Port) >= gateway.MaxServicePorts) {
		return at(path+".last", fmt.Errorf("service %q: it is the last of at most %d ports, and comes after port %d", cloud.Clean(s.Name), gateway.MaxServicePorts, s.Port))
	}
	return at(path+".name", checkText("service", s.Name))
}

// checkSchemes compiles what was written, so that what is wrong with a formula is told where it
// stands.
func (c config) checkSchemes() error {
	for i, own := range c.Schemes {
		path := fmt.Sprintf("schemes[%d]", i)
		for j, service := range own.Services {
			alone := own
			alone.Services = []scheme.ServiceConfig{service}
			if _, err := scheme.New(alone); own.Name != "" && err != nil {
				return at(fmt.Sprintf("%s.services[%d].formula", path, j), err)
			}
		}
		if _, err := scheme.All(c.Schemes[:i+1]); err != nil {
			return at(path+".name", err)
		}
	}
	if c.Scheme == "" {
		return nil
	}
	all, err := scheme.All(c.Schemes)
	if err == nil {
		_, err = findScheme(all, c.Scheme)
	}
	return at("scheme", err)
}

func (g gatewayConfig) check(path string) error {
	if g.Name == "" {
		return at(path, errors.New("every gateway needs a name"))
	}
	for key, text := range map[string]string{".name": g.Name, ".identity": g.Identity, ".known_hosts": g.KnownHosts} {
		if err := at(path+key, checkText("gateway", text)); err != nil {
			return err
		}
	}
	if err := at(path+".user", checkWord("user of gateway "+g.Name, loginWord, g.User)); err != nil {
		return err
	}
	return at(path+".host", checkWord("host of gateway "+g.Name, hostWord, g.Host))
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
