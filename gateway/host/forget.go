package host

import (
	"bytes"
	"errors"
	"io/fs"
	"os"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/hostkey"
)

// forgetStale takes out of each file what it has of this host, but for the keys that the cloud vouches
// for.
func (k *hostKeys) forgetStale(set hostkey.Set) (restore func() error, err error) {
	filing.Lock()
	defer filing.Unlock()
	name := knownhosts.Normalize(k.hop.keyName())
	fresh := func(old ssh.PublicKey) bool { return set.Check(old) == hostkey.Match }
	was := map[string][2][]byte{} // file -> as it was, as it is now
	back := func() error { return putBack(was) }
	for _, file := range k.hop.knownHosts {
		old, err := os.ReadFile(file) // #nosec G304 -- the user's own choice of file
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		text := old
		if err == nil {
			if text = forget(old, name, fresh); !bytes.Equal(text, old) {
				err = rewrite(file, text)
			}
		}
		if err != nil {
			return nil, errors.Join(filingError(file, err), back())
		}
		if !bytes.Equal(text, old) {
			was[file] = [2][]byte{old, text}
		}
	}
	return back, nil
}

// putBack makes files what they were, unless somebody has changed them since.
func putBack(was map[string][2][]byte) error {
	var failed error
	for file, texts := range was {
		now, err := os.ReadFile(file) // #nosec G304 -- the user's own choice of file
		switch {
		case err != nil:
		case !bytes.Equal(now, texts[1]):
			err = &gateway.Error{Op: "put back", Target: short(file), Kind: gateway.Stale, Err: errors.New("somebody has changed it since")}
		default:
			err = rewrite(file, texts[0])
		}
		if err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// KnownLines lists, for people, the lines of the known_hosts files that name a server, each with its
// file and number.
func KnownLines(cfg Config) ([]string, error) {
	hops, err := route(cfg)
	if err != nil {
		return nil, err
	}
	keys, err := newHostKeys(hops[len(hops)-1], nil)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, key := range keys.db.HostKeys(keys.hop.keyName()) {
		out = append(out, cloud.Clean(knownhosts.Normalize(keys.hop.keyName())+" "+named(key)))
	}
	return out, nil
}
