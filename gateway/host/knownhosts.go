package host

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- the format of hashed host names (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"portico/gateway"
	"portico/gateway/hostkey"
)

// filing keeps two hosts that are learned at once from writing into each other's line.
var filing sync.Mutex

// learn appends the key to the first known_hosts file, which it makes if need be. The name is
// hashed if the user's configuration asks for that or the file already has hashed names.
func (k *hostKeys) learn(key ssh.PublicKey) error {
	if len(k.hop.knownHosts) == 0 {
		return nil
	}
	filing.Lock()
	defer filing.Unlock()
	return k.noting(func() error { return k.file(key) })
}

func (k *hostKeys) file(key ssh.PublicKey) error {
	file := k.hop.knownHosts[0]
	if err := k.appendKey(file, key); err != nil {
		return filingError(file, err)
	}
	return nil
}

func filingError(file string, err error) error {
	return &gateway.Error{Op: "remember the host key in", Target: short(file), Kind: gateway.Permission, Err: cleaned(err),
		Next: "make the file writable, or name another one as known_hosts"}
}

func (k *hostKeys) appendKey(file string, key ssh.PublicKey) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	old, err := os.ReadFile(file) // #nosec G304 -- the user's own choice of file
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	name := knownhosts.Normalize(k.hop.keyName())
	line := knownhosts.Line([]string{k.hop.keyName()}, key)
	if k.hop.hash || bytes.HasPrefix(old, []byte("|1|")) || bytes.Contains(old, []byte("\n|1|")) {
		line = xknownhosts.HashHostname(name) + strings.TrimPrefix(line, name)
	}
	if len(old) > 0 && old[len(old)-1] != '\n' {
		line = "\n" + line
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) // #nosec G304 -- the user's own choice of file
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

// replace files the key in place of the stale ones: those of this very host, in every file, that
// are neither this key nor among those that the cloud vouches for. Patterns that cover more than
// this host stay, as does what others have in the same line.
func (k *hostKeys) replace(key ssh.PublicKey) error {
	filing.Lock()
	defer filing.Unlock()
	return k.noting(func() error { return k.put(key) })
}

func (k *hostKeys) put(key ssh.PublicKey) error {
	name := knownhosts.Normalize(k.hop.keyName())
	fresh := func(old ssh.PublicKey) bool { return sameKey(old, key) || k.set.Check(old) == hostkey.Match }
	for _, file := range k.hop.knownHosts {
		old, err := os.ReadFile(file) // #nosec G304 -- the user's own choice of file
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			if text := forget(old, name, fresh); !bytes.Equal(text, old) {
				err = rewrite(file, text)
			}
		}
		if err != nil {
			return filingError(file, err)
		}
	}
	return k.file(key)
}

// forget returns a known_hosts file without the keys of one host, but for fresh ones.
func forget(text []byte, name string, fresh func(ssh.PublicKey) bool) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		marker, hosts, key, _, _, err := ssh.ParseKnownHosts(line)
		if err != nil || marker != "" || fresh(key) {
			out = append(out, line...)
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(hosts), func(pattern string) bool { return isName(pattern, name) })
		switch positive := slices.ContainsFunc(kept, func(p string) bool { return p != "" && p[0] != '!' }); {
		case len(kept) == len(hosts):
			out = append(out, line...)
		case positive: // other names of the line, which are somebody else's
			line = bytes.TrimLeft(line, " \t")
			out = append(append(out, strings.Join(kept, ",")...), line[bytes.IndexAny(line, " \t"):]...)
		}
	}
	return out
}

// isName reports whether a pattern of known_hosts is exactly this name, in plain or hashed.
func isName(pattern, name string) bool {
	rest, hashed := strings.CutPrefix(pattern, "|1|")
	if !hashed {
		return strings.EqualFold(pattern, name)
	}
	salt64, sum64, _ := strings.Cut(rest, "|")
	salt, err := base64.StdEncoding.DecodeString(salt64)
	if err != nil {
		return false
	}
	sum, err := base64.StdEncoding.DecodeString(sum64)
	mac := hmac.New(sha1.New, salt)
	_, _ = mac.Write([]byte(name))
	return err == nil && hmac.Equal(sum, mac.Sum(nil))
}

// rewrite puts a new text in place of a file's in one step, and keeps its mode. A link stays one.
func rewrite(file string, text []byte) error {
	path, err := filepath.EvalSymlinks(file)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".portico-known-hosts-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
