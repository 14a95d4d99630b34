package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Defaults of [Config].
const (
	DefaultTimeout   = 10 * time.Second
	DefaultKeepAlive = 10 * time.Second
)

// Config says which host, and how to get in. Whatever is set here wins over ~/.ssh/config, and
// that over the defaults of ssh(1). The zero value of everything but Host is usable.
type Config struct {
	Name string // what to call the host in messages; Host if empty
	Host string // address, DNS name or alias in ~/.ssh/config: what one would type after ssh
	Port uint16 // 22 if nothing else is said
	User string // the local user if nothing else is said

	IdentityFiles  []string // private keys, or public keys whose private part an agent holds
	IdentitiesOnly bool     // offer no key of the agent that is not among the identity files

	KnownHosts   []string // first is written to; ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts
	HostKeyAlias string   // the name under which the host key is known, instead of the address
	SSHConfig    string   // a file to read instead of ~/.ssh/config and /etc/ssh/ssh_config; "none": no file
	ProxyJump    string   // [user@]host[:port], comma separated; "none": connect directly

	NoAgent     bool   // do not use the SSH agent
	AgentSocket string // where the agent listens; SSH_AUTH_SOCK

	Prompter  Prompter      // nil: nobody can be asked
	Timeout   time.Duration // for connecting, and again for the handshake, of each hop
	KeepAlive time.Duration // a peer silent for two intervals is gone; negative: never ask
}

// Prompter asks a human. Its methods may be called from any goroutine, one at a time, and
// must return when ctx ends. Time spent in them does not count as time-out.
type Prompter interface {
	// HostKey asks whether an unknown host key is the right one. An error means that no
	// answer was given.
	HostKey(ctx context.Context, q HostKeyQuestion) (accept bool, err error)
	// Passphrase asks for the passphrase of a key file. The caller overwrites the
	// bytes when it has used them. An error means that none was given; other keys are tried then.
	Passphrase(ctx context.Context, file string) ([]byte, error)
}

// HostKeyQuestion is what to show of an unknown host key.
type HostKeyQuestion struct { //nolint:revive // "host key" is the term; "key" alone is the user's
	Host        string // as asked for
	Addr        string // host:port as known_hosts will have it
	Type        string // "ssh-ed25519"
	Fingerprint string // "SHA256:..." as ssh-keygen -l prints it
}

func (c Config) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return DefaultTimeout
}

func (c Config) keepAlive() time.Duration {
	if c.KeepAlive == 0 {
		return DefaultKeepAlive
	}
	return c.KeepAlive
}

// home is the user's home directory, "" if the system does not say.
func home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return dir
}

// inHome returns ~/.ssh/name.
func inHome(name string) string { return filepath.Join(home(), ".ssh", name) }

// short writes a path in the home directory with a tilde, as users know it.
func short(path string) string {
	h := home()
	if rest, ok := strings.CutPrefix(path, h+string(filepath.Separator)); ok && h != "" {
		return "~" + string(filepath.Separator) + rest
	}
	return path
}
