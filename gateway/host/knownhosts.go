package host

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"portico/gateway"
)

// filing keeps two hosts that are learned at once from writing into each other's line.
var filing sync.Mutex

// learn appends the key to the first known_hosts file, which it makes if need be. The name is
// hashed if the user's configuration asks for that or the file already has hashed names.
func (k *hostKeys) learn(key ssh.PublicKey) error {
	if len(k.hop.knownHosts) == 0 {
		return nil
	}
	file := k.hop.knownHosts[0]
	filing.Lock()
	defer filing.Unlock()
	if err := k.appendKey(file, key); err != nil {
		return &gateway.Error{Op: "remember the host key in", Target: short(file), Kind: gateway.Permission, Err: cleaned(err),
			Next: "make the file writable, or name another one as known_hosts"}
	}
	return nil
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
