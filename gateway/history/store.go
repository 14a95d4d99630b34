package history

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"portico/gateway"
)

// Keep is how many records a store holds; older ones are removed.
const Keep = 500

// Store keeps records on this machine, one file each, that only their owner may read. A nil Store
// keeps nothing and has nothing.
type Store struct{ dir string }

// Open returns the store in a folder, which is made when the first record is saved.
func Open(dir string) *Store { return &Store{dir: dir} }

const suffix = ".json"

// Save keeps a record, in place of an earlier one with the same ID. A reader sees either of them
// whole, also after a crash.
func (s *Store) Save(r Record) error {
	if s == nil {
		return nil
	}
	text, err := Encode(r)
	if err != nil {
		return err
	}
	if err := s.write(r.ID+suffix, text); err != nil {
		return &gateway.Error{
			Op: "save the history in", Target: s.dir, Kind: gateway.Permission, Err: err,
			Next: "make the folder writable; what was applied is not affected",
		}
	}
	return s.prune()
}

func (s *Store) write(name string, text []byte) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, "."+name+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// prune removes the oldest records beyond Keep. Another console may be faster.
func (s *Store) prune() error {
	names, err := s.names()
	if err != nil {
		return err
	}
	for _, name := range names[min(Keep, len(names)):] {
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &gateway.Error{Op: "remove an old record from", Target: s.dir, Kind: gateway.Permission, Err: err, Next: "make the folder writable"}
		}
	}
	return nil
}

// names are the files that records are in, newest first.
func (s *Store) names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &gateway.Error{Op: "read the history in", Target: s.dir, Kind: gateway.Permission, Err: err, Next: "make the folder readable"}
	}
	var names []string
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), suffix)
		if ok && e.Type().IsRegular() && validID.MatchString(id) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names, nil
}

// List returns the records, newest first. Files that hold no record are skipped: then the error, of
// Kind Invalid, counts them, and the other records are returned all the same.
func (s *Store) List() ([]Record, error) {
	if s == nil {
		return nil, nil
	}
	names, err := s.names()
	if err != nil {
		return nil, err
	}
	var out []Record
	var bad []error
	for _, name := range names {
		r, err := s.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // another console has just removed it
		case err != nil:
			bad = append(bad, fmt.Errorf("%s: %w", name, err))
		default:
			out = append(out, r)
		}
	}
	slices.SortFunc(out, newestFirst)
	if len(bad) == 0 {
		return out, nil
	}
	return out, &gateway.Error{
		Op: "read all records in", Target: s.dir, Kind: gateway.Invalid, Err: fmt.Errorf("%d of %d cannot be read; the first is %w", len(bad), len(names), bad[0]),
		Next: "remove the files that are named, or use a newer version of this program",
	}
}

func (s *Store) read(name string) (Record, error) {
	f, err := os.Open(filepath.Join(s.dir, name))
	if err != nil {
		return Record{}, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return Record{}, err
	}
	r, err := Decode(text)
	if err == nil && r.ID+suffix != name {
		err = fmt.Errorf("it is the record %s", r.ID)
	}
	return r, err
}
