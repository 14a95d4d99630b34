// Package probe asks live endpoints whether the service that should be there is there.
//
//	target --> connect --> what the service's protocol says first --> outcome
//	           refused?    an SSH version line, an HTTP status line,
//	           timeout?    a TLS certificate, or nothing needed (tcp)
//
// A probe looks from where its [Dialer] stands: this machine, or a gateway that is reached over
// SSH. It sends nothing that changes anything, reads a bounded number of bytes, and
// says [Unknown] when it could not find out.
package probe
