package memfs

import (
	"io/fs"
	"time"
)

// Info describes a file. It is an fs.FileInfo and an fs.DirEntry.
type Info struct {
	name     string
	size     int64
	mode     fs.FileMode
	modified time.Time
	owner    Who
	link     string
}

var (
	_ fs.FileInfo = Info{}
	_ fs.DirEntry = Info{}
)

func (n *node) info(name string) Info {
	return Info{name: name, size: int64(len(n.data)), mode: n.mode, modified: n.modified, owner: n.owner, link: n.link}
}

// Name is the last element of the path.
func (i Info) Name() string { return i.name }

// Size is the length of the content in bytes; 0 for a special file, as in /proc.
func (i Info) Size() int64 { return i.size }

// Mode is type and permissions.
func (i Info) Mode() fs.FileMode { return i.mode }

// ModTime is when the content was last set.
func (i Info) ModTime() time.Time { return i.modified }

// IsDir reports whether it is a directory.
func (i Info) IsDir() bool { return i.mode.IsDir() }

// Sys is nil: there is nothing beneath.
func (i Info) Sys() any { return nil }

// Type is the kind of file.
func (i Info) Type() fs.FileMode { return i.mode.Type() }

// Info is the file itself.
func (i Info) Info() (fs.FileInfo, error) { return i, nil }

// Owner is who the file belongs to.
func (i Info) Owner() Who { return i.owner }

// Link is where a symbolic link leads.
func (i Info) Link() string { return i.link }

// Errno is an error that prints as on Linux, whatever the system this runs on.
type Errno int

// The errors of this package.
const (
	NotExist Errno = iota + 1
	Permission
	Exists
	NotDir
	IsDir
	NotEmpty
	Invalid
	Loop
	NoSpace
)

var errnoText = [...]string{
	NotExist: "No such file or directory", Permission: "Permission denied", Exists: "File exists", NotDir: "Not a directory",
	IsDir: "Is a directory", NotEmpty: "Directory not empty", Invalid: "Invalid argument", Loop: "Too many levels of symbolic links",
	NoSpace: "No space left on device",
}

// Error is the system's sentence.
func (e Errno) Error() string { return errnoText[e] }

// Is makes errors.Is(err, fs.ErrNotExist) and its like hold.
func (e Errno) Is(target error) bool {
	switch e {
	case NotExist:
		return target == fs.ErrNotExist
	case Permission:
		return target == fs.ErrPermission
	case Exists:
		return target == fs.ErrExist
	case NotDir, IsDir, NotEmpty, Invalid, Loop, NoSpace:
		return target == fs.ErrInvalid
	}
	return false
}
