//go:build !unix

package emulator

import "net"

// shrinkBacklog says that this system does not drop what a full queue cannot take.
func shrinkBacklog(*net.TCPListener) bool { return false }
