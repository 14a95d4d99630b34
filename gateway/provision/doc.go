// Package provision works out how a gateway is made from nothing: which image, flavor, network, key and
// floating IP, and why those; what it costs of the project's quotas; and the steps, each with its undo.
//
//	choose (pure) -> plan -> key pair, floating IP, group, port, instance, boot, ssh, ready
//
// What is chosen depends only on what was read, so that the same project gives the same choice. Everything
// that a plan makes carries the plan's own token, by which it is found again when an answer was lost.
package provision
