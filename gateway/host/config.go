package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
	"portico/gateway/hostkey"
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

	// FallbackUser and FallbackIdentities are a guess: they count where neither this configuration
	// nor ssh_config says who to be, and after the keys that those name.
	FallbackUser       string
	FallbackIdentities []string

	// Signers are offered before all other keys. HostKeys, if any, are the only host keys that are
	// trusted, and no known_hosts file is read or written. Both hold for the target, not for
	// jump hosts.
	Signers  []ssh.Signer
	HostKeys []ssh.PublicKey

	IdentityFiles  []string // private keys, or public keys whose private part an agent holds
	IdentitiesOnly bool     // offer no key of the agent that is not among the identity files

	KnownHosts   []string // first is written to; ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts
	HostKeyAlias string   // the name under which the host key is known, instead of the address
	SSHConfig    string   // a file to read instead of ~/.ssh/config and /etc/ssh/ssh_config; "none": no file
	ProxyJump    string   // [user@]host[:port], comma separated; "none": connect directly

	NoAgent     bool   // do not use the SSH agent
	AgentSocket string // where the agent listens; SSH_AUTH_SOCK

	// Vouched asks the cloud which host keys the target printed on its console. It is called only
	// for a key that is unknown or differs from the known one, once a handshake. The error says
	// why there is no answer. nil: nobody vouches. Jump hosts are not vouched for.
	Vouched func(context.Context) (hostkey.Set, error)
	// Tell gets one line about each key that was accepted without a question. nil: nobody is told.
	Tell func(line string)
	// Filed gets, for each time that a key of the target is written to known_hosts, how to take just that
	// back. nil: it stays.
	Filed func(takeBack func() error)

	Prompter  gateway.Prompter // nil: nobody can be asked
	Timeout   time.Duration    // for connecting, and again for the handshake, of each hop
	KeepAlive time.Duration    // a peer silent for two intervals is gone; negative: never ask
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
