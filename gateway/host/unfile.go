package host

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"sync"

	"portico/gateway"
)

// Filed remembers what was written to known_hosts, to take it back. The zero value is ready.
type Filed struct {
	mu   sync.Mutex
	back []func() error
}

// Note is for [Config.Filed].
func (f *Filed) Note(takeBack func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.back = append(f.back, takeBack)
}

// TakeBack takes back all that was noted, the newest first, and forgets it. What others have written since
// stays; what they have changed of ours is an error of Kind Stale, and stays as they left it.
func (f *Filed) TakeBack() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var failed error
	for len(f.back) > 0 {
		last := len(f.back) - 1
		failed = errors.Join(failed, f.back[last]())
		f.back = f.back[:last]
	}
	return failed
}

// noting writes to the known_hosts files, and says how to take that back.
func (k *hostKeys) noting(write func() error) error {
	if k.hop.filed == nil {
		return write()
	}
	before, there := k.texts()
	err := write()
	after, _ := k.texts()
	k.hop.filed(func() error {
		filing.Lock()
		defer filing.Unlock()
		var failed error
		for _, file := range k.hop.knownHosts {
			if !bytes.Equal(before[file], after[file]) {
				failed = errors.Join(failed, unfile(file, before[file], after[file], there[file]))
			}
		}
		return failed
	})
	return err
}

// texts are the known_hosts files as they are, and which of them are there.
func (k *hostKeys) texts() (texts map[string][]byte, there map[string]bool) {
	texts, there = map[string][]byte{}, map[string]bool{}
	for _, file := range k.hop.knownHosts {
		text, err := os.ReadFile(file) // #nosec G304 -- the user's own choice of file
		texts[file], there[file] = text, err == nil
	}
	return texts, there
}

// unfile makes a file what it was before, or, where others have written to it since, without what was added.
func unfile(file string, before, after []byte, there bool) error {
	now, err := os.ReadFile(file) // #nosec G304 -- the user's own choice of file
	added, appended := bytes.CutPrefix(after, before)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return filingError(file, err)
	case bytes.Equal(now, after) && !there:
		return os.Remove(file)
	case bytes.Equal(now, after):
		return rewrite(file, before)
	case appended && bytes.Count(now, added) == 1:
		return rewrite(file, bytes.Replace(now, added, nil, 1))
	case appended && !bytes.Contains(now, added):
		return nil // somebody was quicker
	}
	return &gateway.Error{Op: "put back", Target: short(file), Kind: gateway.Stale, Err: errors.New("somebody has changed it since")}
}
