//go:build unix

package emulator

import (
	"net"
	"syscall"
)

// shrinkBacklog makes the queue of a listening socket as short as the system allows: listen(2)
// called again sets its length anew.
func shrinkBacklog(l *net.TCPListener) bool {
	raw, err := l.SyscallConn()
	if err != nil {
		return false
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), 0) }) //nolint:gosec // a descriptor fits an int
	return err == nil && failed == nil
}
