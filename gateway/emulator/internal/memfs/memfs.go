// Package memfs is a small file system in memory, as a Linux machine's programs see theirs:
// directories, files with modes and owners, symbolic links, and files whose text is made when they
// are read (those of /proc). It never touches a disk.
//
// Paths are absolute, with slashes, on every operating system. Errors are *fs.PathError with an
// errno that prints as on Linux ("No such file or directory").
package memfs

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// FS is a file system. All methods may be called from any goroutine.
type FS struct {
	mu   sync.RWMutex
	root *node
	now  func() time.Time

	disk disk
}

// Special is a file without content of its own.
type Special struct {
	Read  func() string
	Write func(text string) bool // false: the value is refused; nil: read-only
}

// Who asks: a user's name. Root may do anything.
type Who string

// Root is the user whom no mode stops.
const Root Who = "root"

type node struct {
	mode     fs.FileMode
	owner    Who
	modified time.Time
	data     []byte
	link     string
	special  *Special
	children map[string]*node
	volatile bool // not on the disk
}

// New is an empty file system whose root directory belongs to root. now gives the times of
// changes.
func New(now func() time.Time) *FS {
	return &FS{root: directory(0o755, Root, now()), now: now}
}

func directory(mode fs.FileMode, owner Who, now time.Time) *node {
	return &node{mode: fs.ModeDir | mode, owner: owner, modified: now, children: map[string]*node{}}
}

// maxLinks is how many symbolic links one path may lead through (Linux: MAXSYMLINKS).
const maxLinks = 40

// find walks to a path. The directory is nil only for the root itself; the node is nil if the
// last element does not exist.
func (f *FS) find(op, name string, follow bool) (dir *node, base string, n *node, err error) {
	fail := func(e Errno) (*node, string, *node, error) {
		return nil, "", nil, &fs.PathError{Op: op, Path: name, Err: e}
	}
	rest := strings.Split(strings.Trim(path.Clean("/"+name), "/"), "/")
	at, parents, links := f.root, []*node{}, 0
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if len(parents) > 0 {
				at, parents = parents[len(parents)-1], parents[:len(parents)-1]
			}
			continue
		}
		if at.children == nil {
			return fail(NotDir)
		}
		next := at.children[part]
		switch {
		case next == nil && len(rest) > 0:
			return fail(NotExist)
		case next == nil:
			return at, part, nil, nil
		case next.mode&fs.ModeSymlink != 0 && (follow || len(rest) > 0):
			if links++; links > maxLinks {
				return fail(Loop)
			}
			if strings.HasPrefix(next.link, "/") {
				at, parents = f.root, nil
			}
			rest = append(strings.Split(next.link, "/"), rest...)
			continue
		case len(rest) == 0:
			return at, part, next, nil
		}
		parents = append(parents, at)
		at = next
	}
	return nil, "", at, nil
}

// may reports whether who may use n as want says (4 read, 2 write, 1 execute or search).
func (n *node) may(who Who, want fs.FileMode) bool {
	if who == Root {
		return want&1 == 0 || n.children != nil || n.mode&0o111 != 0
	}
	bits := n.mode & 7
	if who == n.owner {
		bits = n.mode >> 6 & 7
	}
	return bits&want == want
}

// Access tells whether who may use a file as want says (4 read, 2 write, 1 execute).
func (f *FS) Access(who Who, name string, want fs.FileMode) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	_, _, n, err := f.find("access", name, true)
	switch {
	case err != nil:
		return err
	case n == nil:
		return &fs.PathError{Op: "access", Path: name, Err: NotExist}
	case !n.may(who, want):
		return &fs.PathError{Op: "access", Path: name, Err: Permission}
	}
	return nil
}

// Stat describes a file; follow says whether a symbolic link stands for what it leads to.
func (f *FS) Stat(name string, follow bool) (Info, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	_, base, n, err := f.find("stat", name, follow)
	if err != nil {
		return Info{}, err
	}
	if n == nil {
		return Info{}, &fs.PathError{Op: "stat", Path: name, Err: NotExist}
	}
	if base == "" {
		base = path.Base(path.Clean("/" + name))
	}
	return n.info(base), nil
}

// ReadDir lists a directory by name.
func (f *FS) ReadDir(who Who, name string) ([]Info, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	_, _, n, err := f.find("open", name, true)
	switch {
	case err != nil:
		return nil, err
	case n == nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: NotExist}
	case n.children == nil:
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: NotDir}
	case !n.may(who, 4):
		return nil, &fs.PathError{Op: "open", Path: name, Err: Permission}
	}
	out := make([]Info, 0, len(n.children))
	for base, child := range n.children {
		out = append(out, child.info(base))
	}
	slices.SortFunc(out, func(a, b Info) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// Read returns a file's content.
func (f *FS) Read(who Who, name string) ([]byte, error) {
	f.mu.RLock()
	_, _, n, err := f.find("open", name, true)
	defer f.mu.RUnlock()
	switch {
	case err != nil:
		return nil, err
	case n == nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: NotExist}
	case !n.may(who, 4):
		return nil, &fs.PathError{Op: "open", Path: name, Err: Permission}
	case n.children != nil:
		return nil, &fs.PathError{Op: "read", Path: name, Err: IsDir}
	case n.special != nil:
		return []byte(n.special.Read()), nil
	}
	return slices.Clone(n.data), nil
}
