package memfs

import (
	"io/fs"
	"path"
	"strings"
)

// Write sets or appends to a file's content; a new file gets the mode and belongs to who. The
// content is in place as a whole, or as far as there is room for it: the error is NoSpace then.
func (f *FS) Write(who Who, name string, data []byte, mode fs.FileMode, appending bool) error {
	f.mu.Lock()
	n, err := f.writable(who, name, mode)
	if err != nil {
		f.mu.Unlock()
		return err
	}
	if n.special == nil {
		defer f.mu.Unlock()
		if !appending {
			f.free(n)
			n.data = nil
		}
		room := f.take(n, int64(len(data)))
		n.data, n.modified = append(n.data[:len(n.data):len(n.data)], data[:room]...), f.now()
		if room < int64(len(data)) {
			return &fs.PathError{Op: "write", Path: name, Err: NoSpace}
		}
		return nil
	}
	write := n.special.Write
	f.mu.Unlock() // what it sets may lead back here
	text := strings.TrimSuffix(string(data), "\n")
	if text == "" {
		return nil // opened for writing, and closed
	}
	if write == nil || !write(text) {
		return &fs.PathError{Op: "write", Path: name, Err: Invalid}
	}
	return nil
}

// Touch makes an empty file, or checks that an existing one may be written.
func (f *FS) Touch(who Who, name string, mode fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.writable(who, name, mode)
	return err
}

func (f *FS) writable(who Who, name string, mode fs.FileMode) (*node, error) {
	dir, base, n, err := f.find("open", name, true)
	if err != nil {
		return nil, err
	}
	fail := func(e Errno) (*node, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: e} }
	switch {
	case n != nil && n.children != nil:
		return fail(IsDir)
	case n != nil && !n.may(who, 2):
		return fail(Permission)
	case n != nil:
		return n, nil
	case !dir.may(who, 3):
		return fail(Permission)
	}
	n = &node{mode: mode & fs.ModePerm, owner: who, modified: f.now(), volatile: dir.volatile}
	dir.children[base] = n
	return n, nil
}

// Mkdir makes one directory, or with all everything on the way to it.
func (f *FS) Mkdir(who Who, name string, mode fs.FileMode, all bool) error {
	if all {
		if parent := path.Dir(path.Clean("/" + name)); parent != "/" {
			if err := f.Mkdir(who, parent, mode, true); err != nil {
				return err
			}
		}
	}
	return f.add(who, "mkdir", name, func(old *node) (*node, Errno) {
		switch {
		case old == nil:
			return directory(mode&fs.ModePerm, who, f.now()), 0
		case all && old.children != nil:
			return old, 0
		}
		return nil, Exists
	})
}

// Symlink makes a symbolic link.
func (f *FS) Symlink(who Who, target, name string) error {
	return f.add(who, "symlink", name, func(old *node) (*node, Errno) {
		if old != nil {
			return nil, Exists
		}
		return &node{mode: fs.ModeSymlink | 0o777, owner: who, modified: f.now(), link: target}, 0
	})
}

// Readlink is where a symbolic link leads.
func (f *FS) Readlink(name string) (string, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	_, _, n, err := f.find("readlink", name, false)
	if err == nil && (n == nil || n.mode&fs.ModeSymlink == 0) {
		err = &fs.PathError{Op: "readlink", Path: name, Err: Invalid}
	}
	if err != nil {
		return "", err
	}
	return n.link, nil
}

// Special makes a file of which others give the text; modes stop nobody but root is not asked.
func (f *FS) Special(name string, mode fs.FileMode, s Special) error {
	return f.add(Root, "create", name, func(*node) (*node, Errno) {
		return &node{mode: mode, owner: Root, modified: f.now(), special: &s}, 0
	})
}

// add puts what build returns at a path. A link at its end is not followed, except to an
// existing directory.
func (f *FS) add(who Who, op, name string, build func(old *node) (*node, Errno)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, old, err := f.find(op, name, op == "mkdir")
	if err != nil {
		return err
	}
	n, errno := build(old)
	switch {
	case errno != 0:
		return &fs.PathError{Op: op, Path: name, Err: errno}
	case n == old:
		return nil
	case dir == nil || !dir.may(who, 3):
		return &fs.PathError{Op: op, Path: name, Err: Permission}
	}
	n.volatile = n.volatile || dir.volatile
	if n.children != nil {
		if got := f.take(n, directorySize); got < directorySize {
			f.disk.room += got
			return &fs.PathError{Op: op, Path: name, Err: NoSpace}
		}
	}
	dir.children[base] = n
	return nil
}

// Remove takes a file away, or with all a directory and everything in it; only an empty
// directory goes without.
func (f *FS) Remove(who Who, name string, all bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, n, err := f.find("remove", name, false)
	if err != nil {
		return err
	}
	fail := func(e Errno) error { return &fs.PathError{Op: "remove", Path: name, Err: e} }
	switch {
	case n == nil:
		return fail(NotExist)
	case dir == nil || n.special != nil || !dir.may(who, 3):
		return fail(Permission)
	case len(n.children) > 0 && !all:
		return fail(NotEmpty)
	}
	f.free(n)
	delete(dir.children, base)
	return nil
}

// Rename moves a file over another one, at once.
func (f *FS) Rename(who Who, from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	fromDir, fromBase, n, err := f.find("rename", from, false)
	if err != nil {
		return err
	}
	toDir, toBase, old, err := f.find("rename", to, false)
	if err != nil {
		return err
	}
	fail := func(name string, e Errno) error { return &fs.PathError{Op: "rename", Path: name, Err: e} }
	switch {
	case n == nil:
		return fail(from, NotExist)
	case fromDir == nil || toDir == nil || !fromDir.may(who, 3) || !toDir.may(who, 3):
		return fail(to, Permission)
	case old != nil && old.children != nil && n.children == nil:
		return fail(to, IsDir)
	case n.children != nil && (old != nil || strings.HasPrefix(path.Clean(to)+"/", path.Clean(from)+"/")):
		return fail(to, Invalid)
	}
	if old != n {
		f.free(old)
	}
	delete(fromDir.children, fromBase)
	toDir.children[toBase] = n
	return nil
}

// Chmod sets a file's permissions, Chown its owner. Only the owner and root may.
func (f *FS) Chmod(who Who, name string, mode fs.FileMode) error {
	return f.alter(who, "chmod", name, func(n *node) { n.mode = n.mode&^fs.ModePerm | mode&fs.ModePerm })
}

// Chown gives a file to another user; only root may.
func (f *FS) Chown(who Who, name string, owner Who) error {
	if who != Root {
		return &fs.PathError{Op: "chown", Path: name, Err: Permission}
	}
	return f.alter(who, "chown", name, func(n *node) { n.owner = owner })
}

func (f *FS) alter(who Who, op, name string, change func(*node)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, _, n, err := f.find(op, name, true)
	switch {
	case err != nil:
		return err
	case n == nil:
		return &fs.PathError{Op: op, Path: name, Err: NotExist}
	case who != Root && who != n.owner:
		return &fs.PathError{Op: op, Path: name, Err: Permission}
	}
	change(n)
	return nil
}
