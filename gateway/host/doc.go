// Package host commands one Linux host as root: over SSH ([SSH]) or on this machine ([Local]).
// Both are a [gateway.Runner]; what is run never knows which of the two carries it.
//
//	Config + ~/.ssh/config --> route: hop, hop, ..., target
//	                             |  each hop: connect, check its host key, log in
//	                             v
//	                           link --> sessions (one a command), direct-tcpip connections
//
// A link is one chain of connections; it lives until it is closed, the peer goes away or
// a keepalive stays unanswered. [SSH] owns at most one link and makes a new one when a command is
// to be sent and the old link is dead. A command that was sent is never sent again.
//
// Nothing is trusted silently. An unknown host key is accepted where the cloud vouches for it, refused
// where the cloud names another, else put to the [gateway.Prompter]. A changed one is refused, unless
// the cloud vouches for it and a human lets it take the old one's place. Secrets live in memory only, and a passphrase only until the key is open.
package host
