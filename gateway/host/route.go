package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/user"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/hostkey"
)

// maxHops bounds a chain of jump hosts, so that one that leads back to itself ends.
const maxHops = 8

// hop is one SSH server on the way, with everything needed to get in.
type hop struct {
	name, alias     string // for messages; as looked up in the configuration
	host, port      string
	user            string
	keyAlias        string
	identities      []string // files, absolute
	explicit        bool     // the identities were asked for, not found by default
	only            bool     // no other keys of the agent
	agent           string   // socket of the agent, "" for none
	knownHosts      []string
	signers         []ssh.Signer
	pinned          []ssh.PublicKey // the only host keys that are trusted, if there are any
	vouched         func(context.Context) (hostkey.Set, error)
	tell            func(string)
	filed           func(func() error)
	hash, neverAsks bool
	timeout         time.Duration
}

func (h *hop) addr() string { return net.JoinHostPort(h.host, h.port) }

// label names the hop in messages: "gw (203.0.113.65:22)".
func (h *hop) label() string {
	if h.name != "" && h.name != h.host {
		return h.name + " (" + h.addr() + ")"
	}
	return h.addr()
}

// keyName is what the host key is filed under. As in ssh(1), an alias stands without a port.
func (h *hop) keyName() string {
	if h.keyAlias != "" {
		return net.JoinHostPort(h.keyAlias, "22")
	}
	return h.addr()
}

// route returns the hops to pass, the target last.
func route(cfg Config) ([]*hop, error) {
	file, err := readSSHConfig(cfg.SSHConfig)
	if err != nil {
		return nil, err
	}
	if cfg.Host == "" {
		return nil, &gateway.Error{Op: "connect to", Target: cfg.Name, Kind: gateway.Invalid,
			Err: errors.New("no address is known"), Next: "give the gateway's address in the configuration"}
	}
	return file.resolve(cfg, 0)
}

// resolve makes the route to cfg.Host, jump hosts first.
func (f *sshConfig) resolve(cfg Config, depth int) ([]*hop, error) {
	if depth >= maxHops {
		return nil, invalid(cfg, fmt.Errorf("more than %d jump hosts: does a ProxyJump lead back to itself?", maxHops),
			"correct ProxyJump in your ssh configuration")
	}
	h, err := f.hop(cfg)
	if err != nil {
		return nil, err
	}
	jump := first(cfg.ProxyJump, f.get(h.alias, "ProxyJump"))
	if none(jump) {
		if command := f.get(h.alias, "ProxyCommand"); cfg.ProxyJump == "" && !none(command) {
			return nil, invalid(cfg, errors.New("your ssh configuration reaches it by a ProxyCommand, which Portico does not run"),
				"use ProxyJump for this host, or set proxy_jump: none if it can be reached directly")
		}
		return []*hop{h}, nil
	}
	jumps := strings.Split(jump, ",")
	last := strings.TrimSpace(jumps[len(jumps)-1])
	before, err := jumpConfig(cfg, last)
	if err != nil {
		return nil, err
	}
	// What precedes the last jump host is its own way in; given here, it replaces what the file says of it.
	before.ProxyJump = strings.Join(jumps[:len(jumps)-1], ",")
	hops, err := f.resolve(before, depth+1)
	if err != nil {
		return nil, err
	}
	return append(hops, h), nil
}

// jumpConfig is the configuration of a jump host: as ssh(1) does, it inherits where to look, not
// who to be.
func jumpConfig(cfg Config, spec string) (Config, error) {
	out := Config{KnownHosts: cfg.KnownHosts, NoAgent: cfg.NoAgent, AgentSocket: cfg.AgentSocket, Timeout: cfg.Timeout}
	spec = strings.TrimPrefix(spec, "ssh://")
	if at := strings.LastIndexByte(spec, '@'); at >= 0 {
		out.User, spec = spec[:at], spec[at+1:]
	}
	if h, p, err := net.SplitHostPort(spec); err == nil {
		port, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return out, invalid(cfg, fmt.Errorf("jump host %q: bad port: %w", spec, err), "write ProxyJump as user@host:port")
		}
		out.Host, out.Port = h, uint16(port)
	} else {
		out.Host = strings.Trim(spec, "[]")
	}
	if out.Host == "" {
		return out, invalid(cfg, errors.New("a jump host has no name"), "write ProxyJump as user@host:port")
	}
	return out, nil
}

// hop fills in one server from the configuration, the file and the defaults, in that order.
func (f *sshConfig) hop(cfg Config) (*hop, error) {
	alias := cfg.Host
	h := &hop{name: first(cfg.Name, alias), alias: alias, timeout: cfg.timeout()}
	h.host = first(strings.NewReplacer("%%", "%", "%h", alias).Replace(f.get(alias, "HostName")), alias)
	h.port = first(f.get(alias, "Port"), "22")
	if cfg.Port != 0 {
		h.port = strconv.Itoa(int(cfg.Port))
	}
	if n, err := strconv.ParseUint(h.port, 10, 16); err != nil || n == 0 {
		return nil, invalid(cfg, fmt.Errorf("bad port %q", h.port), "correct Port in your ssh configuration")
	}
	h.user = first(cfg.User, f.get(alias, "User"), cfg.FallbackUser, localUser())
	h.keyAlias = first(cfg.HostKeyAlias, f.get(alias, "HostKeyAlias"))
	for _, name := range []string{h.host, first(h.keyAlias, h.host)} {
		if badName(name) {
			return nil, invalid(cfg, fmt.Errorf("%q is no host's name", cloud.Clean(name)), "correct HostName and HostKeyAlias in your ssh configuration, or the host in Portico's")
		}
	}
	if secs, err := strconv.Atoi(f.get(alias, "ConnectTimeout")); err == nil && secs > 0 && cfg.Timeout == 0 {
		h.timeout = time.Duration(secs) * time.Second
	}
	h.only = cfg.IdentitiesOnly || yes(f.get(alias, "IdentitiesOnly"))
	h.signers, h.pinned = cfg.Signers, cfg.HostKeys
	h.vouched, h.tell, h.filed = cfg.Vouched, cfg.Tell, cfg.Filed
	h.hash = yes(f.get(alias, "HashKnownHosts"))
	h.neverAsks = yes(f.get(alias, "StrictHostKeyChecking"))
	f.fillFiles(h, cfg)
	return h, nil
}

func invalid(cfg Config, err error, next string) error {
	return &gateway.Error{Op: "connect to", Target: first(cfg.Name, cfg.Host), Kind: gateway.Invalid, Err: cleaned(err), Next: next}
}

// localUser is the login name on this machine, without the domain that Windows puts before it.
func localUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func none(s string) bool { return s == "" || strings.EqualFold(s, "none") }
func yes(s string) bool  { return strings.EqualFold(s, "yes") || strings.EqualFold(s, "true") }
