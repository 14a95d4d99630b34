package memfs

import "path"

// directorySize is the room that an empty directory takes, as on ext4. A file takes that of its
// content, a link none.
const directorySize = 4096

// disk is the room there is for what is not volatile.
type disk struct {
	limited bool
	room    int64 // bytes that are free, if limited
	writes  int   // that took room, so far
	fullAt  int   // the write from which on there is no room; 0 is none
}

// Limit leaves room bytes free on the disk. What is removed or cut short gives its room back.
func (f *FS) Limit(room int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.disk.limited, f.disk.room = true, room
}

// FullAt lets the disk be full from the k-th of the coming writes on, 1 being the next one. A
// write is a piece of a file's content, or a new directory.
func (f *FS) FullAt(k int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.disk.fullAt = f.disk.writes + k
}

// Unlimit ends [FS.Limit] and [FS.FullAt].
func (f *FS) Unlimit() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.disk.limited, f.disk.fullAt = false, 0
}

// Writes is how many writes took room on the disk so far, or would have.
func (f *FS) Writes() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.disk.writes
}

// Tmpfs makes a new directory in place of what is there, for root. What is in it is not on the
// disk.
func (f *FS) Tmpfs(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, old, err := f.find("mount", name, true)
	if err != nil || dir == nil {
		return // the root directory is no place for one
	}
	f.free(old)
	n := directory(0o755, Root, f.now())
	n.volatile = true
	dir.children[path.Base("/"+base)] = n
}

// take is how many of size more bytes there is room for in n.
func (f *FS) take(n *node, size int64) int64 {
	if n.volatile || size == 0 {
		return size
	}
	f.disk.writes++
	if f.disk.fullAt > 0 && f.disk.writes >= f.disk.fullAt {
		return 0
	}
	if f.disk.limited {
		size = min(size, max(f.disk.room, 0))
		f.disk.room -= size
	}
	return size
}

// free gives back the room of n, if there is one, and of everything in it.
func (f *FS) free(n *node) {
	if n == nil {
		return
	}
	for _, child := range n.children {
		f.free(child)
	}
	switch {
	case n.volatile:
	case n.children != nil:
		f.disk.room += directorySize
	default:
		f.disk.room += int64(len(n.data))
	}
}
