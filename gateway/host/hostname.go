package host

import (
	"strings"

	"portico/cloud"
)

// badName reports whether this can be neither the address nor the name of a host. It would be
// dialled in vain, and as part of a known_hosts line could name other hosts too (sshd(8)).
func badName(name string) bool {
	return name == "" || name != cloud.Clean(name) || strings.ContainsAny(name, " \t[]*?!,|#@\"'\\/")
}
