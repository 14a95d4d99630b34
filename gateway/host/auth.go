package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/gateway"
)

// maxAgentKeys bounds what of a full agent is offered after the chosen keys. Servers hang up after
// six tries (sshd_config(5), MaxAuthTries), so more is of no use.
const maxAgentKeys = 32

// candidate is one key to offer.
type candidate struct {
	name string // as the user knows it: a file, or the agent's comment
	make func() (ssh.Signer, error)
}

// login offers keys to one hop, one after the other, and remembers what came of it.
type login struct {
	hop    *hop
	unlock *unlocker

	mu      sync.Mutex
	queue   []candidate
	offered []string
	skipped []string // key and why it could not be used
	methods []string // what the server would take
	closers []func()
}

// newLogin collects the keys for a hop, in ssh(1)'s order: identities that the agent holds, then its other keys, then
// identities from their files.
func newLogin(ctx context.Context, h *hop, u *unlocker) *login {
	l := &login{hop: h, unlock: u}
	for _, s := range h.signers {
		l.queue = append(l.queue, candidate{"key " + ssh.FingerprintSHA256(s.PublicKey()), func() (ssh.Signer, error) { return s, nil }})
	}
	agentKeys := l.askAgent(ctx)
	var files []candidate
	for _, path := range h.identities {
		k, err := readKeyFile(path)
		if err != nil {
			if h.explicit || !errors.Is(err, fs.ErrNotExist) {
				l.skip(short(path), err)
			}
			continue
		}
		i := slices.IndexFunc(agentKeys, func(a agentKey) bool { return sameKey(a.signer.PublicKey(), k.public) })
		switch {
		case i >= 0:
			l.queue = append(l.queue, agentCandidate(agentKeys[i]))
			agentKeys = slices.Delete(agentKeys, i, i+1)
		case k.signer != nil || k.pem != nil:
			files = append(files, l.fileCandidate(k))
		case h.explicit:
			l.skip(short(path), errors.New("it is a public key and no agent holds the private one"))
		}
	}
	if !h.only {
		for _, a := range agentKeys[:min(len(agentKeys), maxAgentKeys)] {
			l.queue = append(l.queue, agentCandidate(a))
		}
	}
	l.queue = append(l.queue, files...)
	return l
}

func (l *login) askAgent(ctx context.Context) []agentKey {
	if l.hop.agent == "" {
		return nil
	}
	keys, closer, err := openAgent(ctx, l.hop.agent, l.hop.timeout)
	if err != nil {
		l.skip("SSH agent", err)
		return nil
	}
	l.closers = append(l.closers, func() { _ = closer.Close() })
	return keys
}

func (l *login) close() {
	for _, c := range l.closers {
		c()
	}
}

func agentCandidate(a agentKey) candidate {
	name := "agent key " + first(cloud.Clean(a.comment), ssh.FingerprintSHA256(a.signer.PublicKey()))
	return candidate{name, func() (ssh.Signer, error) { return a.signer, nil }}
}

func (l *login) fileCandidate(k keyFile) candidate {
	name := short(k.path)
	return candidate{name, func() (ssh.Signer, error) {
		switch {
		case k.signer != nil:
			return k.signer, nil
		case k.public == nil: // an old format without a .pub: there is nothing to show the server yet
			return l.unlock.open(k)
		}
		return &lazySigner{key: k, unlock: l.unlock, failed: func(err error) { l.skip(name, err) }}, nil
	}}
}

// next is an [ssh.ClientAuthCallback]: one key at a time, so that one that fails to sign does
// not keep the others from their turn.
func (l *login) next(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	l.mu.Lock()
	l.methods = c.AllowedMethods
	l.mu.Unlock()
	if !slices.Contains(c.AllowedMethods, "publickey") {
		return nil, nil
	}
	for {
		l.mu.Lock()
		if len(l.queue) == 0 {
			l.mu.Unlock()
			return nil, nil
		}
		cand := l.queue[0]
		l.queue = l.queue[1:]
		l.mu.Unlock()
		signer, err := cand.make()
		if err != nil {
			l.skip(cand.name, err)
			continue
		}
		l.mu.Lock()
		l.offered = append(l.offered, cand.name)
		l.mu.Unlock()
		return ssh.PublicKeys(signer), nil
	}
}

func (l *login) skip(name string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.offered = slices.DeleteFunc(l.offered, func(o string) bool { return o == name })
	l.skipped = append(l.skipped, fmt.Sprintf("%s (%v)", name, cleaned(reason(err))))
}

// reason cuts the path out of a file error: the name is said already.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// denied is the error for a hop that let nobody in; nil if it never came to that.
func (l *login) denied(cause error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.methods == nil || !authFailed(cause) {
		return nil
	}
	e := &gateway.Error{Op: "log in to", Target: l.hop.label(), Kind: gateway.Auth}
	e.Next = "check that " + l.hop.user + " is the image's login user and that its authorized_keys has your key; " +
		"name the key with --identity or IdentityFile"
	text := "user " + l.hop.user + ": "
	switch {
	case strings.Contains(strings.ToLower(cause.Error()), "too many authentication failures"):
		text += "the server gave up after " + list(l.offered)
		e.Next = "your agent holds many keys: name the right one as identity file and set IdentitiesOnly yes"
	case !slices.Contains(l.methods, "publickey"):
		text += "the server takes no keys, only " + list(l.methods)
		e.Next = "allow PubkeyAuthentication in the server's sshd_config"
	case len(l.offered) == 0:
		text += "there was no key to offer"
		e.Next = "load your key with ssh-add, or name its file as identity"
	default:
		text += "the server accepted none of " + list(l.offered)
	}
	if len(l.skipped) > 0 {
		text += "; could not use " + list(l.skipped)
	}
	e.Err = cleaned(errors.New(text))
	return e
}

// authFailed reports whether the server, or the keys, said no; not that the connection broke.
func authFailed(err error) bool {
	return !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) && !isTimeout(err)
}

func list(names []string) string { return strings.Join(names, ", ") }

func sameKey(a, b ssh.PublicKey) bool {
	return a != nil && b != nil && bytes.Equal(a.Marshal(), b.Marshal())
}
