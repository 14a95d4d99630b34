//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// openCarefully follows no link and does not wait for a reader of a named pipe.
const openCarefully = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func private(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) == os.Geteuid() && info.Mode().Perm()&0o077 == 0
}
